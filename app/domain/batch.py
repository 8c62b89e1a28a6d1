"""One coupon for many customers: who gets it, and who is left out and why (rules 1.3 to 1.5, 9.1 to 9.3).

What a person could never get (no consent, limits, scope) is named before what passes by itself (quiet hours) and
before what only a new lease mends; the server decides again for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from app.domain import contact
from app.domain.contact import Allowed, ContactPolicy, Denied
from app.domain.coupon import CouponRules, check_limits
from app.domain.errors import Rejected
from app.domain.instants import Instant

HELD = "coupon_held"
REASONS = (
    "no_marketing_consent", "contact_other_device", "contact_budget_used", "coupon_expired", "coupon_out_of_scope",
    HELD, "coupon_limit_customer", "quiet_hours", "coupon_limit_guide", "coupon_limit_day", "no_lease",
)  # fmt: skip
"""Every code a person may be left out for, in the order they are shown."""


@dataclass(frozen=True, slots=True)
class Person:
    """One customer as the plan sees them.

    `contacts_at`: counted contacts by anybody. `had`: coupons of the template ever issued to them, used or not;
    `holds`: one of those is still good and unused. `holder_device_id`: who may contact offline (rule 9.2).
    """

    customer_id: str
    consents: Mapping[str, bool]
    contacts_at: tuple[Instant, ...] = ()
    store_id: str = ""
    had: int = 0
    holds: bool = False
    holder_device_id: str | None = None


@dataclass(frozen=True, slots=True)
class Supply:
    """What this device may still hand out of the template: `left` of its lease, and what quotas have seen."""

    left: int
    by_guide: int = 0
    today: int = 0


@dataclass(frozen=True, slots=True)
class Ground:
    """What is the same for all: the moment, the store's zone, the brand's contact policy, the asking device."""

    now: datetime
    zone: tzinfo
    policy: ContactPolicy
    device_id: str


@dataclass(frozen=True, slots=True)
class Group:
    """Customers left out for one reason, in the order given; `next_at` is the earliest polite time among them."""

    code: str
    customer_ids: tuple[str, ...]
    next_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Who gets the coupon, in the order given, and the others by reason in the order of `REASONS`."""

    gets: tuple[str, ...]
    out: tuple[Group, ...]

    @property
    def left_out(self) -> int:
        """How many get none."""
        return sum(len(group.customer_ids) for group in self.out)


def plan(people: Iterable[Person], rules: CouponRules, supply: Supply, ground: Ground) -> Plan:
    """Return who of `people` gets one coupon each; a lease or quota that is too small serves the first of them."""
    gets: list[str] = []
    out: dict[str, list[tuple[str, Denied]]] = {}
    may = _Contacts(ground)
    seen: set[str] = set()
    for person in people:
        if person.customer_id in seen:
            continue
        seen.add(person.customer_id)
        no = denial(person, rules, ground.now, may(person)) or _no_supply(rules, supply, len(gets))
        if no is None:
            gets.append(person.customer_id)
        else:
            out.setdefault(no.code, []).append((person.customer_id, no))
    return Plan(tuple(gets), tuple(_group(code, out[code]) for code in REASONS if code in out))


def reach(people: Iterable[Person], ground: Ground) -> Plan:
    """Return who of `people` may be written to now, and who not and why (rules 9.1 to 9.3): no coupon goes with it."""
    gets: list[str] = []
    out: dict[str, list[tuple[str, Denied]]] = {}
    may = _Contacts(ground)
    for person in {one.customer_id: one for one in people}.values():
        answer = may(person)
        if isinstance(answer, Denied):
            out.setdefault(answer.code, []).append((person.customer_id, answer))
        else:
            gets.append(person.customer_id)
    return Plan(tuple(gets), tuple(_group(code, out[code]) for code in REASONS if code in out))


def denial(person: Person, rules: CouponRules, now: datetime, contactable: Allowed | Denied) -> Denied | None:
    """Return why this person gets none, whatever the supply; None when nothing is in the way."""
    quiet = contactable if isinstance(contactable, Denied) and contactable.code == "quiet_hours" else None
    if isinstance(contactable, Denied) and quiet is None:
        return contactable
    if rules.validity_until is not None and now >= rules.validity_until:
        return Denied("coupon_expired")
    if rules.scope_kind == "stores" and person.store_id not in rules.scope_ids:
        return Denied("coupon_out_of_scope")
    if person.holds:
        return Denied(HELD)
    if rules.per_customer is not None and person.had >= rules.per_customer:
        return Denied("coupon_limit_customer", {"limit": rules.per_customer})
    return quiet


class _Contacts:
    """Asks the contact rules; most people share one answer, so equal questions are asked once."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._answers: dict[tuple[bool, str | None, tuple[Instant, ...]], Allowed | Denied] = {}

    def __call__(self, person: Person) -> Allowed | Denied:
        question = (bool(person.consents.get("marketing")), person.holder_device_id, person.contacts_at)
        if question not in self._answers:
            ground = self._ground
            self._answers[question] = contact.decide(
                person.contacts_at, now=ground.now, zone=ground.zone, policy=ground.policy, consents=person.consents,
                device_id=ground.device_id, holder_device_id=person.holder_device_id,
            )  # fmt: skip
        return self._answers[question]


def _no_supply(rules: CouponRules, supply: Supply, given: int) -> Denied | None:
    """Return why there is none left after `given`: quotas first, then the lease."""
    try:
        check_limits(rules, to_customer=-1, by_guide=supply.by_guide + given, today=supply.today + given)
    except Rejected as no:
        return Denied(no.code, dict(no.params))
    return Denied("no_lease") if given >= supply.left else None


def _group(code: str, members: Sequence[tuple[str, Denied]]) -> Group:
    times = [str(no.params["next_at"]) for _, no in members if "next_at" in no.params]
    return Group(code, tuple(customer_id for customer_id, _ in members), min(times, default=None))
