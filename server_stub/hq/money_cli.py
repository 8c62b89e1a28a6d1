"""The commands `orders`, `rules load FILE` and `coupons load FILE`: what they print and ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from server_stub.config import ConfigError
from server_stub.db import Tx
from server_stub.hq.import_cli import open_here
from server_stub.trade import events, rules_file, templates_file
from server_stub.trade.authored import BadFile

orders_cli = typer.Typer(no_args_is_help=True, help="Orders of other systems.")
rules_cli = typer.Typer(no_args_is_help=True, help="Commission rules.")
coupons_cli = typer.Typer(no_args_is_help=True, help="Coupon templates.")
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="TOML or JSON.")]
Check = Annotated[bool, typer.Option("--check", help="Say what would happen and write nothing.")]


@orders_cli.command("replay-waiting")
def replay_waiting() -> None:
    """Apply refunds and cancellations that came before their orders, for orders that are here by now."""
    done: list[events.Answer] = []
    db = open_here()
    try:
        while True:
            with db.begin() as tx:
                some = events.replay(tx)
            done += some
            if not some:
                break
    finally:
        db.close()
    for one in done:
        if one["status"] == "refused":
            _say(f"{one['order_no']} {one['event_id']}: {one['code']} at {one['place'] or 'the event'}")
    applied = sum(one["status"] == "applied" for one in done)
    _say(f"{applied} applied, {len(done) - applied} refused")


@orders_cli.command()
def source(name: Annotated[str, typer.Argument(help="The other system's name, as it stands in its events.")]) -> None:
    """Make (or show) the secret with which a system signs its order events."""
    from server_stub.trade import hooks  # the web framework is slow to load, and `--help` does without

    db = open_here()
    try:
        _say(hooks.add_source(db.settings, name))
    except ConfigError as exc:
        raise _stop([str(exc)]) from exc
    finally:
        db.close()


@rules_cli.command("load")
def load_rules(file: File, check: Check = False) -> None:
    """Put the commission rules of a file in force from their time on; all of them or none."""
    _load(rules_file.plan if check else rules_file.load, file, check, lambda one: f"{one.key} version {one.version}")


@coupons_cli.command("load")
def load_coupons(file: File, check: Check = False) -> None:
    """Bring the coupon templates of a file in; all of them or none."""
    _load(templates_file.plan if check else templates_file.load, file, check, lambda one: f"{one.no} {one.row['name']}")


def _load(work: Callable[[Tx, Path], Sequence[Any]], file: Path, check: bool, name: Callable[[Any], str]) -> None:
    db = open_here()
    try:
        with db.begin() as tx:
            changes = work(tx, file)
    except BadFile as no:
        raise _stop(no.problems) from no
    finally:
        db.close()
    for one in changes:
        _say(f"{one.what}: {name(one)}")
    if check:
        _say("Only checked: nothing was written.")


def _say(text: str) -> None:
    Console(soft_wrap=True).print(text, markup=False, highlight=False)


def _stop(lines: list[str]) -> typer.Exit:
    console = Console(stderr=True, soft_wrap=True)
    for line in lines:
        console.print(line, style="red", markup=False, highlight=False)
    return typer.Exit(1)
