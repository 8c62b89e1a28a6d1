"""Commands for the person in charge of personal data: the audit, a breach, a customer to be forgotten."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from app.domain import instants
from app.domain.errors import GuideError
from server_stub.config import ConfigError, Settings
from server_stub.db import Database

audit_cli = typer.Typer(no_args_is_help=True, help="The audit: is it whole, and who had whom.")
customers_cli = typer.Typer(no_args_is_help=True, help="One customer's personal data.")


@audit_cli.command("verify")
def verify(
    head: Annotated[str, typer.Option(help="A head printed before: it must still be in the chain.")] = "",
) -> None:
    """Check the hash of every line and its link to the line before; exit 1 if any differs."""
    from server_stub import audit

    with _database() as db, db.read() as conn:
        found = audit.verify(conn, head)
    if found.broken is not None:
        _say(f"The audit was changed: line {found.broken} does not fit ({found.lines - 1} lines before it do).")
        raise typer.Exit(1)
    if not found.holds_known:
        _say(f"{found.lines} lines fit together, but {head} is not among them: the end was cut off.")
        raise typer.Exit(1)
    _say(f"{found.lines} lines, whole. Head {found.head}")


@audit_cli.command("who-had")
def who_had(
    device: Annotated[str, typer.Argument(help="<guide's number>.<installation>, as in the audit.")],
    time: Annotated[str, typer.Argument(help="An instant such as 2026-11-24T02:30:00Z.")],
) -> None:
    """List the ids of all customers a device could show at a time: who must be told after a breach."""
    from server_stub import audit

    with _database() as db, db.read() as conn:
        try:
            at = instants.from_text(time)
        except ValueError as exc:
            raise ConfigError(f"{time} is no instant such as 2026-11-24T02:30:00Z") from exc
        for customer_id in audit.who_had(conn, device, at):
            _say(customer_id)


@customers_cli.command("erase")
def erase(
    customer_id: Annotated[str, typer.Argument(help="The customer's id.")],
    reason: Annotated[str, typer.Option(help="asked, withdrawn or mistake.")] = "asked",
) -> None:
    """Erase a customer here, and on every device at its next pull; it cannot be taken back."""
    from server_stub.people import erase as erasing

    with _database() as db:
        _show(erasing.erase_for(db, None, customer_id, reason))


@customers_cli.command("erase-status")
def erase_status(customer_id: Annotated[str, typer.Argument(help="The customer's id.")]) -> None:
    """Show which devices have erased a customer, and which have not come back yet."""
    from server_stub.people import erase as erasing

    with _database() as db:
        _show(erasing.status(db, customer_id))


def _show(found: dict[str, Any]) -> None:
    _say(f"{found['customer_id']} erased {found['erased_at']}")
    for one in found["devices"]:
        _say(f"  {one['device']} ({one['guide']}): {one['state']} {one['at'] or ''}".rstrip())


@contextmanager
def _database() -> Iterator[Database]:
    from server_stub.app import open_database

    try:
        db = open_database(Settings.from_env())
        try:
            yield db
        finally:
            db.close()
    except (ConfigError, GuideError) as exc:
        typer.echo(f"Error: {exc}", err=True)
        raise typer.Exit(1) from exc


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
