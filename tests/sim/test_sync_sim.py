"""Seeded simulations: no mutation lost, none twice, no foreign rows, all converge; and the harness proves itself.

`DAOGOU_SIM_SEEDS` sets how many seeds run (100 by default; `make soak` asks for thousands).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

import pytest

from app.store import outbox
from app.sync import push, rebase
from tests.fakes.transport import FAULTS
from tests.sim.world import Broken, run

SEEDS = int(os.environ.get("DAOGOU_SIM_SEEDS", "100"))
SHARDS = 4
TRIES = 40


@pytest.mark.parametrize("shard", range(SHARDS))
async def test_phones_converge_whatever_the_network_does(shard: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(shard, SEEDS, SHARDS):
        try:
            seen += await run(seed)
        except Broken as broken:
            raise AssertionError(f"seed {seed}: {broken}") from broken
    assert SEEDS < 100 or all(seen[fault] for fault in FAULTS), seen


async def _caught(bugs: frozenset[str] = frozenset()) -> bool:
    for seed in range(TRIES):
        try:
            await run(seed, bugs)
        except Broken:
            return True
    return False


@pytest.mark.parametrize("bug", ["no_dedupe", "no_dels", "pull_scope", "push_scope", "fault_consumes"])
async def test_a_bug_planted_in_the_server_is_caught(bug: str) -> None:
    assert await _caught(frozenset({bug}))


@contextmanager
def _no_rebase() -> Iterator[None]:
    with mock.patch.object(rebase, "replay_pending", lambda tx, replay: None):
        yield


@contextmanager
def _no_prune() -> Iterator[None]:
    with mock.patch.object(outbox, "prune", lambda tx, confirmed: 0):
        yield


@contextmanager
def _delete_on_send() -> Iterator[None]:
    send = push.Push._send

    async def forgetful(self: push.Push, batch: list) -> None:
        await self._store.write(lambda tx: tx.conn.execute("DELETE FROM outbox WHERE id <= ?", (batch[-1].id,)))
        await send(self, batch)

    with mock.patch.object(push.Push, "_send", forgetful):
        yield


@contextmanager
def _no_rewind() -> Iterator[None]:
    with mock.patch.object(rebase.undo, "rewind", lambda tx: None):
        yield


@pytest.mark.parametrize("bug", [_no_rebase, _no_prune, _delete_on_send, _no_rewind])
async def test_a_bug_planted_in_the_phone_is_caught(bug: Callable[[], object]) -> None:
    with bug():  # type: ignore[attr-defined]
        assert await _caught()
