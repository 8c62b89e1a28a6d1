"""Reading a file of another system: text in, checked rows and refused lines out; no database here.

A file is CSV or blank-separated text. Which column holds what stands in a small TOML or in flags; a
file without either is read by its header's names, and one without a header by what its columns hold.
"""

from __future__ import annotations

import csv
import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.domain.errors import Rejected
from app.domain.money import FEN_MAX

DATE_FORMATS = ("%Y%m%d", "%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%SZ")
DELIMITERS = {"blank": None, "comma": ",", "tab": "\t", "semicolon": ";"}
NAMES = {
    "customer": ("customer", "customer_id", "member", "member_id", "会员号", "顾客号"),
    "date": ("date", "paid_at", "created_at", "日期", "下单时间", "支付时间"),
    "qty": ("qty", "quantity", "items", "件数", "数量"),
    "amount": ("amount", "paid", "total", "金额", "实付"),
    "refunded": ("refunded", "refund", "退款", "退款金额"),
    "order_no": ("order_no", "order", "订单号"),
    "product": ("product", "item", "商品", "款号"),
    "name": ("name", "姓名"),
    "phone": ("phone", "mobile", "手机", "手机号"),
    "gender": ("gender", "性别"),
    "birthday": ("birthday", "生日"),
    "level": ("level", "等级", "会员等级"),
    "joined": ("joined", "joined_at", "入会时间", "入会日期"),
    "note": ("note", "备注"),
}
NEEDED = {"orders": ("customer", "date", "amount"), "customers": ("customer",)}
QTY_MAX = 10_000
TEXT_MAX = 200
_MONEY = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2}0*)?")
_FEN = re.compile(r"[0-9]{1,14}")
_COUNT = re.compile(r"[0-9]{1,6}")
_BIRTHDAY = re.compile(r"(?:[0-9]{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_PHONE = re.compile(r"1[3-9][0-9]{9}")
_GENDERS = {"": "", "f": "f", "female": "f", "女": "f", "m": "m", "male": "m", "男": "m"}


Row = TypeVar("Row")


class BadRow(ValueError):
    """One line of the file cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read a file: `columns` maps a field to a number from 1 or to a name of the header."""

    columns: Mapping[str, int | str] = field(default_factory=dict)
    source: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    date_format: str | None = None
    money: str = "yuan"
    zone: str = "Asia/Shanghai"
    time: str = "12:00"
    customer_name: str = "{source} {customer}"
    item_name: str = "历史购买"


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One purchase. `row_hash` is over the content, `nth` counts equal rows of the file from 1."""

    line: int
    row_hash: str
    nth: int
    customer: str
    at: datetime
    qty: int
    amount_fen: int
    order_no: str | None
    product: str | None
    refunded_fen: int = 0


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One customer of another system; empty text where the file says nothing."""

    line: int
    row_hash: str
    nth: int
    customer: str
    name: str
    phone: str
    gender: str
    birthday: str | None
    level: str
    joined: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """A refused line: its number in the file, why, and its cells as they stood."""

    line: int
    reason: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parsed(Generic[Row]):
    """What a file held; `columns` are the numbers used, so that a guess can be shown."""

    source: str
    layout: Layout
    columns: dict[str, int]
    rows: tuple[Row, ...]
    bad: tuple[BadLine, ...]


def load_layout(
    file: Path | None, *, columns: Mapping[str, int | str] | None = None, source: str | None = None
) -> Layout:
    """Return the layout of a TOML file, overridden by flags.

    Raises:
        Rejected: `bad_arguments` with the key that is wrong.
    """
    layout = Layout()
    if file is not None:
        try:
            raw = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
            raise _bad_layout(f"{file.name}: {exc}") from exc
        layout = _layout_of(raw)
    layout = replace(layout, columns={**layout.columns, **(columns or {})}, source=source or layout.source)
    for name in layout.columns:
        if name not in NAMES:
            raise _bad_layout(f"unknown field {name}; known: {', '.join(NAMES)}")
    return layout


def parse_column_flags(flags: Sequence[str]) -> dict[str, int | str]:
    """Return the columns of flags like `customer=1` or `amount=Total`."""
    columns: dict[str, int | str] = {}
    for flag in flags:
        name, equals, where = flag.partition("=")
        if not (name and equals and where):
            raise _bad_layout(f"a column is written field=number or field=header, not {flag!r}")
        columns[name] = int(where) if where.isascii() and where.isdigit() else where
    return columns


def read_orders(file: Path, layout: Layout, now: datetime) -> Parsed[OrderRow]:
    """Return the purchases of a file and the lines that are none."""
    reader = _Reader(file, layout, "orders")
    return reader.parse(lambda line, digest, nth, cells: _order_row(reader, now, line, digest, nth, cells))


def read_customers(file: Path, layout: Layout, now: datetime) -> Parsed[CustomerRow]:
    """Return the customers of a file and the lines that are none."""
    reader = _Reader(file, layout, "customers")
    return reader.parse(lambda line, digest, nth, cells: _customer_row(reader, now, line, digest, nth, cells))


def write_rejects(file: Path, bad: Sequence[BadLine]) -> Path:
    """Write the refused lines beside the file, with line number and reason before the cells."""
    target = file.with_name(f"{file.name}.rejected.csv")
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["line", "reason"])
        for row in bad:
            writer.writerow([row.line, row.reason, *row.cells])
    return target


