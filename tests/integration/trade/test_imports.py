"""Imports of other systems' files, shown on the CDNOW sample of real purchases."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from app.domain import instants
from app.domain.errors import Rejected
from server_stub import tables as t
from server_stub.db import Database
from server_stub.hq import import_cli
from server_stub.hq.import_rows import Layout, load_layout, parse_column_flags
from server_stub.hq.imports import import_customers, import_orders
from server_stub.people import phones
from server_stub.trade import coupons
from tests.integration.trade.world import World, refused

SAMPLE = Path(__file__).parents[2] / "data" / "cdnow_sample.txt"
CDNOW = Path(__file__).parents[3] / "docs" / "cdnow.toml"
CHINA = ZoneInfo("Asia/Shanghai")


def imported(world: World, table: object) -> list[dict]:
    return world.rows(table, table.c.channel == "import") if table is t.orders else world.rows(table)


def sync_versions(db: Database) -> list[tuple]:
    with db.read() as conn:
        rows = conn.execute(select(t.sync_row.c.key, t.sync_row.c.ver).order_by(t.sync_row.c.key))
        return [tuple(row) for row in rows]


def test_the_cdnow_sample_comes_out_with_the_right_figures_and_once(world: World) -> None:
    report = import_orders(world.db, SAMPLE, load_layout(CDNOW))
    assert (report.rows, report.new, report.rejected, report.reject_file) == (6_919, 6_919, (), None)
    orders = imported(world, t.orders)
    customers = {row["id"]: row for row in world.rows(t.customer, t.customer.c.imported_source == "cdnow")}
    assert (len(orders), len(customers)) == (6_919, 2_357)
    assert sum(row["paid_fen"] for row in orders) == 244_091_94
    assert sum(row["spend_fen"] for row in customers.values()) == 244_091_94
    assert sum(row["paid_fen"] == 0 for row in orders) == 8
    assert sum(row["order_count"] >= 2 for row in customers.values()) == 1_152
    assert sum(row["order_days"] >= 2 for row in customers.values()) == 1_139
    assert len(world.rows(t.import_identity, t.import_identity.c.nth > 1)) == 21
    assert {row["reason"] for row in orders} == {"no_rule_in_force"}
    assert not world.rows(t.commission_entry)
    assert not world.rows(t.guide_day)
    before = sync_versions(world.db)
    again = import_orders(world.db, SAMPLE, load_layout(CDNOW))
    assert (again.new, again.repeated, again.customers_new) == (0, 6_919, 0)
    assert sync_versions(world.db) == before
    assert len(world.rows(t.audit, t.audit.c.action == "import.orders")) == 1


def test_imported_rows_reach_the_phones_and_have_no_consent(world: World) -> None:
    small = head(world, 40)
    import_orders(world.db, small, load_layout(CDNOW), guides=("g0101",))
    (customer,) = world.rows(t.customer, t.customer.c.imported_id == "00004")
    assert (customer["name"], customer["guide_id"], customer["phone_hash"]) == ("CDNOW 00004", "g1", None)
    assert world.view(f"customer/{customer['id']}") == ["guide:g1"]
    (first, *_) = sorted(world.rows(t.orders, t.orders.c.customer_id == customer["id"]), key=lambda row: row["paid_at"])
    assert world.view(f"order/{first['id']}") == ["guide:g1"]
    at = instants.from_text(first["paid_at"]).astimezone(CHINA)
    assert (at.date().isoformat(), first["paid_fen"]) == ("1997-01-01", 29_33)
    coupon_id = world.lease()[0]
    with refused("no_marketing_consent"), world.db.begin() as tx:
        coupons.issue(tx, coupon_id=coupon_id, customer_id=customer["id"], guide_id="g1", key="k", at=tx.now)


def head(world: World, n: int, *more: str) -> Path:
    """Write the first lines of the sample, and some more, to a file of their own."""
    lines = SAMPLE.read_text().splitlines()[:n]
    target = world.db.settings.home / "part.txt"
    target.write_text("\n".join([*lines, *more]) + "\n")
    return target


BROKEN = {
    10: ("00005 0100 19970230 2 29.33", "date"),
    20: ("00005 0100 19970101 2 29.333", "amount"),
    30: ("00005 0100 19970101 two 29.33", "qty"),
    40: ("00005 0100", "date"),
    50: ("00005 0100 19970101 2 -5.00", "amount"),
}


def test_five_broken_lines_are_named_and_kept_and_the_rest_goes_in(world: World) -> None:
    lines = SAMPLE.read_text().splitlines()[:60]
    for number, (text, _) in BROKEN.items():
        lines.insert(number - 1, text)
    file = world.db.settings.home / "broken.txt"
    file.write_text("\n".join(lines))
    report = import_orders(world.db, file, load_layout(CDNOW))
    assert report.new == 60
    assert [line for line, _ in report.rejected] == list(BROKEN)
    assert all(reason.startswith(BROKEN[line][1]) for line, reason in report.rejected)
    assert report.reject_file == file.with_name("broken.txt.rejected.csv")
    kept = report.reject_file.read_text().splitlines()
    assert len(kept) == 6
    assert kept[1].startswith("10,") and kept[1].endswith("00005,0100,19970230,2,29.33")
    assert import_orders(world.db, file, load_layout(CDNOW)).new == 0


def test_more_of_a_file_adds_only_what_is_new(world: World) -> None:
    import_orders(world.db, head(world, 30), load_layout(CDNOW))
    repeated = SAMPLE.read_text().splitlines()[0]
    report = import_orders(world.db, head(world, 35, repeated), load_layout(CDNOW))
    assert (report.new, report.equal) == (6, 1)


def test_a_dry_run_writes_nothing(world: World) -> None:
    file = head(world, 30, "nonsense")
    report = import_orders(world.db, file, load_layout(CDNOW), dry_run=True)
    assert (report.new, len(report.rejected), report.dry_run) == (30, 1, True)
    assert not world.rows(t.orders)
    assert not file.with_name("part.txt.rejected.csv").exists()


def test_a_file_without_a_map_is_read_by_its_header_or_by_what_it_holds(world: World) -> None:
    guessed = import_orders(world.db, SAMPLE, dry_run=True)
    assert guessed.columns == {"customer": 1, "date": 3, "amount": 5, "qty": 4}
    file = world.db.settings.home / "orders.csv"
    file.write_bytes('会员号,商品,支付时间,实付\nA1,"风衣,蓝",2026-05-01 10:00:00,1280.00\n'.encode("gb18030"))
    report = import_orders(world.db, file)
    (order,) = world.rows(t.orders)
    assert (report.total_fen, order["paid_at"]) == (128_000, "2026-05-01T02:00:00Z")
    assert world.rows(t.order_line)[0]["name"] == "风衣,蓝"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[columns]\ncustomer = 1\ncolour = 2", "unknown field colour"),
        ("delimiter = 'pipe'", "delimiter"),
        ("zone = 'Mars/Olympus'", "zone"),
        ("columns = 3", "columns"),
        ("money = 'dollars'", "money"),
        ("broken", "map.toml"),
    ],
)
def test_a_map_that_cannot_be_used_says_which_key_is_wrong(world: World, text: str, word: str) -> None:
    map_file = world.db.settings.home / "map.toml"
    map_file.write_text(text)
    with pytest.raises(Rejected) as no:
        import_orders(world.db, SAMPLE, load_layout(map_file), dry_run=True)
    assert word in no.value.detail


def test_unknown_guides_and_columns_are_refused_before_anything_is_written(world: World) -> None:
    with refused("bad_arguments"):
        import_orders(world.db, SAMPLE, guides=("G9999",))
    with refused("bad_arguments"):
        import_orders(world.db, SAMPLE, Layout(columns=parse_column_flags(["amount=Total"])))
    assert not world.rows(t.orders)


def test_customers_fill_in_what_is_known_and_never_take_another_members_phone(world: World) -> None:
    import_orders(world.db, head(world, 30), load_layout(CDNOW))
    file = world.db.settings.home / "customers.csv"
    file.write_text(
        "会员号,姓名,手机,生日,性别\n"
        "00004,王小雨,138-1234-5678,1988-02-29,女\n"
        "90001,李雷,,,\n"
        "90002,张三,13800000001,,\n"
        "90003,赵四,123,,\n"
    )
    layout = Layout(source="cdnow")
    report = import_customers(world.db, file, layout)
    assert (report.new, report.customers_new) == (2, 1)
    assert report.rejected == (
        (4, "phone: it belongs to another member"),
        (5, "phone: not a mobile number of 11 digits"),
    )
    (known,) = world.rows(t.customer, t.customer.c.imported_id == "00004")
    assert (known["name"], known["pinyin"], known["phone_masked"]) == ("王小雨", "wangxiaoyu", "138****5678")
    assert (known["birthday"], known["gender"], known["order_count"]) == ("02-29", "f", 4)
    before = sync_versions(world.db)
    assert import_customers(world.db, file, layout).new == 0
    assert sync_versions(world.db) == before


def test_rule_2_3_a_member_of_staff_is_not_imported_as_somebodys_customer(world: World) -> None:
    with world.db.begin() as tx:
        digest = phones.phone_hash(tx.secrets, "13911110000")
        tx.conn.execute(t.staff.update().where(t.staff.c.id == "g2").values(phone_hash=digest))
    file = world.db.settings.home / "customers.csv"
    file.write_text("会员号,姓名,手机\n90001,李雷,13911110000\n90002,韩梅,13911110001\n")
    report = import_customers(world.db, file, Layout(source="cdnow"))
    assert report.rejected == ((2, "phone: it belongs to a member of staff"),)
    assert [row["name"] for row in world.rows(t.customer, t.customer.c.source == "import")] == ["韩梅"]


def test_the_command_prints_the_summary_names_bad_lines_and_stops_with_one_sentence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_cli, "open_here", lambda: world.db)
    file = head(world, 30, "nonsense")
    run = CliRunner().invoke(import_cli.cli, ["orders", str(file), "--map", str(CDNOW), "--dry-run"])
    assert run.exit_code == 0, run.output
    assert "line 31: date: column 3 is missing" in run.output
    assert "Dry run" in run.output
    assert not world.rows(t.orders)
    run = CliRunner().invoke(import_cli.cli, ["orders", str(file), "--map", str(CDNOW), "--guides", "G0101,G0102"])
    assert "Imported 30 orders." in run.output
    assert re.search(r"rejected\.csv", run.output)
    bad = CliRunner().invoke(import_cli.cli, ["orders", str(file), "--guides", "nobody"])
    assert (bad.exit_code, "Traceback" in bad.output) == (2, False)


def test_refunds_of_a_file_are_kept_and_never_more_than_was_paid(world: World, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    lines = ["member,date,amount,qty,refunded", "A,2026-01-02,100.00,2,50.00", "A,2026-02-02,80.00,1,80.00"]
    file.write_text("\n".join([*lines, "A,2026-03-02,10.00,1,10.01", "A,2026-04-02,30.00,1,", ""]), "utf-8")
    report = import_orders(world.db, file)
    assert report.rejected == ((4, "refunded: more than was paid"),)
    orders = sorted(imported(world, t.orders), key=lambda row: row["paid_at"])
    assert [(row["status"], row["refunded_fen"]) for row in orders] == [
        ("part_refunded", 5_000), ("refunded", 8_000), ("paid", 0)
    ]  # fmt: skip
    (customer,) = world.rows(t.customer, t.customer.c.imported_id == "A")
    assert (customer["spend_fen"], customer["order_count"]) == (8_000, 2)
    assert sorted(row["qty"] for row in world.rows(t.refund)) == [1, 1]
    assert not world.rows(t.commission_entry)
