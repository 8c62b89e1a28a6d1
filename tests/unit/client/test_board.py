"""The board of today's signals: equal to a full run after any commits, and never two runs at once."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from app.domain.instants import to_text
from app.insight import SignalBoard, TodaySignal, signals_for_today
from app.mutations import mutate
from app.protocol.mutations import EditNote, MarkSignal
from app.protocol.objects import BrowseEvent, Contact, Coupon, Customer, Order, Product, Setting, SignalMark, Stock
from app.store import Store, WriteTx, erase, kept
from app.store.spec import BY_ROW
from tests.fakes.sample import ZONE, Sample
from tests.security.traces import traces
from tests.unit.client.conftest import NOW

ROWS = (BrowseEvent, Order, Coupon, Contact, SignalMark, Customer)


def ids(store: Store, row: type) -> list[str]:
    return [one[0] for one in store.read.rows(f'SELECT id FROM "{BY_ROW[row].name}" ORDER BY id')]


def change(tx: WriteTx, random: Random, at: str, n: int) -> None:
    """Change the rows in one of the ways that pulls, rewinds and taps do."""
    people = [row[0] for row in tx.rows("SELECT id FROM customer ORDER BY id")]
    goods = [row[0] for row in tx.rows("SELECT id FROM product ORDER BY id")]
    who, what = random.choice(people), random.choice(goods)
    kind = random.randrange(9)
    if kind == 0:
        for i in range(3):
            seen = {"id": f"v{n}.{i}", "customer_id": who, "product_id": what, "session_id": f"s{n}.{i}"}
            when = to_text(NOW - timedelta(days=random.randrange(13), hours=i))
            tx.put(BrowseEvent, seen | {"kind": "checkout" if n % 3 == i else "view", "at": when, "dwell_s": 20})
    elif kind == 1:
        contact = {"id": f"k{n}", "customer_id": who, "guide_id": "g1", "device_id": "d1", "at": at}
        tx.put(Contact, contact | {"kind": "message", "channel": "wechat", "transactional": random.random() < 0.2})
    elif kind == 2:
        mark = {"id": f"m{n}", "customer_id": who, "signal": random.choice(("birthday", "dormant", "repeated_view"))}
        subject = random.choice(("", "2026", what))
        tx.put(SignalMark, mark | {"subject": subject, "action": "not_interested", "at": at, "until": None})
    elif kind == 3:
        days = random.randrange(1, 6)
        tx.update(Customer, who, birthday=(NOW + timedelta(days=days)).strftime("%m-%d"), stored_value_fen=days * 100)
    elif kind == 4:
        tx.update(Customer, who, consents={"marketing": random.random() < 0.5})
    elif kind == 5:
        row = random.choice(ROWS)
        found = [one[0] for one in tx.rows(f'SELECT id FROM "{BY_ROW[row].name}" ORDER BY id')]
        if found and (row is not Customer or len(found) > 5):
            tx.delete(row, random.choice(found))
    elif kind == 6:  # issued, or rewound to nobody, or moved to somebody else
        found = [one[0] for one in tx.rows("SELECT id FROM coupon ORDER BY id")]
        until = to_text(NOW + timedelta(days=random.randrange(-1, 5)))
        holder = random.choice((None, who))
        tx.update(Coupon, random.choice(found), customer_id=holder, state="issued", issued_at=at, valid_until=until)
    elif kind == 7:
        found = [one[0] for one in tx.rows("SELECT id FROM stock ORDER BY id")]
        tx.update(Stock, random.choice(found), sizes={"S": random.choice((0, 2))})
        tx.update(Product, what, price_fen=random.randrange(10_000, 90_000))
    else:
        tx.update(Setting, "brand", signal={"views": random.randrange(2, 5), "days": 14}, dormant_days=365)


@pytest.mark.parametrize("seed", range(4))
async def test_after_any_commits_the_board_equals_a_full_run(sample: Sample, seed: int) -> None:
    random = Random(seed)
    for n in range(40):
        if random.random() < 0.3:
            sample.clock.at += timedelta(hours=random.choice((0, 1, 5, 30)))
        at = to_text(sample.clock.at)
        await sample.store.write(lambda tx, n=n, at=at: change(tx, random, at, n))
        if random.random() < 0.3:
            continue  # several commits before the next look
        await asyncio.sleep(0)
        got = await sample.board.today(500)
        full = signals_for_today(sample.store.read, sample.clock.at, ZONE, sample.staff.store_id, 500)
        assert got == full, n


async def test_a_commit_reads_only_whom_it_touched(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    await sample.board.today()
    asked: list[Any] = []
    from app.insight import board

    real = board.read_known
    monkeypatch.setattr(board, "read_known", lambda read, whom, *args: asked.append(whom) or real(read, whom, *args))
    hero = sample.heroes["views"]
    await mutate(sample, EditNote(hero, "a note"))
    await mutate(sample, MarkSignal("m1", sample.heroes["dormant"], "dormant", "", "done"))
    await asyncio.sleep(0)
    kinds = {one.kind for one in await sample.board.today()}
    assert asked == [sorted([hero, sample.heroes["dormant"]])]
    assert "dormant" not in kinds and "repeated_view" in kinds
    await sample.board.today()
    assert len(asked) == 1


async def test_a_brand_that_looks_back_further_is_answered_from_further_back(sample: Sample) -> None:
    who, what = sample.heroes["dormant"], ids(sample.store, Product)[0]

    def seen_long_ago(tx: WriteTx) -> None:
        for n in range(3):
            at = to_text(NOW - timedelta(days=30 + n))
            seen = {"id": f"v{n}", "customer_id": who, "product_id": what, "session_id": f"s{n}", "at": at}
            tx.put(BrowseEvent, seen | {"kind": "view", "dwell_s": 20})

    await sample.store.write(seen_long_ago)
    assert (who, "repeated_view") not in {(one.customer.id, one.kind) for one in await sample.board.today(500)}
    await sample.store.write(lambda tx: tx.update(Setting, "brand", signal={"views": 3, "days": 40}))
    await asyncio.sleep(0)
    assert (who, "repeated_view") in {(one.customer.id, one.kind) for one in await sample.board.today(500)}


async def test_a_burst_of_questions_costs_two_runs(sample: Sample) -> None:
    first = asyncio.create_task(sample.board.today())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    burst = [asyncio.create_task(sample.board.today()) for _ in range(20)]
    await asyncio.sleep(0)
    burst[0].cancel()
    answers = await asyncio.gather(first, *burst[1:])
    assert sample.board.runs == 2 and len(set(map(len, answers))) == 1


# --- what the next start remembers -------------------------------------------------------------------------------


async def seen(sample: Sample) -> tuple[TodaySignal, ...]:
    """Return the day's list as a guide sees it, and let what is kept of it be written."""
    found = await sample.board.today(120)
    await sample.store.write(lambda _tx: None, priority=99)
    return found


