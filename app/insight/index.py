"""All customers of the open store in memory: search, segments, sorts. Nothing of it is written anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.domain.calendar_days import day_of
from app.domain.instants import Instant
from app.domain.segment import Figures, SegmentClock, champion_cut, segment_of
from app.protocol.objects import Customer, Tag
from app.store import Read, Store
from app.store.queries import brand, customers

ALL = "all"
SORTS = ("recent", "spend", "name")


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One line of the customers' list. `segments`: codes of `domain.segment.CODES`, in that order."""

    id: str
    name: str
    phone_masked: str
    level: str
    gender: str
    tags: tuple[Tag, ...]
    segments: tuple[str, ...]
    spend_fen: int
    order_count: int
    last_order_at: Instant | None
    joined_at: Instant
    birthday: str | None
    has_note: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    row: CustomerRow
    heads: tuple[str, ...]
    hay: str
    order_name: str
    figures: Figures


class CustomerIndex:
    """Search and sort over the unsealed customers of one open store.

    Nothing is read before the first question, or before `warm` reads everybody beside what a person does; give every
    commit's notice to `on_commit`. `version` grows with each change, for hooks that remember what they drew.
    """

    def __init__(self, read: Read, now: Callable[[], datetime], zone: str) -> None:
        self._read = read
        self._now = now
        self._zone = ZoneInfo(zone)
        self._entries: dict[str, _Entry] = {}
        self._sorted: dict[str, list[_Entry]] = {}
        self._counts: dict[str, int] | None = None
        self._day: date | None = None
        self._cut: int | None = None
        self._loaded = False
        self._missed: set[str] | None = set()  # whom commits touched while `warm` reads; None = anybody
        self.version = 0

    async def warm(self, store: Store) -> None:
        """Read every customer on the store's reader thread, so that the first question need not wait for it."""
        if self._loaded:
            return
        self._missed = set()
        fresh = await store.query_in_thread(self._loaded_copy)
        if self._loaded:  # somebody asked meanwhile
            return
        self._entries, self._cut, self._day = fresh._entries, fresh._cut, fresh._day
        self._loaded = True
        if self._missed is None:
            self.load()
        elif self._missed:
            self._refresh(self._missed)
        self.version += 1

    def _loaded_copy(self, read: Read) -> CustomerIndex:
        fresh = CustomerIndex(read, self._now, str(self._zone))
        fresh.load()
        return fresh

    def load(self) -> None:
        """Read every customer."""
        found = customers.all_customers(self._read)
        self._day = day_of(self._now(), self._zone)
        self._entries = {}
        self._fill(found)
        self._loaded = True

    def on_commit(self, touched: frozenset[str]) -> bool:
        """Take in what a commit touched; say whether anything here changed."""
        if not touched & {"customer", "setting"}:
            return False
        ids: Collection[str] | None = None if "setting" in touched else getattr(touched, "ids", {}).get("customer")
        if not self._loaded:
            self._missed = None if ids is None or self._missed is None else self._missed | set(ids)
        elif ids is None:
            self.load()
        else:
            self._refresh(ids)
        return True

    def search(self, text: str = "", segment: str = ALL, sort: str = "recent") -> tuple[CustomerRow, ...]:
        """Return the customers that match every word of `text`, those that begin with it first.

        Args:
            text: Words of name, pinyin (whole or initials), phone tail, tags or note, in any case.
            segment: `all` or a code of `domain.segment.CODES`.
            sort: recent (last order) | spend | name (by pinyin).
        """
        self._keep_up()
        words = text.casefold().split()
        entries: Iterable[_Entry] = self._in_order(sort)
        if segment != ALL:
            entries = (e for e in entries if segment in e.row.segments)
        if not words:
            return tuple(e.row for e in entries)
        first: list[CustomerRow] = []
        rest: list[CustomerRow] = []
        for entry in entries:
            if all(word in entry.hay for word in words):
                (first if any(head.startswith(words[0]) for head in entry.heads) else rest).append(entry.row)
        return (*first, *rest)

    def counts(self) -> dict[str, int]:
        """Return how many customers each segment holds, `all` included."""
        self._keep_up()
        if self._counts is None:
            tally: Counter[str] = Counter(code for e in self._entries.values() for code in e.row.segments)
            self._counts = {ALL: len(self._entries), **tally}
        return dict(self._counts)

    def get(self, customer_id: str) -> CustomerRow | None:
        """Return one row, or None."""
        self._keep_up()
        entry = self._entries.get(customer_id)
        return entry.row if entry else None

    def __len__(self) -> int:
        self._keep_up()
        return len(self._entries)

    def _keep_up(self) -> None:
        """Read everybody at the first question, and again at midnight of the store's zone, when segments move."""
        if not self._loaded or day_of(self._now(), self._zone) != self._day:
            self.load()

    def _in_order(self, sort: str) -> list[_Entry]:
        if sort not in self._sorted:
            entries = list(self._entries.values())
            entries.sort(key=lambda e: (e.order_name, e.row.id))
            if sort == "recent":
                entries.sort(key=lambda e: e.row.last_order_at or "", reverse=True)
            elif sort == "spend":
                entries.sort(key=lambda e: -e.row.spend_fen)
            self._sorted[sort] = entries
        return self._sorted[sort]

    def _refresh(self, ids: Collection[str]) -> None:
        found = customers.customers_by_ids(self._read, ids)
        for gone in set(ids) - found.keys():
            self._entries.pop(gone, None)
        self._fill(found.values())

    def _fill(self, found: Iterable[Customer]) -> None:
        setting = brand.brand_setting(self._read)
        clock = SegmentClock(self._now(), self._zone, dormant_days=setting.dormant_days if setting else 365)
        fresh = [(customer, Figures.from_wire(customer)) for customer in found]
        spends = {id_: e.row.spend_fen for id_, e in self._entries.items()}
        spends |= {customer.id: customer.spend_fen for customer, _ in fresh}
        cut = champion_cut(list(spends.values()))
        if cut != self._cut:  # the spend of some moves the line that the others stand on
            self._cut = cut
            self._classify(clock)
        for customer, figures in fresh:
            self._entries[customer.id] = _entry(customer, figures, segment_of(figures, clock, champion_cut_fen=cut))
        self._sorted.clear()
        self._counts = None
        self.version += 1

    def _classify(self, clock: SegmentClock) -> None:
        """Ask anew which segments everybody held belongs to."""
        for id_, entry in self._entries.items():
            segments = segment_of(entry.figures, clock, champion_cut_fen=self._cut)
            if segments != entry.row.segments:
                self._entries[id_] = replace(entry, row=replace(entry.row, segments=segments))


def _entry(customer: Customer, figures: Figures, segments: tuple[str, ...]) -> _Entry:
    pinyin = customer.pinyin.casefold()
    joined = pinyin.replace(" ", "")
    heads = (customer.name.casefold(), joined, customer.initials.casefold(), customer.phone_tail)
    words = (*heads, pinyin, *(tag.name.casefold() for tag in customer.tags), customer.note.casefold())
    row = CustomerRow(
        id=customer.id,
        name=customer.name,
        phone_masked=customer.phone_masked,
        level=customer.level,
        gender=customer.gender,
        tags=tuple(customer.tags),
        segments=segments,
        spend_fen=customer.spend_fen,
        order_count=customer.order_count,
        last_order_at=customer.last_order_at,
        joined_at=customer.joined_at,
        birthday=customer.birthday,
        has_note=bool(customer.note),
    )
    return _Entry(row, heads, "\n".join(words), pinyin or customer.name, figures)
