"""Help and the report of a problem: every answer leads somewhere, and no person can be read out of a report."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.device import journal
from app.domain.instants import to_text
from app.domain.pii import FIELDS
from app.insight.report import gather, safe_words, to_hide
from app.protocol.mutations import EditNote
from app.protocol.objects import Customer, RejectedMutation
from app.store import aside, outbox
from app.ui import routes
from app.ui.screens.first import FirstSteps
from app.ui.screens.help import HelpScreen, ReportScreen
from app.ui.screens.help.topics import TOPICS, answer, found, policy_params
from app.ui.screens.me import MeScreen, PrivacyScreen
from app.ui.strings import Strings
from tests.fakes.client import fake_client
from tests.fakes.drawn import Drawn
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi
from tests.security.traces import traces

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
CANARY = {
    "name": "欧阳金丝雀", "pinyin": "ouyangjinsique", "initials": "oyjsq", "phone_masked": "199****7731",
    "phone_tail": "7731", "birthday": "02-29", "note": "金丝雀喜欢亚麻西装", "gender": "金丝雀女", "level": "金丝雀级",
    "source": "金丝雀来源", "stage": "金丝雀阶段", "likes": ["金丝雀黄"], "sizes": {"top": "金丝雀码"},
    "tags": [{"id": "t-canary", "name": "金丝雀标签", "kind": "personal"}],
}  # fmt: skip
PHONE = "19912347731"
OF_FIELDS = {f"{one.kind}.{one.name}": "金丝" + chr(0x5B00 + place) + "雀" for place, one in enumerate(FIELDS)}


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path / "store", NOW, customers=20)
    made.installation = SimpleNamespace(
        clock=made.clock, known_staff=lambda: (), version="0.1.0", settings=SimpleNamespace(home=tmp_path)
    )
    yield made
    made.store.close()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[logging.Logger]:
    """A log file of the app with its own redaction."""
    folder = tmp_path / "app" / "log"
    folder.mkdir(parents=True)
    handler = logging.FileHandler(folder / journal.FILE, encoding="utf-8")
    handler.setFormatter(journal.Redacting("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("canary")
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)
    handler.close()


# --- help --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.id)
async def test_every_answer_is_short_and_its_button_goes_to_a_page(topic: Any, language: str) -> None:
    strings = Strings(language)
    assert len(answer(topic, strings, policy_params(None))) <= (110 if strings.is_chinese else 330)
    roots = {root.path for role in topic.roles for root in routes.roots_of(role)}
    assert routes.page_of(topic.path) or topic.path in roots
    ui = await FakeUi.app(fake_client("guide"), language=language)
    ui.ui.go("me")
    ui.ui.open(topic.path)
    assert ui.ui.address() == topic.path


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_a_question_is_searched_opened_and_followed(sample: Any, language: str) -> None:
    t = Strings(language).t
    ui = await FakeUi.screen(sample, HelpScreen, language=language)
    assert ui.count() <= 300
    await ui.type(t("help.search"), "没算" if language == "zh_CN" else "counted")
    await ui.until(lambda: not ui.shows(t("help.q_scan")))
    question = t("help.q_uncounted")
    if not ui.shows(t("help.go_uncounted")):
        await ui.press(t("help.open", question=question))
    await ui.press(t("help.go_uncounted"))
    assert ui.ui.nav.stack()[-1] == "/commission/uncounted"


async def test_a_search_that_finds_nothing_offers_the_report(sample: Any) -> None:
    ui = await FakeUi.screen(sample, HelpScreen)
    await ui.type(Strings().t("help.search"), "量子")
    assert ui.shows("没找到「量子」")
    await ui.press(Strings().t("help.report"))
    assert ui.ui.nav.stack()[-1] == "/help/report"


async def test_an_address_opens_its_answer(sample: Any) -> None:
    ui = await FakeUi.screen(sample, lambda: HelpScreen(topic="contact"))
    assert ui.shows("每人每天最多 1 次、每周 2 次、每月 4 次") and ui.shows("21:00 到 09:00")


def test_other_roles_see_only_what_they_can_open() -> None:
    strings = Strings()
    for role in ("manager", "hq"):
        topics = found("", role, strings, policy_params(None))
        assert topics and all(role in topic.roles for topic in topics)
        places = {root.path for root in routes.roots_of(role)}
        assert all(routes.page_of(topic.path) or topic.path in places for topic in topics)


# --- the report --------------------------------------------------------------------------------------------------


async def canaries(sample: Any) -> list[str]:
    """Fill every personal field of a customer, a refusal and a problem with a canary; return all canaries."""
    personal = {field.name for field in FIELDS if field.kind == "customer"}
    assert personal >= set(CANARY) - {"tags"}
    one = sample.store.read.all(Customer, "1 ORDER BY id LIMIT 1")[0]

    def change(tx: Any) -> None:
        row = dataclasses.asdict(one) | {name: value for name, value in CANARY.items() if name != "tags"}
        tx.put(Customer, row)
        me, at = outbox.identity(tx).client_id, to_text(NOW)
        outbox.append(
            tx,
            EditNote.NAME,
            {"customer_id": one.id, "note": CANARY["note"], "mid": "m", "at": at},
            f"customer/{one.id}",
        )
        refused = {
            "id": f"{me}/999", "client_id": me, "mutation_id": 999, "name": EditNote.NAME, "code": "rate_limited",
            "params": {"who": CANARY["name"], "phone": PHONE, **OF_FIELDS}, "at": at, "subject": f"customer/{one.id}",
        }  # fmt: skip
        tx.put(RejectedMutation, refused)
        aside.add_problem(tx, "pack_signature", {"who": CANARY["name"], "phone": PHONE, **OF_FIELDS}, at)

    await sample.store.write(change)
    sample.index.load()
    flat: list[str] = [PHONE, *OF_FIELDS.values()]
    for value in CANARY.values():
        flat += value if isinstance(value, list) and isinstance(value[0], str) else []
        flat += value.values() if isinstance(value, dict) else []
        flat += [value] if isinstance(value, str) else []
    return [value for value in flat if value not in ("7731", "02-29")] + ["199****7731"]


async def test_no_personal_field_stands_in_a_report(sample: Any, log: logging.Logger, tmp_path: Path) -> None:
    values = await canaries(sample)
    for value in values:
        try:
            raise ValueError(f"bad row: {value!r}")
        except ValueError:
            log.exception("customer %s failed", value)
        log.warning("bearer abc%s token=%s", value, value)
    names = [row.name for row in sample.index.search()]
    report = gather(
        sample.store.read, sample.engine.status, names, version="0.1.0", log_folder=tmp_path / "app" / "log"
    )
    person = sample.index.search(CANARY["name"])[0]
    words = f"{CANARY['name']}（{PHONE}，199 1234 7731，尾号 7731）的券 1102 打不开，金丝雀也说不行"
    data = report.text(words).encode()
    latin = {"ouyangjinsique", "oyjsq"}  # never logged: a search text is no log line
    assert traces(data, [value for value in values if value not in latin]) == []
    assert traces(data, [person.id, sample.staff.name, "金丝雀", "7731", "1102"]) == []
    text = data.decode()
    assert "edit_note rate_limited" in text and "pack_signature" in text and "edit_note 1" in text
    assert "bad row" in text and "打不开" in text, "what helps is still there"


def test_names_are_hidden_in_any_case_and_longest_first() -> None:
    hidden = to_hide(["Anna Bell", "王小明", "李芳", "王", "", "小明明"])
    assert safe_words("anna bell 和王小明、小明、李芳", hidden) == "… 和…、…、…"
    assert safe_words("王先生", hidden) == "王先生", "one character alone is too common to hide"


@pytest.mark.parametrize("number", ["13900001101", "139 0000 1101", "139-0000-1101", "1101", "token=abc123def"])
def test_numbers_and_secrets_in_a_guides_words_are_hidden(number: str) -> None:
    assert number.rsplit("=", maxsplit=1)[-1] not in safe_words(f"客户 {number} 打不开", ())


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_a_report_is_shown_before_it_is_handed_over_without_a_network(sample: Any, language: str) -> None:
    t = Strings(language).t
    await sample.engine.set_work_offline(True)
    ui = await FakeUi.screen(sample, ReportScreen, language=language)
    ends = {t("help.share"), t("help.save")}
    assert not ends & set(ui.buttons()), "nothing is written yet"
    await ui.type(t("help.what"), "扫码没反应 13900001101")
    await ui.press(t("help.show_all"))
    shown = next(text for text in ui.texts() if text.startswith("Daogou report"))
    assert "扫码没反应 …" in shown and "13900001101" not in shown
    await ui.press(t("help.share"))
    await ui.until(lambda: len(ui.device.shared) == 1)
    name, data, mime, text = ui.device.shared[0]
    assert name.endswith(".txt") and mime == "text/plain" and text == "" and data.decode() == shown
    await ui.until(lambda: not ui.field(t("help.what")).value)
    await ui.type(t("help.what"), "扫码没反应 13900001101")
    await ui.press(t("help.save"))
    await ui.until(lambda: len(ui.device.saved) == 1 and ui.shows(t("help.saved")))
    await ui.until(lambda: not ui.field(t("help.what")).value and not ends & set(ui.buttons()))
    assert ui.device.saved[0][1] == data and ui.count() <= 300


def test_the_end_of_a_log_is_redacted_once_more(tmp_path: Path) -> None:
    assert journal.tail(tmp_path, 5) == []
    (tmp_path / journal.FILE).write_text("a 13900001101\n王小明 left\nlast\n", "utf-8")
    assert journal.tail(tmp_path, 2) == ["… left", "last"]


# --- budgets -----------------------------------------------------------------------------------------------------


async def test_a_tap_or_a_key_on_these_pages_draws_at_most_100_controls(
    sample: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    t, drawn = Strings().t, Drawn(monkeypatch)
    ui = await FakeUi.screen(sample, HelpScreen)
    drawn.since()
    costs: dict[str, int] = {}
    await ui.press(t("help.q_contact"))
    costs["an answer"] = drawn.since()
    await ui.type(t("help.search"), "券")
    costs["a key in help"] = drawn.since()
    ui = await FakeUi.screen(sample, ReportScreen)
    drawn.since()
    await ui.type(t("help.what"), "扫码没反应")
    costs["a key in the report"] = drawn.since()
    await ui.press(t("help.show_all"))
    costs["the whole report"] = drawn.since()
    ui = await FakeUi.screen(sample, PrivacyScreen)
    drawn.since()
    await ui.press(t("privacy.kind_browse_event"))
    costs["a kind of data"] = drawn.since()
    ui = await FakeUi.screen(sample, FirstSteps)
    drawn.since()
    await ui.press(t("first.see_do"))
    costs["a first step"] = drawn.since()
    ui = await FakeUi.screen(sample, MeScreen, place="root")
    drawn.since()
    await ui.press(t("me.language"))
    costs["a setting"] = drawn.since()
    opens = {"an answer", "a kind of data", "a setting"}  # these build what was not there before
    assert {what: cost for what, cost in costs.items() if cost > (300 if what in opens else 100)} == {}
