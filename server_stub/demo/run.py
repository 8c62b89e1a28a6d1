"""`make demo`: one brand, one server, one app, ready to be looked at, until Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.domain.hours import is_quiet
from app.domain.instants import from_text
from server_stub.config import ConfigError, Settings
from server_stub.db import Database
from server_stub.demo import brand

ROOT = Path(__file__).parents[2]
WEEK = ROOT / "assets" / "demo" / "packs" / "week"
WEEK_DAYS = 6  # a new one begins before the old one has run out
START_TIMEOUT_S = 90
STOP_TIMEOUT_S = 12
ZONE = ZoneInfo(brand.ZONE)
SHOW_FROM = (10, 30)

Report = Callable[[str], None]


class DemoError(Exception):
    """The demo cannot start; the text is one sentence that says what to do."""


@dataclass(slots=True)
class Children:
    """The processes of the demo; stopped together, the newest first."""

    running: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)

    def start(self, name: str, args: list[str], env: dict[str, str], log: Path) -> None:
        """Start a child whose words go to its log; in its own group, so that Ctrl-C reaches it through us only."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            child = subprocess.Popen(  # noqa: S603 (our own interpreter and our own files)
                [sys.executable, *args], cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.running.append((name, child))

    def dead(self) -> str | None:
        """Return the name of a child that ended by itself, if any."""
        return next((name for name, child in self.running if child.poll() is not None), None)

    def stop(self) -> None:
        """Ask every child to stop and wait; what does not listen is killed."""
        for _, child in reversed(self.running):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for _, child in reversed(self.running):
            try:
                child.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def say(line: str) -> None:
    """Print at once, also into a pipe: scripts wait for the `Ready` line."""
    print(line, flush=True)


def main(report: Report = say) -> int:
    """Run the demo in the foreground; return the exit code."""
    try:
        settings, env = prepare(os.environ, report)
    except (DemoError, ConfigError) as error:
        report(f"Cannot start: {error}")
        return 1
    except KeyboardInterrupt:  # a half-made brand was rolled back
        report("Stopped before the demo was ready; nothing half-made stays.")
        return 130
    stopping = threading.Event()
    _listen_for_the_end(stopping)
    children = Children()
    try:
        _start(children, settings, env, report, stopping)
        return _watch(children, settings, report, stopping)
    except DemoError as error:
        report(f"Cannot start: {error}")
        return 1
    finally:
        children.stop()


