"""Import of orders and customers from files of other systems: dry run, reject file, safe to repeat.

A row is known by (source, content, n-th occurrence): importing a file again adds nothing, and two equal
lines are two purchases. Rows go in by at most 500 a transaction, each with its customers, figures and
projections, so that phones see them at once and an interrupted import is simply run again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import insert, select, update

from app.domain import ids, instants
from app.domain.calendar_days import day_of
from app.domain.errors import Rejected
from server_stub import tables as t
from server_stub.db import Database, Tx
from server_stub.hq import import_rows
from server_stub.hq.import_rows import BadLine, CustomerRow, Layout, OrderRow, Parsed
from server_stub.people import phones
from server_stub.people.customers import binding_policy
from server_stub.people.names import pinyin_of
from server_stub.trade.figures import refresh_customers
from server_stub.trade.orders import NO_RULE
from server_stub.trade.rows import Record, every

ROWS_PER_TX = 500
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # ids of imported customers depend on nothing but source and number


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import found and did; rejected rows stand with line number and reason.

    Of orders: `total_fen` over the good rows, `zero` of them cost nothing, `equal` repeat an earlier line,
    `repeat_customers` have 2 purchases or more, `repeat_day_customers` on 2 days or more.
    """

    kind: str
    source: str
    columns: Mapping[str, int]
    rows: int
    new: int
    repeated: int
    rejected: tuple[tuple[int, str], ...]
    customers: int
    customers_new: int
    total_fen: int = 0
    zero: int = 0
    equal: int = 0
    repeat_customers: int = 0
    repeat_day_customers: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    reject_file: Path | None = None
    dry_run: bool = True


class Identified(Protocol):
    """A row with its identity in its source."""

    @property
    def row_hash(self) -> str: ...

    @property
    def nth(self) -> int: ...

    @property
    def customer(self) -> str: ...


Row = TypeVar("Row", bound=Identified)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class OrderImport:
    """A parsed file of orders, compared with what is stored: `report()` before, `run()` to do it."""

    db: Database
    file: Path
    parsed: Parsed[OrderRow]
    new: tuple[OrderRow, ...]
    guides: tuple[Record, ...]
    summary: ImportReport

    def run(self, *, progress: bool = True) -> ImportReport:
        """Import the new rows and write the reject file; return the report."""
        first_at = _first_at(self.parsed.rows)
        with _bar(len(self.new), progress) as advance:
            for rows in _chunks(self.new):
                with self.db.begin() as tx:
                    fresh = _not_stored(tx, self.parsed.source, rows)
                    owners = _owners(tx, self, fresh, first_at)
                    _write_orders(tx, self.parsed, fresh, owners)
                advance(len(rows))
        return _finish(self.db, self.file, self.parsed.bad, self.summary)


@dataclass(frozen=True, slots=True)
class CustomerImport:
    """A parsed file of customers, compared with what is stored."""

    db: Database
    file: Path
    parsed: Parsed[CustomerRow]
    new: tuple[CustomerRow, ...]
    guides: tuple[Record, ...]
    summary: ImportReport

    def run(self, *, progress: bool = True) -> ImportReport:
        """Import the new rows and write the reject file; return the report."""
        with _bar(len(self.new), progress) as advance:
            for rows in _chunks(self.new):
                with self.db.begin() as tx:
                    _write_customers(tx, self, _not_stored(tx, self.parsed.source, rows))
                advance(len(rows))
        return _finish(self.db, self.file, self.parsed.bad, self.summary)


def prepare_orders(db: Database, file: Path, layout: Layout, guides: Sequence[str] = ()) -> OrderImport:
    """Read a file of purchases and compare it with the database; nothing is written.

    Raises:
        Rejected: `bad_arguments` for a layout or guides that cannot be used.
    """
    parsed = import_rows.read_orders(file, layout, db.now())
    with db.begin() as tx:
        chosen = _guides(tx, guides)
        new = _not_stored(tx, parsed.source, parsed.rows)
        known = _known_customers(tx, parsed.source, {row.customer for row in parsed.rows})
    report = _summary("orders", parsed, new, known)
    return OrderImport(db, file, parsed, new, chosen, _with_purchases(report, parsed))