def zone_of(layout: Layout) -> ZoneInfo:
    """Return the zone in which the file's dates stand.

    Raises:
        Rejected: `bad_arguments`.
    """
    try:
        return ZoneInfo(layout.zone)
    except (ZoneInfoNotFoundError, ValueError) as exc:
        raise _bad_layout(f"zone: {exc}") from exc


def _bad_layout(detail: str) -> Rejected:
    return Rejected("bad_arguments", detail, params={"field": "file"})


def _layout_of(raw: dict[str, object]) -> Layout:
    known = {
        "source",
        "delimiter",
        "header",
        "date_format",
        "money",
        "zone",
        "time",
        "customer_name",
        "item_name",
        "columns",
    }
    unknown = set(raw) - known
    if unknown:
        raise _bad_layout(f"unknown key {sorted(unknown)[0]}; known: {', '.join(sorted(known))}")
    columns = raw.get("columns", {})
    if not isinstance(columns, dict) or not all(isinstance(at, int | str) for at in columns.values()):
        raise _bad_layout("columns is a table of field = number or header name")
    texts = {name: value for name, value in raw.items() if name not in {"columns", "header"}}
    if not all(isinstance(value, str) for value in texts.values()):
        raise _bad_layout("source, delimiter, date_format, money, zone, time, customer_name and item_name are texts")
    header = raw.get("header")
    if header is not None and not isinstance(header, bool):
        raise _bad_layout("header is true or false")
    layout = Layout(columns=columns, header=header, **{name: str(value) for name, value in texts.items()})
    if layout.delimiter is not None and layout.delimiter not in DELIMITERS:
        raise _bad_layout(f"delimiter is one of {', '.join(DELIMITERS)}")
    if layout.money not in {"yuan", "fen"}:
        raise _bad_layout("money is yuan or fen")
    return layout


