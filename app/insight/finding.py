"""What a search looks at in one customer, and where its words stand in the row."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from app.domain.folding import fold
from app.protocol.objects import Customer

WORD = re.compile(r"[0-9]+|[a-z]+|[^0-9a-z\s]+")
FULL_PHONE = 11
HIDDEN = "\ue000"  # stands for the asterisks of a masked phone, so that a typed asterisk finds nobody
SNIPPET = 10  # characters of a note before the match
NOTE_SHOWN = 60
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Hay:
    """The texts of one customer that are searched, as written, and folded into two strings.

    `front`: what a name search begins with (name, pinyin, initials, tail), each after a newline; `all`: everything.
    `syllables`: the pinyin of each character of the name, empty when they cannot be told apart.
    """

    name: str
    pinyin: str
    initials: str
    phone: str
    tags: tuple[str, ...]
    note: str
    front: str
    all: str
    syllables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """Where the words of a search stand: in the name, and in one more text (`kind`: phone | pinyin | tag | note)."""

    name: tuple[Span, ...] = ()
    kind: str = ""
    text: str = ""
    spans: tuple[Span, ...] = ()


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a search: folded, apart at blanks and where letters, digits and hanzi meet.

    A whole phone number becomes its masked form, which is all this device knows of it.
    """
    words = dict.fromkeys(WORD.findall(fold(text)))
    return tuple(w[:3] + HIDDEN * 4 + w[-4:] if len(w) == FULL_PHONE and w.isdigit() else w for w in words)


def hay_of(customer: Customer) -> Hay:
    """Return what a search looks at."""
    pinyin = fold(customer.pinyin).replace(" ", "")
    initials = fold(customer.initials)
    tags = tuple(tag.name for tag in customer.tags)
    front = "\n".join(("", fold(customer.name), pinyin, initials, customer.phone_tail))
    rest = "\n".join((front, _hidden(customer.phone_masked), *map(fold, tags), fold(customer.note)))
    syllables = syllables_of(customer.name, pinyin, initials)
    return Hay(customer.name, pinyin, initials, customer.phone_masked, tags, customer.note, front, rest, syllables)


def syllables_of(name: str, pinyin: str, initials: str) -> tuple[str, ...]:
    """Return the pinyin of each character of `name`: yi, nuo of 一诺; empty when there is no one way to part it."""
    if not initials.isascii() or not initials.isalpha() or len(initials) != len(name):
        return ()
    parts = "".join(f"({one}h?[aeiouv]*(?:ng?|r)?)" for one in initials)
    found = re.fullmatch(parts, pinyin)
    return found.groups() if found else ()


def rank(hay: Hay, words: tuple[str, ...]) -> int:
    """Return how well a customer who has every word fits: 0 begins with the first, 1 has it in name or tail, 2 else."""
    if f"\n{words[0]}" in hay.front:
        return 0
    return 1 if words[0] in hay.front else 2


def hit_of(hay: Hay, words: Iterable[str]) -> Hit:
    """Return where each word stands; the first that is not in the name decides what else is shown."""
    name: list[Span] = []
    other: Hit | None = None
    for word in words:
        spans = _in_name(hay, word)
        if spans:
            name += spans
        elif other is None:
            other = _elsewhere(hay, word)
    shown = other or Hit()
    return Hit(_merged(name), shown.kind, shown.text, shown.spans)


def _in_name(hay: Hay, word: str) -> list[Span]:
    if spans := _spans(fold(hay.name), word):
        return spans
    at = hay.initials.find(word)
    if at >= 0 and len(hay.initials) == len(hay.name):
        return [(at, at + len(word))]
    at = "".join(hay.syllables).find(word)
    if at < 0:
        return []
    ends = list(accumulate(map(len, hay.syllables)))
    first = next(i for i, end in enumerate(ends) if end > at)
    last = next(i for i, end in enumerate(ends) if end >= at + len(word))
    return [(first, last + 1)]


def _elsewhere(hay: Hay, word: str) -> Hit | None:
    if spans := _spans(_hidden(hay.phone), word, last=True):
        return Hit((), "phone", hay.phone, tuple(spans))
    texts = [("pinyin", hay.pinyin), ("pinyin", hay.initials), *(("tag", tag) for tag in hay.tags)]
    for kind, text in texts:
        if spans := _spans(fold(text), word):
            return Hit((), kind, text, tuple(spans))
    return _in_note(hay.note, word)


def _in_note(note: str, word: str) -> Hit | None:
    at = fold(note).find(word)
    if at < 0:
        return None
    begin = 0 if at <= SNIPPET else at - SNIPPET
    end = begin + NOTE_SHOWN
    text = ("…" if begin else "") + note[begin:end].replace("\n", " ") + ("…" if len(note) > end else "")
    return Hit((), "note", text, tuple(_spans(fold(text), word)))


def _hidden(masked: str) -> str:
    return masked.replace("*", HIDDEN)


def _spans(text: str, word: str, last: bool = False) -> list[Span]:
    at = text.rfind(word) if last else text.find(word)
    return [] if at < 0 else [(at, at + len(word))]


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans in order, those that touch joined."""
    made: list[Span] = []
    for begin, end in sorted(spans):
        if made and begin <= made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        else:
            made.append((begin, end))
    return tuple(made)