def prepare_customers(db: Database, file: Path, layout: Layout, guides: Sequence[str] = ()) -> CustomerImport:
    """Read a file of customers and compare it with the database; nothing is written.

    Raises:
        Rejected: `bad_arguments` for a layout or guides that cannot be used.
    """
    parsed = import_rows.read_customers(file, layout, db.now())
    with db.begin() as tx:
        chosen = _guides(tx, guides)
        parsed = _without_taken_phones(tx, parsed)
        new = _not_stored(tx, parsed.source, parsed.rows)
        known = _known_customers(tx, parsed.source, {row.customer for row in parsed.rows})
    return CustomerImport(db, file, parsed, new, chosen, _summary("customers", parsed, new, known))


def import_orders(
    db: Database, file: Path, layout: Layout | None = None, *, guides: Sequence[str] = (), dry_run: bool = False
) -> ImportReport:
    """Import purchases as historic orders; unknown customers are made and shared out over the guides."""
    plan = prepare_orders(db, file, layout or Layout(), guides)
    return plan.summary if dry_run else plan.run(progress=False)


def import_customers(
    db: Database, file: Path, layout: Layout | None = None, *, guides: Sequence[str] = (), dry_run: bool = False
) -> ImportReport:
    """Import customers, without any consent; a row seen before changes nothing."""
    plan = prepare_customers(db, file, layout or Layout(), guides)
    return plan.summary if dry_run else plan.run(progress=False)


# --- comparing -----------------------------------------------------------------------------


def _summary(kind: str, parsed: Parsed[Row], new: Sequence[Row], known: Mapping[str, Record]) -> ImportReport:
    refs = {row.customer for row in parsed.rows}
    return ImportReport(
        kind=kind,
        source=parsed.source,
        columns=parsed.columns,
        rows=len(parsed.rows) + len(parsed.bad),
        new=len(new),
        repeated=len(parsed.rows) - len(new),
        rejected=tuple((bad.line, bad.reason) for bad in parsed.bad),
        customers=len(refs),
        customers_new=len(refs - set(known)),
        equal=sum(row.nth > 1 for row in parsed.rows),
    )


def _with_purchases(report: ImportReport, parsed: Parsed[OrderRow]) -> ImportReport:
    rows = parsed.rows
    zone = import_rows.zone_of(parsed.layout)
    purchases = Counter(row.customer for row in rows)
    days = Counter(customer for customer, _ in {(row.customer, day_of(row.at, zone)) for row in rows})
    return replace(
        report,
        total_fen=sum(row.amount_fen for row in rows),
        zero=sum(row.amount_fen == 0 for row in rows),
        repeat_customers=sum(n > 1 for n in purchases.values()),
        repeat_day_customers=sum(n > 1 for n in days.values()),
        first_at=min((row.at.astimezone(zone) for row in rows), default=None),
        last_at=max((row.at.astimezone(zone) for row in rows), default=None),
    )


def _not_stored(tx: Tx, source: str, rows: Sequence[Row]) -> tuple[Row, ...]:
    c = t.import_identity.c
    stored: set[tuple[str, int]] = set()
    for some in _chunks(rows):
        hashes = [row.row_hash for row in some]
        found = select(c.row_hash, c.nth).where(c.source == source, c.row_hash.in_(hashes))
        stored.update((row["row_hash"], row["nth"]) for row in every(tx, found))
    return tuple(row for row in rows if (row.row_hash, row.nth) not in stored)


def _known_customers(tx: Tx, source: str, refs: Iterable[str]) -> dict[str, Record]:
    c = t.customer.c
    columns = (c.id, c.imported_id, c.guide_id, c.store_id, c.phone_hash)
    known: dict[str, Record] = {}
    for some in _chunks(sorted(refs)):
        rows = every(tx, select(*columns).where(c.imported_source == source, c.imported_id.in_(some)))
        known |= {row["imported_id"]: row for row in rows}
    return known


