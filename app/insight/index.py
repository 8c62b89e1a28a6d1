"""All customers of the open store in memory: search, segments, sorts. Nothing of it is written anywhere."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.book import Facts, Filter, circles_of, worth_of
from app.domain.calendar_days import day_of
from app.domain.instants import Instant, to_text
from app.domain.money import Fen
from app.domain.segment import Figures, SegmentClock, champion_cut, segment_of
from app.insight.finding import Hay, Hit, hay_of, hit_of, rank, words_of
from app.protocol.objects import Customer, Tag
from app.store import Read, Store
from app.store.queries import brand, coupons, customers

ALL = "all"
SUPER = "super"
SORTS = ("recent", "spend", "valuable", "silent", "newest", "name")


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One line of the customers' list. `segments`: codes of `domain.segment.CODES` and `domain.book.CIRCLES`.

    They make no difference between two rows: no list shows them, and a row that looks the same is not drawn again.
    """

    id: str
    name: str
    phone_masked: str
    level: str
    gender: str
    tags: tuple[Tag, ...]
    segments: tuple[str, ...] = field(compare=False)
    spend_fen: int
    order_count: int
    last_order_at: Instant | None
    joined_at: Instant
    birthday: str | None
    has_note: bool
    sizes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    row: CustomerRow
    hay: Hay
    by_name: str
    figures: Figures
    consents: Mapping[str, bool]
    worth_fen: Fen


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
        self._reading: asyncio.Future[None] | None = None
        self._supers: frozenset[str] = frozenset()
        self._missed: set[str] | None = set()  # whom commits touched while `warm` reads; None = anybody
        self._members: dict[Filter, frozenset[str]] = {}
        self._holders: frozenset[str] | None = None
        self._last: tuple[object, tuple[CustomerRow, ...]] | None = None  # several parts of a screen ask the same
        self._clock = SegmentClock(now(), self._zone)
        self.version = 0

    async def warm(self, store: Store) -> None:
        """Read every customer on the store's reader thread, so that the first question need not wait for it.

        Who asks while it reads waits for the same reading.
        """
        if self._loaded:
            return
        if self._reading is None:
            self._missed = set()
            self._reading = asyncio.ensure_future(self._read_all(store))
            self._reading.add_done_callback(lambda _done: setattr(self, "_reading", None))
        await asyncio.shield(self._reading)

    async def _read_all(self, store: Store) -> None:
        fresh = await store.query_in_thread(self._loaded_copy)
        if self._loaded:  # somebody asked meanwhile
            return
        self._entries, self._cut, self._day, self._clock = fresh._entries, fresh._cut, fresh._day, fresh._clock
        self._loaded = True
        if self._missed is None:
            self.load()
        elif self._missed:
            self._refresh(self._missed)
        self._changed()

    def _loaded_copy(self, read: Read) -> CustomerIndex:
        fresh = CustomerIndex(read, self._now, str(self._zone))
        fresh.load()
        return fresh

    @property
    def is_loaded(self) -> bool:
        """Whether a question is answered at once."""
        return self._loaded

    def mark_super(self, ids: frozenset[str]) -> None:
        """Take in who the super users are (rule 6.4): found off the loop, for it sweeps over all orders."""
        if ids != self._supers:
            self._supers = ids
            self._classify()
            self._changed()

    def load(self) -> None:
        """Read every customer."""
        found = customers.all_customers(self._read)
        self._day = day_of(self._now(), self._zone)
        self._entries = {}
        self._fill(found)
        self._loaded = True

    def on_commit(self, touched: frozenset[str]) -> bool:
        """Take in what a commit touched; say whether anything here changed."""
        if "coupon" in touched:
            self._holders = None
            self._changed(False)
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

    def search(
        self, text: str = "", segment: str = ALL, sort: str = "recent", chosen: Filter | None = None
    ) -> tuple[CustomerRow, ...]:
        """Return the customers that match every word of `text`, those whose name begins with it first.

        Args:
            text: Words of name, pinyin (whole or initials), phone tail, tags or note, in any case, width and script.
            segment: `all`, or a code of `domain.segment.CODES` or `domain.book.CIRCLES`.
            sort: recent (last order) | spend | valuable (a month of life) | silent (longest not seen) | newest | name.
            chosen: A filter in place of the segment.
        """
        self._keep_up()
        asked = (words_of(text), segment, sort, chosen)
        if self._last is None or self._last[0] != asked:
            self._last = (asked, self._found(*asked))
        return self._last[1]

    def _found(self, words: tuple[str, ...], segment: str, sort: str, chosen: Filter | None) -> tuple[CustomerRow, ...]:
        entries: Iterable[_Entry] = self._in_order(sort)
        if chosen is not None:
            inside = self._inside(chosen)
            entries = (e for e in entries if e.row.id in inside)
        elif segment != ALL:
            entries = (e for e in entries if segment in e.row.segments)
        if not words:
            return tuple(e.row for e in entries)
        ranks: tuple[list[CustomerRow], ...] = ([], [], [])
        for entry in entries:
            hay = entry.hay.all
            for word in words:
                if word not in hay:
                    break
            else:
                ranks[rank(entry.hay, words)].append(entry.row)
        return (*ranks[0], *ranks[1], *ranks[2])

    def hit(self, customer_id: str, text: str) -> Hit:
        """Return where the words of a search stand in a row."""
        self._keep_up()
        entry = self._entries.get(customer_id)
        words = words_of(text)
        return hit_of(entry.hay, words) if entry and words else Hit()

    def count_of(self, chosen: Filter) -> int:
        """Return how many customers a filter holds."""
        self._keep_up()
        return len(self._inside(chosen))

    def values(self, kind: str) -> tuple[tuple[str, int], ...]:
        """Return what there is to choose from in a filter, the most frequent first: `tags`, `sizes` or `levels`."""
        self._keep_up()
        tally: Counter[str] = Counter()
        for entry in self._entries.values():
            row = entry.row
            found = (row.level,) if kind == "levels" else row.sizes if kind == "sizes" else _tag_names(row)
            tally.update(set(found))
        return tuple(sorted(tally.items(), key=lambda one: (-one[1], one[0])))

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

    def _changed(self, rows: bool = True) -> None:
        """Forget what was worked out of the rows (or, without `rows`, of the coupons beside them)."""
        self._members.clear()
        self._last = None
        if rows:
            self._sorted.clear()
            self._counts = None
            self.version += 1

    def _inside(self, chosen: Filter) -> frozenset[str]:
        """Return who is in a filter; asked once until something changes."""
        if chosen not in self._members:
            holders = self._coupon_holders() if chosen.coupon else frozenset()
            self._members[chosen] = frozenset(
                e.row.id for e in self._entries.values() if chosen.holds(self._facts(e, holders))
            )
        return self._members[chosen]

    def _coupon_holders(self) -> frozenset[str]:
        if self._holders is None:
            self._holders = coupons.holders(self._read, to_text(self._now()))
        return self._holders

    def _facts(self, entry: _Entry, holders: Collection[str]) -> Facts:
        row, clock = entry.row, self._clock
        silent = None if row.last_order_at is None else clock.today - clock.day_of(row.last_order_at)
        return Facts(row.segments, _tag_names(row), row.level, row.sizes, row.spend_fen, silent, row.id in holders)

    def _in_order(self, sort: str) -> list[_Entry]:
        if sort not in self._sorted:
            entries = sorted(self._entries.values(), key=lambda e: (e.by_name, e.row.id))
            if sort in _ORDERS:
                key, reverse = _ORDERS[sort]
                entries.sort(key=key, reverse=reverse)
            self._sorted[sort] = entries
        return self._sorted[sort]

    def _refresh(self, ids: Collection[str]) -> None:
        found = customers.customers_by_ids(self._read, ids)
        for gone in set(ids) - found.keys():
            self._entries.pop(gone, None)
        self._fill(found.values())

    def _fill(self, found: Iterable[Customer]) -> None:
        setting = brand.brand_setting(self._read)
        self._clock = SegmentClock(self._now(), self._zone, dormant_days=setting.dormant_days if setting else 365)
        fresh = [(customer, Figures.from_wire(customer)) for customer in found]
        spends = {id_: e.row.spend_fen for id_, e in self._entries.items()}
        spends |= {customer.id: customer.spend_fen for customer, _ in fresh}
        cut = champion_cut(list(spends.values()))
        if cut != self._cut:  # the spend of some moves the line that the others stand on
            self._cut = cut
            self._classify()
        for customer, figures in fresh:
            segments = self._segments(customer.id, figures, customer.birthday, customer.consents)
            self._entries[customer.id] = _entry(customer, figures, segments, self._clock)
        self._changed()

    def _segments(
        self, customer_id: str, figures: Figures, birthday: str | None, consents: Mapping[str, bool]
    ) -> tuple[str, ...]:
        found = segment_of(figures, self._clock, champion_cut_fen=self._cut)
        circles = circles_of(figures, self._clock, birthday=birthday, consents=consents)
        return (*found, *circles, *((SUPER,) if customer_id in self._supers else ()))

    def _classify(self) -> None:
        """Ask anew which segments everybody held belongs to."""
        for id_, entry in self._entries.items():
            segments = self._segments(id_, entry.figures, entry.row.birthday, entry.consents)
            if segments != entry.row.segments:
                self._entries[id_] = replace(entry, row=replace(entry.row, segments=segments))


