"""Hand-over on screen: a guide gives a customer away and takes it back, a manager splits a book; queued offline."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from flet.controls.id_counter import ControlId

from app.domain.instants import to_text
from app.protocol.objects import Customer, GuideBook, HandedOver, Handover, Staff
from app.store import WriteTx, outbox
from app.store.queries import brand, customers, handovers
from app.sync import OfflineSwitch, make_http
from app.ui.screens.customers import CustomerPage, HandedPage, HandOverPage
from app.ui.screens.team import BooksPage, ChoosePage, SplitPage
from app.ui.strings import Strings
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, NOW, customers=20)
    made.installation = SimpleNamespace(clock=made.clock, known_staff=lambda: ())
    yield made
    made.store.close()


def guides(sample: Any) -> list[Staff]:
    return brand.guides_of(sample.store.read, sample.staff.store_id)


def someone(sample: Any) -> Customer:
    return min(sample.store.query(customers.all_customers), key=lambda one: one.id)


def waiting(sample: Any) -> list[outbox.Pending]:
    return sample.store.query(outbox.pending)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_a_guide_hands_a_customer_over_and_takes_it_back_while_it_waits(sample: Any, language: str) -> None:
    who, other, t = someone(sample), guides(sample)[1], Strings(language).t
    ui = await FakeUi.screen(sample, HandOverPage, who.id, language=language)
    assert who.name in " ".join(ui.texts()) and not [text for text in ui.texts() if text.startswith("handover.")]
    assert t("handover.give") not in ui.buttons(), "nobody is chosen yet"
    await ui.press(other.name)
    await ui.type(t("handover.words"), "likes linen")
    await ui.press(t("handover.give"))
    await ui.until(lambda: len(waiting(sample)) == 1)
    assert waiting(sample)[0].args | {"mid": "", "at": "", "handover_id": ""} == {
        "mid": "", "at": "", "handover_id": "", "customer_id": who.id, "to_guide_id": other.id, "words": "likes linen"
    }  # fmt: skip
    profile = await FakeUi.screen(sample, CustomerPage, who.id, language=language)
    assert profile.shows(t("handover.waiting", name=other.name))
    assert t("profile.act_coupon") not in profile.texts(), "what would be refused is not offered"
    await profile.press(t("common.undo"))
    await profile.until(lambda: not waiting(sample))
    await profile.until(lambda: t("profile.act_coupon") in profile.texts())
    assert sample.store.query(customers.customer_by_id, who.id) == who
    assert not ui.reports and not profile.reports


@pytest.mark.parametrize("root", ["customers", "today"])
@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_handing_over_leads_back_to_the_list_and_its_undo_tells_the_truth(
    sample: Any, root: str, language: str
) -> None:
    who, other, t = someone(sample), guides(sample)[1], Strings(language).t
    ui = await FakeUi.app(sample, language=language)
    said = t("handover.given", customer=who.name, name=other.name)
    assert who.name in said and other.name in said

    async def give() -> None:
        ui.ui.go(root)
        ui.ui.open(f"/customers/{who.id}")
        ui.ui.open(f"/customers/{who.id}/handover")
        await ui.press(other.name)
        await ui.fire([one for name, one in ui._pressables() if name == t("handover.give")][-1], "click")
        await ui.sees(said)
        assert ui.ui.nav.root == root and ui.ui.nav.stack() == ()

    await give()
    await ui.press(t("common.undo"))
    await ui.sees(t("handover.taken_back"))
    assert not waiting(sample)
    await give()
    number = waiting(sample)[0].id
    await sample.store.write(lambda tx: outbox.withdraw(tx, number))  # it left
    await ui.fire([one for name, one in ui._pressables() if name == t("common.undo")][-1], "click")
    await ui.sees(t("handover.too_late"))
    assert not ui.reports


async def test_the_next_guide_reads_the_words_and_both_see_the_share(sample: Any) -> None:
    who, other = someone(sample), guides(sample)[1]
    until = to_text(NOW + timedelta(days=30))

    def came(tx: WriteTx) -> None:
        both = {"at": to_text(NOW), "cause": "colleague", "share_bp": 3_000, "tail_until": until}
        mine = {"id": "h1", "customer_id": who.id, "from_guide_id": other.id, "to_guide_id": sample.staff.id}
        tx.put(Handover, both | mine | {"words": "喜欢亚麻"})
        tx.put(HandedOver, both | {"id": "h2", "from_guide_id": sample.staff.id, "to_kind": "guide",
                                   "to_guide_id": other.id})  # fmt: skip

    await sample.store.write(came)
    profile = await FakeUi.screen(sample, CustomerPage, who.id)
    assert profile.shows("喜欢亚麻") and profile.shows("30%") and profile.shows(other.name)
    page = await FakeUi.screen(sample, HandedPage)
    assert page.shows(other.name) and page.shows("30%") and not page.shows(who.name)
    sample.clock.at += timedelta(days=31)
    assert not (await FakeUi.screen(sample, HandedPage)).shows("30%")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_a_manager_previews_a_split_and_sends_it(sample: Any, language: str) -> None:
    sample.session = sample.manager
    leaver, *others = guides(sample)

    def books(tx: WriteTx) -> None:
        for number, one in enumerate([leaver, *others]):
            mine = {"customers": 10 * number or 9, "categories": {"shoes": 5, "": 4} if not number else {}}
            skills = ["shoes"] if number == 1 else []
            tx.put(GuideBook, {"id": one.id, "guide_id": one.id, "store_id": "s", "skills": skills} | mine)

    await sample.store.write(books)
    t = Strings(language).t
    lists = await FakeUi.screen(sample, BooksPage, width=1180, height=820, language=language)
    assert lists.shows(t("team.customers", n=9)) and not lists.reports
    ui = await FakeUi.screen(sample, SplitPage, leaver.id, width=1180, height=820, language=language)
    assert not [text for text in ui.texts() if text.startswith("team.")]
    assert t("team.now_then", now=10, then=19) in ui.texts(), "shoes to who sells them, the rest to the least load"
    await ui.press(others[0].name)
    assert t("team.now_then", now=20, then=29) in ui.texts()
    await ui.toggle(t("team.leaves"), True)
    await ui.press(t("team.handover_do", n=9))
    await ui.until(lambda: len(waiting(sample)) == 1)
    args = waiting(sample)[0].args
    assert (args["guide_id"], args["to_guides"], args["leaves"]) == (leaver.id, [one.id for one in others[1:]], True)
    await ui.until(lambda: ui.shows(t("team.handover_waiting")))
    assert sample.store.query(handovers.book_waiting, leaver.id) is not None
    assert not ui.reports and ui.count() <= 300


# --- a part of a book --------------------------------------------------------------------------------------------


def names(count: int) -> list[dict[str, Any]]:
    """Return a book as the server tells it: every tenth was moved twice, every third likes shoes."""
    return [
        {
            "id": f"n{n:04d}", "name": f"客户{n}", "pinyin": f"ke hu {n}", "initials": "kh", "level": "gold",
            "category": "" if n % 3 else "shoes", "last_order_at": to_text(NOW - timedelta(days=n)),
            "again_at": to_text(NOW + timedelta(days=9)) if n % 10 == 9 else None,
        }
        for n in range(count)
    ]  # fmt: skip


class Names:
    """A server that tells a book, after the PIN where `proved` is not set."""

    def __init__(self, sample: Any, count: int, proved: bool = True) -> None:
        self.count, self.proved, self.asked = count, proved, 0
        self.switch = OfflineSwitch(httpx.MockTransport(self.answer))
        sample.http = make_http("http://server.test", self.switch)
        sample.session = sample.manager

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        pin = json.loads(request.content).get("pin")
        if pin not in (None, "246810"):
            return httpx.Response(401, json={"code": "wrong_pin"})
        self.proved = self.proved or pin is not None
        if not self.proved:
            return httpx.Response(403, json={"code": "step_up_needed"})
        return httpx.Response(200, json={"customers": names(self.count)})


async def with_book(sample: Any, leaver: Staff, count: int) -> None:
    more = {"customers": count, "categories": {"": count}, "skills": []}
    rows = [{"id": one.id, "guide_id": one.id, "store_id": "s"} for one in guides(sample)]
    await sample.store.write(
        lambda tx: [tx.put(GuideBook, row | (more if row["id"] == leaver.id else {"customers": 3})) for row in rows]
    )


async def opened(sample: Any, leaver: Staff, **options: Any) -> FakeUi:
    ui = await FakeUi.app(sample, **options)
    ui.ui.go("team")
    ui.ui.open(f"/team/handover/{leaver.id}")
    await ui.settle()
    return ui


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_a_manager_ticks_some_sees_who_gets_whom_and_takes_it_back(sample: Any, language: str) -> None:
    t, server = Strings(language).t, Names(sample, 24)
    leaver, taker, *_ = guides(sample)
    await with_book(sample, leaver, 24)
    ui = await opened(sample, leaver, language=language)
    await ui.press(t("team.part_way"))
    await ui.sees("客户0")
    assert t("team.part_done", n=1) not in ui.buttons(), "nobody is ticked yet"
    await ui.press("客户1")
    await ui.press("客户9")
    await ui.sees(t("team.part_again", day=Strings(language).date_short(NOW + timedelta(days=9))))
    await ui.press("客户3")
    await ui.press(t("team.part_done", n=2))
    await ui.sees(t("team.part_chosen", n=2))
    assert not ui.shows(t("team.leaves")), "a part ends no account"
    await ui.press(t("team.whole", n=24))
    await ui.sees(t("team.handover_do", n=24))
    await ui.press(t("team.part_way"))
    await ui.press(t("team.part_done", n=2))
    await ui.press(t("team.takers_none"))
    assert ui.shows(t("team.to_store", n=2))
    await ui.fire([one for name, one in ui._pressables() if taker.name in name][-1], "click")  # the board has one too
    assert ui.shows("客户1") and ui.shows("客户3") and t("team.now_then", now=3, then=5) in ui.texts()
    assert not [text for text in ui.texts() if text.startswith("team.")]
    await ui.press(t("team.handover_do", n=2))
    await ui.until(lambda: len(waiting(sample)) == 1)
    args = waiting(sample)[0].args
    assert (args["to_guides"], args["leaves"], sorted(args["customers"])) == ([taker.id], False, ["n0001", "n0003"])
    await ui.sees(t("team.part_waiting", n=2))
    await ui.press(t("common.undo"))
    await ui.until(lambda: not waiting(sample))
    await ui.sees(t("team.whole", n=24))
    assert not ui.reports and server.asked == 1


async def test_the_names_ask_for_the_pin_and_stay_off_the_disk(sample: Any, tmp_path: Path) -> None:
    t, server = Strings("zh_CN").t, Names(sample, 6, proved=False)
    leaver = guides(sample)[0]
    await with_book(sample, leaver, 6)
    server.switch.work_offline = True
    ui = await FakeUi.screen(sample, ChoosePage, leaver.id)
    await ui.sees(t("team.part_away"))
    assert ui.shows(t("team.part_online")) and server.asked == 0
    server.switch.work_offline = False
    await ui.press(t("common.try_again"))
    await ui.sees(t("team.part_why"))
    await ui.type(t("login.pin"), "111111")
    await ui.press(t("team.part_show"))
    await ui.until(lambda: server.asked == 2)
    assert not ui.shows("客户1")
    await ui.type(t("login.pin"), "246810")
    await ui.press(t("team.part_show"))
    await ui.sees("客户1")
    assert not any("客户1".encode() in one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
    assert not ui.reports


async def test_five_thousand_names_are_sifted_and_ticked_within_the_budget(sample: Any) -> None:
    t = Strings("zh_CN").t
    Names(sample, 5_000)
    leaver = guides(sample)[0]
    await with_book(sample, leaver, 5_000)
    ui = await FakeUi.screen(sample, ChoosePage, leaver.id)
    await ui.sees("客户0")
    assert ui.count() <= 300
    built: dict[str, int] = {}

    async def step(name: str, act: Any) -> None:
        before = ControlId.next()
        await act
        built[name] = ControlId.next() - before

    await step("tick", ui.press("客户1"))
    await step("letter", ui.type(t("team.part_search"), "ke"))
    await step("another", ui.type(t("team.part_search"), "kehu 42"))
    assert "客户42" in ui.texts() and "客户2" not in ui.texts() and ui.shows(t("team.part_done", n=1))
    await ui.type(t("team.part_search"), "")
    await ui.press(f"{t('share.category_shoes')} 1,667")
    await ui.press(t("customers.pick_all", n=1_500))
    await ui.sees(t("team.part_done", n=1_501))
    await ui.press(t("customers.pick_none"))
    await ui.sees(t("team.part_done", n=1))
    await ui.type(t("team.part_search"), "nobody")
    await ui.sees(t("team.part_not_found"))
    assert max(built.values()) <= 100, built
    assert not ui.reports


async def test_a_guide_without_customers_or_a_store_without_colleagues_says_so(sample: Any) -> None:
    t = Strings("zh_CN").t
    Names(sample, 0)
    leaver, *others = guides(sample)
    await with_book(sample, leaver, 2)
    ui = await FakeUi.screen(sample, ChoosePage, leaver.id)
    await ui.sees(t("team.part_empty"))
    await sample.store.write(lambda tx: [tx.update(Staff, one.id, active=False) for one in others])
    alone = await FakeUi.screen(sample, SplitPage, leaver.id)
    assert alone.shows(t("team.no_takers")) and not alone.reports


async def test_names_are_not_shown_for_longer_than_the_breach_query_looks_back(sample: Any) -> None:
    t, server = Strings("zh_CN").t, Names(sample, 6)
    leaver = guides(sample)[0]
    await with_book(sample, leaver, 6)
    ui = await opened(sample, leaver)
    await ui.press(t("team.part_way"))
    await ui.press("客户1")
    await ui.press(t("team.part_done", n=1))
    await ui.sees(t("team.part_chosen", n=1))
    sample.clock.at += timedelta(hours=72)
    ui.ui.back()
    await ui.settle()
    ui.ui.open(f"/team/handover/{leaver.id}")
    await ui.sees(t("team.part_way"))
    await ui.press(t("team.part_way"))
    await ui.sees("客户0")
    assert server.asked == 2 and not ui.reports
