"""One order event of another system, strictly read: every refusal names the place, such as `lines[2].paid_fen`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from app.domain import instants, money
from app.domain.errors import Rejected

KINDS = ("paid", "refunded", "cancelled")
CHANNELS = ("store", "miniprogram", "marketplace", "private")
CURRENCY = "CNY"
ID_MAX = 60
NO_MAX = 40
NAME_MAX = 200
LINES_MAX = 200
GIFTS_MAX = 10
QTY_MAX = 10_000
NUMBER_MAX = 1_000_000_000
_NAME = re.compile(r"[\x21-\x7e]+")  # ids and numbers: visible ASCII, so that two that look alike are alike
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One line as the other system sold it; `price_fen` is of one piece, the rest of all pieces.

    The goods are named by `product_id`, `product_no`, or `style_no` with `colour`; without any of them `name` stands.
    """

    line_no: int
    qty: int
    price_fen: int
    discount_fen: int
    paid_fen: int
    size: str = ""
    name: str | None = None
    product_id: str | None = None
    product_no: int | None = None
    style_no: str | None = None
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class BackLine:
    """Pieces of a line that came back; `paid_fen` is the money given back, None = in proportion."""

    line_no: int
    qty: int
    paid_fen: int | None


@dataclass(frozen=True, slots=True)
class Event:
    """A paid, refunded or cancelled order. `sold` is for paid; `back` None = all that is left."""

    event_id: str
    source: str
    kind: str
    order_no: str
    at: datetime
    channel: str = "store"
    created_at: datetime | None = None
    customer_id: str | None = None
    phone: str | None = None
    store_no: int | None = None
    city: str = ""
    coupon_code: str | None = None
    gift_codes: tuple[str, ...] = ()
    sold: tuple[SoldLine, ...] = ()
    back: tuple[BackLine, ...] | None = None


def refuse(code: str, place: str, detail: str = "") -> Rejected:
    """Return a refusal that says where in the event the fault stands."""
    return Rejected(code, detail or f"at {place}", params={"place": place})


def parse(raw: Mapping[str, Any]) -> Event:
    """Return the event.

    Raises:
        Rejected: `bad_arguments`, `amount_invalid` or `currency_unknown`, with `place`.
    """
    fields = _Fields(raw, "")
    event_id, source = fields.name("event_id", ID_MAX), fields.name("source", 32)
    kind, order_no = fields.one_of("kind", KINDS), fields.name("order_no", NO_MAX)
    at = fields.instant("at")
    if kind == "cancelled" and "currency" not in raw:
        fields.done()
        return Event(event_id, source, kind, order_no, at)
    if fields.text("currency", 8) != CURRENCY:
        raise refuse("currency_unknown", "currency")
    if kind != "paid":
        back = fields.each("lines", _back_line, LINES_MAX) if kind == "refunded" and "lines" in raw else None
        fields.done()
        return Event(event_id, source, kind, order_no, at, back=back)
    return _paid(fields, raw, Event(event_id, source, kind, order_no, at))


def _paid(fields: _Fields, raw: Mapping[str, Any], head: Event) -> Event:
    customer = fields.inner("customer")
    phone, customer_id = customer.maybe("phone", customer.text, 32), customer.maybe("id", customer.name, 64)
    customer.done()
    if (phone is None) == (customer_id is None):
        raise refuse("bad_arguments", "customer", "either a phone or a member id")
    sold = fields.each("lines", _sold_line, LINES_MAX)
    made = Event(
        head.event_id, head.source, head.kind, head.order_no, head.at,
        channel=fields.one_of("channel", CHANNELS),
        created_at=fields.instant("created_at") if "created_at" in raw else None,
        customer_id=customer_id, phone=phone,
        store_no=fields.maybe_number("store_no"),
        city=fields.maybe("city", fields.text, NAME_MAX) or "",
        coupon_code=fields.maybe("coupon_code", fields.text, 32),
        gift_codes=fields.each("gift_codes", _code, GIFTS_MAX) if "gift_codes" in raw else (),
        sold=sold,
    )  # fmt: skip
    if made.created_at is not None and made.created_at > made.at:
        raise refuse("bad_arguments", "created_at", "an order is paid after it is made")
    _check_sum(fields, raw, sold)
    fields.done()
    return made


def _check_sum(fields: _Fields, raw: Mapping[str, Any], sold: Sequence[SoldLine]) -> None:
    total = sum(line.paid_fen for line in sold)
    if total > money.FEN_MAX:
        raise refuse("amount_invalid", "lines", "the lines together are too much")
    if "paid_fen" in raw and fields.fen("paid_fen") != total:
        raise refuse("amount_invalid", "paid_fen", "not the sum of the lines")


