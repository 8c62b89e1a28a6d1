"""The counted check at the end of a complete pull: both sides hold the same rows, or we say so and start over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.domain.instants import from_text, to_text
from app.store import WriteTx, aside, patch

RESET_PAUSE = timedelta(days=1)


def check(tx: WriteTx, sums: Mapping[str, list[int]], now: datetime) -> bool:
    """Compare the buckets' sums; on a difference report it and, at most once a day, ask for everything again.

    Returns:
        True when all is well, or nothing more can be done today.
    """
    ours = patch.sums(tx)
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
