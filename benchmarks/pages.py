"""A server of ready pages on loopback, in a process of its own: both sides of a comparison fetch the same bytes."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from app.protocol.limits import PAGE_ROWS
from app.protocol.sync_sums import SUM_MODULUS, row_sum
from app.store.spec import BY_OBJECT
from benchmarks.rows import NOW, customers, events, operations

PULL = "/api/sync/pull"
COLUMNS = {
    kind: {field.name: "json" if field.kind == "rows" else field.kind for field in BY_OBJECT[kind].fields}
    for kind in ("customer", "browse_event")
}
STREAM = "stream.ndjson"
STREAM_ROWS = 1_000


def rows(count: int) -> list[dict[str, Any]]:
    """Return the `put` operations of a guide with `count` rows, a tenth of them customers."""
    people = customers(count // 10)
    return operations(people, events(people, count - len(people)))


def stream(patch: list[dict[str, Any]]) -> bytes:
    """Return `patch` as the sync stream of a PowerSync service, a JSON object a line, 1,000 rows in each."""
    bucket = "guide:g1"
    rows = [_stream_row(n, op) for n, op in enumerate(patch, 1)]
    total = sum(row["checksum"] for row in rows) % SUM_MODULUS
    head = {"bucket": bucket, "checksum": total, "count": len(rows), "priority": 3, "subscriptions": []}
    last = str(len(rows))
    lines: list[dict[str, Any]] = [{"checkpoint": {"last_op_id": last, "buckets": [head], "streams": []}}]
    for start in range(0, len(rows), STREAM_ROWS):
        some = rows[start : start + STREAM_ROWS]
        after, more = str(start), start + len(some) < len(rows)
        lines.append({"data": {
            "bucket": bucket, "after": after, "next_after": some[-1]["op_id"], "has_more": more, "data": some,
        }})  # fmt: skip
    lines.append({"checkpoint_complete": {"last_op_id": last}})
    return "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines).encode()


def _stream_row(n: int, op: dict[str, Any]) -> dict[str, Any]:
    kind, _, row_id = op["key"].partition("/")
    value = {name: _text(one) for name, one in op["value"].items() if name != "id"}
    return {
        "op_id": str(n), "op": "PUT", "object_type": kind, "object_id": row_id, "subkey": op["key"],
        "checksum": row_sum(op["key"], n), "data": json.dumps(value, ensure_ascii=False, separators=(",", ":")),
    }  # fmt: skip


def _text(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def pages(patch: list[dict[str, Any]]) -> list[bytes]:
    """Return the answers of the pulls that bring `patch`, the first with `clear`."""
    cuts = [patch[i : i + PAGE_ROWS] for i in range(0, len(patch), PAGE_ROWS)]
    return [_page(n, len(cuts), cut, len(patch)) for n, cut in enumerate(cuts, 1)]


def _page(n: int, count: int, cut: list[dict[str, Any]], total: int) -> bytes:
    body = {
        "cookie": {"order": n, "t": "x"},
        "lastMutationIDChanges": {},
        "patch": [{"op": "clear"}, *cut] if n == 1 else cut,
        "more": n < count,
        "progress": {"done": min(n * PAGE_ROWS, total), "total": total},
        "serverTime": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


@contextlib.contextmanager
def served(answers: list[bytes], folder: Path, streamed: bytes = b"") -> Iterator[str]:
    """Serve the pages by the order of the cookie sent, and PowerSync's stream; yield the base URL."""
    (folder / STREAM).write_bytes(streamed)
    for n, answer in enumerate(answers):
        (folder / f"{n}.json").write_bytes(answer)
    command = [sys.executable, "-m", "benchmarks.pages", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers: tuple[bytes, ...] = ()
    streamed = b""

    def do_POST(self) -> None:
        if self.path.startswith("/sync/stream"):
            self._stream()
        else:
            self._page()

    def _stream(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(self.streamed)
        with contextlib.suppress(OSError):  # a stream stays open until its client goes
            self.rfile.read(1)

    def _page(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self.answers[sent["cookie"]["order"] if sent.get("cookie") else 0]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


if __name__ == "__main__":
    files = sorted(Path(sys.argv[1]).glob("*.json"), key=lambda one: int(one.stem))
    _Handler.streamed = Path(sys.argv[1], STREAM).read_bytes()
    _Handler.answers = tuple(one.read_bytes() for one in files)
    ThreadingHTTPServer.daemon_threads = True
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
