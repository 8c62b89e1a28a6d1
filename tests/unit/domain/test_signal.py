from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.instants import to_text
from app.domain.segment import Figures
from app.domain.signal import (
    CHECKOUT,
    KINDS,
    VALUE_BP,
    Bought,
    CustomerFacts,
    HeldCoupon,
    Mark,
    Signal,
    SignalContext,
    SignalPolicy,
    View,
    rank,
    rest_days,
    sessions_of,
    signals,
)
from tests.unit.domain.times import SHANGHAI, local

NOW = local("2026-11-22 10:30")
CONTEXT = SignalContext(NOW, SHANGHAI, in_stock=frozenset({"p", "q"}), prices={"p": 80_000})
OLD = to_text(NOW - timedelta(days=400))


def ago(days: float) -> str:
    return to_text(NOW - timedelta(days=days))


def view(days: float, session: str | None = None, dwell: int = 5, product: str = "p") -> View:
    return View(product, session or f"s{days}", ago(days), dwell)


THREE = (view(1), view(2), view(3))
SEEN = CustomerFacts("c", Figures(OLD), views=THREE)


def kinds(facts: CustomerFacts, context: SignalContext = CONTEXT) -> list[str]:
    return [signal.kind for signal in signals(facts, context)]


@pytest.mark.parametrize(
    ("views", "found"),
    [
        (THREE, True),
        (THREE[:2], False),
        ((view(1), view(2), view(14)), True),
        ((view(1), view(2), view(14.01)), False),
        ((view(1), view(2), view(3, dwell=2)), False),
        ((view(1, "s"), view(2, "s"), view(3)), False),
        ((view(1, "a"), view(1 + 29 / 1440, "b"), view(3)), False),
        ((view(1, "a"), view(1 + 30 / 1440, "b"), view(3)), True),
        ((view(1), view(2), view(3, product="q")), False),
        ((view(1), view(2), view(-1)), False),
    ],
)
def test_rule_5_1_three_sessions_in_fourteen_days(views: tuple[View, ...], found: bool) -> None:
    assert ("repeated_view" in kinds(replace(SEEN, views=views))) is found


def test_rule_5_1_reason_and_value() -> None:
    signal = signals(SEEN, CONTEXT)[0]
    assert (signal.subject, signal.reason, signal.params["views"]) == ("p", "seen_n_times", 3)
    assert signal.value_fen == 20_000
    counts = sessions_of(THREE, since=ago(2), until=ago(0))
    assert counts == {"p": 2}
    assert sessions_of(THREE, since=ago(3), until=ago(1)) == {"p": 3}
    assert sessions_of(THREE, since=ago(3), until=ago(1.01)) == {"p": 2}
    assert sessions_of([view(1, dwell=3)], since=ago(3), until=ago(0)) == {"p": 1}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"orders": (Bought(ago(2.5), frozenset({"p"})),)}, False),
        ({"orders": (Bought(ago(20), frozenset({"p"})),)}, True),
        ({"orders": (Bought(ago(2.5), frozenset({"q"})),)}, True),
        ({"coupons": (HeldCoupon("k", ago(0.5), ago(0.1), sent_for="p"),)}, False),
        ({"coupons": (HeldCoupon("k", ago(0.5), ago(0.1), sent_for="q"),)}, True),
        ({"marks": (Mark("repeated_view", "p", "not_interested", ago(0.5)),)}, False),
        ({"marks": (Mark("repeated_view", "p", "done", ago(13.9)),)}, False),
        ({"marks": (Mark("repeated_view", "p", "done", ago(14.1)),)}, True),
        ({"marks": (Mark("repeated_view", "q", "done", ago(1)),)}, True),
        ({"marks": (Mark("repeated_view", "p", "later", ago(1), ago(-1)),)}, False),
        ({"marks": (Mark("repeated_view", "p", "later", ago(1), ago(0.1)),)}, True),
    ],
)
def test_rule_5_2_resets(change: dict[str, object], found: bool) -> None:
    assert ("repeated_view" in kinds(replace(SEEN, **change))) is found  # type: ignore[arg-type]


