"""One template to many customers: the plan from the rows on this device, and issuing it piece by piece.

Each piece is one transaction that plans anew, issues, and writes down who is still to come: a process that dies
between two pieces has issued what it issued, and `unfinished_batch` knows the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from app.domain import batch as rules
from app.domain.calendar_days import day_of, day_range
from app.domain.contact import ContactPolicy
from app.domain.coupon import CouponRules
from app.domain.instants import to_text
from app.mutations.call import Call
from app.mutations.client import MutationClient
from app.mutations.contacting import MEMORY_DAYS
from app.mutations.mutate import call_of, kick, perform
from app.protocol.mutations import IssueCoupon
from app.protocol.objects import CouponTemplate
from app.store import Read, WriteTx, kept
from app.store.queries import brand, coupons

PIECE = 10
META = kept.BATCH


@dataclass(frozen=True, slots=True)
class Issued:
    """What came of a batch: the coupons issued, and who was left out when it was decided for good."""

    coupon_ids: tuple[str, ...] = ()
    out: tuple[rules.Group, ...] = ()


def plan_batch(read: Read, template_id: str, customer_ids: Sequence[str], call: Call) -> rules.Plan:
    """Return who of these customers would get a coupon of the template now, and who not and why.

    Reads only; ask off the loop for more than some hundreds of customers. Nobody gets a template that is gone.
    """
    template = coupons.template_by_id(read, template_id)
    if template is None:
        return rules.Plan((), ())
    setting = brand.brand_setting(read)
    policy = ContactPolicy.from_wire(setting.contact if setting else {})
    since = to_text(call.now - timedelta(days=MEMORY_DAYS))
    people = coupons.batch_people(read, template_id, customer_ids, since, call.at)
    ground = rules.Ground(call.now, call.zone, policy, call.device_id)
    return rules.plan(people, rules_of(template), supply_of(read, template_id, call), ground)


def rules_of(template: CouponTemplate) -> CouponRules:
    """Return a template's rules."""
    return CouponRules.from_wire(asdict(template))


def supply_of(read: Read, template_id: str, call: Call) -> rules.Supply:
    """Return what this device may still hand out of a template."""
    held = coupons.leases_left(read, call.device_id, call.at).get(template_id)
    begins, ends = (to_text(at) for at in day_range(day_of(call.now, call.zone), call.zone))
    far = to_text(call.now + timedelta(days=36_500))
    return rules.Supply(
        held.left if held else 0,
        by_guide=coupons.issued_between(read, template_id, "", far, call.guide_id),
        today=coupons.issued_between(read, template_id, begins, ends),
    )


async def issue_batch(client: MutationClient, template_id: str, customer_ids: Sequence[str]) -> Issued:
    """Issue one coupon to each of these customers whom the rules still allow; return what came of it.

    The messages go out one by one afterwards (`coupons.to_hand_out`); nothing is counted as a contact here (rule 9.2).

    Raises:
        LocalFault: `disk_full` or `database_damaged`; the pieces before it are issued.
    """
    ids = tuple(dict.fromkeys(customer_ids))
    made: list[str] = []
    out: list[rules.Group] = []
    for start in range(0, len(ids), PIECE):
        piece, rest = ids[start : start + PIECE], ids[start + PIECE :]
        call = call_of(client)

        def change(tx: WriteTx, piece: Sequence[str] = piece, rest: Sequence[str] = rest, call: Call = call) -> Issued:
            return _issue_piece(tx, template_id, piece, rest, call)

        done = await client.store.write(change)
        made += done.coupon_ids
        out += done.out
        kick(client)
    return Issued(tuple(made), _merged(out))


async def forget_batch(client: MutationClient) -> None:
    """Give up the rest of a batch that was stopped half-way; what was issued stays."""
    await client.store.write(lambda tx: tx.set_meta(META, None))


def _issue_piece(tx: WriteTx, template_id: str, piece: Sequence[str], rest: Sequence[str], call: Call) -> Issued:
    planned = plan_batch(tx, template_id, piece, call)
    made = []
    for customer_id in planned.gets:
        found = coupons.next_allotted(tx, template_id, call.device_id, call.at)
        assert found is not None  # noqa: S101 - the plan counted them in this transaction
        perform(tx, IssueCoupon(found.id, customer_id), call)
        made.append(found.id)
    left = {"template_id": template_id, "customer_ids": list(rest)}
    tx.set_meta(META, left if rest else None)
    return Issued(tuple(made), planned.out)


def _merged(out: Sequence[rules.Group]) -> tuple[rules.Group, ...]:
    """Return one group a reason."""
    by_code: dict[str, list[rules.Group]] = {}
    for group in out:
        by_code.setdefault(group.code, []).append(group)
    return tuple(
        rules.Group(
            code,
            tuple(one for group in groups for one in group.customer_ids),
            min((group.next_at for group in groups if group.next_at), default=None),
        )
        for code, groups in by_code.items()
    )
