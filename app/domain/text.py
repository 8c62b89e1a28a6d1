"""Limits of what people type, counted in characters, the same on both sides."""

from __future__ import annotations

from app.domain.errors import Rejected

NOTE_MAX = 2_000
TAG_MAX = 20


def check_note(note: str) -> str:
    """Return the note as it is stored; at most 2,000 characters, control characters but newline and tab refused.

    Raises:
        Rejected: `note_too_long`, or `bad_arguments`.
    """
    if len(note) > NOTE_MAX:
        raise Rejected("note_too_long", params={"max": NOTE_MAX, "length": len(note)})
    if not _printable(note.replace("\n", "").replace("\t", "")):
        raise Rejected("bad_arguments", "control character in a note")
    return note


def check_tag(tag: str) -> str:
    """Return the tag without surrounding blanks; 1 to 20 characters on one line.

    Raises:
        Rejected: `tag_invalid`.
    """
    text = tag.strip()
    if not 1 <= len(text) <= TAG_MAX or not _printable(text):
        raise Rejected("tag_invalid", params={"max": TAG_MAX})
    return text


def _printable(text: str) -> bool:
    return not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000 for char in text)
