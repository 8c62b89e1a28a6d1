"""What is known of a customer, fact by fact, each with where it came from (feature A3).

A fact the guide writes is one row, named by kind and name, so two devices that write different facts lose none. It
stands above what the member or the orders say of the same thing, but for a birthday; removing it brings that back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.domain.calendar_days import days_to_anniversary
from app.domain.errors import Rejected
from app.domain.instants import Instant

SIZE, LIKE, DATE, PRICE, CHANNEL, MANNER, BIRTHDAY = "size", "like", "date", "price", "channel", "manner", "birthday"
KINDS = (SIZE, LIKE, PRICE, CHANNEL, MANNER, BIRTHDAY, DATE)
PARTS = ("top", "bottom", "dress", "shoe")
CHOICES: Mapping[str, tuple[str, ...]] = {
    PRICE: ("careful", "balanced", "free"),
    CHANNEL: ("chat", "call", "come_in"),
    MANNER: ("quiet", "warm"),
}
MEMBER, ORDERS, GUIDE = "member", "orders", "guide"  # sources
SIZE_MAX = 12
NAME_MAX = 40
LABEL_MAX = 20
FACTS_MAX = 60


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. kind of `KINDS`; `name`: the size's part, what is liked, or the date's label, else empty.

    `value`: a size, a choice, or `MM-DD`; empty for a like. source: member | orders | guide, with the day if known.
    """

    kind: str
    name: str
    value: str
    source: str = GUIDE
    at: Instant | None = None


def check_fact(kind: str, name: str, value: str) -> tuple[str, str]:
    """Return name and value as they are stored.

    Raises:
        Rejected: `bad_arguments` for an unknown kind, `fact_invalid` for what is no such fact.
    """
    if kind not in KINDS:
        raise Rejected("bad_arguments", "no kind of a fact", params={"field": "kind"})
    name, value = name.strip(), value.strip()
    if not (_is_good_name(kind, name) and _is_good_value(kind, value)):
        raise Rejected("fact_invalid")
    return name, value


def check_birthday(known: str | None, facts: Sequence[Fact]) -> None:
    """Raise `Rejected` (`birthday_known`) when the member's own birthday is known; a guide's may be written anew."""
    if known and not is_guides_birthday(known, facts):
        raise Rejected("birthday_known")


def is_guides_birthday(known: str | None, facts: Sequence[Fact]) -> bool:
    """Say whether the birthday that is known is the one a guide wrote."""
    return any(fact.kind == BIRTHDAY and fact.value == known for fact in facts)


def with_fact(facts: Sequence[Fact], fact: Fact) -> list[Fact]:
    """Return the facts with this one in the place of the one of its kind and name.

    Raises:
        Rejected: `fact_invalid`, there are too many.
    """
    rest = without_fact(facts, fact.kind, fact.name)
    if len(rest) >= FACTS_MAX:
        raise Rejected("fact_invalid", "too many facts")
    return [*rest, fact]


def without_fact(facts: Sequence[Fact], kind: str, name: str) -> list[Fact]:
    """Return the facts without the one of this kind and name."""
    return [fact for fact in facts if (fact.kind, fact.name) != (kind, name.strip())]


def portrait(
    sizes: Mapping[str, str], likes: Sequence[str], birthday: str | None, facts: Sequence[Fact]
) -> tuple[Fact, ...]:
    """Return everything known, in the order of `KINDS`, then as written; the guide's word stands above the others'."""
    known = list(facts)
    said = {(fact.kind, fact.name) for fact in facts}
    known += [Fact(SIZE, part, size, MEMBER) for part, size in sizes.items() if (SIZE, part) not in said]
    known += [Fact(LIKE, name, "", ORDERS) for name in likes if (LIKE, name) not in said]
    if birthday and not is_guides_birthday(birthday, facts):
        known = [fact for fact in known if fact.kind != BIRTHDAY]  # the member's own counts
        known.append(Fact(BIRTHDAY, "", birthday, MEMBER))
    parts = {part: place for place, part in enumerate(PARTS)}
    return tuple(sorted(known, key=lambda fact: (KINDS.index(fact.kind), parts.get(fact.name, len(PARTS)))))


def _is_good_name(kind: str, name: str) -> bool:
    if kind == SIZE:
        return name in PARTS
    if kind in (LIKE, DATE):
        return bool(name) and _is_line(name, NAME_MAX if kind == LIKE else LABEL_MAX)
    return not name


def _is_good_value(kind: str, value: str) -> bool:
    if kind in (DATE, BIRTHDAY):
        return is_month_day(value)
    if kind == SIZE:
        return bool(value) and _is_line(value, SIZE_MAX)
    return value in CHOICES.get(kind, ("",))


def is_month_day(text: str) -> bool:
    """Say whether `text` is a day of the year as `MM-DD`; 29 February is one."""
    whole = len(text) == 5 and text[2] == "-" and (text[:2] + text[3:]).isascii() and (text[:2] + text[3:]).isdigit()
    return whole and days_to_anniversary(text, date(2000, 1, 1)) is not None


def month_day(text: str) -> str | None:
    """Return what somebody typed for a day of the year (0524, 5-24, 5/24, 5月24日) as `MM-DD`, or None."""
    parts = re.findall(r"[0-9]+", text)
    if len(parts) == 1 and len(parts[0]) == 4:
        parts = [parts[0][:2], parts[0][2:]]
    if len(parts) != 2 or max(len(part) for part in parts) > 2:
        return None
    found = f"{int(parts[0]):02d}-{int(parts[1]):02d}"
    return found if is_month_day(found) else None


def _is_line(text: str, most: int) -> bool:
    return len(text) <= most and text.isprintable()
