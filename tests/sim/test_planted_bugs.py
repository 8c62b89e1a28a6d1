"""The simulation proves itself: a bug planted on the real code is found, each by a seed that is known to find it.

The seeds come from looking with `DAOGOU_SIM_LOOK=500`: then every bug is looked for from seed 0 on, up to that many.
"""

from __future__ import annotations

import os

import pytest

from tests.sim.bugs import BUGS
from tests.sim.world import Broken, run

LOOK = int(os.environ.get("DAOGOU_SIM_LOOK", "0"))
FOUND_BY = {}


@pytest.mark.parametrize("bug", sorted(BUGS))
async def test_a_planted_bug_is_caught(bug: str) -> None:
    await run(0)  # what is built once a process is built without the bug
    seeds = range(LOOK) if LOOK else (FOUND_BY[bug],)
    with BUGS[bug]():
        for seed in seeds:
            try:
                await run(seed)
            except Broken as broken:
                print(f"{bug}: seed {seed}: {broken}")
                return
    raise AssertionError(f"{bug} was not caught in {len(seeds)} seeds")
