"""Whole phones and the whole server, by seed: nothing lost, nothing twice, no foreign rows, everybody converges.

`DAOGOU_SIM_SEEDS` sets how many seeds run on SQLite and `DAOGOU_SIM_SEEDS_POSTGRES` how many on PostgreSQL (500 and 100
by default; the proof `sim` of `make soak` asks for 10,000 and 500). A red seed goes to tests/regressions/sim.txt.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.fakes.transport import FAULTS
from tests.sim.world import Broken, run

SEEDS = {
    "sqlite": int(os.environ.get("DAOGOU_SIM_SEEDS", "500")),
    "postgresql": int(os.environ.get("DAOGOU_SIM_SEEDS_POSTGRES", "100")),
}
SHARDS = 10
HAPPENS = (
    *FAULTS, "reorder", "phone killed", "server killed", "meanwhile", "restored", "revoke", "hand_over", "move_store",
    "purge", "skew", "claim", "order", "refund", "tap note", "tap send", "tap redeem", "tap dismiss", "tap again",
    "tap plan", "tap follow", "tap fact", "tap unfact", "tap stage",
)  # fmt: skip


@pytest.mark.parametrize("shard", range(SHARDS))
async def test_phones_and_server_agree_whatever_happens(backend: str, shard: int) -> None:
    seen: Counter[str] = Counter()
    red: list[str] = []
    for seed in range(shard, SEEDS[backend], SHARDS):
        try:
            seen += await run(seed, backend)
        except Broken as broken:
            red.append(str(broken))
    assert not red, f"{len(red)} red seeds, the first: {red[0]}"
    assert SEEDS[backend] < 50 * SHARDS or not [name for name in HAPPENS if not seen[name]], seen


@pytest.mark.parametrize("seed", [3, 4, 21])
async def test_a_seed_is_the_same_run_every_time(seed: int) -> None:
    first = await run(seed)
    for _ in range(8):  # an order that hangs on a thread is another only now and then
        assert await run(seed) == first
