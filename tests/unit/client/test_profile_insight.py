"""Suggestions, fits, value and super users over the rows of a device; both directions from the same rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.domain.instants import to_text
from app.domain.portrait import Fact
from app.insight.match import people_for, suggestions_for
from app.insight.value import super_of, value_of
from app.protocol.objects import BrowseEvent, Customer, Order, Product, Stock
from app.store import WriteTx
from app.store.queries import customers, products
from app.store.queries import profile as q
from tests.fakes.sample import ZONE, Sample
from tests.unit.client.conftest import NOW

ALL = 1_000


def someone(sample: Sample, hero: str = "vip") -> str:
    return sample.heroes[hero]


def suggested(sample: Sample, customer_id: str) -> dict[str, Any]:
    store_id = sample.staff.store_id
    found = suggestions_for(sample.store.read, customer_id, NOW, store_id)
    return {one.product.id: one for one in found}


async def become(sample: Sample, customer_id: str, **fields: Any) -> None:
    await sample.store.write(lambda tx: tx.update(Customer, customer_id, **fields))


async def test_what_is_suggested_is_in_stock_in_their_size_and_not_theirs(sample: Sample) -> None:
    read = sample.store.read
    for one in customers.all_customers(read):
        owned = {line.product_id for line in q.lines_of(read, one.id) if line.qty > line.refunded_qty}
        for product_id, found in suggested(sample, one.id).items():
            stock = read.get(Stock, f"{sample.staff.store_id}.{product_id}")
            assert product_id not in owned and stock and any(stock.sizes.values())
            assert found.match.size is None or stock.sizes[found.match.size]


async def test_both_directions_say_the_same_of_a_pair(sample: Sample) -> None:
    store_id = sample.staff.store_id
    customer_id = someone(sample)
    for product_id, one in suggested(sample, customer_id).items():
        fits = {fit.customer.id: fit.match for fit in people_for(sample.store.read, product_id, NOW, store_id, ALL)}
        if fits.get(customer_id) is not None:
            assert fits[customer_id] == one.match
    assert people_for(sample.store.read, "gone", NOW, store_id) == ()
    assert suggestions_for(sample.store.read, "gone", NOW, store_id) == ()


async def test_what_the_guide_wrote_counts_as_what_the_member_said(sample: Sample) -> None:
    customer_id = someone(sample, "dormant")
    owned = {line.product_id for line in q.lines_of(sample.store.read, customer_id)}
    coat = next(p for p in products.products(sample.store.read) if "羊绒" in p.name and p.id not in owned)
    stock = f"{sample.staff.store_id}.{coat.id}"
    await sample.store.write(lambda tx: tx.update(Stock, stock, sizes={"M": 1}))
    await become(sample, customer_id, likes=[], sizes={}, facts=[Fact("like", "羊绒", ""), Fact("size", "top", "M")])
    fits = people_for(sample.store.read, coat.id, NOW, sample.staff.store_id, ALL)
    mine = next(fit.match for fit in fits if fit.customer.id == customer_id)
    assert any((reason.code, reason.about) == ("like", "羊绒") for reason in mine.reasons)


async def test_views_count_only_under_consent_and_a_check_out_is_none(sample: Sample) -> None:
    customer_id, read = someone(sample, "views"), sample.store.read
    product = next(
        p for p in products.products(read) if p.id not in {v.product_id for v in q.visits(read, customer_id)}
    )

    def look(tx: WriteTx) -> None:
        seen = {"customer_id": customer_id, "product_id": product.id, "session_id": "s", "at": to_text(NOW)}
        tx.put(BrowseEvent, seen | {"id": "look", "dwell_s": 30})
        tx.put(BrowseEvent, seen | {"id": "till", "dwell_s": 0, "kind": "checkout", "session_id": "t"})
        for stock in tx.all(Stock, "product_id = ?", (product.id,)):
            tx.update(Stock, stock.id, sizes=dict.fromkeys(product.sizes, 3))

    await sample.store.write(look)
    (visit,) = [one for one in q.visits(read, customer_id) if one.product_id == product.id]
    assert (visit.times, visit.seconds) == (1, 30)

    def codes() -> set[str]:
        fits = people_for(read, product.id, NOW, sample.staff.store_id, ALL)
        return {r.code for fit in fits if fit.customer.id == customer_id for r in fit.match.reasons}

    assert "viewed" in codes()
    await become(sample, customer_id, consents={"marketing": True, "browse": False})
    assert "viewed" not in codes()


async def test_article_24_two_profiles_that_want_nothing_personal_get_the_same(sample: Sample) -> None:
    rich, poor = someone(sample, "vip"), someone(sample, "dormant")
    for one in (rich, poor):
        await become(sample, one, consents={"personal": False, "browse": True})
    assert list(suggested(sample, rich)) == list(suggested(sample, poor)) != []
    product_id = next(iter(suggested(sample, rich)))
    fits = people_for(sample.store.read, product_id, NOW, sample.staff.store_id, ALL)
    assert not {fit.customer.id for fit in fits} & {rich, poor}


async def test_rule_6_3_value_is_what_the_customers_own_figures_say(sample: Sample) -> None:
    for one in customers.all_customers(sample.store.read):
        found = value_of(sample.store.read, one.id, NOW, ZONE)
        assert found.orders == one.order_count
        assert found.clv.value_fen == one.spend_fen // max(one.order_count, 1) * one.order_count
        assert (found.silent_days is None) == (not one.order_count)


@pytest.mark.parametrize(("referrals", "weeks", "reason"), [(2, 0, "referrals"), (1, 2, "early_buyer"), (1, 1, None)])
async def test_rule_6_4_a_super_user_from_orders_and_referrals(
    sample: Sample, referrals: int, weeks: int, reason: str | None
) -> None:
    customer_id = someone(sample, "dormant")
    await become(sample, customer_id, referrals=referrals)

    def buy(tx: WriteTx) -> None:
        for n, product in enumerate(tx.all(Product, "category = 'bags' ORDER BY id LIMIT 2")):
            early = n < weeks
            at = to_text(NOW - timedelta(days=40 if early else 20))
            tx.update(Product, product.id, released_at=to_text(NOW - timedelta(days=41)))
            line = {"id": f"l{n}", "product_id": product.id, "name": "包", "qty": 1, "price_fen": 9_000_000,
                    "discount_fen": 0, "paid_fen": 9_000_000}  # fmt: skip
            tx.put(Order, {
                "id": f"o{n}", "no": f"N{n}", "customer_id": customer_id, "store_id": "s", "channel": "store",
                "status": "paid", "created_at": at, "paid_at": at, "paid_fen": 9_000_000, "refunded_fen": 0,
                "lines": [line],
            })  # fmt: skip

    await sample.store.write(buy)
    found = super_of(sample.store.read, customer_id)
    assert found and found.top_categories[0] == "bags"
    assert (found.first_week_purchases, found.reason) == (weeks, reason)
    assert super_of(sample.store.read, "gone") is None
