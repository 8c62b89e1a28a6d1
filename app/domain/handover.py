"""Handing customers over: who may take one, what becomes of the intervals, and how a leaver's book is split (2.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

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
    places = _places({category: sum(1 for one in book.values() if one == category) for category in book.values()})
    chosen = hand_over(places, load, skills)
    free = {
        category: iter(sorted(one for one, likes in book.items() if likes == category)) for category in book.values()
    }
    return {next(free[places[place]]): guide for place, guide in chosen.items()}


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
