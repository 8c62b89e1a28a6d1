"""What must hold whatever happened: while it happens, and at the end when everything has arrived."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import timedelta
from typing import Any

from app.domain import instants
from app.protocol.limits import LEASE_GRACE_HOURS
from app.protocol.objects import key
from app.store import codec
from app.store.queries import customers, work
from app.store.read import select
from app.store.spec import TABLES
from server_stub import tables as t
from server_stub.sync import projections
from server_stub.trade import recompute
from tests.sim.phone import SimPhone
from tests.sim.server import SimServer


class Broken(AssertionError):
    """An invariant does not hold; the message says which."""


# --- while it happens ------------------------------------------------------------------------


def check_phone(phone: SimPhone) -> None:
    """The outbox stands in the order things were done, a pending note is shown, and nothing is wrong with the rows."""
    waiting = phone.waiting()
    if waiting and phone.made[-len(waiting) :] != waiting:
        raise Broken(f"phone {phone.seat.name}: what waits is not the newest of what was done, in its order")
    ids = [row[0] for row in phone.store.read.rows("SELECT id FROM outbox ORDER BY id")]
    if ids and ids != list(range(ids[0], ids[0] + len(ids))):
        raise Broken(f"phone {phone.seat.name}: gaps in the outbox: {ids}")
    if problems := phone.store.query(work.problems):
        raise Broken(f"phone {phone.seat.name}: {problems[0].code}")
    names = {row[0] for row in phone.store.read.rows("SELECT name FROM outbox")}
    if "edit_note" in names:
        _check_notes(phone)
    if names & {"set_fact", "remove_fact"}:
        _check_facts(phone)


def _check_notes(phone: SimPhone) -> None:
    shown = {c.id: c.note for c in phone.store.query(customers.all_customers)}
    last = {p.args["customer_id"]: p.args["note"] for p in phone.pending() if p.name == "edit_note"}
    for customer_id, note in last.items():
        if customer_id in shown and shown[customer_id] != note:
            raise Broken(f"phone {phone.seat.name} hides the pending note of {customer_id}")


def _check_facts(phone: SimPhone) -> None:
    """A pending fact is shown whatever else was pulled; one that is taken away is not."""
    shown = {c.id: {(f.kind, f.name): f.value for f in c.facts} for c in phone.store.query(customers.all_customers)}
    last = {
        (p.args["customer_id"], p.args["kind"], p.args["name"]): p.args.get("value")
        for p in phone.pending()
        if p.name in ("set_fact", "remove_fact")
    }
    for (customer_id, kind, name), value in last.items():
        if customer_id in shown and shown[customer_id].get((kind, name)) != value:
            raise Broken(f"phone {phone.seat.name} hides a pending fact of {customer_id}")


def check_foreign(phone: SimPhone) -> None:
    """After a complete pull every row the server sent is one this person may see."""
    visible = phone.server.view(phone.staff_id).keys()
    for table in TABLES:
        rows = phone.store.read.rows(f'SELECT id FROM "{table.name}" WHERE b <> 0')
        foreign = [row[0] for row in rows if key(table.object, row[0]) not in visible]
        if foreign:
            raise Broken(f"phone {phone.seat.name} holds foreign rows: {table.object} {foreign[:3]}")


# --- at the end ------------------------------------------------------------------------------


def check_end(server: SimServer, phones: list[SimPhone], excused: set[str]) -> None:
    """Nothing lost, nothing twice, everybody sees what the server has, the money adds up.

    Raises:
        Broken: which of these does not hold.
    """
    _check_once(server, phones, excused)
    _check_refusals(server, phones)
    _check_projected(server)
    for phone in phones:
        if not phone.wiped:
            check_phone(phone)
            _check_same(server, phone)
            _check_indexes(phone)
    _check_coupons(server)
    _check_follow_ups(server)
    _check_money(server)
    _check_audit(server)


def _check_indexes(phone: SimPhone) -> None:
    """What was put aside for a load is back."""
    have = {row[0] for row in phone.store.read.rows("SELECT name FROM sqlite_master WHERE type = 'index'")}
    wanted = {"_".join(("idx", table.name, *columns)) for table in TABLES for columns in table.indexes}
    if not wanted <= have:
        raise Broken(f"phone {phone.seat.name}: {len(wanted - have)} indexes are gone")


def _check_once(server: SimServer, phones: list[SimPhone], excused: set[str]) -> None:
    counted = server.counts()
    if counted.pop("foreign", 0):
        raise Broken("somebody changed what is a colleague's")
    made = [mid for phone in phones for mid in phone.made]
    if len(made) != len(set(made)):
        raise Broken("a phone remembers a mutation twice")
    for name in counted:
        if name.partition(":")[2] not in made:
            raise Broken(f"the server did what nobody asked: {name}")
    for phone in phones:
        if not phone.wiped and phone.waiting():
            raise Broken(f"phone {phone.seat.name} never sends what waits")
        for mid in phone.made:
            done, refused = counted.get(f"done:{mid}", 0), counted.get(f"no:{mid}", 0)
            least = 0 if mid in excused | phone.lost else 1
            if not least <= done + refused <= 1:
                raise Broken(f"{mid} of phone {phone.seat.name}: applied {done} times, refused {refused} times")


def _check_refusals(server: SimServer, phones: list[SimPhone]) -> None:
    """What was refused is told to the guide until they dismiss it."""
    told = {row["id"] for row in server.rows(t.rejected)}
    dismissed = set().union(*(phone.dismissed for phone in phones))
    for row in server.rows(t.seen_mutation, t.seen_mutation.c.status == "rejected"):
        name = f"{row['client_id']}/{row['mutation_id']}"
        if name not in told | dismissed:
            raise Broken(f"nobody was told that {row['name']} was refused")


def _check_projected(server: SimServer) -> None:
    """What phones can see is what the business tables say."""
    with server.db.read() as conn:
        wanted = {
            key(kind, row_id): (bucket, projections.encode(value))
            for kind, project in projections.PROJECTORS.items()
            for row_id, (bucket, value) in project(conn, None).items()
        }
    rows = server.rows(t.sync_row, t.sync_row.c.value.is_not(None))
    found = {(row["key"], row["bucket"]): row["value"] for row in rows}
    if found != {(name, bucket): text for name, (bucket, text) in wanted.items()}:
        raise Broken("the rows for phones are not what the tables say")


def _check_same(server: SimServer, phone: SimPhone) -> None:
    """The whole view of a phone is the server's, key by key and value by value."""
    wanted = {name: _without_nulls(json.loads(text)) for name, text in server.view(phone.staff_id).items()}
    found: dict[str, Any] = {}
    sealer = phone.store.sealer
    for table in TABLES:
        for cells in phone.store.read.rows(select(table)):
            value = codec.to_value(table, cells, sealer) | codec.extra_of(table, cells, sealer)
            found[key(table.object, cells[0])] = _without_nulls(value)
    if found.keys() != wanted.keys():
        missing, ghosts = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
        raise Broken(f"phone {phone.seat.name} lacks {missing[:3]}, has {ghosts[:3]} too many")
    for name, value in wanted.items():
        if found[name] != value:
            raise Broken(f"phone {phone.seat.name} shows another {name}")
    if phone.store.read.value("SELECT count(*) FROM parked"):
        raise Broken(f"phone {phone.seat.name} could not read a row")