def _sold_line(fields: _Fields) -> SoldLine:
    raw = fields.raw
    line = SoldLine(
        line_no=fields.whole("line_no", 1, QTY_MAX),
        qty=fields.whole("qty", 1, QTY_MAX),
        price_fen=fields.fen("price_fen"),
        discount_fen=fields.fen("discount_fen") if "discount_fen" in raw else 0,
        paid_fen=fields.fen("paid_fen"),
        size=fields.maybe("size", fields.text, 32) or "",
        name=fields.maybe("name", fields.text, NAME_MAX),
        product_id=fields.maybe("product_id", fields.name, 64),
        product_no=fields.maybe_number("product_no"),
        style_no=fields.maybe("style_no", fields.name, 32),
        colour=fields.maybe("colour", fields.text, 64),
    )
    fields.done()
    named = [one for one in (line.product_id, line.product_no, line.style_no) if one is not None]
    if len(named) > 1 or (not named and line.name is None):
        raise refuse("bad_arguments", fields.at("product_no"), "one of product_id, product_no, style_no, or a name")
    if line.price_fen * line.qty > money.FEN_MAX:
        raise refuse("amount_invalid", fields.at("price_fen"), "all pieces together are too much")
    if line.price_fen * line.qty - line.discount_fen != line.paid_fen:
        raise refuse("amount_invalid", fields.at("paid_fen"), "not price times qty less discount")
    return line


def _back_line(fields: _Fields) -> BackLine:
    money_back = fields.fen("paid_fen") if fields.raw.get("paid_fen") is not None else None
    least = 0 if money_back is not None else 1
    line = BackLine(fields.whole("line_no", 1, QTY_MAX), fields.whole("qty", least, QTY_MAX), money_back)
    fields.done("paid_fen")
    return line


def _code(fields: _Fields) -> str:
    code = fields.text("code", 32)
    fields.done()
    return code


class _Fields:
    """The fields of one JSON object and where it stands."""

    def __init__(self, raw: Any, place: str) -> None:
        if not isinstance(raw, Mapping):
            raise refuse("bad_arguments", place or "event", "not an object")
        self.raw = raw
        self._place = place
        self._asked: set[str] = set()

    def at(self, name: str) -> str:
        """Return the place of a field."""
        return f"{self._place}.{name}" if self._place else name

    def done(self, *more: str) -> None:
        """Refuse a field that nobody asked for: a mistyped name is never silently dropped."""
        unknown = sorted(set(self.raw) - self._asked - set(more))
        if unknown:
            raise refuse("bad_arguments", self.at(unknown[0][:64]), "unknown field")

    def text(self, name: str, longest: int) -> str:
        """Return a text that is not empty."""
        value = self._value(name)
        if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
            raise refuse("bad_arguments", self.at(name), f"want a text of 1 to {longest} characters")
        return value

    def name(self, name: str, longest: int) -> str:
        """Return an id or number: a text of visible ASCII."""
        value = self.text(name, longest)
        if not _NAME.fullmatch(value):
            raise refuse("bad_arguments", self.at(name), "want letters, digits and signs without blanks")
        return value

    def one_of(self, name: str, known: Sequence[str]) -> str:
        """Return one of the known words."""
        value = self._value(name)
        if value not in known:
            raise refuse("bad_arguments", self.at(name), f"want one of {', '.join(known)}")
        return str(value)

    def whole(self, name: str, least: int, most: int) -> int:
        """Return a whole number in its range."""
        value = self._value(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise refuse("bad_arguments", self.at(name), f"want a whole number from {least} to {most}")
        return value

    def maybe_number(self, name: str) -> int | None:
        """Return a store's or product's number that may be absent or null."""
        self._asked.add(name)
        return None if self.raw.get(name) is None else self.whole(name, 0, NUMBER_MAX)

    def fen(self, name: str) -> int:
        """Return an amount in whole fen."""
        try:
            return money.amount(self._value(name))
        except Rejected as no:
            raise refuse(no.code, self.at(name), no.detail) from no

    def instant(self, name: str) -> datetime:
        """Return a UTC instant."""
        try:
            return instants.from_text(self.text(name, 20))
        except ValueError as exc:
            raise refuse("bad_arguments", self.at(name), "want an instant like 2026-11-24T02:30:00Z") from exc

    def maybe(self, name: str, read: Callable[[str, int], str], longest: int) -> str | None:
        """Return a text that may be absent, null or empty."""
        self._asked.add(name)
        return None if self.raw.get(name) in (None, "") else read(name, longest)

    def inner(self, name: str) -> _Fields:
        """Return the object in a field."""
        return _Fields(self._value(name), self.at(name))

    def each(self, name: str, read: Callable[[_Fields], Item], most: int) -> tuple[Item, ...]:
        """Return the objects of a list; a bare text is an object with one `code`."""
        value = self._value(name)
        if not isinstance(value, list) or not 0 < len(value) <= most:
            raise refuse("bad_arguments", self.at(name), f"want a list of 1 to {most}")
        made: list[Item] = []
        for index, one in enumerate(value):
            made.append(read(_Fields({"code": one} if isinstance(one, str) else one, f"{self.at(name)}[{index}]")))
        self._check_numbers(name, made)
        return tuple(made)

    def _check_numbers(self, name: str, made: Sequence[Any]) -> None:
        seen: set[int] = set()
        for index, one in enumerate(made):
            number = getattr(one, "line_no", None)
            if number is not None and number in seen:
                raise refuse("bad_arguments", f"{self.at(name)}[{index}].line_no", "the line stands twice")
            if number is not None:
                seen.add(number)

    def _value(self, name: str) -> Any:
        self._asked.add(name)
        return self.raw.get(name)
