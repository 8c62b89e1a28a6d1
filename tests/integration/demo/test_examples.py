"""The example files of docs/money.md fit the demo brand."""

from __future__ import annotations

from pathlib import Path

from server_stub.trade import rules_file, templates_file
from tests.integration.demo.conftest import World

DOCS = Path(__file__).parents[3] / "docs"


def test_the_example_rules_and_coupons_can_be_loaded(world: World) -> None:
    with world.db.begin() as tx:
        assert {one.what for one in rules_file.plan(tx, DOCS / "rules.toml")} == {"new"}
        assert {one.what for one in templates_file.plan(tx, DOCS / "coupons.toml")} == {"new"}
