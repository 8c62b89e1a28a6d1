"""A month of twelve guides: nothing is a fen off, whoever looks (rules 2.4, 3.3, 4.1 to 4.9).

`DAOGOU_MONEY_SEEDS` sets how many seeds run (1 by default; `make soak` asks for many).
"""

from __future__ import annotations

import os
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from app.domain import statement as statement_rules
from app.domain.calendar_days import day_of, month_range
from app.domain.instants import from_text, to_text
from app.domain.statement import Statement, StatementLine
from app.store.queries import commission as queries
from server_stub import jobs
from server_stub import tables as t
from server_stub.app import create_app
from server_stub.trade import commission, recompute, statements
from tests.fakes.device import Device, TestClock
from tests.sim_money.world import ALL_GUIDES, END, RAISED, STORE_OF, TIERS, ZONES, Brand, build, live, rows

SEEDS = range(int(os.environ.get("DAOGOU_MONEY_SEEDS", "1")))
FULL = 0  # the seed of `make test` must have everything in it
EVENTS = 330
MONEY = (t.commission_entry, t.store_entry, t.statement)
SKEWS = (0.0, 86_400.0, -86_400.0, 3_600.0)  # clocks of devices that leapt by a day


def every_minute(brand: Brand, _number: int) -> None:
    """The two jobs of the ledger ran whenever something happened."""
    with brand.db.begin() as tx:
        while commission.confirm_due(tx) or statements.close_due(tx):
            pass


def hardly_ever(brand: Brand, number: int) -> None:
    """The jobs stood still for weeks, also over the ends of months."""
    if number % 131 == 130:
        jobs.run_once(brand.db)


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_month_of_twelve_guides_adds_up_for_everybody(seed: int, tmp_path: Path) -> None:
    brand = build(tmp_path / "server", seed)
    live(brand, EVENTS, hardly_ever)
    ledger = {table.name: rows(brand, table) for table in MONEY}
    _check_orders(brand, ledger)
    _check_tiers(ledger["commission_entry"])
    if seed == FULL:
        _check_all_happened(brand, ledger)
    with brand.db.begin() as tx:
        report = recompute.compare(tx)
    assert [str(one) for one in report.differences] == []
    assert report.statements >= 12 and report.tiers > 10 and report.store_entries > 5
    await _check_phones(brand, ledger, tmp_path)

    other = build(tmp_path / "other", seed)
    live(other, EVENTS, every_minute)
    assert {table.name: rows(other, table) for table in MONEY} == ledger
    for one in (brand, other):
        one.db.close()


# --- every fen of every order --------------------------------------------------------------


