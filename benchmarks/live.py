"""From a customer's view on the page to the row in the guide's phone, over real HTTP with the live channel.

The clock starts with the page's beacon and stops when the phone's store tells that the view has come: a beacon, its
transaction, the poke, a pull, the store's commit. The server is a process of its own, the screen is left out.
"""

from __future__ import annotations

import asyncio
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.measure import Figure
from server_stub.clock import FixedClock
from server_stub.db import Database
from tests.fakes import postgres
from tests.fakes.device import Device, TestClock
from tests.fakes.server import NOW, open_database, settings_at

VIEWS, WARM, WAIT_S = 20, 3, 10.0
CUSTOMER, PHONE = "c1", "13800000001"
BROWSER = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"


class Relay(httpx.AsyncBaseTransport):
    """Sends what is meant for `server.test` to a local port."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host="127.0.0.1", port=self._port)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class Customer:
    """A member's browser, signed in."""

    def __init__(self, port: int) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"user-agent": BROWSER}, follow_redirects=True, trust_env=False
        )

    async def sign_in(self) -> None:
        fields = await self._fields("/signin?next=/me")
        asked = await self._http.post("/signin", data=fields | {"phone": PHONE})
        code = _one(r'demo-code">(\d{6})<', asked.text)
        await self._http.post("/signin/code", data=_hidden(asked.text) | {"phone": PHONE, "code": code})

    async def look(self, number: int) -> str:
        """Open a product's page in a new session; return what its beacon must bring along."""
        self._http.cookies.delete("dg_visit")
        answer = await self._http.get(f"/p/{number % 4 + 1}")
        return _one(r'data-view="([^"]+)"', answer.text)

    async def beacon(self, token: str) -> None:
        answer = await self._http.post("/shop/view", json={"token": token, "dwell_s": 8})
        assert answer.status_code == 204, answer.status_code

    async def close(self) -> None:
        await self._http.aclose()

    async def _fields(self, path: str) -> dict[str, str]:
        return _hidden((await self._http.get(path)).text)


def _hidden(page: str) -> dict[str, str]:
    inputs = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page)
    return {_one(r'name="([^"]*)"', one): _one(r'value="([^"]*)"', one) for one in inputs}


def _one(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"the page does not hold {pattern}")
    return found[1]


async def _measure(port: int, folder: Path) -> list[float]:
    """Return the milliseconds of each view."""
    phone = await Device.sign_in(folder, Relay(port), "G0101", TestClock(NOW), live=True, poll_s=600)
    customer = Customer(port)
    await phone.sync()
    await phone.engine.start()
    try:
        await customer.sign_in()
        await asyncio.sleep(1.0)  # the live channel is open, and nothing is on its way
        return [await _view(phone, customer, number) for number in range(VIEWS + WARM)][WARM:]
    finally:
        await customer.close()
        await phone.close()


async def _view(phone: Device, customer: Customer, number: int) -> float:
    token = await customer.look(number)
    await asyncio.sleep(0.2)
    loop, came = asyncio.get_running_loop(), asyncio.Event()
    before = _count(phone)

    def committed(_tables: object) -> None:
        if _count(phone) > before:
            loop.call_soon_threadsafe(came.set)

    stop = phone.store.subscribe(committed)
    began = time.perf_counter()
    await customer.beacon(token)
    await asyncio.wait_for(came.wait(), WAIT_S)
    took = (time.perf_counter() - began) * 1000
    stop()
    return took


def _count(phone: Device) -> int:
    wanted = "SELECT count(*) FROM browse_event WHERE customer_id = ?"
    return int(phone.store.query(lambda read: read.value(wanted, (CUSTOMER,))))


@contextmanager
def _server(home: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.live", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def _serve(home: Path) -> None:
    import uvicorn

    from server_stub.app import create_app

    settings = settings_at(home)
    app = create_app(settings, Database.open(settings, FixedClock(NOW)))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # whoever reads the port may connect at once
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listening])


def figures() -> list[Figure]:
    return [_figure(backend, name) for backend, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL"))]


def _figure(backend: str, name: str) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(backend, Path(folder) / "server")
        url = db.settings.url
        db.close()
        with _server(Path(folder) / "server") as port:
            took = asyncio.run(_measure(port, Path(folder) / "phone"))
    if backend == "postgresql":
        postgres.drop(url)
    told = f"slowest of {VIEWS}: {max(took):,.0f} ms"
    return Figure(f"a customer's view to the guide's phone, {name}", statistics.median(took), None, told, "< 1,000 ms")


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
