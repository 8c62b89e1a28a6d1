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
from benchmarks.rows import NOW, customers, events, operations

PULL = "/api/sync/pull"


def rows(count: int) -> list[dict[str, Any]]:
    """Return the `put` operations of a guide with `count` rows, a tenth of them customers."""
    people = customers(count // 10)
    return operations(people, events(people, count - len(people)))


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
def served(answers: list[bytes], folder: Path) -> Iterator[str]:
    """Serve the pages by the order of the cookie sent; yield the base URL."""
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

    def do_POST(self) -> None:
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
    _Handler.answers = tuple(one.read_bytes() for one in files)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
