"""Push (sync.md section 4): every mutation in order, each in one transaction with its id.

A refusal by the rules, or a crash of the mutation's code, consumes the id: its effects are rolled
back and a second transaction writes the `rejected` row and the id. A fault of the machinery never
consumes an id: the push stops with 503 and is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from app.domain import instants
from app.domain.errors import GuideError, Param, ProtocolFault, Rejected, Unauthorized, Unavailable
from app.protocol.mutations import MUTATIONS
from server_stub import policy
from server_stub import tables as t
from server_stub.db import Actor, Database, Tx, upsert
from server_stub.faults import RETRY_AFTER_S, retrying
from server_stub.sync.arguments import Sent, args_hash, parse

AT_GRACE = timedelta(minutes=10)  # how far before the floor a mutation may say it was made
LAST_OF_QUEUE = 50  # an outbox with more to send fills its batches: so short a push is the end of it
KINDS = {"reward_id": "action_reward", "guide_id": "staff"}  # where the object is called otherwise than its argument
SUBJECTS = (
    "customer_id",
    "coupon_id",
    "share_id",
    "rejected_id",
    "redemption_id",
    "dispute_id",
    "reward_id",
    "guide_id",
)
log = structlog.get_logger("sync.push")

Handler = Callable[[Tx, Any], None]


@dataclass(frozen=True, slots=True)
class Incoming:
    """One mutation of a push, as sent."""

    client_id: str
    id: int
    name: str
    args: Any


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutation: applied | skipped | duplicate | rejected."""

    client_id: str
    id: int
    status: str
    code: str | None = None
    params: dict[str, Param] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """Return the result as the answer carries it."""
        wire: dict[str, Any] = {"clientID": self.client_id, "id": self.id, "status": self.status}
        return wire | ({"code": self.code, "params": self.params} if self.code else {})


def handlers() -> dict[str, Handler]:
    """Return the server's twin of every mutation."""
    from server_stub.people import care  # the twins use services that stand above sync
    from server_stub.people import mutations as people
    from server_stub.trade import mutations as trade

    return {**people.HANDLERS, **care.HANDLERS, **trade.HANDLERS}


def push(db: Database, actor: Actor, group_id: str, mutations: Sequence[Incoming]) -> list[Result]:
    """Process every mutation of a push and return the results in order.

    Raises:
        Unauthorized: `forbidden`, the group or client is another's.
        ProtocolFault: `mutation_gap` or `mutation_reused`.
        Unavailable: `server_fault`; nothing after the last result was consumed.
    """
    twins = handlers()
    results = [_one(db, actor, group_id, mutation, twins) for mutation in mutations]
    if len(mutations) <= LAST_OF_QUEUE:
        _return_leases(db, actor)
    return results


def _return_leases(db: Database, actor: Actor) -> None:
    """Take back what this device's ended leases still hold, now that all it issued has arrived (rule 1.4)."""
    from server_stub.logs import frames
    from server_stub.trade import leases  # trade stands above sync

    try:
        with db.connect_without_transaction() as conn:
            due = leases.has_ended(conn, actor.device_id, db.now())
        if due:
            with db.begin(actor) as tx:
                leases.release_leases(tx, actor.device_id)
    except SQLAlchemyError as exc:  # the push is done; the minute's job voids them after their grace
        log.error("leases", kind=type(exc).__name__, at=frames(exc))


def _one(db: Database, actor: Actor, group_id: str, mutation: Incoming, twins: dict[str, Handler]) -> Result:
    try:
        return retrying(lambda: _apply(db, actor, group_id, mutation, twins))
    except (Unauthorized, ProtocolFault, Unavailable):
        raise
    except GuideError as exc:
        refusal = exc
    except (IntegrityError, DataError) as exc:
        refusal = _crash(mutation, exc)
    except (SQLAlchemyError, OSError, MemoryError) as exc:
        log.error("fault", mutation=_named(mutation), kind=type(exc).__name__)
        raise Unavailable("server_fault", type(exc).__name__, retry_after_s=RETRY_AFTER_S) from exc
    except Exception as exc:  # a crash of one mutation must not hold up all that follow it
        refusal = _crash(mutation, exc)
    return retrying(lambda: _refuse(db, actor, group_id, mutation, refusal))


