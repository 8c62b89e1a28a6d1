"""Who gets a coupon of a batch, and who is left out and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.batch import HELD, REASONS, Ground, Group, Person, Plan, Supply, plan, reach
from app.domain.contact import ContactPolicy
from app.domain.coupon import CouponRules
from app.domain.instants import to_text
from tests.unit.domain.times import SHANGHAI, local

YES = {"marketing": True}
RULES = CouponRules("amount_off", face_fen=5_000, per_customer=2)
POLICY = ContactPolicy.from_wire({"day": 1, "week": 2, "month": 4, "quiet": ["21:00", "09:00"]})
PLENTY = Supply(100)
ANNA = Person("anna", YES, store_id="s1")
MORNING, NIGHT = "2026-11-25 10:00", "2026-11-25 22:00"


def at(now: str) -> Ground:
    return Ground(local(now), SHANGHAI, POLICY, "phone")


def planned(*people: Person, rules: CouponRules = RULES, supply: Supply = PLENTY, now: str = MORNING) -> Plan:
    return plan(people, rules, supply, at(now))


TODAY = (to_text(local("2026-11-25 09:30")),)
OVER = replace(
    RULES,
    validity_kind="fixed",
    validity_from=local("2026-11-01 00:00"),
    validity_until=local("2026-11-25 10:00"),
)


@pytest.mark.parametrize(
    ("person", "rules", "now", "code", "next_at"),
    [
        (replace(ANNA, consents={}), RULES, MORNING, "no_marketing_consent", None),
        (replace(ANNA, holder_device_id="tablet"), RULES, MORNING, "contact_other_device", None),
        (replace(ANNA, contacts_at=TODAY), RULES, MORNING, "contact_budget_used", "2026-11-26 09:00"),
        (ANNA, RULES, NIGHT, "quiet_hours", "2026-11-26 09:00"),
        (replace(ANNA, had=2), RULES, MORNING, "coupon_limit_customer", None),
        (replace(ANNA, had=1, holds=True), RULES, MORNING, HELD, None),
        (ANNA, replace(RULES, scope_kind="stores", scope_ids=frozenset({"s2"})), MORNING, "coupon_out_of_scope", None),
        (ANNA, OVER, MORNING, "coupon_expired", None),
        # who could never get it is told so even at night
        (replace(ANNA, consents={}), RULES, NIGHT, "no_marketing_consent", None),
        (replace(ANNA, had=2), RULES, NIGHT, "coupon_limit_customer", None),
    ],
)
def test_rule_9_1_9_2_1_5_each_reason_is_named(
    person: Person, rules: CouponRules, now: str, code: str, next_at: str | None
) -> None:
    polite = to_text(local(next_at)) if next_at else None
    assert planned(person, rules=rules, now=now) == Plan((), (Group(code, ("anna",), polite),))
    assert code in REASONS


@pytest.mark.parametrize(
    "person",
    [
        replace(ANNA, had=1),  # one used up, one more allowed
        replace(ANNA, holder_device_id="phone"),
        replace(ANNA, contacts_at=(to_text(local("2026-11-24 23:59")),)),  # yesterday of the store
    ],
)
def test_who_may_have_it_gets_it(person: Person) -> None:
    assert planned(person) == Plan(("anna",), ())


def crowd(n: int) -> list[Person]:
    return [Person(f"c{i}", YES) for i in range(n)]


@pytest.mark.parametrize(
    ("rules", "supply", "gets", "code"),
    [
        (RULES, Supply(3), 3, "no_lease"),
        (RULES, Supply(0), 0, "no_lease"),
        (replace(RULES, per_day=10), Supply(100, today=8), 2, "coupon_limit_day"),
        (replace(RULES, per_guide=10), Supply(100, by_guide=6), 4, "coupon_limit_guide"),
        (replace(RULES, per_guide=9), Supply(2, by_guide=5), 2, "no_lease"),
    ],
)
def test_rule_1_4_1_5_a_lease_or_quota_too_small_serves_the_first(
    rules: CouponRules, supply: Supply, gets: int, code: str
) -> None:
    found = planned(*crowd(5), rules=rules, supply=supply)
    assert found.gets == tuple(f"c{i}" for i in range(gets))
    assert {group.code for group in found.out} >= {code}
    assert len(found.gets) + found.left_out == 5


def test_those_left_out_use_up_nothing_and_nobody_counts_twice() -> None:
    people = [replace(ANNA, consents={}), *crowd(2), *crowd(2)]
    assert planned(*people, supply=Supply(2)).gets == ("c0", "c1")


def test_rule_9_3_a_group_names_its_earliest_polite_time() -> None:
    week = tuple(to_text(local(day)) for day in ("2026-11-23 10:00", "2026-11-24 10:00"))
    people = [Person("a", YES, week), Person("b", YES, TODAY)]
    (group,) = planned(*people).out
    assert group == Group("contact_budget_used", ("a", "b"), to_text(local("2026-11-26 09:00")))


def test_a_batch_of_nobody_is_empty() -> None:
    assert planned() == Plan((), ())


@pytest.mark.parametrize(
    ("person", "now", "code"),
    [
        (replace(ANNA, consents={"marketing": False}), MORNING, "no_marketing_consent"),
        (replace(ANNA, holder_device_id="tablet"), MORNING, "contact_other_device"),
        (replace(ANNA, contacts_at=TODAY), MORNING, "contact_budget_used"),
        (ANNA, NIGHT, "quiet_hours"),
        (replace(ANNA, had=9, holds=True), MORNING, None),  # coupons are nothing to a message
    ],
)
def test_rule_9_3_whom_a_message_reaches(person: Person, now: str, code: str | None) -> None:
    others = [Person("ben", YES), person, Person("ben", YES)]
    found = reach(others, at(now))
    assert [group.code for group in found.out] == ([code] if code else [])
    assert found.gets == (() if now == NIGHT else ("ben", "anna") if code is None else ("ben",))
