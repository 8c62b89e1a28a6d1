"""The simulation proves itself: every bug planted on the real code is found within 500 seeds.

`FOUND_BY` names a seed that is known to find it and is tried first; change it when the simulation draws otherwise.
"""

from __future__ import annotations

import pytest

from tests.sim.bugs import BUGS
from tests.sim.world import Broken, run

LOOK = 500
FOUND_BY = {
    "delete_on_send": 2, "fault_consumes": 2, "push_scope": 3, "split_transaction": 4, "head_apart": 59,
}  # fmt: skip


@pytest.mark.parametrize("bug", sorted(BUGS))
async def test_a_planted_bug_is_caught(bug: str) -> None:
    await run(0)  # what is built once a process is built without the bug
    seeds = (FOUND_BY.get(bug, 0), *range(LOOK - 1))
    with BUGS[bug]():
        for seed in seeds:
            try:
                await run(seed)
            except Broken as broken:
                print(f"{bug}: seed {seed}: {broken}")
                return
    raise AssertionError(f"{bug} was not caught in {len(seeds)} seeds")