async def reopened(sample: Sample) -> SignalBoard:
    """Return the board of the next start."""
    board = SignalBoard(sample.store, sample.clock.now, ZONE, sample.staff.store_id)
    await board.recall()
    return board


async def test_the_next_start_of_the_day_remembers_the_list_until_the_first_run(sample: Sample) -> None:
    assert (await reopened(sample)).remembered() is None
    found = await seen(sample)
    sample.clock.at += timedelta(minutes=1)
    board = await reopened(sample)
    assert found and board.remembered() == found and board.runs == 0
    assert await board.today(120) == found and board.runs == 1
    assert board.remembered() is None


async def test_nothing_is_remembered_across_midnight_of_the_store(sample: Sample) -> None:
    await seen(sample)
    sample.clock.at += timedelta(hours=13, minutes=29)  # 23:59 there, another day in UTC is far
    board = await reopened(sample)
    assert board.remembered()
    sample.clock.at += timedelta(minutes=1)
    assert board.remembered() is None
    assert (await reopened(sample)).remembered() is None


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_remembered_holds_by_the_rules_of_now(sample: Sample, seed: int) -> None:
    """Whoever left, was dealt with or contacted since is not shown; who is shown is shown as a full run would."""
    random, whom = Random(seed), {one.customer.id for one in await seen(sample)}
    for n in range(12):
        sample.clock.at += timedelta(minutes=random.choice((0, 20, 50)))
        await sample.store.write(lambda tx, n=n: change(tx, random, to_text(sample.clock.at), n))
    full = signals_for_today(sample.store.read, sample.clock.at, ZONE, sample.staff.store_id, 500)
    board = await reopened(sample)
    assert (board.remembered() or ()) == tuple(one for one in full if one.customer.id in whom)


