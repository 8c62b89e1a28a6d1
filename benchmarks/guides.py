"""Guides at work against the real application, without a network: raw ASGI calls, so that the client costs nothing.

`python -m benchmarks.guides <home> <first guide>` signs four guides in and then, for each line `push 3` or
`pull 3` on stdin, lets them push one note after the other, or pull with nothing new, for so many seconds; it prints
how many answers a second came.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from app.domain import ids, instants
from server_stub import tables as t
from server_stub.clock import FixedClock
from server_stub.db import Database
from server_stub.people import auth
from server_stub.sync import projections
from tests.fakes.server import FAR, NOW, PIN, START, settings_at

AT_ONCE, CUSTOMERS = 4, 20
PAIRS = (("content-type", "application/json"), ("host", "server.test"))


def add_guides(db: Database, count: int) -> None:
    """Add guides `bench0` ... with customers `bench0-0` ... of their own to the small world."""
    pin = auth.hash_pin(PIN, "test")
    staff = [
        {"id": f"bench{n}", "no": 1000 + n, "staff_no": f"B{n:04d}", "name": f"B{n}", "role": "guide",
         "store_id": "s1", "pin_hash": pin, "card_code": f"BENCH{n}", "created_at": START}
        for n in range(count)
    ]  # fmt: skip
    customers = [
        {"id": f"{one['id']}-{k}", "name": f"客人{k}", "pinyin": "keren", "initials": "kr", "level": "gold",
         "joined_at": START, "guide_id": one["id"], "store_id": "s1", "bound_at": START, "protected_until": FAR,
         "bound_until": FAR, "source": "seed"}
        for one in staff for k in range(CUSTOMERS)
    ]  # fmt: skip
    with db.begin() as tx:
        tx.conn.execute(insert(t.staff), staff)
        tx.conn.execute(insert(t.customer), customers)
        projections.project_all(tx.conn, now=tx.now)


class Guide:
    """One guide's device: signed in, its position in the sync, its next mutation id."""

    def __init__(self, app: Any, number: int) -> None:
        self._app = app
        self._number = number
        self._token = ""
        self._group, self._client = f"group-{number}-{os.getpid()}", f"client-{number}-{os.getpid()}"
        self._cookie: Any = None
        self._next = 1

    async def start(self) -> None:
        """Sign in and pull everything."""
        body = {"staff_no": f"B{self._number:04d}", "pin": PIN, "device_id": f"bench-{os.getpid()}", "device_name": "b"}
        self._token = (await self._post("/api/auth/login", body))["access_token"]
        while (await self.pull())["more"]:
            pass

    async def pull(self) -> dict[str, Any]:
        """Pull once."""
        answer = await self._post("/api/sync/pull", self._body(cookie=self._cookie, pullVersion=1))
        self._cookie = answer["cookie"]
        return answer

    async def push(self) -> dict[str, Any]:
        """Push one note."""
        number, self._next = self._next, self._next + 1
        customer_id = f"bench{self._number}-{number % CUSTOMERS}"
        args = {
            "mid": ids.uuid7(NOW, os.urandom(10)), "at": instants.to_text(NOW), "customer_id": customer_id,
            "note": f"喜欢亚麻，周末有空 {number}",
        }  # fmt: skip
        one = {"id": number, "clientID": self._client, "name": "edit_note", "args": args, "timestamp": 0}
        answer = await self._post("/api/sync/push", self._body(mutations=[one], pushVersion=1))
        assert answer["results"][0]["status"] == "applied", answer
        return answer

    def _body(self, **fields: Any) -> dict[str, Any]:
        return {"profileID": "p", "clientGroupID": self._group, "schemaVersion": "1", **fields}

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer's JSON object."""
        headers = [*PAIRS, ("authorization", f"Bearer {self._token}")]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers],
            "client": ("127.0.0.1", 1), "server": ("server.test", 80),
        }  # fmt: skip
        sent = json.dumps(body).encode()
        got: list[bytes] = []
        status = 0

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": sent, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            got.append(message.get("body", b""))

        await self._app(scope, receive, send)
        answer: dict[str, Any] = json.loads(b"".join(got))
        assert status == 200, answer
        return answer


async def _rate(guides: list[Guide], what: str, seconds: float) -> float:
    """Return answers per second."""
    done, began = 0, time.perf_counter()

    async def work(guide: Guide) -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            await getattr(guide, what)()
            done += 1

    await asyncio.gather(*(work(guide) for guide in guides))
    return done / (time.perf_counter() - began)


async def main(home: Path, first: int) -> None:
    from server_stub.app import create_app  # the application with everything in it, once its database is known

    settings = settings_at(home)
    db = Database.open(settings, FixedClock(NOW))
    app = create_app(settings, db)
    guides = [Guide(app, first + n) for n in range(AT_ONCE)]
    for guide in guides:
        await guide.start()
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        what, _, seconds = line.partition(" ")
        if what == "push":
            await asyncio.gather(*(guide.pull() for guide in guides))
        print(await _rate(guides, what, float(seconds)), flush=True)
        if what == "push":  # so that the pulls to come have nothing new
            await asyncio.gather(*(guide.pull() for guide in guides))
    db.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