def _without_nulls(value: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in value.items() if one is not None}


def _check_coupons(server: SimServer) -> None:
    """No quota is passed, and no coupon is used twice."""
    (template,) = server.rows(t.coupon_template, t.coupon_template.c.id == "t1")
    rows = server.rows(t.coupon, t.coupon.c.template_id == "t1")
    grace = instants.to_text(server.clock.now() - timedelta(hours=LEASE_GRACE_HOURS))
    issued = [row for row in rows if row["issued_at"] is not None]
    leased = [r for r in rows if r["issued_at"] is None and r["state"] == "allotted" and r["lease_until"] > grace]
    if len(issued) + len(leased) > template["total"]:
        raise Broken(f"over-issued: {len(issued)} issued, {len(leased)} leased of {template['total']}")
    each = Counter(row["customer_id"] for row in issued)
    if each and max(each.values()) > template["per_customer"]:
        raise Broken(f"a customer was given {max(each.values())} of a coupon")
    used = Counter(row["coupon_id"] for row in server.rows(t.redemption) if row["state"] == "accepted")
    if used and max(used.values()) > 1:
        raise Broken("a coupon was used twice")


def _check_follow_ups(server: SimServer) -> None:
    """Each is in one good state, only a done visit kept pieces, and an open one is its customer's guide's to do."""
    owners = {row["id"]: row["guide_id"] for row in server.rows(t.customer)}
    for row in server.rows(t.follow_up):
        is_open, kept = row["state"] == "open", [piece for piece in row["pieces"] if piece["kept"]]
        if is_open != (row["closed_at"] is None) or (kept and row["state"] != "done"):
            raise Broken(f"a follow-up is {row['state']} and closed at {row['closed_at']} with {len(kept)} kept")
        if is_open and row["guide_id"] != owners[row["customer_id"]]:
            raise Broken("an open follow-up is still the guide's before")
        if row["private"] and row["note"] and row["guide_id"] != owners[row["customer_id"]]:
            raise Broken("a private note went along")


def _check_money(server: SimServer) -> None:
    with server.db.begin() as tx:
        if differences := recompute.compare(tx).differences:
            raise Broken(f"the ledger is not what the orders say: {differences[0]}")


def _check_audit(server: SimServer) -> None:
    before = ""
    names = ("at", "staff_id", "device_id", "action", "object", "fields", "prev_hash")
    for row in sorted(server.rows(t.audit), key=lambda one: one["seq"]):
        content = json.dumps({name: row[name] for name in names}, sort_keys=True, ensure_ascii=False)
        if row["prev_hash"] != before or row["hash"] != hashlib.sha256(content.encode()).hexdigest():
            raise Broken("the audit's chain is broken")
        before = row["hash"]