_ORDERS: dict[str, tuple[Callable[[_Entry], Any], bool]] = {
    "recent": (lambda e: e.row.last_order_at or "", True),
    "spend": (lambda e: e.row.spend_fen, True),
    "valuable": (lambda e: e.worth_fen, True),
    "silent": (lambda e: e.row.last_order_at or e.row.joined_at, False),
    "newest": (lambda e: e.row.joined_at, True),
}
"""The key of each sort, and whether the largest comes first; `name` is the order before each of them."""


def _entry(customer: Customer, figures: Figures, segments: tuple[str, ...], clock: SegmentClock) -> _Entry:
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
        sizes=tuple(dict.fromkeys(size for size in customer.sizes.values() if size)),
    )
    hay = hay_of(customer)
    return _Entry(row, hay, _by_name(hay), figures, customer.consents, worth_of(figures, clock))


def _by_name(hay: Hay) -> str:
    """Return the key of the pinyin order: character by character, its sound first, so that one surname stays together.

    Names in letters stand among them by their letters; what has no sound at all comes last.
    """
    if not hay.syllables:
        return hay.front[1:]
    return " ".join(f"{sound} {char}" for sound, char in zip(hay.syllables, hay.name, strict=True))


def _tag_names(row: CustomerRow) -> tuple[str, ...]:
    return tuple(tag.name for tag in row.tags)
