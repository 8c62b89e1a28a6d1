"""Bugs planted on the real code, one context manager each: the simulation must find every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

from sqlalchemy import select

from app.domain.errors import Unavailable
from app.store import outbox
from app.sync import push as sending
from app.sync import rebase
from server_stub import tables as t
from server_stub.db import Tx
from server_stub.people import mutations as people
from server_stub.sync import projections, pull, push
from server_stub.trade import coupons, redemptions

Bug = Callable[[], AbstractContextManager[Any]]
ALL = ("guide:g1", "guide:g2", "guide:g3")


# --- on the phone ----------------------------------------------------------------------------


@contextmanager
def delete_on_send() -> Iterator[None]:
    """The outbox is emptied when it is sent, not when it is confirmed."""
    send = sending.Push._send

    async def forgetful(self: sending.Push, batch: list[Any]) -> None:
        last = batch[-1].id
        await self._store.write(lambda tx: tx.conn.execute("DELETE FROM outbox WHERE id <= ?", (last,)))
        await send(self, batch)

    with mock.patch.object(sending.Push, "_send", forgetful):
        yield


def no_rebase() -> AbstractContextManager[Any]:
    """What waits is not done again over a new page."""
    return mock.patch.object(rebase, "replay_pending", lambda tx, replay: None)


def no_prune() -> AbstractContextManager[Any]:
    """What is confirmed stays in the outbox."""
    return mock.patch.object(outbox, "prune", lambda tx, confirmed: 0)


def no_rewind() -> AbstractContextManager[Any]:
    """A page is written over rows that pending work has changed."""
    return mock.patch.object(rebase.undo, "rewind", lambda tx: None)


# --- on the server ---------------------------------------------------------------------------


@contextmanager
def no_dedupe() -> Iterator[None]:
    """A repeated push is done again."""

    def admit(tx: Tx, actor: Any, group_id: str, mutation: push.Incoming) -> None:
        push.ensure_group(tx, actor, group_id)
        push._lock_client(tx, group_id, mutation.client_id)

    with mock.patch.object(push, "_admit", admit), mock.patch.object(push, "_seen_mid", lambda *_: False):
        yield


@contextmanager
def split_transaction() -> Iterator[None]:
    """A mutation's effects and its id are committed apart, with other work between them."""

    def apply(db: Any, actor: Any, group_id: str, mutation: push.Incoming, twins: Any) -> push.Result:
        with db.begin(actor) as tx:
            earlier = push._admit(tx, actor, group_id, mutation)
            if earlier is not None:
                return earlier
            status = push._run(tx, actor, group_id, mutation, twins)
        with db.read() as conn:
            for _ in range(20):
                conn.execute(select(1))
        with db.begin(actor) as tx:
            push._consume(tx, group_id, mutation, status)
        return push.Result(mutation.client_id, mutation.id, status)

    with mock.patch.object(push, "_apply", apply):
        yield


@contextmanager
def fault_consumes() -> Iterator[None]:
    """A fault of the server's own uses up the mutation's id."""
    one = push._one

    def careless(db: Any, actor: Any, group_id: str, mutation: push.Incoming, twins: Any) -> push.Result:
        try:
            return one(db, actor, group_id, mutation, twins)
        except Unavailable:
            with db.begin(actor) as tx:
                if push._admit(tx, actor, group_id, mutation) is None:
                    push._consume(tx, group_id, mutation, "applied")
            return push.Result(mutation.client_id, mutation.id, "applied")

    with mock.patch.object(push, "_one", careless):
        yield


@contextmanager
def gaps() -> Iterator[None]:
    """The cookie skips what did not fit into the page."""
    fill = pull._fill

    def skipping(conn: Any, page: Any, allowed: Any, heads: Mapping[str, Any], budget: int) -> None:
        fill(conn, page, allowed, heads, budget)
        page.position.buckets.update({one: heads[one].ver for one in allowed})

    with mock.patch.object(pull, "_fill", skipping):
        yield


@contextmanager
def no_dels() -> Iterator[None]:
    """A row that moves to another bucket leaves no tombstone."""
    difference = projections._difference

    def puts_only(new: Any, old: Any) -> Any:
        return difference(new, old)[0], []

    with mock.patch.object(projections, "_difference", puts_only):
        yield


@contextmanager
def dels_unsent() -> Iterator[None]:
    """Tombstones are kept but never sent."""
    rows = pull._rows

    def live(*args: Any) -> Any:
        return [row for row in rows(*args) if row[2] is not None]

    with mock.patch.object(pull, "_rows", live):
        yield


@contextmanager
def pull_scope() -> Iterator[None]:
    """Everybody is sent everybody's rows."""
    real = pull.buckets_of

    def every(actor: Any) -> tuple[str, ...]:
        mine = real(actor)
        return (*mine, *(one for one in ALL if one not in mine))

    with mock.patch.object(pull, "buckets_of", every):
        yield


@contextmanager
def push_scope() -> Iterator[None]:
    """Nobody asks whose customer it is."""

    def anyones(tx: Tx, customer_id: str) -> Any:
        return tx.conn.execute(select(t.customer).where(t.customer.c.id == customer_id)).mappings().one()

    with mock.patch.object(people, "own_customer", anyones):
        yield


@contextmanager
def coupon_twice() -> Iterator[None]:
    """A used coupon may be used again."""
    judge, use = redemptions.why_not, coupons.redeem_in_store

    def lenient(*args: Any, **kwargs: Any) -> str | None:
        why = judge(*args, **kwargs)
        return None if why == "coupon_used" else why

    def again(tx: Tx, row: Any, *args: Any) -> Any:
        return coupons.get(tx, row["id"]) if row["state"] == "redeemed" else use(tx, row, *args)

    with mock.patch.object(redemptions, "why_not", lenient), mock.patch.object(coupons, "redeem_in_store", again):
        yield


@contextmanager
def lmid_early() -> Iterator[None]:
    """A mutation is told as confirmed before the page with its rows."""
    fill, answer = pull._fill, pull._answer
    early: dict[str, int] = {}

    def filled(conn: Any, page: Any, *args: Any) -> None:
        fill(conn, page, *args)
        early.clear()
        if not page.complete:
            early.update(pull._confirm(conn, page, page.position.group))

    def answered(db: Any, page: Any, cookie: Any, changes: dict[str, int], *args: Any) -> str:
        return answer(db, page, cookie, changes | early, *args)

    with mock.patch.object(pull, "_fill", filled), mock.patch.object(pull, "_answer", answered):
        yield


@contextmanager
def head_apart() -> Iterator[None]:
    """The cookie is the head of the bucket as another statement sees it, later than the rows."""
    from tests.sim.server import _SERVERS

    fill = pull._fill

    def filled(conn: Any, page: Any, allowed: Any, heads: Any, budget: int) -> None:
        fill(conn, page, allowed, heads, budget)
        if page.complete:
            for server in _SERVERS.values():
                if server.db.engine is conn.engine:
                    with server.db.read() as later:
                        now = pull._heads(later, allowed)
                    page.position.buckets.update({one: now[one].ver for one in allowed})

    with mock.patch.object(pull, "_fill", filled):
        yield


BUGS: dict[str, Bug] = {
    made.__name__: made
    for made in (
        delete_on_send, no_rebase, no_prune, no_rewind, no_dedupe, split_transaction, fault_consumes,
        gaps, no_dels, dels_unsent, pull_scope, push_scope, coupon_twice, lmid_early, head_apart,
    )
}  # fmt: skip