def _apply(db: Database, actor: Actor, group_id: str, mutation: Incoming, twins: dict[str, Handler]) -> Result:
    with db.begin(actor) as tx:
        earlier = _admit(tx, actor, group_id, mutation)
        if earlier is not None:
            return earlier
        status = _run(tx, actor, group_id, mutation, twins)
        _consume(tx, group_id, mutation, status)
    return Result(mutation.client_id, mutation.id, status)


def _named(mutation: Incoming) -> str:
    """Return the mutation's name for the log, if it is one of ours: anything else is what somebody typed."""
    return mutation.name if mutation.name in MUTATIONS else "unknown"


def _crash(mutation: Incoming, exc: Exception) -> GuideError:
    from server_stub.logs import frames

    log.error("crash", mutation=_named(mutation), kind=type(exc).__name__, at=frames(exc))
    return Rejected("internal", type(exc).__name__)


def _run(tx: Tx, actor: Actor, group_id: str, mutation: Incoming, twins: dict[str, Handler]) -> str:
    """Run the mutation's twin, unless the same mutation came in under another client before."""
    sent = parse(mutation.name, mutation.args)
    if _seen_mid(tx, sent, mutation):
        return "duplicate"
    policy.check_mutation(mutation.name, actor)
    tx.mid, tx.at = sent.mid, _bounded(tx, group_id, sent.at)
    twins[mutation.name](tx, sent.mutation)
    return "applied"


def _seen_mid(tx: Tx, sent: Sent, mutation: Incoming) -> bool:
    c = t.seen_mutation.c
    staff_id = tx.actor.staff_id if tx.actor else ""
    known = tx.conn.execute(select(c.args_hash).where(c.staff_id == staff_id, c.mid == sent.mid)).scalar()
    if known is not None and known != args_hash(mutation.name, mutation.args):
        raise Rejected("mutation_reused", params={"mid": sent.mid})
    return known is not None


def _bounded(tx: Tx, group_id: str, at: datetime) -> datetime:
    """Return the device's time within [the last pull of its previous time online less a grace, now] (hazard 13)."""
    floor = tx.conn.execute(select(t.client_group.c.floor_at).where(t.client_group.c.id == group_id)).scalar()
    earliest = instants.from_text(floor) - AT_GRACE if floor else at
    return min(max(at, earliest), tx.now)


def _admit(tx: Tx, actor: Actor, group_id: str, mutation: Incoming) -> Result | None:
    """Lock the client and hold the mutation's id against it; a result means that it was processed before."""
    ensure_group(tx, actor, group_id)
    lmid = _lock_client(tx, group_id, mutation.client_id)
    if mutation.id > lmid + 1:
        raise ProtocolFault("mutation_gap", params={"expected": lmid + 1, "got": mutation.id})
    return _earlier(tx, mutation) if mutation.id <= lmid else None


def _earlier(tx: Tx, mutation: Incoming) -> Result:
    c = t.seen_mutation.c
    own = c.client_id == mutation.client_id, c.mutation_id == mutation.id
    row = tx.conn.execute(select(c.args_hash, c.status, c.code).where(*own)).first()
    if row is not None and row.args_hash != args_hash(mutation.name, mutation.args):
        raise ProtocolFault("mutation_reused", params={"id": mutation.id})
    if row is not None and row.status == "rejected":
        return Result(mutation.client_id, mutation.id, "rejected", row.code)
    return Result(mutation.client_id, mutation.id, "skipped")


def ensure_group(tx: Tx, actor: Actor, group_id: str) -> None:
    """Make the client group of this member of staff at its first contact.

    Raises:
        Unauthorized: `forbidden`, it is another's.
    """
    owner = select(t.client_group.c.staff_id).where(t.client_group.c.id == group_id)
    found = tx.conn.execute(owner).scalar()
    if found is None:
        row = {
            "id": group_id, "staff_id": actor.staff_id, "device_id": actor.device_id, "ver": 0,
            "created_at": tx.now_text,
        }  # fmt: skip
        tx.conn.execute(upsert(tx.conn, t.client_group).values(**row).on_conflict_do_nothing(index_elements=["id"]))
        found = tx.conn.execute(owner).scalar()
    if found != actor.staff_id:
        raise Unauthorized("forbidden", "the client group is another's")


