"""The board of today's signals: equal to a full run after any commits, and never two runs at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from app.domain.instants import to_text
from app.insight import signals_for_today
from app.mutations import mutate
from app.protocol.mutations import EditNote, MarkSignal
from app.protocol.objects import BrowseEvent, Contact, Coupon, Customer, Order, Product, Setting, SignalMark, Stock
from app.store import Store, WriteTx
from app.store.spec import BY_ROW
from tests.fakes.sample import ZONE, Sample
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
    monkeypatch.setattr(board, "read_known", lambda read, whom, now: asked.append(whom) or real(read, whom, now))
    hero = sample.heroes["views"]
    await mutate(sample, EditNote(hero, "a note"))
    await mutate(sample, MarkSignal("m1", sample.heroes["dormant"], "dormant", "", "done"))
    await asyncio.sleep(0)
    kinds = {one.kind for one in await sample.board.today()}
    assert asked == [sorted([hero, sample.heroes["dormant"]])]
    assert "dormant" not in kinds and "repeated_view" in kinds
    await sample.board.today()
    assert len(asked) == 1


async def test_a_burst_of_questions_costs_two_runs(sample: Sample) -> None:
    first = asyncio.create_task(sample.board.today())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    burst = [asyncio.create_task(sample.board.today()) for _ in range(20)]
    await asyncio.sleep(0)
    burst[0].cancel()
    answers = await asyncio.gather(first, *burst[1:])
    assert sample.board.runs == 2 and len(set(map(len, answers))) == 1