def test_rule_5_2_counting_begins_anew_after_a_reset() -> None:
    views = (*THREE, view(0.1), view(0.5), view(5))
    sent = (HeldCoupon("k", ago(2.5), ago(1), sent_for="p"),)
    found = signals(replace(SEEN, views=views, coupons=sent), CONTEXT)
    assert found[0].params["views"] == 4


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"contact_open": False}, False),
        ({"views": tuple(replace(one, product_id="sold-out") for one in THREE)}, False),
        ({"coupons": (HeldCoupon("k", ago(20), ago(-9)),)}, False),
        ({"coupons": (HeldCoupon("k", ago(20), ago(-9), frozenset({"p"})),)}, False),
        ({"coupons": (HeldCoupon("k", ago(20), ago(-9), frozenset({"q"})),)}, True),
        ({"coupons": (HeldCoupon("k", ago(20), ago(-9), used=True),)}, True),
        ({"coupons": (HeldCoupon("k", ago(20), ago(0)),)}, True),
        ({"orders": (Bought(ago(60), frozenset({"p"}), frozenset({"p"}), ago(30)),)}, False),
        ({"orders": (Bought(ago(60), frozenset({"p"}), frozenset({"p"}), ago(30.1)),)}, True),
    ],
)
def test_rule_5_3_suppressed(change: dict[str, object], found: bool) -> None:
    assert ("repeated_view" in kinds(replace(SEEN, **change))) is found  # type: ignore[arg-type]


def test_unknown_stock_does_not_silence() -> None:
    assert kinds(SEEN, SignalContext(NOW, SHANGHAI)) == ["repeated_view"]


def test_rule_5_4_no_reason_speaks_of_watching() -> None:
    assert all("watch" not in signal.reason for signal in signals(SEEN, CONTEXT))


@pytest.mark.parametrize(
    ("birthday", "reason"),
    [("11-22", "birthday_today"), ("11-29", "birthday_soon"), ("11-30", None), ("11-21", None), (None, None)],
)
def test_birthday(birthday: str | None, reason: str | None) -> None:
    found = signals(CustomerFacts("c", Figures(OLD), birthday=birthday), CONTEXT)
    assert [signal.reason for signal in found] == ([] if reason is None else [reason])


@pytest.mark.parametrize(
    ("dates", "found"),
    [
        ([("anniversary", "11-22")], [("date_today", "2026-11-22")]),
        ([("anniversary", "11-29")], [("date_soon", "2026-11-29")]),
        ([("anniversary", "11-30")], []),
        ([("anniversary", "11-21")], []),
        ([("b", "11-24"), ("a", "11-24")], [("date_soon", "2026-11-24")]),
        ([("broken", "13-40")], []),
    ],
)
def test_important_date(dates: list[tuple[str, str]], found: list[tuple[str, str]]) -> None:
    signals_ = signals(CustomerFacts("c", Figures(OLD), dates=dates), CONTEXT)
    assert [(one.reason, one.subject) for one in signals_] == found
    assert [one.params["label"] for one in signals_] == [min(dates)[0]] * len(found)


@pytest.mark.parametrize(("days", "found"), [(0, False), (0.1, True), (3, True), (3.1, False)])
def test_coupon_expiring(days: float, found: bool) -> None:
    facts = CustomerFacts("c", Figures(OLD), coupons=(HeldCoupon("k", ago(9), ago(-days), face_fen=500),))
    assert kinds(facts) == (["coupon_expiring"] if found else [])


def buyer(last: float, first: float | None = None, days: int = 1) -> Figures:
    return Figures(OLD, days, days, 90_000, ago(first or last), ago(last))


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (Figures(ago(7)), ["welcome"]),
        (Figures(ago(8)), []),
        (buyer(364), []),
        (buyer(365), ["dormant"]),
        (buyer(60, 80, 2), ["lapsing"]),
        (buyer(29, 30, 2), []),
    ],
)
def test_welcome_lapsing_dormant(figures: Figures, expected: list[str]) -> None:
    assert kinds(CustomerFacts("c", figures)) == expected


