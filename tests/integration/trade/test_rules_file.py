"""Commission rules and coupon templates from files: faults with their place, all or nothing, versions that follow."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server_stub import tables as t
from server_stub.trade import orders, rules_file, templates_file
from server_stub.trade.authored import BadFile
from tests.integration.trade.world import World, draft

RULES = """
[[rule]]
key = "coats"
name = "外套 8%"
level = "category"
target = "coat"
rate_bp = 800
from = 2026-12-01

[[rule]]
key = "scarf"
name = "围巾每条 5 元"
level = "product"
target = 3
fixed_fen = 500
tiers = [[0, 0], [100, 50]]
from = 2026-12-01T02:00:00Z
"""
COUPONS = """
[[coupon]]
no = 7
name = "满 300 减 40"
kind = "amount_off"
face_fen = 4000
threshold_fen = 30000
scope = { kind = "products", ids = [1, 2] }
validity = { kind = "days", n = 14 }
total = 100
"""


def write(tmp_path: Path, text: str, name: str = "rules.toml") -> Path:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    return file


def load(world: World, module: Any, file: Path) -> list[tuple[str, str]]:
    with world.db.begin() as tx:
        return [(one.what, getattr(one, "key", None) or one.no) for one in module.load(tx, file)]


def rule(world: World, rule_id: str) -> dict[str, Any]:
    return world.row(t.commission_rule, rule_id)


def test_rule_4_2_rules_of_a_file_come_into_force_and_a_version_is_never_edited(world: World, tmp_path: Path) -> None:
    file = write(tmp_path, RULES)
    assert load(world, rules_file, file) == [("new", "coats"), ("new", "scarf")]
    coats = rule(world, "coats.v1")
    assert (coats["target_id"], coats["from_at"], coats["rate_bp"]) == ("coat", "2026-11-30T16:00:00Z", 800)
    assert (rule(world, "scarf.v1")["target_id"], rule(world, "scarf.v1")["fixed_fen"]) == ("p3", 500)
    assert world.view("commission_rule/coats.v1") == ["brand"]
    world.clock.forward(days=10)
    assert load(world, rules_file, file) == [("unchanged", "coats"), ("unchanged", "scarf")], "the same file again"
    higher = RULES.replace("rate_bp = 800", "rate_bp = 900")
    with pytest.raises(BadFile, match=r"rules.toml:8: rule\[0\].from: version 1 is never edited"):
        load(world, rules_file, write(tmp_path, higher))
    later = write(tmp_path, higher.replace("from = 2026-12-01\n", "from = 2027-01-01\n"))
    assert load(world, rules_file, later) == [("version", "coats"), ("unchanged", "scarf")]
    old, new = rule(world, "coats.v1"), rule(world, "coats.v2")
    assert (old["rate_bp"], old["until_at"]) == (800, new["from_at"])
    assert (new["rate_bp"], new["version"]) == (900, 2)
    for days, amount in ((0, 3_600), (40, 4_050)):
        world.clock.forward(days=days)
        with world.db.begin() as tx:
            order_id = orders.place(tx, draft(f"e{days}"))
        (entry,) = world.rows(t.commission_entry, t.commission_entry.c.order_id == order_id)
        assert entry["amount_fen"] == amount


def test_a_rule_that_would_change_paid_orders_or_a_passed_end_is_refused(world: World, tmp_path: Path) -> None:
    with world.db.begin() as tx:
        orders.place(tx, draft())
    past = RULES.replace("2026-12-01\n", "2026-11-01\n")
    with pytest.raises(BadFile, match="orders since then are paid already"):
        load(world, rules_file, write(tmp_path, past))
    load(world, rules_file, write(tmp_path, RULES))
    ends = RULES.replace("rate_bp = 800", "rate_bp = 800\nuntil = 2026-12-20")
    assert load(world, rules_file, write(tmp_path, ends)) == [("ended", "coats"), ("unchanged", "scarf")]
    world.clock.forward(days=60)
    with pytest.raises(BadFile, match=r"rule\[0\].until: an end that has passed"):
        load(world, rules_file, write(tmp_path, RULES))
    assert rule(world, "coats.v1")["until_at"] == "2026-12-19T16:00:00Z"


def test_a_rule_that_never_came_into_force_may_be_replaced(world: World, tmp_path: Path) -> None:
    load(world, rules_file, write(tmp_path, RULES))
    sooner = RULES.replace("rate_bp = 800", "rate_bp = 700").replace("from = 2026-12-01\n", "from = 2026-11-28\n")
    load(world, rules_file, write(tmp_path, sooner))
    assert rule(world, "coats.v1")["until_at"] == rule(world, "coats.v1")["from_at"], "it is never in force"
    assert rule(world, "coats.v2")["until_at"] is None


RULE_FAULTS: list[tuple[Callable[[str], str], str]] = [
    (lambda s: s.replace("rate_bp = 800", "rate_bp = 10001"), "rules.toml:7: rule[0].rate_bp: want a whole number"),
    (lambda s: s.replace("rate_bp = 800", "rate_bp = 8.5"), "rules.toml:7: rule[0].rate_bp: want a whole number"),
    (lambda s: s.replace("rate_bp = 800", ""), "rules.toml:2: rule[0].rate_bp: want exactly one"),
    (lambda s: s.replace("fixed_fen = 500", "fixed_fen = -1"), "rules.toml:15: rule[1].fixed_fen: want a whole"),
    (lambda s: s.replace("= 500", "= 1000000001"), "rules.toml:15: rule[1].fixed_fen: want a whole number"),
    (lambda s: s.replace('"coat"', '"hats"'), "rules.toml:6: rule[0].target: no goods of this category"),
    (lambda s: s.replace("target = 3", "target = 99"), "rules.toml:14: rule[1].target: no product with this number"),
    (lambda s: s.replace('"category"', '"planet"'), "rules.toml:5: rule[0].level: want one of brand"),
    (lambda s: s.replace("[100, 50]", "[0, 50]"), "rules.toml:16: rule[1].tiers[1]: tiers rise"),
    (lambda s: s.replace('"scarf"', '"coats"'), "rules.toml:11: rule[1].key: stands twice"),
    (lambda s: s.replace("rate_bp = 800", "rate_pb = 800"), "rules.toml:7: rule[0].rate_pb: unknown key"),
    (lambda s: s.replace("from = 2026-12-01\n", "from = 2026-12-01T02:00:00\n"), "rule[0].from: want a day like"),
    (lambda s: s.replace("rate_bp = 800", "until = 2026-11-30\nrate_bp = 800"), "rule[0].until: not after from"),
    (lambda s: s.replace("rate_bp = 800", "rate_bp = "), "rules.toml: Invalid value (at line 7"),
    (lambda _: "x = 1", "rules.toml: want 1 to 1000 tables [[rule]]"),
]


def test_a_rule_file_with_an_error_is_refused_with_reason_and_place_and_nothing_is_applied(
    world: World, tmp_path: Path
) -> None:
    for change, told in RULE_FAULTS:
        with pytest.raises(BadFile) as no:
            load(world, rules_file, write(tmp_path, change(RULES)))
        assert any(told in one for one in no.value.problems), (told, no.value.problems)
    assert [row["id"] for row in world.rows(t.commission_rule)] == ["r1"]


def test_rule_1_3_templates_of_a_file_come_in_and_keep_what_they_promise(world: World, tmp_path: Path) -> None:
    file = write(tmp_path, COUPONS, "coupons.toml")
    assert load(world, templates_file, file) == [("new", 7)]
    (row,) = world.rows(t.coupon_template, t.coupon_template.c.no == 7)
    assert (row["scope"], row["face_fen"], row["stopped"]) == ({"kind": "products", "ids": ["p1", "p2"]}, 4_000, False)
    assert load(world, templates_file, file) == [("unchanged", 7)]
    stopped = write(tmp_path, COUPONS.replace("total = 100", "total = 90\nstopped = true"), "coupons.toml")
    assert load(world, templates_file, stopped) == [("changed", 7)]
    assert world.row(t.coupon_template, row["id"])["total"] == 90
    dearer = write(tmp_path, COUPONS.replace("face_fen = 4000", "face_fen = 5000"), "coupons.toml")
    with pytest.raises(BadFile, match=r"coupons.toml:6: coupon\[0\].face_fen: what a template promises"):
        load(world, templates_file, dearer)
    assert len(world.lease()) == 5, "leases are minted from what was loaded before, and the stopped one is not"


COUPON_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"face_fen": 0}, "coupon[0].face_fen: an amount off needs one"),
    ({"face_fen": 1.5}, "coupon[0].face_fen: want a whole number"),
    ({"pay_bp": 9000}, "coupon[0].pay_bp: only percent_off has one"),
    ({"validity": {"kind": "hours", "n": 25}}, "coupon[0].validity.n: a multiple of 24"),
    ({"validity": {"kind": "fixed", "from": "2026-12-01"}}, "coupon[0].validity.until: a fixed interval needs"),
    ({"scope": {"kind": "stores", "ids": [9]}}, "coupon[0].scope.ids[0]: not among the stores"),
    ({"scope": {"kind": "products"}}, "coupon[0].scope.ids: all has none"),
    ({"kind": "half_off"}, "coupon[0].kind: want one of amount_off"),
    ({"totall": 1}, "coupon[0].totall: unknown key"),
    ({"no": None}, "coupon[0].no: is needed"),
]


def test_a_template_file_with_an_error_is_refused_with_reason_and_place(world: World, tmp_path: Path) -> None:
    good = {"no": 7, "name": "券", "kind": "amount_off", "face_fen": 100, "validity": {"kind": "days", "n": 3}}
    for change, told in COUPON_FAULTS:
        text = json.dumps({"coupon": [{**good, **change}, {**good, "no": 8}]})
        with pytest.raises(BadFile) as no:
            load(world, templates_file, write(tmp_path, text, "c.json"))
        assert any(told in one for one in no.value.problems), (told, no.value.problems)
    with pytest.raises(BadFile, match=r"c.json:2: "):
        load(world, templates_file, write(tmp_path, '{"coupon":\n[,]}', "c.json"))
    assert len(world.rows(t.coupon_template)) == 2
