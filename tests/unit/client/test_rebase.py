"""Undo log and rebase: rows are always what the server said plus what is pending (sync.md section 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.instants import to_text
from app.mutations import replay_for
from app.mutations.call import Call
from app.mutations.mutate import perform
from app.protocol.mutations import AddTag, EditNote, MarkSignal, UnmarkSignal
from app.protocol.objects import SignalMark
from app.security import RowSealer
from app.store import Store, outbox, patch
from app.store.queries import customers, work
from app.sync.rebase import apply_page
from app.sync.wire import Page
from tests.unit.client.conftest import NOW
from tests.unit.client.values import customer, delete, put

Open = Callable[[], Store]
replay = replay_for("g1", "dev-1", "Asia/Shanghai")


def call() -> Call:
    from zoneinfo import ZoneInfo

    return Call("g1", "dev-1", ZoneInfo("Asia/Shanghai"), NOW)


def page(order: int, patch_: list[dict[str, Any]], confirmed: Mapping[str, int] | None = None) -> Page:
    return Page({"order": order}, confirmed or {}, patch_, False, 0, 0, None, None)


async def begin(store: Store) -> str:
    await store.write(lambda tx: apply_page(tx, page(1, [{"op": "clear"}, put("customer", customer())]), None, replay))
    return (await store.write(outbox.identity)).client_id


def note(store: Store) -> str:
    found = store.query(customers.customer_by_id, "c1")
    assert found is not None
    return found.note


async def test_a_pending_edit_stands_over_a_pull_and_its_row_takes_the_servers_other_fields(open_store: Open) -> None:
    store = open_store()
    await begin(store)
    await store.write(lambda tx: perform(tx, EditNote("c1", "mine"), call()))
    await store.write(
        lambda tx: apply_page(tx, page(2, [put("customer", customer(level="black"), 2)]), {"order": 1}, replay)
    )
    found = store.query(customers.customer_by_id, "c1")
    assert (found.note, found.level) == ("mine", "black")
    assert store.query(work.outbox_count) == 1


async def test_confirming_prunes_in_the_same_transaction_and_the_servers_value_stands(open_store: Open) -> None:
    store = open_store()
    me = await begin(store)
    await store.write(lambda tx: perform(tx, EditNote("c1", "mine"), call()))
    answer = page(2, [put("customer", customer(note="server's"), 2)], {me: 1})
    await store.write(lambda tx: apply_page(tx, answer, {"order": 1}, replay))
    assert (note(store), store.query(work.outbox_count)) == ("server's", 0)


async def test_a_refused_mutations_effect_goes_and_later_ones_stay(open_store: Open) -> None:
    store = open_store()
    me = await begin(store)
    for change in (EditNote("c1", "refused"), AddTag("c1", "later")):
        await store.write(lambda tx, m=change: perform(tx, m, call()))
    await store.write(lambda tx: apply_page(tx, page(2, [], {me: 1}), {"order": 1}, replay))
    found = store.query(customers.customer_by_id, "c1")
    assert (found.note, [tag.name for tag in found.tags]) == ("机密备注", ["通勤", "later"])


async def test_a_row_made_here_goes_when_it_is_refused(open_store: Open) -> None:
    store = open_store()
    me = await begin(store)
    mark = MarkSignal("m1", "c1", "birthday", "2026", "done")
    await store.write(lambda tx: perform(tx, mark, call()))
    assert store.read.get(SignalMark, "m1") is not None
    await store.write(lambda tx: apply_page(tx, page(2, [], {me: 1}), {"order": 1}, replay))
    assert store.read.get(SignalMark, "m1") is None


async def test_a_mark_taken_back_is_gone_also_when_only_the_mark_was_confirmed(open_store: Open) -> None:
    store = open_store()
    me = await begin(store)
    mark = MarkSignal("m1", "c1", "birthday", "2026", "done")
    for change in (mark, UnmarkSignal("m1", "c1")):
        await store.write(lambda tx, m=change: perform(tx, m, call()))
    assert store.read.get(SignalMark, "m1") is None
    row = put("signal_mark", {"id": "m1", "customer_id": "c1", "signal": "birthday", "subject": "2026",
                              "action": "done", "at": to_text(NOW)}, 2)  # fmt: skip
    await store.write(lambda tx: apply_page(tx, page(2, [row], {me: 1}), {"order": 1}, replay))
    assert store.read.get(SignalMark, "m1") is None and store.query(work.outbox_count) == 1
    await store.write(lambda tx: perform(tx, UnmarkSignal("never-there", "c1"), call()))


async def test_a_replay_that_throws_stays_pending_without_effect_and_blocks_nothing(open_store: Open) -> None:
    store = open_store()
    await begin(store)
    await store.write(lambda tx: perform(tx, EditNote("c1", "mine"), call()))
    await store.write(
        lambda tx: apply_page(
            tx, page(2, [delete("customer/c1"), put("customer", customer("c2"))]), {"order": 1}, replay
        )
    )
    assert [c.id for c in store.query(customers.all_customers)] == ["c2"]
    assert store.query(work.outbox_count) == 1
    await store.write(lambda tx: apply_page(tx, page(3, [put("customer", customer(), 3)]), {"order": 2}, replay))
    assert note(store) == "mine"


async def test_half_a_throwing_replay_is_undone(open_store: Open) -> None:
    store = open_store()
    await begin(store)
    await store.write(lambda tx: perform(tx, EditNote("c1", "mine"), call()))

    def broken(tx: Any, name: str, args: Mapping[str, Any]) -> None:
        replay(tx, name, args)
        raise ZeroDivisionError

    await store.write(lambda tx: apply_page(tx, page(2, [put("customer", customer("c2"))]), {"order": 1}, broken))
    assert note(store) == "机密备注"
    assert store.read.value("SELECT count(*) FROM undo") == 0


@pytest.mark.parametrize(
    ("sent", "order", "confirmed"), [({"order": 0}, 2, 0), ({"order": 1}, 0, 0), ({"order": 1}, 2, -1)]
)
async def test_a_stale_answer_is_left_out(open_store: Open, sent: Any, order: int, confirmed: int) -> None:
    store = open_store()
    me = await begin(store)
    stale = page(order, [delete("customer/c1")], {me: confirmed} if confirmed else {})
    assert await store.write(lambda tx: apply_page(tx, stale, sent, replay)) is False
    assert note(store) == "机密备注"


async def test_a_new_client_keeps_what_waits_in_order_and_by_mid(open_store: Open) -> None:
    store = open_store()
    me = await begin(store)
    for text in ("a", "b", "c"):
        await store.write(lambda tx, x=text: perform(tx, EditNote("c1", x), call()))
    await store.write(lambda tx: apply_page(tx, page(2, [], {me: 1}), {"order": 1}, replay))
    before = store.query(outbox.pending)
    await store.write(outbox.renew)
    after = store.query(outbox.pending)
    assert [p.id for p in after] == [1, 2]
    assert [p.args for p in after] == [p.args for p in before]
    assert (await store.write(outbox.identity)).client_id != me
    assert await store.write(lambda tx: perform(tx, EditNote("c1", "d"), call())) == 3


step = st.one_of(
    st.tuples(st.just("edit"), st.integers(1, 3), st.text("xyz", min_size=1, max_size=3)),
    st.tuples(st.just("tag"), st.integers(1, 3), st.sampled_from("pqr")),
    st.tuples(st.just("pull"), st.integers(1, 3), st.text("uvw", min_size=1, max_size=3)),
    st.tuples(st.just("del"), st.integers(1, 3), st.just("")),
    st.tuples(st.just("confirm"), st.integers(0, 2), st.just("")),
)


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(step, max_size=14))
def test_rows_equal_the_servers_rows_with_the_pending_replayed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str]]
) -> None:
    """P: whatever order of taps, pulls and confirmations, local rows = base + pending, computed from scratch."""
    live = Store.open(tmp_path_factory.mktemp("live"), RowSealer(bytes(32)))
    me = live.submit(outbox.identity).result().client_id
    base = {f"c{n}": customer(f"c{n}") for n in (1, 2, 3)}
    order, confirmed, made = 1, 0, 0
    first = page(1, [put("customer", value) for value in base.values()])
    live.submit(lambda tx: apply_page(tx, first, None, replay)).result()
    for kind, number, text in steps:
        row_id = f"c{number}"
        if kind in ("edit", "tag"):
            change = EditNote(row_id, text) if kind == "edit" else AddTag(row_id, text)
            if live.query(customers.customer_by_id, row_id) is not None:
                live.submit(lambda tx, m=change: perform(tx, m, call())).result()
                made += 1
            continue
        operations = []
        if kind == "pull":
            base[row_id] = customer(row_id, note=text)
            operations = [put("customer", base[row_id], order + 1)]
        elif kind == "del":
            base.pop(row_id, None)
            operations = [delete(f"customer/{row_id}")]
        else:
            confirmed = min(made, confirmed + number)
        answer = page(order + 1, operations, {me: confirmed} if confirmed else {})
        assert live.submit(lambda tx, a=answer, o=order: apply_page(tx, a, {"order": o}, replay)).result()
        order += 1
    fresh = Store.open(tmp_path_factory.mktemp("fresh"), RowSealer(bytes(32)))

    def rebuild(tx: Any) -> None:
        patch.apply(tx, [put("customer", value) for value in base.values()])
        for one in live.query(outbox.pending):
            tx.conn.execute("SAVEPOINT one")
            try:
                replay(tx, one.name, one.args)
            except Exception:
                tx.conn.execute("ROLLBACK TO one")
            tx.conn.execute("RELEASE one")

    fresh.submit(rebuild).result()
    seen, wanted = ({c.id: c for c in s.query(customers.all_customers)} for s in (live, fresh))
    live.close()
    fresh.close()
    assert seen == wanted