class _Reader:
    """One file being read: where its columns are, how its dates and money are written."""

    def __init__(self, file: Path, layout: Layout, kind: str) -> None:
        try:
            text = _decode(file.read_bytes())
        except OSError as exc:
            raise _bad_layout(f"cannot read {file.name}: {exc.strerror}") from exc
        self.kind = kind
        self.layout = layout
        self.source = (layout.source or file.stem)[:64]
        self.zone = zone_of(layout)
        try:
            self.noon = time.fromisoformat(layout.time)
        except ValueError as exc:
            raise _bad_layout(f"time: {exc}") from exc
        self.lines = list(_split(text, layout.delimiter))
        if not self.lines:
            raise _bad_layout(f"{file.name} is empty")
        usual = Counter(len(cells) for _, cells in self.lines[:50]).most_common(1)[0][0]
        self.columns = self._place_columns(kind)
        self.width = max(usual, *self.columns.values())

    def _place_columns(self, kind: str) -> dict[str, int]:
        first = [cell.strip().lower() for cell in self.lines[0][1]]
        header = self.layout.header
        if header is None:
            header = any(cell in names for names in NAMES.values() for cell in first)
        columns = _by_header(first) if header else {}
        if not header and not self.layout.columns and kind == "orders":
            columns = _by_content([cells for _, cells in self.lines[:50]])
        for name, where in self.layout.columns.items():
            columns[name] = _position(name, where, first if header else [])
        if header:
            self.lines = self.lines[1:]
        missing = [name for name in NEEDED[kind] if name not in columns]
        if missing:
            raise _bad_layout(f"no column for {', '.join(missing)}; name it with --column {missing[0]}=NUMBER or --map")
        return columns

    def parse(self, make: Callable[[int, str, int, tuple[str, ...]], Row]) -> Parsed[Row]:
        """Return every line as a row or as a refused line."""
        rows: list[Row] = []
        bad: list[BadLine] = []
        seen: Counter[str] = Counter()
        for line, cells in self.lines:
            digest = hashlib.sha256("\x1f".join((self.kind, *cells)).encode()).hexdigest()
            try:
                if len(cells) > self.width:
                    raise BadRow(f"{len(cells)} columns where the file has {self.width}")
                rows.append(make(line, digest, seen[digest] + 1, cells))
            except BadRow as exc:
                bad.append(BadLine(line, str(exc), cells))
            else:
                seen[digest] += 1
        return Parsed(self.source, self.layout, self.columns, tuple(rows), tuple(bad))

    def cell(self, cells: tuple[str, ...], name: str) -> str:
        """Return the text of a field, empty where the file has no such column."""
        at = self.columns.get(name)
        if at is None:
            return ""
        if at > len(cells):
            raise BadRow(f"{name}: column {at} is missing, the line has {len(cells)}")
        text = cells[at - 1]
        if "\ufffd" in text or "\x00" in text:
            raise BadRow(f"{name}: not readable text")
        if len(text) > TEXT_MAX:
            raise BadRow(f"{name}: longer than {TEXT_MAX} characters")
        return text

    def needed(self, cells: tuple[str, ...], name: str) -> str:
        """Return the text of a field that may not be empty."""
        text = self.cell(cells, name)
        if not text:
            raise BadRow(f"{name} is empty")
        return text

    def moment(self, text: str, name: str, now: datetime) -> datetime:
        """Return the UTC time of a date; a day without a time is at the layout's time of day."""
        formats = (self.layout.date_format,) if self.layout.date_format else DATE_FORMATS
        for form in formats:
            at = _strict_date(text, form)
            if at is None:
                continue
            if "%H" not in form:
                at = datetime.combine(at.date(), self.noon)
            at = at.replace(tzinfo=UTC if form.endswith("Z") else self.zone).astimezone(UTC)
            if at > now:
                raise BadRow(f"{name}: {text} lies in the future")
            return at
        raise BadRow(f"{name}: {text!r} is not a date")


def _order_row(reader: _Reader, now: datetime, line: int, digest: str, nth: int, cells: tuple[str, ...]) -> OrderRow:
    row = OrderRow(
        line=line,
        row_hash=digest,
        nth=nth,
        customer=reader.needed(cells, "customer"),
        at=reader.moment(reader.needed(cells, "date"), "date", now),
        qty=_quantity(reader.needed(cells, "qty")) if "qty" in reader.columns else 1,
        amount_fen=_amount(reader.needed(cells, "amount"), reader.layout.money),
        order_no=reader.cell(cells, "order_no") or None,
        product=reader.cell(cells, "product") or None,
    )
    refunded = reader.cell(cells, "refunded")
    refunded_fen = _amount(refunded, reader.layout.money) if refunded else 0
    if refunded_fen > row.amount_fen:
        raise BadRow("refunded: more than was paid")
    return replace(row, refunded_fen=refunded_fen)


def _customer_row(
    reader: _Reader, now: datetime, line: int, digest: str, nth: int, cells: tuple[str, ...]
) -> CustomerRow:
    joined = reader.cell(cells, "joined")
    return CustomerRow(
        line=line,
        row_hash=digest,
        nth=nth,
        customer=reader.needed(cells, "customer"),
        name=reader.cell(cells, "name"),
        phone=_phone(reader.cell(cells, "phone")),
        gender=_gender(reader.cell(cells, "gender")),
        birthday=_birthday(reader.cell(cells, "birthday")),
        level=reader.cell(cells, "level"),
        joined=reader.moment(joined, "joined", now) if joined else None,
        note=reader.cell(cells, "note"),
    )


