"""Pushes and pulls a second and core of the whole application on PostgreSQL, against pgbench doing the same rows.

As many processes as there are cores, four guides in each, every request through the whole ASGI application; pgbench
with as many clients, one transaction each with the statements no implementation could leave out. Both sides stand on
one cluster (fsync off) and share the same cores with it.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from benchmarks.guides import AT_ONCE, CUSTOMERS, add_guides
from benchmarks.measure import Figure
from tests.fakes import postgres
from tests.fakes.server import open_database

CORES = os.cpu_count() or 1
GUIDES = CORES * AT_ONCE
ROUNDS, SECONDS = 3, 2.0
FLOOR = "one pgbench transaction of the same rows"
HOLD_PLACES = f"\\set g random(0, {GUIDES - 1})\n\\set c random(0, {CUSTOMERS - 1})\n"
# What a push of one note must write: the row, its projection, the bucket's head, the mutation's id and what it was.
PUSH = (
    HOLD_PLACES
    + """BEGIN;
SELECT lmid FROM client WHERE id = 'floor-:g' FOR UPDATE;
UPDATE customer SET note = 'note ' || random() WHERE id = 'bench:g-:c';
UPDATE bucket SET ver = ver + 1, sum32 = sum32 WHERE id = 'floor-:g';
INSERT INTO sync_row (bucket, key, ver, value, at, projection)
  SELECT 'floor-:g', 'customer/:c', ver, repeat('x', 600), '2026-11-24T02:30:00Z', 1 FROM bucket
  WHERE id = 'floor-:g'
  ON CONFLICT (bucket, key) DO UPDATE SET ver = excluded.ver, value = excluded.value, at = excluded.at;
UPDATE client SET lmid = lmid + 1 WHERE id = 'floor-:g';
INSERT INTO seen_mutation (client_id, mutation_id, mid, args_hash, name, staff_id, status, at)
  SELECT id, lmid, md5(random()::text), repeat('a', 64), 'edit_note', 'bench:g', 'applied', '2026-11-24T02:30:00Z'
  FROM client WHERE id = 'floor-:g';
COMMIT;
"""
)
# What a pull with nothing new must read: whose group it is, where its buckets and its mutations stand.
PULL = (
    HOLD_PLACES
    + """BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT staff_id, ver FROM client_group WHERE id = 'floor-:g';
SELECT id, ver, horizon, rows, sum32 FROM bucket WHERE id IN ('brand', 'store:s1', 'floor-:g');
COMMIT;
"""
)
STATEMENTS = {"push": PUSH, "pull": PULL}
BEFORE = f"""
INSERT INTO client_group (id, staff_id, device_id, created_at, ver)
  SELECT 'floor-' || n, 'bench' || n, 'd', '2026-11-24T02:30:00Z', 0 FROM generate_series(0, {GUIDES - 1}) n;
INSERT INTO client (id, group_id, lmid, ver) SELECT id, id, 0, 0 FROM client_group WHERE id LIKE 'floor-%';
INSERT INTO bucket (id, ver, horizon, rows, sum32) SELECT id, 0, 0, 0, 0 FROM client_group WHERE id LIKE 'floor-%';
"""


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        home = Path(folder)
        db = open_database("postgresql", home)
        running.callback(postgres.drop, db.settings.url)
        add_guides(db, GUIDES)
        with db.engine.begin() as conn:
            conn.exec_driver_sql(BEFORE.replace("%", "%%"))
        db.close()
        workers = [running.enter_context(_worker(home, n * AT_ONCE)) for n in range(CORES)]
        took = {what: [_round(what, workers, db.settings.url) for _ in range(ROUNDS)] for what in ("push", "pull")}
    return [
        _figure(f"{what} of one note" if what == "push" else "pull with nothing new", took[what])
        for what in ("push", "pull")
    ]


def _figure(name: str, took: list[tuple[float, float]]) -> Figure:
    ours, floor = (statistics.median(column) / CORES for column in zip(*took, strict=True))
    told = FLOOR if floor else "pgbench is not here"
    return Figure(f"{name}, PostgreSQL, a second and core", ours, floor or None, told, "reported", "/s")


def _round(what: str, workers: list[subprocess.Popen[str]], url: str) -> tuple[float, float]:
    """Return our answers a second and pgbench's transactions a second, 0 without a pgbench."""
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(f"{what} {SECONDS}\n")
        worker.stdin.flush()
    ours = sum(float(_line(worker)) for worker in workers)
    return ours, _pgbench(STATEMENTS[what], url)


@contextmanager
def _worker(home: Path, first: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.guides", str(home), str(first)]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            while _line(process) != "ready":  # the application's log stands before it
                pass
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a worker of the server's benchmark ended")
    return line.strip()


def _pgbench(statements: str, url: str) -> float:
    """Return the transactions a second of this script, with as many clients as we have guides."""
    program = postgres.bin_folder() / "pgbench"
    if not program.exists():  # the wheel's programs come without it
        return 0.0
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(statements)
        script.flush()
        database = str(make_url(url).database)
        command = [
            program, "-n", "-M", "simple", "-f", script.name, "-T", f"{SECONDS:.0f}", "-c", str(GUIDES),
            "-j", str(CORES), "-h", postgres.cluster(), "-U", "daogou", database,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or found is None:
        raise RuntimeError(f"pgbench: {done.stderr[:500]}")
    return float(found.group(1))
