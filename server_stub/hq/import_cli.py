"""The commands `import orders FILE` and `import customers FILE`: what they print and ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.domain.errors import Rejected
from server_stub.config import ConfigError, Settings
from server_stub.db import Database
from server_stub.hq.import_rows import Layout, load_layout, parse_column_flags
from server_stub.hq.imports import CustomerImport, ImportReport, OrderImport, prepare_customers, prepare_orders

SHOWN_REJECTS = 20
cli = typer.Typer(no_args_is_help=True, help="Import orders or customers from a file of another system.")

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or blank-separated text.")]
Map = Annotated[
    Path | None, typer.Option("--map", exists=True, dir_okay=False, help="TOML that says what stands where.")
]
Columns = Annotated[list[str] | None, typer.Option("--column", help="FIELD=NUMBER or FIELD=HEADER, may be repeated.")]
Source = Annotated[str | None, typer.Option(help="Name of the other system; with it a row is known again.")]
Guides = Annotated[str, typer.Option(help="Staff numbers who get new customers, with commas; without it all guides.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen and write nothing.")]


@cli.command()
def orders(
    file: File,
    map: Map = None,
    column: Columns = None,
    source: Source = None,
    guides: Guides = "",
    dry_run: DryRun = False,
) -> None:
    """Import purchases as historic orders; customers not yet known are made."""
    _run(prepare_orders, file, _layout(map, column, source), guides, dry_run)


@cli.command()
def customers(
    file: File,
    map: Map = None,
    column: Columns = None,
    source: Source = None,
    guides: Guides = "",
    dry_run: DryRun = False,
) -> None:
    """Import customers, without any consent."""
    _run(prepare_customers, file, _layout(map, column, source), guides, dry_run)


@cli.command("orders-events")
def orders_events(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON lines.")]) -> None:
    """Take order events from a file, one JSON object a line, as the webhook takes them."""
    from server_stub.hq import event_lines  # it needs the web framework's reader of JSON

    console = Console()
    db = open_here()
    try:
        report = event_lines.take_file(db, file)
    finally:
        db.close()
    for state, n in report.counts.items():
        console.print(f"{state}: {n:,}", highlight=False)
    for line, reason in report.refused[:SHOWN_REJECTS]:
        console.print(f"line {line}: {reason}", style="yellow", markup=False, highlight=False)
    if len(report.refused) > SHOWN_REJECTS:
        console.print(f"... and {len(report.refused) - SHOWN_REJECTS} more refused lines")


def _layout(map_file: Path | None, columns: list[str] | None, source: str | None) -> Layout:
    try:
        return load_layout(map_file, columns=parse_column_flags(columns or []), source=source)
    except Rejected as no:
        raise _stop(no.detail) from no


def _run(
    prepare: Callable[..., OrderImport | CustomerImport], file: Path, layout: Layout, guides: str, dry_run: bool
) -> None:
    console = Console()
    db = open_here()
    try:
        plan = prepare(db, file, layout, [one.strip() for one in guides.split(",") if one.strip()])
        console.print(_table(plan.summary, file))
        _show_rejects(console, plan.summary)
        if dry_run:
            console.print("Dry run: nothing was written.")
            return
        _show_end(console, plan.run(progress=console.is_terminal))
    except Rejected as no:
        raise _stop(no.detail) from no
    finally:
        db.close()


def open_here() -> Database:
    """Open the database of the environment's settings; a setting that is wrong ends the command with a sentence."""
    from server_stub import logs  # the web framework is slow to load, and `--help` needs neither
    from server_stub.app import open_database

    try:
        settings = Settings.from_env()
    except ConfigError as exc:
        raise _stop(str(exc)) from exc
    logs.configure(settings.env)
    return open_database(settings)


def _stop(sentence: str) -> typer.Exit:
    Console(stderr=True).print(f"Not imported: {sentence}", style="red", markup=False, highlight=False)
    return typer.Exit(2)


def _table(report: ImportReport, file: Path) -> Table:
    table = Table(title=f"{file.name} as {report.kind} of {report.source}", show_header=False, title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    for name, value in _facts(report):
        table.add_row(name, f"{value:,}" if isinstance(value, int) else value)
    return table


def _facts(report: ImportReport) -> list[tuple[str, Any]]:
    facts: list[tuple[str, Any]] = [
        ("columns", " ".join(f"{name}={at}" for name, at in report.columns.items())),
        ("rows", report.rows),
        ("new", report.new),
        ("imported before", report.repeated),
        ("rejected", len(report.rejected)),
        ("customers", report.customers),
        ("new customers", report.customers_new),
    ]
    if report.kind == "orders" and report.first_at and report.last_at:
        facts += [
            ("total", f"{report.total_fen // 100:,}.{report.total_fen % 100:02d}"),
            ("from", report.first_at.date().isoformat()),
            ("to", report.last_at.date().isoformat()),
            ("purchases of 0.00, kept", report.zero),
            ("lines equal to an earlier one, kept", report.equal),
            ("customers with 2 purchases or more", report.repeat_customers),
            ("customers buying on 2 days or more", report.repeat_day_customers),
        ]
    return facts


def _show_rejects(console: Console, report: ImportReport) -> None:
    for line, reason in report.rejected[:SHOWN_REJECTS]:
        console.print(f"line {line}: {reason}", style="yellow", markup=False, highlight=False)
    if len(report.rejected) > SHOWN_REJECTS:
        console.print(f"... and {len(report.rejected) - SHOWN_REJECTS} more rejected lines")


def _show_end(console: Console, report: ImportReport) -> None:
    if report.reject_file is not None:
        console.print(
            f"{len(report.rejected)} rejected lines are in {report.reject_file}", markup=False, soft_wrap=True
        )
    done = f"Imported {report.new:,} {report.kind}." if report.new else "Nothing new: no row was changed."
    console.print(done, highlight=False)
