"""The app with its server stopped: the whole client as the bootstrap makes it, a real server process, real files.

The server is ended with SIGTERM, the app with SIGKILL, as a phone ends it. Run as a module this file is that app:
`python -m tests.integration.test_server_stopped work|sync`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import Client, Installation, Settings
from app.device.clock import SystemClock
from app.mutations import make_share, mutate, send_coupon
from app.posters.render import make_poster
from app.protocol.mutations import EditNote
from app.security import FileKeyStore
from app.store.queries import coupons, customers, products, shares, work
from app.sync import State
from app.ui.screens.share import content
from app.ui.screens.share.poster import Draft, record_of, spec_of
from app.ui.strings import Strings
from tests.fakes.server import NOW, PIN, SECRETS, open_world
from tests.fakes.ui import FakeUi

DEVICE = "phone-of-g0101"
NOTE = "喜欢亚麻，周末来"
CAPTION = "新到的风衣"


def device(home: Path, api_url: str) -> Installation:
    """Return the device as `App.installation` does for a phone whose key file is at hand."""
    settings = Settings(home, api_url, 0, "127.0.0.1", "auto", production=False, allow_web=False)
    return Installation(DEVICE, settings, FileKeyStore(home / "keystore.json"), SystemClock())


async def until(done: Callable[[], Any], limit_s: float = 40.0) -> None:
    ends = time.monotonic() + limit_s
    while not done():
        assert time.monotonic() < ends, "did not happen"
        await asyncio.sleep(0.02)


async def offline_work(client: Client) -> dict[str, str]:
    """Take a note, send a coupon, make a poster and record its share; nothing of it needs a network."""
    await mutate(client, EditNote("c1", NOTE))
    sent = await send_coupon(client, "t1", "c2")
    product = client.store.query(products.product_by_id, "p1")
    made = make_share(client, "product", product.no, "chat")
    draft = Draft(product, content.built_in()[0], CAPTION, "chat")
    poster = await asyncio.to_thread(make_poster, spec_of(client, draft, made.qr_link, Strings("zh_CN")))
    assert poster.startswith(b"\xff\xd8") and len(poster) > 30_000
    await mutate(client, record_of(draft, made))
    return {"coupon": sent.id, "share": made.share_id, "code": made.code}


class ServerProcess:
    """`python -m server_stub serve` on a small world of its own."""

    def __init__(self, home: Path, clock_file: Path) -> None:
        open_world(home).close()
        SECRETS.save(home / "server" / "secrets.json")
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.home, self.url = home, f"http://127.0.0.1:{self.port}"
        self.env = os.environ | {
            "DAOGOU_HOME": str(home), "DAOGOU_ENV": "test", "DAOGOU_SERVER_PORT": str(self.port),
            "DAOGOU_CLOCK_FILE": str(clock_file),
        }  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = (self.home / "server.log").open("ab")
        self.process = subprocess.Popen([sys.executable, "-m", "server_stub", "serve"], env=self.env, stderr=log)
        ends = time.monotonic() + 40
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=2).close()
                return
            except OSError:
                assert time.monotonic() < ends and self.process.poll() is None, "the server does not start"
                time.sleep(0.1)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(15)
            self.process = None

    def rows(self, query: str, *args: Any) -> list[tuple[Any, ...]]:
        """Look into the server's file from outside, as no phone can."""
        path = self.home / "server" / "daogou.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as conn:
            return conn.execute(query, args).fetchall()

    @property
    def log(self) -> str:
        return (self.home / "server.log").read_text()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerProcess]:
    clock_file = tmp_path / "clock"
    clock_file.write_text(f"{(NOW - datetime.now(UTC)).total_seconds():.0f}")
    monkeypatch.setenv("DAOGOU_CLOCK_FILE", str(clock_file))
    made = ServerProcess(tmp_path / "brand", clock_file)
    made.start()
    yield made
    made.stop()


async def signed_in_and_synced(home: Path, server: ServerProcess) -> None:
    phone = device(home, server.url)
    client = await phone.sign_in("g0101", PIN)
    await until(lambda: client.engine.status.last_sync_at and client.engine.status.state is State.ONLINE)
    await phone.close()


