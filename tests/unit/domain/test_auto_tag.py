from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import auto_tag as rules
from app.domain.auto_tag import CODES, AutoTag, Piece, TagFacts, TagOrder
from app.domain.instants import to_text
from tests.unit.domain.times import SHANGHAI, local

NOW = local("2026-11-24 10:30")


def at(days_ago: float) -> str:
    return to_text(NOW - timedelta(days=days_ago))


def bought(days_ago: float, fen: int = 10_000, refunded: int = 0, channel: str = "import", **more: object) -> TagOrder:
    return TagOrder(at(days_ago), channel, fen, refunded, **more)  # type: ignore[arg-type]


def piece(category: str, product: str = "p1", qty: int = 1, released_days_ago: float | None = None) -> Piece:
    return Piece(product, category, qty, None if released_days_ago is None else at(released_days_ago))


def tags(*orders: TagOrder, **more: object) -> dict[str, AutoTag]:
    found = rules.auto_tags(TagFacts(orders=orders, **more), NOW, SHANGHAI)  # type: ignore[arg-type]
    return {tag.code: tag for tag in found}


@pytest.mark.parametrize(
    ("orders", "since"),
    [
        ([bought(300, 999_999)], None),
        ([bought(300, 1_000_000)], 300),
        ([bought(300, 600_000), bought(20, 400_000), bought(10, 5_000)], 20),
        ([bought(366, 600_000), bought(20, 400_000)], None),
        ([bought(300, 1_200_000, 300_000)], None),
    ],
)
def test_rule_6_5_a_big_spender_since_the_order_that_made_it_so_much(
    orders: list[TagOrder], since: float | None
) -> None:
    found = tags(*orders).get("big_spender")
    assert (found.at if found else None) == (None if since is None else at(since))


@pytest.mark.parametrize(
    ("discounted", "plain", "holds"), [(3, 2, True), (2, 2, False), (2, 1, True), (2, 0, False), (0, 9, False)]
)
def test_rule_6_5_who_mostly_buys_with_a_discount(discounted: int, plain: int, holds: bool) -> None:
    orders = [bought(9 + n, discounted=True) for n in range(discounted)] + [bought(50 + n) for n in range(plain)]
    found = tags(*orders).get("discount_lover")
    assert (found is not None) is holds
    if found:
        assert (found.params, found.at) == ({"n": discounted, "of": discounted + plain}, at(9))


@pytest.mark.parametrize(
    ("ages", "holds"),
    [([30, 0], True), ([30], False), ([31, 29], False), ([10, 10, 90, 90, 90], True), ([10, 10, 90, 90, 90, 90], False),
     ([-1, 5], False), ([None, 5, 5], True)],
)  # fmt: skip
def test_rule_6_5_who_buys_what_is_new(ages: list[float | None], holds: bool) -> None:
    lines = [piece("tops", f"p{n}", released_days_ago=None if age is None else 40 + age) for n, age in enumerate(ages)]
    assert ("new_arrivals" in tags(bought(40, pieces=lines))) is holds


def test_rule_6_5_a_category_is_named_and_what_was_given_back_does_not_count() -> None:
    coats = bought(30, pieces=[piece("coat", qty=3)])
    found = tags(coats, bought(20, pieces=[piece("scarf", qty=3)]))["category_fan"]
    assert (found.params, found.at) == ({"category": "coat", "n": 3, "of": 6}, at(30)), "half is enough"
    assert "category_fan" not in tags(coats, bought(20, pieces=[piece("scarf", qty=2), piece("bag", qty=2)]))
    assert "category_fan" not in tags(replace(coats, refunded_fen=10_000))
    assert "category_fan" not in tags(bought(30, pieces=[piece("coat", qty=2)]))


@pytest.mark.parametrize(("refunds", "orders", "holds"), [(2, 6, True), (2, 7, False), (1, 1, False), (3, 10, True)])
def test_rule_6_5_who_often_gives_back(refunds: int, orders: int, holds: bool) -> None:
    made = [bought(n + 1, refunded=1 if n < refunds else 0) for n in range(orders)]
    assert ("returns_often" in tags(*made)) is holds


@pytest.mark.parametrize(
    ("channels", "code"),
    [
        (["store", "store", "store", "private"], "store_visitor"),
        (["private", "miniprogram", "marketplace"], "online_shopper"),
        (["store", "store", "private"], None),
        (["store", "store"], None),
        (["import", "import", "store", "store"], None),
    ],
)
def test_rule_6_5_where_somebody_likes_to_buy(channels: list[str], code: str | None) -> None:
    found = tags(*(bought(n + 1, channel=channel) for n, channel in enumerate(channels)))
    assert found.keys() & {"store_visitor", "online_shopper"} == ({code} if code else set())


def test_rule_6_5_the_month_of_the_birthday_is_the_stores() -> None:
    assert tags(birthday="11-01")["birthday_month"].at == "2026-10-31T16:00:00Z"
    assert not tags(birthday="12-01") and not tags(birthday=None)
    end = local("2026-12-01 00:00")
    found = rules.auto_tags(TagFacts(birthday="12-24"), end, SHANGHAI)
    assert [tag.code for tag in found] == ["birthday_month"]
    assert not rules.auto_tags(TagFacts(birthday="12-24"), end - timedelta(seconds=1), SHANGHAI)


@pytest.mark.parametrize(
    ("left", "topped", "holds"), [(20_000, 100, True), (20_001, 100, False), (0, 100, True), (0, None, False)]
)
def test_rule_6_5_a_card_that_runs_low(left: int, topped: float | None, holds: bool) -> None:
    found = tags(stored_value_fen=left, topped_up_at=None if topped is None else at(topped))
    assert ("stored_value_low" in found) is holds


def test_rule_6_5_tags_go_when_their_reason_goes() -> None:
    orders = [bought(700, channel="store", discounted=True, pieces=[piece("coat")]) for _ in range(3)]
    assert set(tags(*orders)) == {"discount_lover", "category_fan", "store_visitor"}
    later = rules.auto_tags(TagFacts(orders=orders), NOW + timedelta(days=31), SHANGHAI)
    assert later == ()


PIECES = st.builds(
    Piece, st.sampled_from(["p1", "p2", "p3", None]), st.sampled_from(["", "coat", "bag"]), st.integers(0, 3),
    st.none() | st.integers(0, 900).map(at),
)  # fmt: skip
ORDERS = st.builds(
    TagOrder, st.integers(-10, 900).map(at), st.sampled_from(["store", "private", "import", "marketplace"]),
    st.integers(0, 2_000_000), st.integers(0, 1_000), st.booleans(), st.lists(PIECES, max_size=3),
)  # fmt: skip


@given(st.lists(ORDERS, max_size=8), st.randoms(use_true_random=False))
def test_rule_6_5_each_tag_once_with_a_past_date_whatever_the_order(orders: Sequence[TagOrder], random: object) -> None:
    facts = TagFacts(orders=orders, birthday="11-26", stored_value_fen=5, topped_up_at=at(50))
    found = rules.auto_tags(facts, NOW, SHANGHAI)
    codes = [tag.code for tag in found]
    assert codes == [code for code in CODES if code in codes], "each once, in one order"
    assert all(tag.at <= to_text(NOW) and tag.params for tag in found)
    mixed = list(orders)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    same = rules.auto_tags(replace(facts, orders=mixed), NOW, SHANGHAI)
    assert [(tag.code, tag.params) for tag in same] == [(tag.code, tag.params) for tag in found]
