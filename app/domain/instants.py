"""Instants as text: UTC, whole seconds, `2026-11-22T02:30:00Z`; the text sorts as the time does."""

from __future__ import annotations

from datetime import UTC, datetime

Instant = str


def to_text(at: datetime) -> Instant:
    """Return `at` as UTC text with whole seconds; the fraction is dropped.

    Raises:
        ValueError: `at` has no zone.
    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_text(text: Instant) -> datetime:
    """Return the UTC time written in `text`.

    Raises:
        ValueError: not an instant in the form above.
    """
    # fromisoformat reads more forms than ours (week dates, offsets, a blank for T), which would not sort.
    if len(text) != 20 or text[4] + text[7] + text[10] + text[13] + text[16] + text[19] != "--T::Z":
        raise ValueError("not an instant like 2026-11-22T02:30:00Z")
    return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)