def _lock_client(tx: Tx, group_id: str, client_id: str) -> int:
    locked = select(t.client.c.group_id, t.client.c.lmid).where(t.client.c.id == client_id).with_for_update()
    found = tx.conn.execute(locked).first()
    if found is None:
        row = {"id": client_id, "group_id": group_id, "lmid": 0, "ver": 0}
        tx.conn.execute(upsert(tx.conn, t.client).values(**row).on_conflict_do_nothing(index_elements=["id"]))
        found = tx.conn.execute(locked).one()
    if found.group_id != group_id:
        raise Unauthorized("forbidden", "the client is of another group")
    return int(found.lmid)


def _consume(tx: Tx, group_id: str, mutation: Incoming, status: str, code: str | None = None) -> None:
    """Advance the client's last mutation id and remember what the id stood for.

    The `mid` is remembered of refused ones too: sent under another client again, they are not judged a second time.
    """
    set_lmid(tx, group_id, mutation.client_id, mutation.id)
    mid = mutation.args.get("mid") if isinstance(mutation.args, dict) else None
    decided = status == "applied" or (status == "rejected" and code != "mutation_reused")
    row = {
        "client_id": mutation.client_id, "mutation_id": mutation.id,
        "args_hash": args_hash(mutation.name, mutation.args),
        "mid": mid[:64] if isinstance(mid, str) and decided else None, "name": mutation.name[:64],
        "staff_id": tx.actor.staff_id if tx.actor else "", "status": status, "code": code, "at": tx.now_text,
    }  # fmt: skip
    statement = upsert(tx.conn, t.seen_mutation).values(**row)
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["client_id", "mutation_id"], set_=row))


def set_lmid(tx: Tx, group_id: str, client_id: str, lmid: int) -> None:
    """Write a client's last mutation id with the group's next version."""
    bump = update(t.client_group).where(t.client_group.c.id == group_id).values(ver=t.client_group.c.ver + 1)
    version = tx.conn.execute(bump.returning(t.client_group.c.ver)).scalar_one()
    values = {"lmid": lmid, "ver": version, "seen_at": tx.now_text}
    tx.conn.execute(update(t.client).where(t.client.c.id == client_id).values(**values))


def _refuse(db: Database, actor: Actor, group_id: str, mutation: Incoming, refusal: GuideError) -> Result:
    """Write the refusal and the id together, in a transaction of their own."""
    params = {name: _writable(one) if isinstance(one, str) else one for name, one in refusal.params.items()}
    with db.begin(actor) as tx:
        earlier = _admit(tx, actor, group_id, mutation)
        if earlier is not None:  # the same push came in twice at once
            return earlier
        rejected_id = f"{mutation.client_id}/{mutation.id}"
        row = {
            "id": rejected_id, "staff_id": actor.staff_id, "client_id": mutation.client_id,
            "mutation_id": mutation.id, "name": mutation.name[:64], "code": refusal.code,
            "params": params, "subject": _subject(mutation.args), "at": tx.now_text,
        }  # fmt: skip
        tx.conn.execute(insert(t.rejected).values(**row))
        tx.touch("rejected", rejected_id)
        _consume(tx, group_id, mutation, "rejected", refusal.code)
    log.info("rejected", mutation=_named(mutation), code=refusal.code)
    return Result(mutation.client_id, mutation.id, "rejected", refusal.code, params)


def _subject(args: Any) -> str | None:
    """Return the key of what the mutation was about."""
    if not isinstance(args, dict):
        return None
    for name in SUBJECTS:
        if isinstance(args.get(name), str):
            return f"{KINDS.get(name, name.removesuffix('_id'))}/{_writable(args[name][:100])}"
    return None


def _writable(text: str) -> str:
    """Return a text that every database and JSON encoder takes: what is refused for its characters must be kept too."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")
