"""What the server does on its own, once a minute: due commission, closed months, ended leases, old rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from server_stub.db import Database, Tx
from server_stub.faults import retrying
from server_stub.logs import frames

EVERY_S = 60.0
ROUNDS_MAX = 20
PAUSE_S = 0.02  # between two rounds: who waits to write goes first
log = structlog.get_logger("jobs")


def run_once(db: Database) -> dict[str, int]:
    """Run every job until it has nothing left (or 20 rounds) and return what each did; one's fault stops no other."""
    return {name: _until_done(db, name, job) for name, job in _jobs().items()}


def run_until(db: Database, stopping: threading.Event) -> None:
    """Run the jobs every minute until told to stop; made for a thread of its own."""
    while not stopping.wait(EVERY_S):
        run_once(db)


def _jobs() -> dict[str, Callable[[Tx], int]]:
    from server_stub.people import books, views  # services stand above this list of names
    from server_stub.sync import tombstones
    from server_stub.trade import commission, coupons, rewards, statements

    return {
        "commission": commission.confirm_due,
        "statements": statements.close_due,
        "rewards": rewards.decide_due,
        "leases": coupons.release_leases,
        "views": views.sweep,
        "books": books.recount_due,
        "tombstones": tombstones.purge,
        "seen": tombstones.forget_seen,
    }


def _round(db: Database, name: str, job: Callable[[Tx], int]) -> int:
    """Run a job once; of several processes only one does it at a time."""
    with db.begin() as tx:
        return job(tx) if tx.alone(f"job:{name}") else 0


def _until_done(db: Database, name: str, job: Callable[[Tx], int]) -> int:
    done = 0
    try:
        for _ in range(ROUNDS_MAX):
            some = retrying(lambda: _round(db, name, job))
            done += some
            if not some:
                break
            time.sleep(PAUSE_S)
    except Exception as exc:  # the next minute tries again; the log says what is wrong
        log.error("job", job=name, kind=type(exc).__name__, at=frames(exc))
    if done:
        log.info("job", job=name, done=done)
    return done
