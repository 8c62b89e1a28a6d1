"""Follow-ups (feature A11): reminders, appointments in the store, home visits with pieces taken and kept; the stage.

A follow-up is open, done or cancelled. Only an open one may be moved or given pieces; done and cancelled ones may be
opened again, which is how each step is undone. Saying the same thing twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from app.domain.errors import Rejected
from app.domain.instants import Instant, from_text
from app.domain.text import check_note

KINDS = ("reminder", "appointment", "visit")
OPEN, DONE, CANCELLED = "open", "done", "cancelled"
QUICK_DAYS = ("tomorrow", "three_days", "weekend", "next_week")
STAGES = ("new", "in_touch", "considering", "appointment", "bought", "resting")
PIECES_MAX = 30
SIZE_MAX = 12
ID_MAX = 64
AHEAD = timedelta(days=731)
BEHIND = timedelta(days=366)  # what took place may be written down later
ORDER_DAYS = timedelta(days=7)  # an order so soon after a visit came of it

Keys = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class TakenPiece:
    """One piece taken to a home visit; `kept` once the visit is closed."""

    product_id: str
    size: str = ""
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Conversion:
    """What visits came to: pieces taken, pieces kept, visits, and how many an order followed."""

    visits: int = 0
    taken: int = 0
    kept: int = 0
    ordered: int = 0

    @property
    def kept_bp(self) -> int:
        """Return kept of taken in basis points, floored; 0 when nothing was taken."""
        return self.kept * 10_000 // self.taken if self.taken else 0


def quick_day(code: str, today: date) -> date:
    """Return the day of one of `QUICK_DAYS`; the weekend is the coming Saturday, on a Saturday its Sunday."""
    weekday = today.weekday()
    saturday, monday = (5 - weekday) % 7 or 1, 7 - weekday
    days = {"today": 0, "tomorrow": 1, "three_days": 3, "weekend": saturday, "next_week": monday}
    return today + timedelta(days=days[code])


def check_plan(kind: str, due_at: Instant, now: datetime, note: str, pieces: Keys) -> list[TakenPiece]:
    """Return the pieces a new follow-up begins with.

    Raises:
        Rejected: `bad_arguments`, `follow_up_time`, `follow_up_pieces` or `note_too_long`.
    """
    if kind not in KINDS:
        raise Rejected("bad_arguments", "no kind of a follow-up", params={"field": "kind"})
    check_time(due_at, now)
    check_note(note)
    made: list[TakenPiece] = []
    for key in pieces:
        made = take(kind, OPEN, made, *_key(key), taken=True)
    return made


def check_time(due_at: Instant, now: datetime) -> None:
    """Raise `Rejected` (`follow_up_time`) unless the time is within a year behind and two years ahead of `now`."""
    try:
        at = from_text(due_at)
    except ValueError as wrong:
        raise Rejected("bad_arguments", "no instant", params={"field": "due_at"}) from wrong
    if not now - BEHIND <= at <= now + AHEAD:
        raise Rejected("follow_up_time")


def check_open(state: str) -> None:
    """Raise `Rejected` (`follow_up_closed`) unless it is open: what is closed is opened again first."""
    if state != OPEN:
        raise Rejected("follow_up_closed")


def check_stage(stage: str) -> str:
    """Return a stage, one of `STAGES` or none; raise `Rejected` (`bad_arguments`)."""
    if stage and stage not in STAGES:
        raise Rejected("bad_arguments", "no stage", params={"field": "stage"})
    return stage


def known_stage(stage: str) -> str:
    """Return a stage as it came, or none for one this version does not know."""
    return stage if stage in STAGES else ""


def take(
    kind: str, state: str, pieces: Sequence[TakenPiece], product_id: str, size: str, *, taken: bool
) -> list[TakenPiece]:
    """Return the pieces with one more, or without it; each piece of a size goes along once.

    Raises:
        Rejected: `follow_up_closed`, or `follow_up_pieces`: no visit, too many, or no good piece.
    """
    check_open(state)
    if kind != "visit" or not product_id or not _is_line(product_id, ID_MAX) or not _is_line(size, SIZE_MAX):
        raise Rejected("follow_up_pieces", params={"max": PIECES_MAX})
    rest = [one for one in pieces if (one.product_id, one.size) != (product_id, size)]
    if not taken:
        return rest
    if len(rest) < len(pieces):
        return list(pieces)
    if len(pieces) >= PIECES_MAX:
        raise Rejected("follow_up_pieces", params={"max": PIECES_MAX})
    return [*pieces, TakenPiece(product_id, size)]


def close(state: str, pieces: Sequence[TakenPiece], kept: Keys) -> list[TakenPiece]:
    """Return the pieces as a visit ends: those named in `kept` stayed with the customer; closing again corrects it.

    Raises:
        Rejected: `follow_up_closed` (it was cancelled), or `follow_up_pieces`: what was never taken cannot be kept.
    """
    if state == CANCELLED:
        raise Rejected("follow_up_closed")
    names = {_key(key) for key in kept}
    if names - {(one.product_id, one.size) for one in pieces}:
        raise Rejected("follow_up_pieces", params={"max": PIECES_MAX})
    return [replace(one, kept=(one.product_id, one.size) in names) for one in pieces]


def reopened(pieces: Sequence[TakenPiece]) -> list[TakenPiece]:
    """Return the pieces of a follow-up that is opened again: nothing counts as kept."""
    return [replace(one, kept=False) for one in pieces]


def check_cancel(state: str) -> None:
    """Raise `Rejected` (`follow_up_closed`) when it is done already; cancelling twice is fine."""
    if state == DONE:
        raise Rejected("follow_up_closed")


def is_followed(at: Instant, closed_at: Instant | None, paid_ats: Iterable[Instant]) -> bool:
    """Say whether an order was paid between a visit and seven days after it was closed, both ends included."""
    if closed_at is None:
        return False
    start, end = min(at, closed_at), from_text(closed_at) + ORDER_DAYS
    return any(start <= paid and from_text(paid) <= end for paid in paid_ats)


def conversion(visits: Iterable[tuple[Sequence[TakenPiece], bool]]) -> Conversion:
    """Return the sum over done visits, each (pieces, whether an order followed)."""
    count = taken = kept = ordered = 0
    for pieces, followed in visits:
        count, taken, ordered = count + 1, taken + len(pieces), ordered + followed
        kept += sum(one.kept for one in pieces)
    return Conversion(count, taken, kept, ordered)


def _key(key: Sequence[str]) -> tuple[str, str]:
    if isinstance(key, str) or len(key) != 2:
        raise Rejected("follow_up_pieces", "a piece is [product id, size]", params={"max": PIECES_MAX})
    return key[0], key[1]


def _is_line(text: str, most: int) -> bool:
    return len(text) <= most and text.isprintable()  # no control character, no half of a pair
