"""The whole product as processes on free ports: server, app, a proxy between them, and a clock file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.fakes.free_port import free_port
from tests.fakes.proxy import CutProxy

ROOT = Path(__file__).parents[2]
STORE_ZONE = ZoneInfo("Asia/Shanghai")
START_TIMEOUT_S = 120


def next_tuesday_half_past_ten() -> datetime:
    """Return a coming Tuesday 10:30 in the store's zone: polite hours, shops open, the middle of a month."""
    here = datetime.now(UTC).astimezone(STORE_ZONE)
    there = here + timedelta(days=(1 - here.weekday()) % 7 or 7)
    while not 8 <= there.day <= 24:
        there += timedelta(days=7)
    return there.replace(hour=10, minute=30, second=0, microsecond=0)


@dataclass
class World:
    """Processes and addresses of one running product in its own folder."""

    home: Path
    server_port: int = field(default_factory=free_port)
    app_port: int = field(default_factory=free_port)
    server: subprocess.Popen[bytes] | None = None
    app: subprocess.Popen[bytes] | None = None
    proxy: CutProxy | None = None
    tips: bool = False  # no first steps and tips over what a test is about

    @property
    def shop(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def app_url(self) -> str:
        return f"http://127.0.0.1:{self.app_port}"

    @property
    def clock_file(self) -> Path:
        return self.home / "clock"

    def env(self, **more: str) -> dict[str, str]:
        base = {k: v for k, v in os.environ.items() if not k.startswith("DAOGOU_")}
        return base | {
            "DAOGOU_HOME": str(self.home),
            "DAOGOU_ENV": "test",
            "DAOGOU_CLOCK_FILE": str(self.clock_file),
            "DAOGOU_SERVER_PORT": str(self.server_port),
            "DAOGOU_APP_PORT": str(self.app_port),
            "DAOGOU_PUBLIC_URL": self.shop,
            "DAOGOU_DEMO_TICK": "0",
            "DAOGOU_WEB_RENDERER": "canvaskit",
            "DAOGOU_TIPS": "on" if self.tips else "off",
            "PYTHONUNBUFFERED": "1",
            **more,
        }

    def set_clock(self, at: datetime) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(f"{(at - datetime.now(UTC)).total_seconds():.3f}", "ascii")
        fresh.replace(self.clock_file)  # every process reads it at each call: never let it see half a number

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self.clock_file.read_text("ascii")))

    def command(self, *args: str) -> str:
        """Run `python -m server_stub ARGS` to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "server_stub", *args],
            cwd=ROOT,
            env=self.env(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start_server(self) -> None:
        self.server = self._spawn("server.log", "-m", "server_stub", "serve")
        self._wait(f"{self.shop}/healthz", "server.log")

    def start_proxy(self) -> None:
        self.proxy = CutProxy(self.server_port).start()

    def start_app(self, **env: str) -> None:
        port = self.proxy.port if self.proxy else self.server_port
        self.app = self._spawn("app.log", "main.py", DAOGOU_API_URL=f"http://127.0.0.1:{port}", **env)
        self._wait(f"{self.app_url}/healthz", "app.log")

    def stop_server(self) -> None:
        _end(self.server)
        self.server = None

    def stop_app(self) -> None:
        _end(self.app)
        self.app = None

    def stop(self) -> None:
        self.stop_app()
        if self.proxy:
            self.proxy.stop()
        self.stop_server()

    def _spawn(self, log: str, *args: str, **env: str) -> subprocess.Popen[bytes]:
        out = (self.home / log).open("ab")
        return subprocess.Popen(
            [sys.executable, *args], cwd=ROOT, env=self.env(**env), stdout=out, stderr=subprocess.STDOUT
        )

    def _wait(self, url: str, log: str) -> None:
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        tail = (self.home / log).read_text("utf-8", errors="replace")[-3000:]
        raise AssertionError(f"{url} did not answer in {START_TIMEOUT_S} s:\n{tail}")


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