async def test_one_who_left_was_contacted_or_dealt_with_is_not_remembered(sample: Sample) -> None:
    await seen(sample)
    left, contacted, done = (sample.heroes[name] for name in ("views", "birthday", "dormant"))
    at = to_text(sample.clock.at)
    contact = {"customer_id": contacted, "guide_id": "g1", "device_id": "d1", "at": at, "kind": "message"}

    def change(tx: WriteTx) -> None:
        tx.delete(Customer, left)
        tx.put(Contact, contact | {"id": "k", "channel": "wechat", "transactional": False})

    await sample.store.write(change)
    await mutate(sample, MarkSignal("m1", done, "dormant", "", "done"))
    shown = {(one.customer.id, one.kind) for one in (await reopened(sample)).remembered() or ()}
    assert shown and not {who for who, _ in shown} & {left, contacted} and (done, "dormant") not in shown


async def test_a_commit_before_the_first_run_forgets_what_was_remembered(sample: Sample) -> None:
    await seen(sample)
    board = await reopened(sample)
    board.on_commit(frozenset({"outbox"}))
    assert board.remembered()
    board.on_commit(frozenset({"signal_mark"}))
    assert board.remembered() is None


async def test_what_is_remembered_lies_sealed_and_goes_with_an_erased_customer(sample: Sample) -> None:
    found = await seen(sample)
    whom = sorted({one.customer.id for one in found})
    text = sample.store.read.meta(kept.SIGNALS)
    assert kept.value(sample.store.read, kept.SIGNALS) == {"day": "2026-11-24", "customer_ids": whom}
    assert traces_in_text(text, [*whom, *(one.customer.name for one in found)]) == []
    await sample.store.write(lambda tx: erase.forget(tx, frozenset(whom[:1]), to_text(NOW)))
    assert kept.value(sample.store.read, kept.SIGNALS)["customer_ids"] == whom[1:]


def traces_in_text(text: str, values: list[str]) -> list[str]:
    opened = base64.b64decode(text)
    return traces(text.encode(), values) + traces(opened, values)


async def test_it_is_written_when_somebody_came_to_the_list_and_told_to_nobody(sample: Sample) -> None:
    told: list[frozenset[str]] = []
    await seen(sample)
    first = sample.store.read.meta(kept.SIGNALS)
    sample.store.subscribe(told.append)
    await mutate(sample, MarkSignal("m1", sample.heroes["dormant"], "dormant", "", "done"))
    await asyncio.sleep(0)
    await seen(sample)
    assert sample.store.read.meta(kept.SIGNALS) == first  # who went is left out when it is read
    who = next(
        one
        for one in ids(sample.store, Customer)
        if one not in kept.value(sample.store.read, kept.SIGNALS)["customer_ids"]
    )
    await sample.store.write(lambda tx: tx.update(Customer, who, birthday="11-26", consents={"marketing": True}))
    await asyncio.sleep(0)
    told.clear()
    found = await seen(sample)
    await asyncio.sleep(0)
    assert who in {one.customer.id for one in found}
    assert who in kept.value(sample.store.read, kept.SIGNALS)["customer_ids"] and not told
