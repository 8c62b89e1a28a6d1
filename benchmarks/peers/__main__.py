"""`python -m benchmarks.peers [--write]`: the first sync of the same rows by npm's sync engines, ours and the floor.

Every client is a process of its own that waits for its turn; the turns go round, so that a drift of the machine's
speed touches all alike, and the first of each is the warm-up. Peak memory is the process's, after that first one.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import report
from benchmarks.pages import COLUMNS, pages, rows, served, stream

HERE = Path(__file__).parent
ROUNDS = {5_000: 5, 50_000: 3}
OURS = {
    "sealed": "**Daogou**, SQLite file, columns sealed",
    "open": "**Daogou**, SQLite file, without sealing",
    "floor": "floor: httpx, msgspec, `executemany`, 3 indexes, a file, no sync engine",
}
PEERS = {
    "replicache:pages": "Replicache 15.3.0, memory, a pull a page",
    "replicache:one": "Replicache 15.3.0, memory, all pages as one pull",
    "rxdb": "RxDB 17.6.0, memory, replication plugin",
    "watermelon:loki": "WatermelonDB 0.28.0, LokiJS in memory",
    "watermelon:sqlite": "WatermelonDB 0.28.0, SQLite file (better-sqlite3)",
    "pouchdb:memory": "PouchDB 9.0.0, memory",
    "pouchdb:leveldb": "PouchDB 9.0.0, LevelDB",
    "powersync": "PowerSync Node 1.1.0, SQLite file, its own stream",
}


@dataclass
class Client:
    """One process, what it measured, or why it measured nothing."""

    name: str
    process: subprocess.Popen[str]
    idle_mb: float = 0.0
    peak_mb: float = 0.0
    took: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    failed: str = ""

    def start(self) -> None:
        self.idle_mb = self._answer().get("idle", 0.0)

    def turn(self) -> None:
        """Do one first sync."""
        if self.failed or self.process.stdin is None:
            return
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = self._answer()
        if answer:
            self.took.append(answer["ms"])
            self.cpu.append(answer["cpu"])
            self.peak_mb = self.peak_mb or answer["peak"]

    def _answer(self) -> dict[str, float]:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if line:
            found: dict[str, float] = json.loads(line)
            return found
        errors = self.process.stderr.read() if self.process.stderr else ""
        told = [one for one in errors.splitlines() if "Error" in one] or errors.splitlines()
        self.failed = told[0].strip()[:120] if told else "it ended without a word"
        return {}

    def cells(self) -> str:
        """Return best (median), least CPU time and peak (idle), or that there is no figure."""
        took = self.took[1:]
        if self.failed or not took:
            return "did not run | – | –"
        cpu = f"{min(self.cpu[1:]):,.0f}"
        return f"{min(took):,.0f} ({statistics.median(took):,.0f}) | {cpu} | {self.peak_mb:.0f} ({self.idle_mb:.0f})"


@contextmanager
def _client(way: str, url: str, count: int) -> Iterator[Client]:
    if way in OURS:
        command = [sys.executable, "-m", "benchmarks.peers.local", way, url, str(count)]
    else:
        command = ["node", "--expose-gc", str(HERE / "run.js"), way, url, str(count)]
    environment = os.environ | {"DAOGOU_BENCH_COLUMNS": json.dumps(COLUMNS), "NODE_ENV": "production"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=environment, **pipes) as process:
        client = Client({**OURS, **PEERS}[way], process)
        client.start()
        try:
            yield client
        finally:
            process.kill()


def measure(count: int) -> dict[str, Client]:
    """Return what each client took for `count` rows, one after the other, round by round."""
    patch = rows(count)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(pages(patch), Path(folder), stream(patch)) as url,
        ExitStack() as all_,
    ):
        clients = {way: all_.enter_context(_client(way, url, count)) for way in (*OURS, *PEERS)}
        for turn in range(ROUNDS[count] + 1):
            print(f"{count:,} rows, round {turn} of {ROUNDS[count]} …", file=sys.stderr, flush=True)
            for client in clients.values():
                client.turn()
        return clients


def table(found: dict[int, dict[str, Client]]) -> str:
    """Return the figures as a Markdown table, with what did not run below it."""
    small, big = ROUNDS
    floors = {count: min(clients["floor"].took[1:]) for count, clients in found.items()}
    lines = [
        f"| client | {small:,} rows, ms | CPU ms | peak MB | {big:,} rows, ms | CPU ms | peak MB | times the floor |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for way in (*OURS, *PEERS):
        cells = [found[count][way].cells() for count in ROUNDS]
        ratios = [
            f"{min(found[count][way].took[1:]) / floors[count]:.2f}" for count in ROUNDS if found[count][way].took[1:]
        ]
        lines.append(f"| {found[small][way].name} | {cells[0]} | {cells[1]} | {' / '.join(ratios) or '–'} |")
    silent = {
        f"{client.name}: {client.failed}" for clients in found.values() for client in clients.values() if client.failed
    }
    notes = [
        f"Milliseconds: best (median) of {ROUNDS[small]} and {ROUNDS[big]};"
        " CPU: the least the client's process took, with all its threads; MB: its peak (before the first sync)."
        " Engines in memory keep nothing over a restart; ours, the floor and the files of others are on the disk."
    ]
    return "\n".join([*lines, "", *notes, *sorted(silent)])


def main(args: list[str]) -> int:
    missing = "" if (HERE / "node_modules/stamp").exists() else "The peers are not installed; run `make bench-peers`."
    if missing:
        print(missing)
        return 2
    text = table({count: measure(count) for count in ROUNDS})
    print(text)
    if "--write" in args:
        report.write("First sync beside other engines", "make bench-peers", text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
