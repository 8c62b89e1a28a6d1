"""Bad requests to every sync route of a real server process: a problem each, no id consumed, no memory, no trace.

What each answer means to a phone is in tests/integration/server; here one process takes everything in a row, and its
memory and its log are looked at afterwards.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain import ids, instants
from tests.fakes.server import NOW, PIN
from tests.integration.test_server_stopped import ServerProcess

PHONE, NAME, NOTE = "13912345678", "欧阳娜娜", "对羊毛过敏 keep-this-to-yourself"
CANARIES = (PHONE, NAME, NOTE, "keep-this-to-yourself")
MB = 1_000_000
GROWTH_MB = 20
SYNC = (
    ("POST", "/api/sync/push"),
    ("POST", "/api/sync/pull"),
    ("GET", "/api/sync/live"),
    ("GET", "/api/sync/mutations"),
)
PERSONAL = {"customer_id": "c1", "note": NOTE, "phone": PHONE, "name": NAME}


class Loud(ServerProcess):
    """The server process with everything it prints in one file, as verbose as it ever is."""

    def __init__(self, home: Path, clock_file: Path) -> None:
        super().__init__(home, clock_file)
        self.env["DAOGOU_ENV"] = "dev"

    def memory(self, name: str) -> float:
        """Return VmRSS (now) or VmHWM (the most since `forget_peak`) in MB."""
        assert self.process is not None
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"{name}:\s+(\d+) kB", text)
        assert found is not None
        return int(found[1]) / 1024

    def forget_peak(self) -> None:
        assert self.process is not None
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def start(self) -> None:
        """Start with both streams in the log."""
        real = subprocess.Popen

        def both(args: Any, env: Any, stderr: Any) -> Any:
            return real(args, env=env, stdout=stderr, stderr=subprocess.STDOUT)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(subprocess, "Popen", both)
            super().start()


@dataclass
class Sender:
    """One phone of guide A that sends what no phone of ours would."""

    http: httpx.Client
    token: str
    group: str = field(default_factory=lambda: uuid.uuid4().hex)
    client: str = field(default_factory=lambda: uuid.uuid4().hex)

    def mutation(self, number: int, **changes: Any) -> dict[str, Any]:
        mid = ids.uuid7(NOW, uuid.uuid4().bytes[:10])
        args = {"mid": mid, "at": instants.to_text(NOW), "customer_id": "c1", "tag": f"tag {number}"}
        return {"id": number, "name": "add_tag", "args": args, "clientID": self.client} | changes

    def push(self, *mutations: Any, **changes: Any) -> bytes:
        body = {"clientGroupID": self.group, "mutations": mutations, "pushVersion": 1, "schemaVersion": "1"}
        return json.dumps(body | changes).encode()

    def pull(self, **changes: Any) -> bytes:
        body = {"clientGroupID": self.group, "cookie": None, "pullVersion": 1, "schemaVersion": "1"}
        return json.dumps(body | changes).encode()

    def send(self, method: str, path: str, content: Any = b"", **headers: str) -> httpx.Response:
        given = {"authorization": f"Bearer {self.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.http.request(method, path, content=content, headers=given)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loud]:
    home = tmp_path_factory.mktemp("requests")
    clock = home / "clock"
    clock.write_text(f"{(NOW - datetime.now(UTC)).total_seconds():.0f}")
    made = Loud(home / "server-home", clock)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def sender(server: Loud) -> Iterator[Sender]:
    with httpx.Client(base_url=server.url, timeout=30) as http:
        body = {"staff_no": "G0101", "pin": PIN, "device_id": "requests-phone-1", "device_name": "test"}
        token = http.post("/api/auth/login", json=body).json()["access_token"]
        made = Sender(http, token)
        assert made.send("POST", "/api/sync/pull", made.pull()).status_code == 200
        yield made


def consumed(server: Loud) -> list[tuple[Any, ...]]:
    return server.rows("SELECT id, lmid FROM client ORDER BY id")


def is_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.json()["code"] == code
    assert not any(canary in answer.text for canary in CANARIES), "what was sent comes back"


def endless(size_mb: int) -> Iterator[bytes]:
    for _ in range(size_mb * 10):
        yield (PHONE.encode() * 10_000)[:100_000]


MALFORMED = {
    "nothing": b"", "no JSON": f'{{"name": "{PHONE}'.encode(), "a list": json.dumps([PHONE, NAME]).encode(),
    "not a number": b'{"cookie": NaN}', "a name twice": f'{{"a": "{NOTE}", "a": 1}}'.encode(),
    "no UTF-8": b'{"a": "\xff\xfe"}', "deep": b'{"a":' * 60_000 + b"1" + b"}" * 60_000, "brackets": b"[" * 900_000,
    "UTF-16": json.dumps({"a": NAME}).encode("utf-16"),
}  # fmt: skip


@pytest.mark.parametrize("what", MALFORMED)
@pytest.mark.parametrize("path", ["/api/sync/push", "/api/sync/pull"])
def test_malformed(server: Loud, sender: Sender, path: str, what: str) -> None:
    before = consumed(server)
    is_problem(sender.send("POST", path, MALFORMED[what]), 400, "body_malformed")
    assert consumed(server) == before


@pytest.mark.parametrize(
    "change",
    [
        {"clientGroupID": 7}, {"clientGroupID": ""}, {"clientGroupID": PHONE * 9}, {"schemaVersion": None},
        {"mutations": NAME}, {"mutations": [PERSONAL]}, {"mutations": [{}] * 4_001}, {"pushVersion": "1"},
        {"pullVersion": 1.5},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_shapes(server: Loud, sender: Sender, change: dict[str, Any]) -> None:
    before = consumed(server)
    path = "pull" if "pullVersion" in change else "push"
    made = sender.pull(**change) if path == "pull" else sender.push(**change)
    is_problem(sender.send("POST", f"/api/sync/{path}", made), 422, "bad_arguments")
    assert consumed(server) == before


@pytest.mark.parametrize("number", [0, -1, 1 << 52, True, "1", 1.0, None])
def test_ids_that_are_no_ids(server: Loud, sender: Sender, number: Any) -> None:
    before = consumed(server)
    made = sender.push(sender.mutation(1, id=number))
    is_problem(sender.send("POST", "/api/sync/push", made), 422, "bad_arguments")
    assert consumed(server) == before


@pytest.mark.parametrize(("method", "path"), SYNC)
def test_oversized(server: Loud, sender: Sender, method: str, path: str) -> None:
    """A body that says its size, and one that does not."""
    before = consumed(server)
    is_problem(sender.send(method, path, b" " * (5 * MB)), 413, "body_too_large")
    if method == "POST":
        answer = sender.send(method, path, endless(100))
        is_problem(answer, 413, "body_too_large")
    assert consumed(server) == before


ZLIB_BOMB = zlib.compress(b'{"a": "' + b"0" * (50 * MB) + b'"}', 1)
GZIP_BOMB = gzip.compress(b'{"a": "' + b"0" * (50 * MB) + b'"}', 1)


@pytest.mark.parametrize(("method", "path"), SYNC)
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip"])
def test_compressed_bombs(server: Loud, sender: Sender, method: str, path: str, encoding: str) -> None:
    bomb = ZLIB_BOMB if encoding == "deflate" else GZIP_BOMB
    is_problem(sender.send(method, path, bomb, content_encoding=encoding), 415, "body_malformed")


@pytest.mark.parametrize(
    ("path", "change", "what"),
    [
        ("push", {"pushVersion": 2}, "push"), ("push", {"schemaVersion": PHONE}, "schema"),
        ("push", {"pushVersion": -1}, "push"), ("pull", {"pullVersion": 0}, "pull"),
        ("pull", {"schemaVersion": NAME}, "schema"),
    ],
)  # fmt: skip
def test_a_wrong_version_is_named_as_the_protocol_says(
    server: Loud, sender: Sender, path: str, change: dict[str, Any], what: str
) -> None:
    """The one refusal that is no problem+json: every client of this protocol reads these two fields of a 200."""
    before = consumed(server)
    made = sender.push(sender.mutation(1), **change) if path == "push" else sender.pull(**change)
    answer = sender.send("POST", f"/api/sync/{path}", made)
    assert (answer.status_code, answer.json()) == (200, {"error": "VersionNotSupported", "versionType": what})
    assert consumed(server) == before


@pytest.mark.parametrize(("method", "path"), SYNC)
@pytest.mark.parametrize("token", ["", "Bearer", f"Bearer {PHONE}", "Basic eDp4", "Bearer " + "x" * 60_000])
def test_forged_tokens(server: Loud, sender: Sender, method: str, path: str, token: str) -> None:
    before = consumed(server)
    body = sender.push(sender.mutation(1)) if path.endswith("push") else sender.pull()
    answer = sender.send(method, path, body if method == "POST" else b"", authorization=token)
    if len(token) > 60_000:  # the HTTP layer itself ends a head this long
        assert answer.status_code in (400, 401, 431)
    else:
        is_problem(answer, 401, "session_expired")
    assert consumed(server) == before


def test_forged_owners(server: Loud, sender: Sender) -> None:
    """Another's group, another's client id and a cookie made by hand."""
    body = {"staff_no": "G0102", "pin": PIN, "device_id": "requests-phone-2", "device_name": "test"}
    other = Sender(sender.http, sender.http.post("/api/auth/login", json=body).json()["access_token"])
    assert other.send("POST", "/api/sync/push", other.push(other.mutation(1, args=None))).status_code == 200
    before = consumed(server)
    is_problem(sender.send("POST", "/api/sync/push", sender.push(other.mutation(2))), 403, "forbidden")
    taken = sender.push(sender.mutation(1), clientGroupID=other.group)
    is_problem(sender.send("POST", "/api/sync/push", taken), 403, "forbidden")
    is_problem(sender.send("POST", "/api/sync/pull", sender.pull(clientGroupID=other.group)), 403, "forbidden")
    for cookie in (PHONE, {"order": 9, "t": f"{NAME}.{PHONE}"}, {"order": 10**400, "t": "e30.x"}, [NOTE]):
        answer = sender.send("POST", "/api/sync/pull", sender.pull(cookie=cookie))
        assert answer.json()["patch"][0] == {"op": "clear"} and NAME not in answer.text and PHONE not in answer.text
    assert consumed(server) == before


def test_replayed_and_out_of_order(server: Loud, sender: Sender) -> None:
    phone = Sender(sender.http, sender.token)
    first = phone.push(phone.mutation(1))
    assert phone.send("POST", "/api/sync/push", first).json()["results"][0]["status"] == "applied"
    tags = server.rows("SELECT name, at FROM customer_tag ORDER BY name")
    before = consumed(server)
    for _ in range(3):
        assert phone.send("POST", "/api/sync/push", first).json()["results"][0]["status"] == "skipped"
    is_problem(phone.send("POST", "/api/sync/push", phone.push(phone.mutation(1))), 409, "mutation_reused")
    for numbers in ((3,), (3, 2), (9, 2)):
        made = phone.push(*(phone.mutation(number) for number in numbers))
        is_problem(phone.send("POST", "/api/sync/push", made), 409, "mutation_gap")
    assert consumed(server) == before and server.rows("SELECT name, at FROM customer_tag ORDER BY name") == tags


@pytest.mark.parametrize(
    "change",
    [
        {"name": PHONE}, {"name": NAME}, {"args": PERSONAL}, {"args": NOTE}, {"args": [PHONE]},
        {"name": "edit_note", "args": PERSONAL | {"note": NOTE * 900}},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_a_personal_text_where_it_does_not_belong_is_refused(server: Loud, sender: Sender, change: Any) -> None:
    """These reach the rules: the refusal takes its id and goes to the phone that sent it, to nobody else."""
    phone = Sender(sender.http, sender.token)
    answer = phone.send("POST", "/api/sync/push", phone.push(phone.mutation(1, **change)))
    assert answer.json()["results"][0]["status"] == "rejected"


def test_whatever_came_nothing_stays_in_memory_or_in_the_log(server: Loud, sender: Sender) -> None:
    """Whatever went before, the server is well, remembers nobody and has grown by nothing that counts."""
    phone = Sender(sender.http, sender.token)
    for number, change in enumerate(({"name": PHONE}, {"name": NAME}, {"args": PERSONAL}, {"args": NOTE}), start=1):
        pushed = phone.send("POST", "/api/sync/push", phone.push(phone.mutation(number, **change)))
        assert pushed.json()["results"][0]["status"] == "rejected"
    before = server.memory("VmRSS")
    server.forget_peak()
    bodies = (
        MALFORMED["deep"], MALFORMED["brackets"], b" " * (5 * MB), sender.push(mutations=[{}] * 330_000),
        sender.push(cookie=["x"] * 240_000), sender.pull(cookie=[PHONE] * 60_000),
    )  # fmt: skip
    for _ in range(5):
        for body in bodies:
            assert sender.send("POST", "/api/sync/push", body).status_code in (200, 400, 413, 422)
        assert sender.send("POST", "/api/sync/pull", endless(100)).status_code == 413
        assert sender.send("POST", "/api/sync/push", GZIP_BOMB, content_encoding="gzip").status_code == 415
    assert server.memory("VmHWM") - before < GROWTH_MB
    assert sender.send("POST", "/api/sync/pull", sender.pull()).status_code == 200
    logged = server.log
    assert "rejected" in logged, "a log that says nothing proves nothing"
    assert not [canary for canary in CANARIES if canary in logged or json.dumps(canary)[1:-1] in logged]
    assert "Traceback" not in logged
    assert not [word for word in ("add_tag=", sender.token[:12], sender.group) if word in logged]
