"""Indexes are put aside while a large first sync comes in, and back whatever ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.device.clock import SystemClock
from app.domain.errors import Unavailable
from app.store import Store, indexes
from app.sync import OfflineSwitch, make_http
from app.sync.clock import ServerClock
from app.sync.pull import Pull
from tests.unit.client.values import customer, put

Open = Callable[[], Store]
Answer = Callable[[int], httpx.Response]


def names(store: Store) -> set[tuple[str, str]]:
    """Return every index of a table with its columns."""
    sql = "SELECT i.name, c.name FROM sqlite_master i, pragma_index_info(i.name) c WHERE i.type = 'index'"
    return set(store.read.rows(sql))


def answer(order: int, more: bool, total: int = indexes.MANY_ROWS) -> httpx.Response:
    begin: list[dict[str, Any]] = [{"op": "clear"}] if order == 1 else []
    return httpx.Response(200, json={
        "cookie": {"order": order}, "lastMutationIDChanges": {}, "more": more,
        "patch": [*begin, put("customer", customer(f"c{order}"), order)], "progress": {"done": order, "total": total},
    })  # fmt: skip


async def pull(store: Store, answers: list[httpx.Response], seen: list[int] | None = None) -> None:
    """Pull from a server that says this; `seen` takes how many indexes there are at each request."""

    def say(_request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(len(names(store)))
        return answers.pop(0)

    async with make_http("http://server.test", OfflineSwitch(httpx.MockTransport(say))) as http:
        clock = ServerClock(SystemClock())
        await Pull(store, http, None, clock, lambda *_: None, "test", lambda _progress: None).run()


async def test_a_large_first_sync_goes_without_them_and_ends_with_all(open_store: Open) -> None:
    store = open_store()
    all_of_them, seen = names(store), []
    await pull(store, [answer(1, True), answer(2, True), answer(3, True), answer(4, False)], seen)
    assert min(seen) < len(all_of_them) / 2
    assert names(store) == all_of_them
    assert store.read.meta(indexes.ASIDE) is None


@pytest.mark.parametrize(("more", "total"), [(False, indexes.MANY_ROWS), (True, indexes.MANY_ROWS - 1)])
async def test_a_small_one_keeps_them(open_store: Open, more: bool, total: int) -> None:
    store = open_store()
    seen: list[int] = []
    await pull(
        store, [answer(1, more, total), *([answer(2, True, total), answer(3, False, total)] if more else [])], seen
    )
    assert set(seen) == {len(names(store))}


async def test_they_are_back_when_a_load_is_cut_off(open_store: Open) -> None:
    store = open_store()
    all_of_them = names(store)
    with pytest.raises(Unavailable):
        await pull(store, [answer(1, True), httpx.Response(503)])
    assert names(store) == all_of_them


async def test_they_are_back_at_the_next_start_after_a_kill(open_store: Open) -> None:
    store = open_store()
    all_of_them = names(store)
    await store.write(indexes.put_aside)
    assert names(store) < all_of_them
    store.close()
    assert names(open_store()) == all_of_them