def prepare(environ: os._Environ[str] | dict[str, str], report: Report) -> tuple[Settings, dict[str, str]]:
    """Check the ports, set the clock, seed or catch up; return the settings and the children's environment.

    Raises:
        DemoError: a port is taken, or there is no room.
    """
    host = "0.0.0.0" if environ.get("HOST") == "lan" else "127.0.0.1"  # noqa: S104 (asked for by HOST=lan)
    settings = Settings.from_env()
    address = lan_address() if environ.get("HOST") == "lan" else "127.0.0.1"
    public = environ.get("DAOGOU_PUBLIC_URL") or f"http://{address}:{settings.port}"
    for port, name in ((settings.port, "DAOGOU_SERVER_PORT"), (settings.app_port, "DAOGOU_APP_PORT")):
        check_port(host, port, name)
    settings = replace(settings, host=host, public_url=public)
    clock_file = environ.get("DAOGOU_CLOCK_FILE")
    if not clock_file:
        clock_file = str(settings.home / "clock")
        report_clock(Path(clock_file), datetime.now(UTC), report)
    env = dict(environ) | {
        "DAOGOU_HOME": str(settings.home), "DAOGOU_CLOCK_FILE": clock_file, "DAOGOU_PUBLIC_URL": public,
        "DAOGOU_SERVER_PORT": str(settings.port), "DAOGOU_APP_PORT": str(settings.app_port), "DAOGOU_HOST": host,
        "DAOGOU_API_URL": environ.get("DAOGOU_API_URL") or f"http://127.0.0.1:{settings.port}",
        "DAOGOU_DEMO_TICK": environ.get("DAOGOU_DEMO_TICK", "1"), "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    os.environ["DAOGOU_CLOCK_FILE"] = clock_file  # the seed below lives at the same time as the children
    fill(settings, report)
    return settings, env


def fill(settings: Settings, report: Report) -> None:
    """Bring the database up to date: schema, brand, content, and the days since the last time."""
    from server_stub import logs  # a taken port is said before the server is loaded
    from server_stub.app import open_database
    from server_stub.demo import live, seed

    free = shutil.disk_usage(_existing(settings.home)).free
    if free < 400_000_000:
        raise DemoError(
            f"the demo needs 400 MB and {settings.home} has {free // 1_000_000} MB; make room or set DAOGOU_HOME"
        )
    logs.configure(settings.env)
    db = open_database(settings)
    try:
        made = seed.seed(db, report=report)
        if made is None:
            live.catch_up(db, report)
        else:
            report(
                f"Seeded {made.customers} customers, {made.orders} orders, {made.views} views in {made.seconds:.1f} s"
            )
        _publish_week(db, report)
    finally:
        db.close()


def _publish_week(db: Database, report: Report) -> None:
    """Publish the week's content unless a week of it is still running."""
    from server_stub import tables as t
    from server_stub.hq import packs

    with db.begin() as tx:
        held = tx.conn.execute(select(t.pack.c.published_at).where(t.pack.c.id == WEEK.name)).scalar()
        if held is None or from_text(held) + timedelta(days=WEEK_DAYS) <= tx.now:
            made = packs.publish(tx, WEEK)
            report(f"Published the content pack {made.id}, version {made.version}")


def report_clock(path: Path, wall: datetime, report: Report) -> None:
    """Within quiet hours set the demo's clock to the next 10:30 of the store's zone and say so (rule 9.2).

    An offset of an earlier run stays: the brand's time never goes back.
    """
    before = _offset(path)
    now = wall + timedelta(seconds=before)
    offset = before
    if is_quiet(brand.CONTACT["quiet"], now, ZONE):  # type: ignore[arg-type]
        offset = before + (next_opening(now) - now).total_seconds()
    _set_offset(path, offset)
    if offset:
        here = (wall + timedelta(seconds=offset)).astimezone(ZONE)
        why = (
            "quiet hours, so the demo's clock stands at the next 10:30" if offset != before else "the demo's own clock"
        )
        report(f"It is {here:%Y-%m-%d %H:%M} in the stores ({why}).")


def tomorrow(path: Path, wall: datetime, report: Report) -> None:
    """Move the demo's clock on to 10:30 of the next day; what runs sees it at once.

    Raises:
        DemoError: the demo was never started here.
    """
    if not path.exists():
        raise DemoError(f"there is no demo in {path.parent}; start it with `make demo`")
    here = (wall + timedelta(seconds=_offset(path))).astimezone(ZONE)
    hour, minute = SHOW_FROM
    then = (here + timedelta(days=1)).replace(hour=hour, minute=minute, second=0, microsecond=0)
    _set_offset(path, (then - wall).total_seconds())
    report(f"It is {then:%Y-%m-%d %H:%M} in the stores.")


def next_opening(now: datetime) -> datetime:
    """Return the next 10:30 of the store's zone."""
    here = now.astimezone(ZONE)
    show = here.replace(hour=SHOW_FROM[0], minute=SHOW_FROM[1], second=0, microsecond=0)
    return (show if show > here else show + timedelta(days=1)).astimezone(UTC)


def check_port(host: str, port: int, variable: str) -> None:
    """Check that a port can be bound.

    Raises:
        DemoError: it is taken or not allowed.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise DemoError(
                f"port {port} is taken by another program; stop it or choose another with {variable}=... make demo"
            ) from error


def lan_address() -> str:
    """Return this machine's address in its network, as a phone beside it would use; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError as error:
            raise DemoError("HOST=lan needs a network; connect to one or leave HOST out") from error


def ready_lines(settings: Settings) -> list[str]:
    """Return what is printed when both answer; the first line starts with `Ready`."""
    address = "127.0.0.1" if settings.host == "127.0.0.1" else lan_address()
    app_url = f"http://{address}:{settings.app_port}"
    guides = ", ".join(
        f"{one.staff_no} {one.name}" for one in brand.PEOPLE if one.staff_no in ("G0101", "G0201", "G0301")
    )
    return [
        f"Ready  app {app_url}  server and customer pages {settings.base_url}  "
        f"logins G0101…G0304, M01…M03, H01, PIN {brand.PIN}",
        f"       guides: {guides} … (store 1…3, guide 1…4); managers M01 M02 M03; headquarters H01",
        "       members of G0101 to sign in with on the customer pages: 13900001101, 13900001102",
        "       Ctrl-C stops everything; the data stay.",
    ]


def _start(
    children: Children, settings: Settings, env: dict[str, str], report: Report, stopping: threading.Event
) -> None:
    logs = settings.home / "logs"
    local = f"http://127.0.0.1:{settings.port}"
    children.start("server", ["-m", "server_stub", "serve"], env, logs / "server.log")
    _wait(children, f"{local}/healthz", "server", logs / "server.log", stopping)
    children.start("app", ["main.py"], env, logs / "app.log")
    _wait(children, f"http://127.0.0.1:{settings.app_port}/healthz", "app", logs / "app.log", stopping)


def _watch(children: Children, settings: Settings, report: Report, stopping: threading.Event) -> int:
    """Say that it is ready and wait for the end; a child that dies ends the demo."""
    if stopping.is_set():
        return 0
    for line in ready_lines(settings):
        report(line)
    if has_display(os.environ):
        webbrowser.open(f"http://127.0.0.1:{settings.app_port}")
    while not stopping.wait(0.5):
        if name := children.dead():
            report(f"The {name} stopped by itself; {settings.home / 'logs' / name}.log says why.")
            return 1
    report("Stopping.")
    return 0


def has_display(environ: os._Environ[str] | dict[str, str]) -> bool:
    """Say whether a browser window could be shown to somebody."""
    return sys.platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def _wait(children: Children, url: str, name: str, log: Path, stopping: threading.Event) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end and not stopping.is_set():
        if children.dead():
            raise DemoError(f"the {name} ended at once; the last lines of {log} say why")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (our own address)
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            stopping.wait(0.15)
    if not stopping.is_set():
        raise DemoError(f"the {name} did not answer in {START_TIMEOUT_S} s; see {log}")


def _listen_for_the_end(stopping: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def _offset(path: Path) -> float:
    try:
        return float(path.read_text("ascii").strip() or 0)
    except (FileNotFoundError, ValueError):
        return 0.0


def _set_offset(path: Path, offset: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{offset:.3f}", "ascii")
    fresh.replace(path)  # read at each call by three processes: never half a number


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)