def _guides(tx: Tx, wanted: Sequence[str]) -> tuple[Record, ...]:
    """Return the guides who get new customers, in the order of their numbers."""
    c = t.staff.c
    able = (c.role == "guide", c.active, c.guide_enabled, c.store_id.is_not(None))
    rows = every(tx, select(c.id, c.staff_no, c.store_id).where(*able).order_by(c.staff_no))
    if not wanted:
        chosen = rows
    else:
        by_no = {row["staff_no"].upper(): row for row in rows}
        missing = [one for one in wanted if one.upper() not in by_no]
        if missing:
            raise Rejected("bad_arguments", f"no active guide {missing[0]}", params={"field": "guides"})
        chosen = [by_no[one.upper()] for one in sorted(set(wanted))]
    if not chosen:
        raise Rejected(
            "bad_arguments",
            "there is no active guide to give customers to; seed the brand first",
            params={"field": "guides"},
        )
    return tuple(chosen)


def _without_taken_phones(tx: Tx, parsed: Parsed[CustomerRow]) -> Parsed[CustomerRow]:
    """Refuse rows whose phone is another member's, or of staff, who are never bound (rule 2.3).

    Two people are never silently made one.
    """
    owners: dict[str, str] = {}
    hashes = {phones.phone_hash(tx.secrets, row.phone): row for row in parsed.rows if row.phone}
    of_staff = set(tx.conn.execute(select(t.staff.c.phone_hash)).scalars())
    c = t.customer.c
    for some in _chunks(sorted(hashes)):
        found = select(c.phone_hash, c.imported_id, c.imported_source).where(c.phone_hash.in_(some))
        for owner in every(tx, found):
            mine = owner["imported_source"] == parsed.source
            owners[owner["phone_hash"]] = owner["imported_id"] if mine else ""
    good: list[CustomerRow] = []
    bad = list(parsed.bad)
    for row in parsed.rows:
        digest = phones.phone_hash(tx.secrets, row.phone) if row.phone else ""
        if digest and digest in of_staff:
            bad.append(BadLine(row.line, "phone: it belongs to a member of staff", (row.customer,)))
        elif digest and owners.setdefault(digest, row.customer) != row.customer:
            bad.append(BadLine(row.line, "phone: it belongs to another member", (row.customer,)))
        else:
            good.append(row)
    return replace(parsed, rows=tuple(good), bad=tuple(sorted(bad, key=lambda one: one.line)))


def _first_at(rows: Sequence[OrderRow]) -> dict[str, datetime]:
    """Return each customer's first purchase: since then they are a customer."""
    first: dict[str, datetime] = {}
    for row in rows:
        first[row.customer] = min(row.at, first.get(row.customer, row.at))
    return first


# --- writing -------------------------------------------------------------------------------


def _owners(tx: Tx, plan: OrderImport, rows: Sequence[OrderRow], first_at: Mapping[str, datetime]) -> dict[str, Record]:
    """Return the customer of each reference, made where unknown."""
    source, layout = plan.parsed.source, plan.parsed.layout
    known = _known_customers(tx, source, {row.customer for row in rows})
    made = []
    for ref in dict.fromkeys(row.customer for row in rows):
        if ref not in known:
            name = layout.customer_name.replace("{source}", source).replace("{customer}", ref)
            made.append(_new_customer(source, ref, name, first_at[ref], _guide_of(plan.guides, source, ref)))
    _insert_customers(tx, made)
    return known | {row["imported_id"]: row for row in made}


def _guide_of(guides: Sequence[Record], source: str, ref: str) -> Record:
    """Return the same guide for the same customer, whichever file names them first."""
    return guides[int.from_bytes(_digest(source, ref)[:8], "big") % len(guides)]


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\x1f".join(parts).encode()).digest()


