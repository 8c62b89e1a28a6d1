"""Every seed of the simulations that was ever red, run again (sim.txt and coupons.txt beside this file)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sim.quiet import quiet
from tests.sim.world import run
from tests.sim_coupons import world as coupons
from tests.sim_coupons.brand import Brand

HERE = Path(__file__).parent


def red(name: str, columns: int) -> list[list[str]]:
    lines = (HERE / name).read_text("utf-8").splitlines()
    return [line.split(maxsplit=columns - 1) for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def brand() -> Iterator[Brand]:
    made = Brand()
    yield made
    made.close()


@pytest.mark.parametrize(("database", "seed", "found"), red("sim.txt", 3))
async def test_a_red_seed_stays_green(database: str, seed: str, found: str) -> None:
    with quiet():
        assert await run(int(seed), database), found


@pytest.mark.parametrize(("seed", "found"), red("coupons.txt", 2))
def test_a_red_seed_of_coupons_stays_green(brand: Brand, seed: str, found: str) -> None:
    with quiet():
        assert coupons.run(brand, int(seed)), found
