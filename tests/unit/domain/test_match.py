"""Goods and people (feature B5): each reason by a table, what may never be suggested by properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import match as m
from app.domain.instants import to_text
from app.domain.match import Goods, Match, Matcher, Piece, Reason, Taste
from tests.unit.domain.times import local

NOW = local("2026-11-24 10:30")
MATCHER = Matcher(NOW)
ALL = 1_000


def ago(days: float) -> str:
    return to_text(NOW - timedelta(days=days))


COAT = Goods("coat", "S1", "outerwear", "elm", 300_000, ("S", "M"), frozenset("SM"), ago(300), 5, "羊绒大衣 Cashmere")
SHIRT = Goods("shirt", "S2", "tops", "elm", 60_000, ("S", "M"), frozenset("S"), ago(200), 9, "亚麻衬衫")
LOAFER = Goods("loafer", "S3", "shoes", "elm", 80_000, ("36", "37"), frozenset({"37"}), ago(100), 1)
DRESS = Goods("dress", "S5", "dresses", "night", 90_000, ("S", "M"), frozenset("M"), ago(90), 0, "长裙")
BAG = Goods("bag", "S4", "bags", "shore", 140_000, ("均码",), frozenset({"均码"}), ago(90), 3)


def piece(one: Goods, kept: int = 1, fen: int | None = None, refunded_days: float | None = None) -> Piece:
    back = None if refunded_days is None else ago(refunded_days)
    return Piece(one.id, one.style_no, one.category, one.series, one.price_fen if fen is None else fen, kept, back)


def reasons(taste: Taste, one: Goods) -> dict[str, str | int]:
    found = next((f for f in MATCHER.for_customer(taste, [one], ALL) if f.product_id == one.id), None)
    return {} if found is None else {r.code: r.about for r in found.reasons}


@pytest.mark.parametrize(
    ("taste", "one", "expected"),
    [
        (Taste("c", views={"bag": 3}), BAG, {"viewed": 3}),
        (Taste("c", likes=("亚麻", "羊绒")), SHIRT, {"like": "亚麻"}),
        (Taste("c", likes=("CASHMERE",)), COAT, {"like": "CASHMERE"}),
        (Taste("c", likes=("",)), BAG, {"bestseller": ""}),
        (Taste("c", pieces=[piece(COAT, fen=0)]), SHIRT, {"goes_with": "coat"}),
        (Taste("c", pieces=[piece(replace(COAT, id="old", style_no="S9"), fen=0)]), COAT, {"series": "elm"}),
        (Taste("c", pieces=[piece(replace(BAG, id="old", series=""), 2, 0)]), BAG, {"category": "bags"}),
        (Taste("c", pieces=[piece(replace(BAG, id="old", series=""), 1, 0)]), BAG, {"bestseller": ""}),
        (Taste("c"), replace(BAG, released_at=ago(30)), {"new": ""}),
        (Taste("c"), replace(BAG, released_at=ago(30.1)), {"bestseller": ""}),
        (Taste("c"), replace(BAG, released_at=ago(-1)), {"bestseller": ""}),
        (Taste("c", ("亚麻",), {"top": "S"}), SHIRT, {"like": "亚麻", "size": "S"}),
        (Taste("c", ("亚麻",), {"top": "M"}), SHIRT, {}),
        (Taste("c", ("亚麻",), {"top": "XL"}), SHIRT, {"like": "亚麻"}),
        (Taste("c", ("亚麻",), {"top": "M"}), replace(SHIRT, in_stock=None), {"like": "亚麻"}),
        (Taste("c", ("亚麻",)), replace(SHIRT, in_stock=frozenset()), {}),
        (Taste("c", sizes={"shoe": "37"}, views={"loafer": 1}), LOAFER, {"viewed": 1, "size": "37"}),
        (Taste("c", ("裙",), {"top": "S", "dress": "M"}), DRESS, {"like": "裙", "size": "M"}),
        (Taste("c", ("裙",), {"top": "S"}), DRESS, {}),
        (Taste("c", views={"bag": 1}, pieces=[piece(LOAFER, fen=100_000)]), BAG, {"viewed": 1, "price": ""}),
        (Taste("c", views={"bag": 1}, pieces=[piece(LOAFER, fen=99_999)]), BAG, {"viewed": 1}),
        (Taste("c", views={"bag": 1}, pieces=[piece(BAG)]), BAG, {}),
        (Taste("c", views={"bag": 1}, pieces=[piece(BAG, 0, refunded_days=30)]), BAG, {}),
        (Taste("c", views={"bag": 1}, pieces=[piece(BAG, 0, refunded_days=30.1)]), BAG, {"viewed": 1}),
        (Taste("c", ("亚麻",), views={"bag": 9}, personal=False), BAG, {"bestseller": ""}),
    ],
)
def test_each_reason(taste: Taste, one: Goods, expected: dict[str, str | int]) -> None:
    assert reasons(taste, one) == expected


def test_the_strongest_reason_stands_first_and_more_visits_weigh_more() -> None:
    (found,) = MATCHER.for_customer(Taste("c", ("亚麻",), {"top": "S"}, views={"shirt": 2}), [SHIRT])
    assert [r.code for r in found.reasons] == ["viewed", "like", "size"]
    (more,) = MATCHER.for_customer(Taste("c", ("亚麻",), {"top": "S"}, views={"shirt": 3}), [SHIRT])
    assert more.points == found.points + m.VIEW_POINTS


def test_one_colour_of_a_style_and_the_owned_style_last() -> None:
    red, blue = replace(SHIRT, id="red", sold=1), replace(SHIRT, id="blue", sold=2)
    assert [f.product_id for f in MATCHER.for_customer(Taste("c", ("亚麻",)), [red, blue])] == ["blue"]
    taste = Taste("c", ("亚麻", "羊绒"), pieces=[piece(red, fen=0)])
    assert [f.product_id for f in MATCHER.for_customer(taste, [blue, COAT])] == ["coat", "blue"]


def test_what_sells_best_fills_up_to_three_and_no_further() -> None:
    goods = [COAT, SHIRT, LOAFER, BAG]
    none = MATCHER.for_customer(Taste("new"), goods)
    assert [(f.product_id, f.reasons[0].code) for f in none] == [
        ("shirt", "bestseller"), ("coat", "bestseller"), ("bag", "bestseller")
    ]  # fmt: skip
    one = MATCHER.for_customer(Taste("c", views={"loafer": 1}), goods)
    assert [f.product_id for f in one] == ["loafer", "shirt", "coat"]


def test_article_24_who_wants_nothing_personal_gets_the_same_as_anybody() -> None:
    goods = [COAT, SHIRT, LOAFER, BAG]
    rich = Taste("a", ("亚麻",), {"top": "M"}, [piece(SHIRT)], {"bag": 9}, personal=False)
    poor = Taste("b", personal=False)
    mine, other = MATCHER.for_customer(rich, goods), MATCHER.for_customer(poor, goods)
    assert [replace(f, customer_id="") for f in mine] == [replace(f, customer_id="") for f in other]
    assert MATCHER.for_product(SHIRT, [replace(rich, pieces=())]) == ()


def test_a_new_arrival_alone_names_nobody() -> None:
    fresh = replace(BAG, released_at=ago(1))
    assert MATCHER.for_product(fresh, [Taste("a"), Taste("b", views={"bag": 1})])[0].customer_id == "b"
    assert len(MATCHER.for_product(fresh, [Taste("a"), Taste("b", views={"bag": 1})])) == 1


ids = st.sampled_from("abcdef")
names = st.sampled_from(["亚麻", "羊绒", "旅行"])
goods_of = st.builds(
    Goods, ids, st.sampled_from(["s1", "s2", ""]), st.sampled_from(["tops", "shoes", "bags"]),
    st.sampled_from(["elm", "shore", ""]), st.integers(1, 400_000), st.just(("S", "M", "37")),
    st.none() | st.frozensets(st.sampled_from(["S", "M", "37"])), st.none() | st.sampled_from([ago(3), ago(99)]),
    st.integers(0, 9), names,
)  # fmt: skip
shelves = st.lists(goods_of, max_size=6, unique_by=lambda one: one.id)
pieces_of = st.builds(
    Piece, ids, st.sampled_from(["s1", "s2", ""]), st.sampled_from(["tops", "shoes"]), st.sampled_from(["elm", ""]),
    st.integers(0, 400_000), st.integers(0, 2), st.none() | st.sampled_from([ago(1), ago(60)]),
)  # fmt: skip
tastes_of = st.builds(
    Taste, st.sampled_from(["c1", "c2", "c3"]), st.lists(names, max_size=2).map(tuple),
    st.dictionaries(st.sampled_from(["top", "shoe"]), st.sampled_from(["S", "M", "37"])),
    st.lists(pieces_of, max_size=4), st.dictionaries(ids, st.integers(1, 8)), st.booleans(),
)  # fmt: skip


@given(tastes_of, shelves)
def test_never_sold_out_never_owned_never_given_back_lately(taste: Taste, shelf: list[Goods]) -> None:
    by_id = {one.id: one for one in shelf}
    owned = {one.product_id for one in taste.pieces if one.kept}
    back = {one.product_id for one in taste.pieces if one.refunded_at and one.refunded_at >= ago(30)}
    found = MATCHER.for_customer(taste, shelf)
    assert len(found) <= m.MOST
    for one in found:
        stock = by_id[one.product_id].in_stock
        assert stock is None or stock
        assert one.size is None or one.size in (stock or ())
        if taste.personal:
            assert one.product_id not in owned | back
    styles = [by_id[one.product_id].style_no for one in found]
    assert all(styles.count(style) == 1 for style in styles if style)


@given(tastes_of, shelves, st.randoms())
def test_the_order_does_not_depend_on_the_order_of_what_comes_in(taste: Taste, shelf: list[Goods], random) -> None:  # type: ignore[no-untyped-def]
    mixed = list(shelf)
    random.shuffle(mixed)
    assert MATCHER.for_customer(taste, mixed) == MATCHER.for_customer(taste, shelf)


@given(st.lists(tastes_of, max_size=3, unique_by=lambda one: one.customer_id), shelves, st.randoms())
def test_both_directions_agree(tastes: list[Taste], shelf: list[Goods], random) -> None:  # type: ignore[no-untyped-def]
    mixed = list(tastes)
    random.shuffle(mixed)
    for one in shelf:
        people = MATCHER.for_product(one, tastes, ALL)
        assert people == MATCHER.for_product(one, mixed, ALL)
        for taste in tastes:
            alone = MATCHER.for_customer(taste, [one], ALL)
            fits: tuple[Match, ...] = tuple(f for f in alone if any(r.code in m.TASTE for r in f.reasons))
            assert tuple(f for f in people if f.customer_id == taste.customer_id) == fits


def test_every_reason_has_points() -> None:
    assert m.POINTS.keys() >= m.ENOUGH | {"size", "price", "bestseller"}
    assert Reason("new") == Reason("new", "")