@pytest.mark.parametrize(("days", "refunded", "found"), [(2, (), 0), (3, (), 1), (5, (), 1), (6, (), 0), (4, "p", 0)])
def test_care_after_purchase(days: int, refunded: str, found: int) -> None:
    order = Bought(ago(days), frozenset({"p"}), frozenset(refunded))
    facts = CustomerFacts("c", buyer(days), orders=(order,))
    assert kinds(facts).count("care_after_purchase") == found


def test_rank_is_by_value_and_stable() -> None:
    low, high = Signal("birthday", "a", "", "r", value_fen=1), Signal("dormant", "b", "", "r", value_fen=2)
    tie = Signal("repeated_view", "z", "", "r", value_fen=1)
    assert rank([low, high, tie]) == rank([tie, high, low]) == (high, tie, low)


def test_policy_from_the_setting() -> None:
    policy = SignalPolicy.from_wire({"views": 2, "days": 7}, 200)
    assert (policy.views, policy.days, policy.dormant_days) == (2, 7, 200)
    assert kinds(replace(SEEN, views=THREE[:2]), SignalContext(NOW, SHANGHAI, policy)) == ["repeated_view"]


def begun(hours: float, product: str = "p") -> View:
    return View(product, f"c{hours}", ago(hours / 24), 0, CHECKOUT)


LEFT = CustomerFacts("c", Figures(OLD), views=(begun(5),))


def test_care_after_two_purchases_of_one_moment_names_the_same_product_whichever_comes_first() -> None:
    pair = [Bought(ago(3), frozenset({name})) for name in "pq"]
    named = [
        [one.params["product_id"] for one in signals(CustomerFacts("c", buyer(3), orders=tuple(orders)), CONTEXT)
         if one.kind == "care_after_purchase"]
        for orders in (pair, pair[::-1])
    ]  # fmt: skip
    assert named[0] and named[0] == named[1]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, True),
        ({"views": (begun(1),)}, True),
        ({"views": (begun(0.99),)}, False),  # may still be looking for the card
        ({"views": (begun(72),)}, True),
        ({"views": (begun(72.01),)}, False),
        ({"views": (begun(50), begun(0.5))}, False),  # back at it just now
        ({"views": (view(0.2),)}, False),
        ({"orders": (Bought(ago(4 / 24), frozenset({"p"})),)}, False),
        ({"orders": (Bought(ago(6 / 24), frozenset({"p"})),)}, True),  # bought before, and came for another
        ({"orders": (Bought(ago(4 / 24), frozenset({"q"})),)}, True),
        ({"coupons": (HeldCoupon("k", ago(4 / 24), ago(0.1), sent_for="p"),)}, False),
        ({"coupons": (HeldCoupon("k", ago(20), ago(-9), frozenset({"p"})),)}, False),
        ({"coupons": (HeldCoupon("k", ago(20), ago(-9), frozenset({"q"})),)}, True),
        ({"orders": (Bought(ago(60), frozenset({"p"}), frozenset({"p"}), ago(30)),)}, False),
        ({"views": (begun(5, "sold-out"),)}, False),
        ({"contact_open": False}, False),
        ({"marks": (Mark("cart_left", "p", "not_interested", ago(13.9)),)}, False),
        ({"marks": (Mark("repeated_view", "p", "done", ago(13.9)),)}, False),
        ({"marks": (Mark("repeated_view", "q", "done", ago(1)),)}, True),
        ({"marks": (Mark("cart_left", "p", "later", ago(0.1), ago(-0.1)),)}, False),
        ({"marks": (Mark("cart_left", "p", "later", ago(0.1), ago(0)),)}, True),
    ],
)
def test_a_check_out_that_was_left(change: dict[str, object], found: bool) -> None:
    assert ("cart_left" in kinds(replace(LEFT, **change))) is found  # type: ignore[arg-type]


def test_a_check_out_is_no_view() -> None:
    assert "repeated_view" not in kinds(replace(SEEN, views=tuple(begun(h) for h in (5, 30, 60))))
    assert signals(LEFT, CONTEXT)[0].params["days"] == 0


