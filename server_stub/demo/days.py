"""Each guide's days for the manager's board, summed from what the seed wrote (as `trade.figures.bump` would)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from app.domain.calendar_days import day_of
from app.domain.instants import from_text
from server_stub.demo.brand_rows import Book, Row
from server_stub.demo.history import Life, Share
from server_stub.demo.people import ZONE
from server_stub.demo.trade_rows import Placed
from server_stub.trade.figures import DAY_FIELDS

BOARD_DAYS = 62


class Board:
    """Sums of the last 62 days by guide."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.today = day_of(book.now, ZONE)
        self._days: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)

    def add(self, guide: str | None, at: datetime, figure: str, n: int = 1) -> None:
        """Add to one figure of a guide's day."""
        day = day_of(at, ZONE)
        if guide is not None and 0 <= (self.today - day).days < BOARD_DAYS:
            self._days[guide, day.isoformat()][figure] += n

    def add_orders(self, placed: Iterable[Placed]) -> None:
        """Sales and orders by who won them; refunds lower the sales of their own day."""
        for one in placed:
            guide = one.head["closing_guide_id"] or one.head["bound_guide_id"]
            self.add(guide, one.order.at, "sales_fen", one.head["paid_fen"])
            self.add(guide, one.order.at, "orders")
            if one.order.refund:
                self.add(guide, one.order.refund.at, "sales_fen", -one.head["refunded_fen"])

    def add_visits(self, lives: Iterable[Life]) -> None:
        """A visit is a share opened; a binding counts on its first day."""
        for life in lives:
            for view in life.views:
                if view.share:
                    self.add(self.book.guides[view.share.guide], view.at, "visits")
            self.add(self.book.guides[life.member.guide], life.member.joined_at, "bindings")

    def add_work(
        self, shares: Iterable[Share], contacts: Iterable[Row], redeemed: Iterable[tuple[int, datetime]]
    ) -> None:
        """What the guides did: shares, contacts, coupons redeemed."""
        for share in shares:
            self.add(self.book.guides[share.guide], share.at, "shares")
        for row in contacts:
            self.add(row["guide_id"], from_text(row["at"]), "contacts")
        for guide, at in redeemed:
            self.add(self.book.guides[guide], at, "redeemed")

    def rows(self) -> list[Row]:
        """Return the board's rows."""
        shop = {guide: self.book.shop_of(place) for place, guide in enumerate(self.book.guides)}
        return [
            {
                "id": f"{guide}.{day}", "guide_id": guide, "store_id": shop[guide], "date": day,
                **{name: figures[name] for name in sorted(DAY_FIELDS)},
            }
            for (guide, day), figures in sorted(self._days.items())
        ]  # fmt: skip
