"""The demo lives on: missed days, simulated days, and the tick, all through the real services."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain.instants import to_text
from server_stub import tables as t
from server_stub.demo import live
from server_stub.sync import projections
from tests.integration.demo.conftest import NOW, World


def _count(world: World, table: Any, *where: Any) -> int:
    with world.db.read() as conn:
        return conn.execute(select(func.count()).select_from(table).where(*where)).scalar_one()


def _quiet(_line: str) -> None:
    pass


def test_missed_days_are_lived_once(world: World) -> None:
    after = to_text(NOW)
    assert live.catch_up(world.db, _quiet) == 0
    world.clock.forward(days=3, hours=1)
    assert live.catch_up(world.db, _quiet) == 3
    new = _count(world, t.orders, t.orders.c.paid_at > after)
    assert new > 20 and _count(world, t.browse_event, t.browse_event.c.at > after) > 80
    assert _count(world, t.commission_entry, t.commission_entry.c.created_at > after) > 10
    assert live.catch_up(world.db, _quiet) == 0
    assert _count(world, t.orders, t.orders.c.paid_at > after) == new


def test_at_most_thirty_missed_days_are_lived(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVENTS_A_DAY", 4)
    world.clock.forward(days=90)
    assert live.catch_up(world.db, _quiet) == 30
    with world.db.read() as conn:
        first = conn.execute(select(func.min(t.orders.c.paid_at)).where(t.orders.c.paid_at > to_text(NOW))).scalar()
    assert first is None or first >= to_text(NOW + timedelta(days=60))


def test_due_commission_is_confirmed_while_days_pass(world: World) -> None:
    pending = select(t.commission_entry.c.id).where(t.commission_entry.c.state == "pending")
    with world.db.read() as conn:
        before = set(conn.execute(pending).scalars())
    assert before
    world.clock.forward(days=8)
    live.catch_up(world.db, _quiet)
    with world.db.read() as conn:
        assert not before & set(conn.execute(pending).scalars())


def test_what_was_lived_stands_on_the_phones_as_in_the_tables(world: World) -> None:
    live.simulate(world.db, 2, _quiet)
    with world.db.begin() as tx:
        assert projections.project_all(tx.conn, now=tx.now) == frozenset()


def test_the_named_members_are_left_alone(world: World) -> None:
    with world.db.read() as conn:
        crowd = {one.id for one in live.Crowd(conn).customers}
        guests = conn.execute(
            select(t.customer.c.id).where(t.customer.c.phone_masked.like("139%"), t.customer.c.phone_tail == "1101")
        ).scalars()
        assert crowd and not crowd & set(guests)


def test_the_tick_acts_and_ends_when_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TICK_S", (0.0, 0.001))
    acted, stopping = threading.Event(), threading.Event()
    world.db.listen(lambda _buckets: acted.set())
    thread = threading.Thread(target=live.tick_until, args=(world.db, stopping))
    thread.start()
    try:
        assert acted.wait(20), "nobody did anything"
    finally:
        stopping.set()
        thread.join(20)
    assert not thread.is_alive()