def test_rule_5_2_one_answer_serves_both_kinds_about_a_product() -> None:
    both = replace(SEEN, views=(*THREE, begun(5)))
    assert kinds(both) == ["cart_left", "repeated_view"]
    assert kinds(replace(both, marks=(Mark("cart_left", "p", "done", ago(0)),))) == []


def card(left: int, topped: float | None) -> Figures:
    return Figures(ago(400), stored_value_fen=left, topped_up_at=None if topped is None else ago(topped))


@pytest.mark.parametrize(
    ("figures", "reason"),
    [
        (card(20_000, 40), "stored_value_low"),
        (card(20_001, 40), None),
        (card(1, None), "stored_value_low"),
        (card(0, None), None),  # never had a card
        (card(0, 365), "stored_value_empty"),
        (card(0, 366), None),
        (card(100, 7), "stored_value_low"),
        (card(100, 6), None),  # topped up just now
    ],
)
def test_a_card_that_runs_low_or_empty(figures: Figures, reason: str | None) -> None:
    found = [one for one in signals(CustomerFacts("c", figures), CONTEXT) if one.kind == "stored_value_low"]
    assert [one.reason for one in found] == ([] if reason is None else [reason])
    assert all(one.subject == (figures.topped_up_at or "") for one in found)  # the next top-up is another matter


def test_the_brand_sets_when_a_card_is_low() -> None:
    policy = SignalPolicy.from_wire({"stored_low_fen": 5_000, "cart_hours": 2, "cart_days": 1})
    context = SignalContext(NOW, SHANGHAI, policy)
    assert kinds(CustomerFacts("c", card(5_001, 40)), context) == []
    assert kinds(CustomerFacts("c", card(5_000, 40)), context) == ["stored_value_low"]
    assert kinds(replace(LEFT, views=(begun(1.9),)), context) == kinds(replace(LEFT, views=(begun(25),)), context) == []


HAPPENS = {
    "cart_left": LEFT,
    "repeated_view": SEEN,
    "birthday": CustomerFacts("c", Figures(OLD), birthday="11-24"),
    "important_date": CustomerFacts("c", Figures(OLD), dates=[("x", "11-24")]),
    "coupon_expiring": CustomerFacts("c", Figures(OLD), coupons=(HeldCoupon("k", ago(9), ago(-2)),)),
    "stored_value_low": CustomerFacts("c", card(100, 40)),
    "welcome": CustomerFacts("c", Figures(ago(2))),
    "care_after_purchase": CustomerFacts("c", buyer(4), orders=(Bought(ago(4), frozenset({"q"})),)),
    "lapsing": CustomerFacts("c", buyer(60, 80, 2)),
    "dormant": CustomerFacts("c", buyer(400)),
}
FITS = HeldCoupon("open", ago(20), ago(-9))