def _new_customer(source: str, ref: str, name: str, joined: datetime, guide: Record) -> Record:
    pinyin, initials = pinyin_of(name)
    return {
        "id": ids.uuid7(EPOCH, _digest("customer", source, ref)[: ids.UUID7_RANDOM_BYTES]),
        "name": name, "pinyin": pinyin, "initials": initials, "level": "regular", "source": "import",
        "joined_at": instants.to_text(joined), "imported_source": source, "imported_id": ref,
        "guide_id": guide["id"], "store_id": guide["store_id"],
    }  # fmt: skip


def _insert_customers(tx: Tx, rows: Sequence[Record]) -> None:
    """Insert customers with their binding; they have given no consent and get none."""
    if not rows:
        return
    policy = binding_policy(tx.conn)
    clocks = {
        "protected_until": instants.to_text(tx.now + timedelta(days=policy.protection_days)),
        "bound_until": instants.to_text(tx.now + timedelta(days=policy.validity_days)),
    }
    tx.conn.execute(insert(t.customer), [{**row, "bound_at": tx.now_text, **clocks} for row in rows])
    bindings = [
        {
            "id": tx.new_id(), "customer_id": row["id"], "guide_id": row["guide_id"], "store_id": row["store_id"],
            "from_at": tx.now_text, "mode": "bound", "source": "import", **clocks,
        }
        for row in rows
    ]  # fmt: skip
    tx.conn.execute(insert(t.binding), bindings)
    tx.touch("customer", *(row["id"] for row in rows))


def _write_orders(tx: Tx, parsed: Parsed[OrderRow], rows: Sequence[OrderRow], owners: Mapping[str, Record]) -> None:
    if not rows:
        return
    numbers = _numbers(tx, rows)
    heads = [_head(parsed.source, row, owners[row.customer], no) for row, no in zip(rows, numbers, strict=True)]
    tx.conn.execute(insert(t.orders), heads)
    lines = [_line(parsed.layout, row, head) for row, head in zip(rows, heads, strict=True)]
    tx.conn.execute(insert(t.order_line), lines)
    returned = [_refund(row, line) for row, line in zip(rows, lines, strict=True) if row.refunded_fen]
    if returned:
        tx.conn.execute(insert(t.refund), returned)
    _remember(tx, "order", parsed.source, rows, [head["id"] for head in heads])
    tx.touch("order", *(head["id"] for head in heads))
    refresh_customers(tx, {head["customer_id"] for head in heads})


def _numbers(tx: Tx, rows: Sequence[OrderRow]) -> list[str]:
    """Return a receipt number for each row: the file's own where it is still free."""
    wanted = [row.order_no for row in rows if row.order_no]
    taken = {row["no"] for row in every(tx, select(t.orders.c.no).where(t.orders.c.no.in_(wanted)))}
    numbers: list[str] = []
    for row in rows:
        unique = row.row_hash[:10].upper() + (f"-{row.nth}" if row.nth > 1 else "")
        number = row.order_no[:40] if row.order_no else f"IM{unique}"
        if number in taken:
            number = f"{number}-{unique}"
        taken.add(number)
        numbers.append(number)
    return numbers


def _head(source: str, row: OrderRow, owner: Record, number: str) -> Record:
    identity = _digest("order", source, row.row_hash, str(row.nth))
    at = instants.to_text(row.at)
    return {
        "id": ids.uuid7(row.at, identity[: ids.UUID7_RANDOM_BYTES]), "no": number, "customer_id": owner["id"],
        "store_id": owner["store_id"], "channel": "import", "status": _status(row), "created_at": at, "paid_at": at,
        "paid_fen": row.amount_fen, "refunded_fen": row.refunded_fen, "reason": NO_RULE, "historic": True,
        "idempotency_key": f"import:{identity.hex()}",
    }  # fmt: skip


def _line(layout: Layout, row: OrderRow, head: Record) -> Record:
    return {
        "id": f"{head['id']}.1", "order_id": head["id"], "position": 0, "name": row.product or layout.item_name,
        "qty": row.qty, "price_fen": row.amount_fen // row.qty, "paid_fen": row.amount_fen,
        "list_fen": row.amount_fen, "category": "", "refunded_fen": row.refunded_fen,
        "refunded_qty": row.qty * row.refunded_fen // row.amount_fen if row.refunded_fen else 0,
    }  # fmt: skip


