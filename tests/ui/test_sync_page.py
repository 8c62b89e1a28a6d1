"""The sync page over a filled store: local problems, refusals to try again or to remove, the badge that counts them."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain.instants import to_text
from app.mutations.verbs import VERBS
from app.protocol.mutations import EditNote
from app.protocol.objects import Customer, RejectedMutation
from app.store import aside, outbox, refused
from app.store.queries import work
from app.ui import routes
from app.ui.screens.sync import NAMED, SyncScreen, place_of
from app.ui.strings import LANGUAGES, Strings
from tests.fakes.client import fake_client
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

TUESDAY = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, TUESDAY, customers=20)
    yield made
    made.store.close()


async def refuse(sample: Any, note: str, *, here: bool) -> str:
    """Leave the refusal of a note in the store, sent from this device or from another one."""
    person = sample.heroes["vip"]

    def change(tx: Any) -> str:
        me, at = outbox.identity(tx).client_id, to_text(TUESDAY)
        number = outbox.append(
            tx, EditNote.NAME, {"customer_id": person, "note": note, "mid": "m-1", "at": at}, f"customer/{person}"
        )
        if here:
            refused.keep(tx, me, number)
        outbox.prune(tx, number)
        row = {
            "id": f"{me}/{number}", "client_id": me, "mutation_id": number, "name": EditNote.NAME,
            "code": "rate_limited", "params": {}, "at": at, "subject": f"customer/{person}",
        }  # fmt: skip
        tx.put(RejectedMutation, row)
        return str(row["id"])

    return await sample.store.write(change)


async def test_problems_of_this_device_are_shown_with_their_sentence_and_dismissed(sample: Any) -> None:
    def tell(tx: Any) -> None:
        aside.add_problem(tx, "pack_signature", {}, to_text(TUESDAY))
        aside.add_problem(tx, "key_lost", {"count": 3}, to_text(TUESDAY))

    await sample.store.write(tell)
    ui = await FakeUi.screen(sample, SyncScreen)
    assert ui.shows("签名不对") and ui.shows("3 条改动打不开")
    assert ui.buttons().count("知道了") == 2
    await ui.press("知道了")
    await ui.until(lambda: ui.buttons().count("知道了") == 1)
    await ui.press("知道了")
    await ui.until(lambda: "知道了" not in ui.buttons())
    assert sample.store.query(work.problems) == [] and sample.store.query(work.outbox_count) == 0


async def test_a_refusal_is_tried_again_from_where_it_was_sent(sample: Any) -> None:
    await refuse(sample, "再来一次的备注", here=True)
    ui = await FakeUi.screen(sample, SyncScreen)
    assert ui.shows("请求太频繁")
    await ui.press("再试一次")
    await ui.until(lambda: "再试一次" not in ui.buttons())
    assert sample.store.read.get(Customer, sample.heroes["vip"]).note == "再来一次的备注"
    assert [one.name for one in sample.store.query(work.waiting)] == ["edit_note", "dismiss_rejected"]
    await ui.sees("已重新提交")


async def test_a_retry_the_rules_refuse_says_so_and_stays(sample: Any) -> None:
    await refuse(sample, "长" * 2_001, here=True)
    ui = await FakeUi.screen(sample, SyncScreen)
    await ui.press("再试一次")
    await ui.until(lambda: ui.shows("备注最多 2,000 字"))
    assert "再试一次" in ui.buttons() and sample.store.query(work.outbox_count) == 0


async def test_elsewhere_a_refusal_can_only_be_opened_or_removed(sample: Any) -> None:
    await refuse(sample, "从另一台来", here=False)
    ui = await FakeUi.screen(sample, SyncScreen)
    assert "再试一次" not in ui.buttons() and "去看看" in ui.buttons()
    assert len(sample.store.query(work.rejected)) == 2  # the sample has one of its own
    for left in (1, 0):
        await ui.press("知道了，移除")
        await ui.until(lambda n=left: ui.buttons().count("知道了，移除") == n == len(sample.store.query(work.rejected)))


def test_every_mutation_has_a_name_and_every_refusal_a_place_to_look() -> None:
    for name in (verb.NAME for verb in VERBS):
        assert all(Strings(language).has(f"sync.do_{name}") for language in LANGUAGES), name
    for role, kinds in {
        "guide": ("customer", "coupon", "action_reward", "dispute", "share", "redemption"),
        "manager": ("action_reward", "dispute", "staff"),
    }.items():
        for kind in kinds:
            place = place_of(f"{kind}/x1", role)
            assert place and routes.page_of(place), (role, kind)
    assert place_of("rejected/x1", "guide") is None and place_of(None, "guide") is None


async def test_what_waits_is_named_with_its_time_and_the_rest_counted(sample: Any) -> None:
    person = sample.heroes["vip"]

    def wait(tx: Any) -> None:
        for number in range(NAMED + 3):
            args = {"customer_id": person, "note": str(number), "mid": f"m{number}", "at": to_text(TUESDAY)}
            outbox.append(tx, EditNote.NAME, args, f"customer/{person}")

    await sample.store.write(wait)
    sample.engine.status = dataclasses.replace(sample.engine.status, waiting=NAMED + 3)
    ui = await FakeUi.screen(sample, SyncScreen)
    assert ui.texts().count(sample.index.get(person).name) == NAMED and ui.shows("10:30") and ui.shows("还有 3 条")
    assert ui.count() <= 300


async def test_the_badge_counts_what_is_to_be_looked_at() -> None:
    from app.ui.parts import SyncBadge

    client = fake_client()
    ui = await FakeUi.screen(client, SyncBadge)
    client.engine.become(state="online", refused=1, problems=2)
    await ui.settle()
    assert ui.shows("3 条需要处理")
