"""The counted check at the end of a complete pull: both sides hold the same rows, or we say so and start over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.domain.instants import from_text, to_text
from app.store import WriteTx, aside, patch

RESET_PAUSE = timedelta(days=1)
RECOUNT_PAUSE = timedelta(days=1)


def check(tx: WriteTx, sums: Mapping[str, list[int]], now: datetime) -> bool:
    """Compare the buckets' sums; on a difference report it and, at most once a day, ask for everything again.

    Returns:
        True when all is well, or nothing more can be done today.
    """
    ours = _ours(tx, now)
    differing = sorted(name for name, theirs in sums.items() if ours.get(name, [0, 0]) != list(theirs))
    if not differing:
        return True
    aside.add_problem(tx, "sanity_mismatch", {"buckets": len(differing)}, to_text(now))
    last = tx.meta("reset_at")
    if last is not None and now - from_text(last) < RESET_PAUSE:
        return True
    tx.set_meta("reset_at", to_text(now))
    tx.set_meta("cookie", None)
    tx.set_meta("complete", None)
    return False


def _ours(tx: WriteTx, now: datetime) -> dict[str, list[int]]:
    """Return the sums kept with each page; once a day, when nothing waits, those of the rows themselves.

    A row that was lost without anybody noticing would be missed by the kept sums until the server changes it.
    """
    last = tx.meta("recounted_at")
    due = (
        last is not None and now - from_text(last) >= RECOUNT_PAUSE and tx.value("SELECT 1 FROM outbox LIMIT 1") is None
    )
    if last is None or due:  # the first complete pull has written every row just now
        tx.set_meta("recounted_at", to_text(now))
    return patch.recount(tx) if due else patch.sums(tx)