def _check_orders(brand: Brand, ledger: dict[str, list[dict[str, Any]]]) -> None:
    """All parties of a line together have its commission, floored, less what its refunds took."""
    got: dict[str, int] = defaultdict(int)
    for entry in (*ledger["commission_entry"], *ledger["store_entry"]):
        if entry["kind"] != "tier":
            got[entry["line_id"]] += entry["amount_fen"]
    orders = {row["id"]: row for row in rows(brand, t.orders)}
    back: dict[str, int] = defaultdict(int)
    for row in rows(brand, t.refund):
        back[row["line_id"]] += row["paid_fen"]
    earned = 0
    for line in rows(brand, t.order_line):
        order = orders[line["order_id"]]
        whole = _commission(order, line)
        left = whole - (whole * back[line["id"]] // line["paid_fen"] if line["paid_fen"] else 0)
        assert got[line["id"]] == left, (order["no"], line["id"], order["reason"])
        earned += left
    assert sum(got.values()) == earned > 0


def _check_all_happened(brand: Brand, ledger: dict[str, list[dict[str, Any]]]) -> None:
    """The month was rich enough to prove something; what seldom happens is missing in one month in twenty."""
    orders = rows(brand, t.orders)
    assert {row["reason"] for row in orders} >= {"bound_guide", "closing_touch", "nearest_store"}
    assert {row["status"] for row in orders} == {"paid", "part_refunded", "refunded"}
    assert brand.done.get("order with a coupon") and brand.done.get("hand-over") and brand.done.get("rebind")
    assert {row["role"] for row in ledger["commission_entry"]} >= {"sole", "closing", "bound", "tail"}


def _commission(order: dict[str, Any], line: dict[str, Any]) -> int:
    """Return what a line earns as the brand's five rules say it, written down once more."""
    nobody = order["reason"] in ("self_purchase", "staff_purchase", "nobody")
    if nobody or not line["paid_fen"]:
        return 0
    if line["product_id"] == "p2":
        return int(line["paid_fen"] * 333 // 10_000)
    if line["product_id"] in ("p3", "p4"):
        return int(777 * line["qty"])
    rate = 600 if order["store_id"] == "s3" else 455 if order["created_at"] >= RAISED else 500
    return int(line["paid_fen"] * rate // 10_000)


def _check_tiers(entries: list[dict[str, Any]]) -> None:
    """A guide's month under a rule earned what the month's final base earns, however it went up and down."""
    paid: dict[tuple[str, str, str], int] = defaultdict(int)
    base: dict[tuple[str, str, str], int] = {}
    for row in sorted((row for row in entries if row["kind"] == "tier"), key=lambda row: row["confirm_at"]):
        key = row["guide_id"], row["rule_id"], row["label"]
        paid[key] += row["amount_fen"]
    for row in entries:
        if row["kind"] == "tier":
            key = row["guide_id"], row["rule_id"], row["label"]
            base.setdefault(key, _base(entries, *key))
    assert len(paid) > 5
    for key, fen in paid.items():
        assert fen == _progressive(base[key]), key


def _base(entries: list[dict[str, Any]], guide: str, rule: str, month: str) -> int:
    from app.domain.commission import tier_base
    from server_stub.trade.commission import entry_of

    zone = ZoneInfo(ZONES[STORE_OF[guide]])
    return sum(
        tier_base(entry_of(row))
        for row in entries
        if row["guide_id"] == guide and row["rule_id"] == rule and row["kind"] != "tier" and row["confirmed_at"]
        and f"{day_of(from_text(row['confirmed_at']), zone):%Y-%m}" == month
    )  # fmt: skip


def _progressive(base: int) -> int:
    ends = [begin for begin, _ in TIERS[1:]] + [10**12]
    return sum(max(min(base, end) - begin, 0) * rate // 10_000 for (begin, rate), end in zip(TIERS, ends, strict=True))


# --- what the phones show ------------------------------------------------------------------


async def _check_phones(brand: Brand, ledger: dict[str, list[dict[str, Any]]], root: Path) -> None:
    app = create_app(brand.db.settings, database=brand.db)
    numbers = {row["id"]: row["staff_no"] for row in rows(brand, t.staff)}
    for place, guide in enumerate(ALL_GUIDES):
        clock = TestClock(END, SKEWS[place % len(SKEWS)])
        transport = httpx.ASGITransport(app=app)
        phone = await Device.sign_in(root / f"phone-{guide}", transport, numbers[guide], clock)
        try:
            clock.skew_s += 86_400.0  # and once more between sign-in and sync
            await phone.sync()
            _check_phone(phone, guide, ledger)
        finally:
            await phone.close()


def _check_phone(phone: Device, guide: str, ledger: dict[str, list[dict[str, Any]]]) -> None:
    """The phone's own sums over its own rows are the server's statements, fen for fen."""
    mine = [row for row in ledger["commission_entry"] if row["guide_id"] == guide]
    stored = [row for row in ledger["statement"] if row["guide_id"] == guide]
    assert stored, guide
    shown = {one.month: one for one in phone.store.query(queries.statements)}
    assert sorted(shown) == [row["month"] for row in stored]
    balance = 0
    for row in stored:
        one = shown[row["month"]]
        held = phone.store.query(queries.statement_entries, one.id)
        lines = tuple(StatementLine(e.id, from_text(e.confirmed_at or ""), e.amount_fen) for e in held)
        made = Statement(guide, one.month, balance, balance + sum(e.amount_fen for e in held), lines, one.digest)
        assert statement_rules.verify(made), (guide, row["month"])
        assert (made.opening_fen, made.closing_fen, len(held)) == (
            row["opening_fen"], row["closing_fen"], row["entries"],
        )  # fmt: skip
        balance = made.closing_fen
    zone = ZoneInfo(ZONES[STORE_OF[guide]])
    for month in ("2026-10-01", "2026-11-01", "2026-12-01"):
        since, until = (to_text(at) for at in month_range(date.fromisoformat(month), zone))
        totals = phone.store.query(queries.commission_totals, since, until)
        inside = [row for row in mine if since <= row["created_at"] < until]
        assert totals.total_fen == sum(row["amount_fen"] for row in inside)
        assert totals.settled_fen == sum(row["amount_fen"] for row in inside if row["state"] == "settled")