def app_process(home: Path, server: ServerProcess, what: str) -> subprocess.Popen[str]:
    """Start the app as a process of its own, to be killed."""
    command = [sys.executable, "-m", "tests.integration.test_server_stopped", what, str(home), server.url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)


def arrived(server: ServerProcess, made: dict[str, str]) -> None:
    """Check that each of the three is at the server, and once."""
    applied = server.rows("SELECT name, count(*) FROM seen_mutation WHERE status = 'applied' GROUP BY name")
    assert dict(applied) == {"edit_note": 1, "issue_coupon": 1, "record_share": 1}
    assert server.rows("SELECT note FROM customer WHERE id = 'c1'") == [(NOTE,)]
    issued = server.rows("SELECT id, customer_id, state FROM coupon WHERE issued_at IS NOT NULL")
    assert issued == [(made["coupon"], "c2", "issued")]
    assert server.rows("SELECT id, code, synced, caption FROM share") == [(made["share"], made["code"], 1, CAPTION)]
    assert server.rows("SELECT count(*) FROM rejected") == [(0,)]
    assert "Traceback" not in server.log and '"error"' not in server.log


async def test_with_the_server_stopped_everything_is_shown_and_taken_and_arrives_once(
    tmp_path: Path, server: ServerProcess
) -> None:
    home = tmp_path / "phone"
    await signed_in_and_synced(home, server)
    server.stop()

    with app_process(home, server, "work") as app:  # starts with no server, works, and is killed at once
        assert app.stdout is not None
        made = json.loads(app.stdout.readline())
        app.send_signal(signal.SIGKILL)
    assert server.rows("SELECT count(*) FROM seen_mutation") == [(0,)]

    phone = device(home, server.url)
    ui = await FakeUi.app(installation=phone)  # and it starts again: the login, the PIN, the customers
    await ui.type("PIN", PIN)
    await ui.press("解锁")
    await ui.until(lambda: ui.ui.client is not None)
    client = ui.ui.client
    await ui.tab("客户")
    await ui.until(lambda: all(ui.shows(f"客人{n}") for n in (1, 2, 3, 4)))
    await until(lambda: client.engine.status.state is State.OFFLINE)
    assert client.engine.status.waiting == 3
    assert client.store.query(customers.customer_by_id, "c1").note == NOTE
    assert client.store.query(coupons.coupon_by_id, made["coupon"]).state == "issued"
    assert [one.id for one in client.store.query(shares.my_shares)] == [made["share"]]
    assert len(client.store.query(products.products)) == 4
    assert ui.reports == []

    server.start()
    await until(lambda: client.engine.status.waiting == 0 and client.engine.status.state is State.ONLINE)
    arrived(server, made)
    assert client.store.query(work.rejected) == []
    await phone.close()

    again = await (phone := device(home, server.url)).unlock("G0101", PIN)  # a new start sends nothing again
    await again.engine.sync_now()
    assert again.store.query(customers.customer_by_id, "c1").note == NOTE
    arrived(server, made)
    await phone.close()


async def test_killed_while_it_sends_the_rest_goes_later_and_nothing_twice(
    tmp_path: Path, server: ServerProcess
) -> None:
    home = tmp_path / "phone"
    await signed_in_and_synced(home, server)
    server.stop()
    with app_process(home, server, "work") as app:
        assert app.stdout is not None
        made = json.loads(app.stdout.readline())
        app.send_signal(signal.SIGKILL)
    server.start()
    with app_process(home, server, "sync") as app:
        await until(lambda: server.rows("SELECT count(*) FROM seen_mutation")[0][0] > 0)
        app.send_signal(signal.SIGKILL)  # the answer did not reach it, or was not written down
    server.stop()  # nor did the server have a good day
    server.start()
    client = await (phone := device(home, server.url)).unlock("G0101", PIN)
    await until(lambda: client.engine.status.waiting == 0 and client.engine.status.state is State.ONLINE)
    arrived(server, made)
    await phone.close()


async def _main(what: str, home: Path, api_url: str) -> None:
    client = await device(home, api_url).unlock("G0101", PIN)
    if what == "work":
        print(json.dumps(await offline_work(client)), flush=True)
    await asyncio.sleep(60)  # until the kill


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