def _status(row: OrderRow) -> str:
    if not row.refunded_fen:
        return "paid"
    return "refunded" if row.refunded_fen == row.amount_fen else "part_refunded"


def _refund(row: OrderRow, line: Record) -> Record:
    """Return the refund of an imported purchase; the file says how much, not when: it stands at the purchase."""
    return {
        "id": f"{line['order_id']}.0000", "event_id": f"import:{line['order_id']}", "order_id": line["order_id"],
        "line_id": line["id"], "qty": line["refunded_qty"], "paid_fen": row.refunded_fen,
        "lost_discount_fen": 0, "at": instants.to_text(row.at), "reason": "import",
    }  # fmt: skip


def _remember(tx: Tx, kind: str, source: str, rows: Sequence[Any], object_ids: Sequence[str]) -> None:
    identities = [
        {"source": source, "row_hash": row.row_hash, "nth": row.nth, "kind": kind, "object_id": object_id}
        for row, object_id in zip(rows, object_ids, strict=True)
    ]
    tx.conn.execute(insert(t.import_identity), identities)


def _write_customers(tx: Tx, plan: CustomerImport, rows: Sequence[CustomerRow]) -> None:
    if not rows:
        return
    source = plan.parsed.source
    known = {ref: row["id"] for ref, row in _known_customers(tx, source, {row.customer for row in rows}).items()}
    made: list[Record] = []
    object_ids: list[str] = []
    for row in rows:
        if row.customer not in known:
            guide = _guide_of(plan.guides, source, row.customer)
            name = row.name or plan.parsed.layout.customer_name.replace("{source}", source).replace(
                "{customer}", row.customer
            )
            new = _new_customer(source, row.customer, name, row.joined or tx.now, guide)
            made.append(new)
            known[row.customer] = new["id"]
        object_ids.append(known[row.customer])
    _insert_customers(tx, made)
    fresh = {row["id"] for row in made}
    for row, customer_id in zip(rows, object_ids, strict=True):
        _fill_in(tx, row, customer_id, is_new=customer_id in fresh)
    _remember(tx, "customer", source, rows, object_ids)


def _fill_in(tx: Tx, row: CustomerRow, customer_id: str, *, is_new: bool) -> None:
    """Write what the file knows of a customer; what it leaves empty stays, and so does a guide's own note."""
    values: Record = {
        name: value
        for name, value in (("gender", row.gender), ("birthday", row.birthday), ("level", row.level))
        if value
    }
    if row.name:
        values["pinyin"], values["initials"] = pinyin_of(row.name)
        values["name"] = row.name
    if row.joined:
        values["joined_at"] = instants.to_text(row.joined)
    if row.note and is_new:
        values["note"] = row.note
    if row.phone:
        values |= asdict(phones.columns(tx.secrets, customer_id, row.phone))
    if values:
        tx.conn.execute(update(t.customer).where(t.customer.c.id == customer_id).values(values))
        tx.touch("customer", customer_id)


def _finish(db: Database, file: Path, bad: Sequence[BadLine], report: ImportReport) -> ImportReport:
    """Write the reject file and one line of audit; a run that changed nothing leaves no trace."""
    reject_file = import_rows.write_rejects(file, bad) if bad else None
    if report.new:
        with db.begin() as tx:
            counts = {"rows": report.rows, "new": report.new, "rejected": len(bad), "fen": report.total_fen}
            tx.audit(f"import.{report.kind}", f"source/{report.source}", counts)
    return replace(report, reject_file=reject_file, dry_run=False)


def _chunks(rows: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(rows), ROWS_PER_TX):
        yield rows[start : start + ROWS_PER_TX]


class _Advance(Protocol):
    def __call__(self, n: int) -> None: ...


@contextmanager
def _bar(total: int, shown: bool) -> Iterator[_Advance]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not shown or not total) as bar:
        task = bar.add_task("import", total=total)
        yield lambda n: bar.advance(task, n)