def test_every_kind_has_an_example_and_a_worth() -> None:
    assert HAPPENS.keys() == set(KINDS) == VALUE_BP.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_rule_5_3_each_kind_and_what_silences_it(kind: str) -> None:
    facts = HAPPENS[kind]
    assert kinds(facts) == [kind]
    assert kinds(replace(facts, contact_open=False)) == []
    with_coupon = kinds(replace(facts, coupons=(*facts.coupons, FITS)))
    ends_in_a_coupon = kind in ("cart_left", "repeated_view", "lapsing", "dormant")
    assert with_coupon == ([] if ends_in_a_coupon else [kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("action", ["done", "not_interested"])
def test_rule_5_2_what_was_dealt_with_rests(kind: str, action: str) -> None:
    facts, days = HAPPENS[kind], rest_days(kind)
    subject = signals(facts, CONTEXT)[0].subject
    assert days >= 14
    for since, rests in ((0.0, True), (13.9, True), (days, True), (days + 0.01, False)):
        marked = replace(facts, marks=(Mark(kind, subject, action, ago(since)),))
        assert (kinds(marked) == []) is rests, since
    elsewhere = replace(facts, marks=(Mark(kind, "another", action, ago(0)),))
    assert kinds(elsewhere) == [kind]


PRODUCTS = st.sampled_from(["p", "q", "sold-out"])
DAYS = st.floats(-2, 40)
VIEWS = st.lists(
    st.builds(
        lambda days, session, dwell, product, kind: View(product, session, ago(days), dwell, kind),
        DAYS, st.sampled_from("abcd"), st.integers(0, 9), PRODUCTS, st.sampled_from(["view", "checkout"]),
    ),
    max_size=12,
)  # fmt: skip
ORDERS = st.lists(
    st.builds(
        lambda days, bought, back: Bought(ago(days), frozenset(bought), frozenset(back) & frozenset(bought)),
        DAYS, st.sets(PRODUCTS), st.sets(PRODUCTS),
    ),
    max_size=4,
)  # fmt: skip
COUPONS = st.lists(
    st.builds(
        lambda n, days, until, used, sent: HeldCoupon(f"k{n}", ago(days), ago(-until), sent_for=sent, used=used),
        st.integers(0, 99), DAYS, DAYS, st.booleans(), st.none() | PRODUCTS,
    ),
    max_size=3, unique_by=lambda coupon: coupon.id,
)  # fmt: skip
MARKS = st.lists(
    st.builds(
        lambda kind, subject, action, days, until: Mark(
            kind, subject, action, ago(days), ago(-until) if action == "later" else None
        ),
        st.sampled_from(KINDS), st.sampled_from(["p", "q", "", "2026"]),
        st.sampled_from(["done", "later", "not_interested"]), DAYS, DAYS,
    ),
    max_size=4,
)  # fmt: skip
FACTS = st.builds(
    lambda figures, birthday, views, orders, coupons, marks: CustomerFacts(
        "c", figures, birthday, True, views, orders, coupons, marks
    ),
    st.sampled_from([Figures(OLD), Figures(ago(2)), buyer(60, 80, 2), buyer(400), buyer(4), card(100, 40)]),
    st.sampled_from([None, "11-22", "11-29", "02-29"]), VIEWS, ORDERS, COUPONS, MARKS,
)  # fmt: skip


@given(FACTS, st.randoms(use_true_random=False))
def test_signals_do_not_depend_on_the_order_of_what_is_known(facts: CustomerFacts, random: object) -> None:
    def mixed(rows: object) -> tuple[object, ...]:
        rows = list(rows)  # type: ignore[call-overload]
        random.shuffle(rows)  # type: ignore[attr-defined]
        return tuple(rows)

    again = replace(
        facts, views=mixed(facts.views), orders=mixed(facts.orders), coupons=mixed(facts.coupons),
        marks=mixed(facts.marks),
    )  # fmt: skip
    assert signals(again, CONTEXT) == signals(facts, CONTEXT) == signals(facts, CONTEXT)


@given(FACTS, st.sampled_from(["done", "not_interested"]), st.floats(0, 14))
def test_rule_5_2_never_two_of_one_kind_and_subject_within_fourteen_days(
    facts: CustomerFacts, action: str, days: float
) -> None:
    found = signals(facts, CONTEXT)
    assert len({(one.kind, one.subject) for one in found}) == len(found)
    marks = [*facts.marks, *(Mark(one.kind, one.subject, action, ago(days)) for one in found)]
    assert signals(replace(facts, marks=marks), CONTEXT) == ()


P = frozenset({"p"})
VIEWED = [view(n, session) for n, session in enumerate("abc", 1)]
BACK = CustomerFacts("c", Figures(OLD), views=VIEWED, orders=[Bought(ago(29), P, P)])


@given(FACTS, st.builds(SignalPolicy, days=st.integers(1, 40), cart_days=st.integers(1, 40)))
@example(BACK, SignalPolicy())
def test_what_is_older_than_the_policy_looks_back_changes_nothing(facts: CustomerFacts, policy: SignalPolicy) -> None:
    context = SignalContext(NOW, SHANGHAI, policy, in_stock=frozenset({"p", "q"}))
    lately = replace(
        facts,
        views=[one for one in facts.views if one.at >= ago(policy.view_days)],
        orders=[one for one in facts.orders if one.paid_at >= ago(policy.order_days)],
    )
    assert signals(lately, context) == signals(facts, context)
