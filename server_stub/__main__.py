"""The server's commands: `python -m server_stub --help`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from app.domain.errors import GuideError
from server_stub.config import ConfigError, Settings
from server_stub.db import Database
from server_stub.hq import import_cli, money_cli, privacy_cli

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The server of Daogou and its tools.")
pack_app = typer.Typer(no_args_is_help=True, help="Content from headquarters.")
app.add_typer(import_cli.cli, name="import")
app.add_typer(money_cli.orders_cli, name="orders")
app.add_typer(money_cli.rules_cli, name="rules")
app.add_typer(money_cli.coupons_cli, name="coupons")
app.add_typer(pack_app, name="pack")
app.add_typer(privacy_cli.audit_cli, name="audit")
app.add_typer(privacy_cli.customers_cli, name="customers")
console = Console(stderr=True, soft_wrap=True)
GRACE_S = 3


@contextmanager
def _errors() -> Iterator[None]:
    """Say one clear sentence instead of a traceback for what the user can mend."""
    try:
        yield
    except (ConfigError, GuideError, FileNotFoundError, IsADirectoryError, PermissionError) as exc:
        console.print(f"[red]Error:[/red] {exc}", highlight=False)
        raise typer.Exit(1) from exc


@contextmanager
def _database() -> Iterator[Database]:
    from server_stub import logs  # commands that need no database start without it
    from server_stub.app import open_database

    with _errors():
        settings = Settings.from_env()
        logs.configure(settings.env)
        db = open_database(settings)
        try:
            yield db
        finally:
            db.close()


@app.command()
def serve(
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes on one port, for PostgreSQL.")] = 1,
) -> None:
    """Serve the API and the customers' pages."""
    import uvicorn  # only this command needs it

    from server_stub.app import create_app, open_database

    with _errors():
        settings = Settings.from_env()
        application: Any = "server_stub.app:from_env"
        if workers == 1:
            application = create_app(settings)
        else:
            open_database(settings).close()  # what is wrong is said once, before there are workers
    uvicorn.run(
        application,
        factory=workers > 1,
        workers=workers,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )


@app.command()
def demo() -> None:
    """Run the demo brand: server and app, until Ctrl-C."""
    from server_stub.demo import run

    with _errors():
        raise typer.Exit(run.main())


@app.command()
def tomorrow() -> None:
    """Move the running demo's clock on to 10:30 of the next day."""
    import os
    from datetime import UTC, datetime

    from server_stub.demo import run

    with _errors():
        home = Path(os.environ.get("DAOGOU_HOME", ".daogou")).resolve()
        try:
            run.tomorrow(Path(os.environ.get("DAOGOU_CLOCK_FILE", home / "clock")), datetime.now(UTC), _say)
        except run.DemoError as exc:
            raise ConfigError(str(exc)) from exc


@app.command()
def seed() -> None:
    """Fill an empty database with the demo brand."""
    from server_stub.demo import seed as seeds

    with _database() as db:
        made = seeds.seed(db, report=_say)
        if made is None:
            _say("There is a brand already; nothing changed.")
        else:
            _say(f"{made.customers} customers, {made.orders} orders, {made.views} views in {made.seconds:.1f} s")


@app.command()
def simulate(days: Annotated[int, typer.Option(min=1, max=366, help="How many days the brand lives through.")]) -> None:
    """Let customers of the demo brand open shares, view, claim, buy and return."""
    from server_stub.demo import live

    with _database() as db:
        _say(f"{live.simulate(db, days, report=_say)} events in {days} days")


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    with _database() as db:
        _say(f"The database is at the newest schema: {db.engine.url.render_as_string(hide_password=True)}")


@app.command()
def jobs() -> None:
    """Run what the server does once a minute, now: due commission, ended leases, old views."""
    from server_stub import jobs as minutely

    with _database() as db:
        for name, done in minutely.run_once(db).items():
            _say(f"{name}: {done}")


@app.command()
def recompute() -> None:
    """Replay all orders through the rules and compare entries, tiers, stores and statements; exit 1 if any differs."""
    from server_stub.trade import recompute as history

    with _database() as db, db.begin() as tx:
        report = history.compare(tx)
    for difference in report.differences:
        _say(str(difference))
    _say(
        f"{report.orders} orders, {report.entries} entries, {report.store_entries} store entries, "
        f"{report.tiers} tiers, {report.statements} statements: {len(report.differences)} differences"
    )
    if report.differences:
        raise typer.Exit(1)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    import tempfile
    from dataclasses import replace

    from server_stub.app import create_app

    with _errors(), tempfile.TemporaryDirectory() as folder:
        settings = replace(Settings(home=Path(folder)), env="dev")
        application = create_app(settings)
        sys.stdout.write(json.dumps(application.openapi(), indent=2, ensure_ascii=False) + "\n")
        application.state.db.close()


@pack_app.command("publish")
def pack_publish(folder: Annotated[Path, typer.Argument(help="A folder with pack.json and its files.")]) -> None:
    """Sign a folder and publish it to the phones."""
    from server_stub.hq import packs

    with _database() as db, db.begin() as tx:
        made = packs.publish(tx, folder)
        _say(f"Published {made.id} version {made.version}: {made.files} files, {made.new_bytes} new bytes")


@pack_app.command("recall")
def pack_recall(pack_id: Annotated[str, typer.Argument(help="The id in pack.json.")]) -> None:
    """Hide a published pack at the phones' next sync."""
    from server_stub.hq import packs

    with _database() as db, db.begin() as tx:
        packs.recall(tx, pack_id)
        _say(f"Recalled {pack_id}.")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    app()
