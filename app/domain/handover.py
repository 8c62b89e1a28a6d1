"""Handing customers over: who may take one, what becomes of the intervals, and how a leaver's book is split (2.5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.binding import (
    HANDED_OVER,
    TRANSFER_WINDOW,
    TRANSFERS_MAX,
    Binding,
    BindingPolicy,
    BindRequest,
    check_forbidden,
    clocks,
    hand_over,
    may_transfer,
)
from app.domain.errors import Rejected
from app.domain.folding import fold
from app.domain.instants import to_text

HANDED_BACK = "handed_back"  # why an interval ended: its guide gave the customer back to whom they came from
TO_POOL = "to_pool"  # why an interval ended: the customer became the store's, or the brand's own account's
WORDS_MAX = 200
CATEGORY_SEP = "\x1f"


def require(request: BindRequest, transfers_at: Sequence[datetime]) -> None:
    """Check that this guide may take the customer from a colleague at `request.at` (rules 2.3, 2.5).

    Raises:
        Rejected: `binding_*`, or `handover_limit` with the `day` from which it is possible again.
    """
    check_forbidden(request)
    if not may_transfer(transfers_at, request.at):
        raise Rejected("handover_limit", params={"again_at": to_text(free_again(transfers_at, request.at))})


def free_again(transfers_at: Sequence[datetime], at: datetime) -> datetime:
    """Return when the customer may be handed over once more; `at` itself if now."""
    recent = sorted(moved for moved in transfers_at if at - TRANSFER_WINDOW < moved <= at)
    return at if len(recent) < TRANSFERS_MAX else recent[-TRANSFERS_MAX] + TRANSFER_WINDOW


def move(
    current: Binding | None, customer_id: str, guide_id: str, at: datetime, policy: BindingPolicy, *, back: bool = False
) -> tuple[Binding, Binding | None]:
    """Return the new guide's interval and the old one, ended.

    Both clocks go on as they ran: only a paid order renews them (rule 2.2). A customer of nobody's gets fresh ones.
    `back`: to the guide they came from, who then owes nobody a share.
    """
    if current is None:
        protected, valid = clocks(at, policy)
        return Binding(customer_id, guide_id, at, protected, valid, reason=""), None
    made = replace(current, guide_id=guide_id, from_at=at, until_at=None, reason="")
    return made, replace(current, until_at=at, reason=HANDED_BACK if back else HANDED_OVER)


def share_out(
    book: Mapping[str, str], load: Mapping[str, int], skills: Mapping[str, frozenset[str]]
) -> dict[str, str | None]:
    """Return customer id -> guide id as `binding.hand_over`, taken category by category.

    So the numbers depend on how many customers like what, never on who they are: `preview` gives the same ones.
    """
    of: dict[str, list[str]] = {}
    for one in sorted(book):
        of.setdefault(book[one], []).append(one)
    places = _places({category: len(some) for category, some in of.items()})
    free = {category: iter(some) for category, some in of.items()}
    return {next(free[places[place]]): guide for place, guide in hand_over(places, load, skills).items()}


def preview(
    categories: Mapping[str, int], load: Mapping[str, int], skills: Mapping[str, frozenset[str]]
) -> dict[str, dict[str, int]]:
    """Return guide id -> category -> how many customers they would get, from counts alone."""
    places = _places(categories)
    shares: dict[str, dict[str, int]] = {guide: {} for guide in load}
    for place, guide in hand_over(places, load, skills).items():
        if guide is not None:
            mine, category = shares[guide], places[place]
            mine[category] = mine.get(category, 0) + 1
    return shares


def _places(categories: Mapping[str, int]) -> dict[str, str]:
    """Return one place for every customer, named so that they sort by category."""
    return {
        f"{category}{CATEGORY_SEP}{number:09d}": category
        for category, count in categories.items()
        for number in range(count)
    }


EVERYBODY, QUIET, CATEGORY = "", "quiet", "category/"  # groups of a book; a category's is CATEGORY + its name
QUIET_AFTER = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Listed:
    """A customer of a book whom a manager may tick.

    `category`: what they buy most, "" = nothing yet. `again_at`: twice handed over in 90 days, free again then.
    """

    id: str
    name: str
    pinyin: str = ""
    initials: str = ""
    level: str = ""
    category: str = ""
    last_order_at: str | None = None
    again_at: str | None = None


def latest_first(rows: Iterable[Listed]) -> tuple[Listed, ...]:
    """Return customers by their last purchase, the latest first; who never bought comes last, by name."""
    by_name = sorted(rows, key=lambda one: (one.pinyin, one.name, one.id))
    return tuple(sorted(by_name, key=lambda one: one.last_order_at or "", reverse=True))


def groups_of(rows: Iterable[Listed], at: datetime) -> dict[str, int]:
    """Return group -> how many: everybody, those quiet for 90 days where there are any, then what they buy most."""
    every = tuple(rows)
    likes: dict[str, int] = {}
    for one in every:
        likes[one.category] = likes.get(one.category, 0) + 1
    quiet = sum(1 for one in every if is_quiet(one, at))
    groups = {EVERYBODY: len(every)} | ({QUIET: quiet} if quiet else {})
    return groups | {CATEGORY + name: n for name, n in sorted(likes.items(), key=lambda kind: (-kind[1], kind[0]))}


def is_quiet(one: Listed, at: datetime) -> bool:
    """Say whether a customer has bought nothing for 90 days, or never."""
    return one.last_order_at is None or one.last_order_at <= to_text(at - QUIET_AFTER)


def matching(rows: Iterable[Listed], words: Collection[str], group: str, at: datetime) -> tuple[Listed, ...]:
    """Return those of a group whose name, pinyin or initials hold every word (`insight.finding.words_of`)."""
    return tuple(one for one in rows if _in_group(one, group, at) and _has(one, words))


def split_of(
    rows: Iterable[Listed], load: Mapping[str, int], skills: Mapping[str, frozenset[str]]
) -> dict[str, tuple[Listed, ...]]:
    """Return guide id -> whom they would get, as the server shares out (`share_out`); no guides: nobody gets any."""
    by_id = {one.id: one for one in rows}
    given: dict[str, list[Listed]] = {guide: [] for guide in load}
    for customer_id, guide in share_out({one.id: one.category for one in by_id.values()}, load, skills).items():
        if guide is not None:
            given[guide].append(by_id[customer_id])
    return {guide: tuple(some) for guide, some in given.items()}


def _in_group(one: Listed, group: str, at: datetime) -> bool:
    if group.startswith(CATEGORY):
        return one.category == group.removeprefix(CATEGORY)
    return group != QUIET or is_quiet(one, at)


def _has(one: Listed, words: Collection[str]) -> bool:
    if not words:
        return True
    hay = "\n".join((fold(one.name), fold(one.pinyin).replace(" ", ""), fold(one.initials)))
    return all(word in hay for word in words)