def _decode(raw: bytes) -> str:
    """Return the text; files of Chinese systems are often GB 18030. What is neither is refused line by line."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8-sig", errors="replace")


def _split(text: str, delimiter: str | None) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield (line number, cells) of every line that is not blank."""
    lines = text.splitlines()
    mark = DELIMITERS[delimiter] if delimiter else _sniff(lines)
    if mark is None:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, tuple(line.split())
        return
    reader = csv.reader(text.splitlines(keepends=True), delimiter=mark)
    start = 1
    for row in reader:
        cells = tuple(cell.strip() for cell in row)
        if any(cells):
            yield start, cells
        start = reader.line_num + 1


def _sniff(lines: list[str]) -> str | None:
    """Return the mark that the first lines share, None for blanks."""
    head = [line for line in lines[:20] if line.strip()]
    for mark in ("\t", ";", ","):
        if head and sum(mark in line for line in head) * 2 > len(head):
            return mark
    return None


def _by_header(first: list[str]) -> dict[str, int]:
    return {
        name: first.index(word) + 1
        for name, words in NAMES.items()
        for word in [next((word for word in words if word in first), "")]
        if word
    }


def _by_content(sample: list[tuple[str, ...]]) -> dict[str, int]:
    """Return where an order file without header has its date, amount, count and customer."""
    width = max(len(cells) for cells in sample)
    good = [cells for cells in sample if len(cells) == width]
    columns = list(zip(*good, strict=True))

    def fits(column: tuple[str, ...], test: Callable[[str], object]) -> bool:
        return sum(bool(test(cell)) for cell in column) * 10 >= len(column) * 9

    def is_date(text: str) -> bool:
        return any(_strict_date(text, form) for form in DATE_FORMATS)

    date = next((at for at, column in enumerate(columns) if fits(column, is_date)), None)
    if date is None:
        return {}
    after = range(date + 1, width)
    amount = next((at for at in reversed(after) if fits(columns[at], _MONEY.fullmatch)), None)
    found = {"customer": 0 if date > 0 else None, "date": date, "amount": amount}
    found["qty"] = next((at for at in after if at != amount and fits(columns[at], _COUNT.fullmatch)), None)
    return {name: at + 1 for name, at in found.items() if at is not None}


def _position(name: str, where: int | str, header: list[str]) -> int:
    if isinstance(where, int):
        if where < 1:
            raise _bad_layout(f"column {name}: numbers start at 1")
        return where
    if where.strip().lower() not in header:
        raise _bad_layout(f"column {name}: the file has no header {where!r}")
    return header.index(where.strip().lower()) + 1


def _strict_date(text: str, form: str) -> datetime | None:
    """Return the date if the text is exactly of this form; strptime alone takes 1997011."""
    try:
        at = datetime.strptime(text, form)
    except ValueError:
        return None
    return at if at.year >= 1900 and at.strftime(form) == text else None


def _amount(text: str, money: str) -> int:
    """Return whole fen, exactly; a negative amount or a third decimal is refused."""
    if not (_MONEY if money == "yuan" else _FEN).fullmatch(text):
        raise BadRow(f"amount: {text!r} is not an amount in {money}")
    fen = int(Decimal(text) * 100) if money == "yuan" else int(text)
    if fen > FEN_MAX:
        raise BadRow(f"amount: {text} is too large")
    return fen


def _quantity(text: str) -> int:
    if not _COUNT.fullmatch(text) or not 1 <= int(text) <= QTY_MAX:
        raise BadRow(f"qty: {text!r} is not a count from 1 to {QTY_MAX}")
    return int(text)


def _phone(text: str) -> str:
    digits = text.replace(" ", "").replace("-", "").removeprefix("+86")
    if digits and not _PHONE.fullmatch(digits):
        raise BadRow("phone: not a mobile number of 11 digits")
    return digits


def _gender(text: str) -> str:
    if text.lower() not in _GENDERS:
        raise BadRow(f"gender: {text!r} is none of f, m, 女, 男")
    return _GENDERS[text.lower()]


def _birthday(text: str) -> str | None:
    """Return MM-DD; the year is not kept."""
    if not text:
        return None
    found = _BIRTHDAY.fullmatch(text.replace("/", "-"))
    if found is None or _strict_date(f"2000-{found[1]}-{found[2]}", "%Y-%m-%d") is None:
        raise BadRow(f"birthday: {text!r} is not MM-DD or YYYY-MM-DD")
    return f"{found[1]}-{found[2]}"
