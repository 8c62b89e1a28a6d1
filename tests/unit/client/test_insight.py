"""The customer index and the signals found on the device."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from app.domain.instants import to_text
from app.insight import CustomerIndex, signals_for_today, signals_of_customer
from app.mutations import mutate, refusal_to_contact, refusal_to_issue, send_coupon
from app.protocol.mutations import AddTag, EditNote, MarkSignal
from app.protocol.objects import Customer
from app.store.queries import coupons
from tests.fakes.sample import Sample
from tests.unit.client.conftest import NOW
from tests.unit.client.values import customer

ZONE = "Asia/Shanghai"


def found(sample: Sample, text: str, **how: str) -> list[str]:
    return [row.id for row in sample.index.search(text, **how)]


async def add(sample: Sample, **value: object) -> str:
    await sample.store.write(lambda tx: tx.put(Customer, customer("new", **value)))
    sample.index.load()
    return "new"


async def test_search_by_name_pinyin_initials_tail_tag_and_note(sample: Sample) -> None:
    await add(sample, name="欧阳锦瑟", pinyin="ouyangjinse", initials="oyjs", phone_tail="9087", note="Likes Indigo")
    for text in ("锦瑟", "欧阳", "ouyangjin", "JINSE", "oyjs", "9087", "indigo", "欧阳 9087"):
        assert "new" in found(sample, text), text
    assert found(sample, "欧阳 0000") == []
    assert found(sample, "oyjs")[0] == "new"
    hostile = ['"', "%", "' OR 1", "\x00", "*", "🙂" * 50]
    assert all(found(sample, text) == [] for text in hostile)


async def test_segments_count_what_they_list_and_sorts_hold(sample: Sample) -> None:
    for segment, count in sample.index.counts().items():
        assert len(sample.index.search(segment=segment)) == count
    recent = [row.last_order_at or "" for row in sample.index.search(sort="recent")]
    spend = [row.spend_fen for row in sample.index.search(sort="spend")]
    assert recent == sorted(recent, reverse=True)
    assert spend == sorted(spend, reverse=True)
    assert sample.heroes["dormant"] in found(sample, "", segment="dormant")


async def test_the_index_follows_commits_row_by_row(sample: Sample) -> None:
    notices: list[frozenset[str]] = []
    sample.store.subscribe(notices.append)
    target = sample.heroes["vip"]
    await mutate(sample, EditNote(target, "独角兽"))
    await mutate(sample, AddTag(sample.heroes["note"], "海员"))
    await sample.store.write(lambda tx: tx.delete(Customer, sample.heroes["views"]))
    await asyncio.sleep(0)
    version = sample.index.version
    for notice in notices:
        sample.index.on_commit(notice)
    assert sample.index.version == version + 3
    assert found(sample, "独角兽") == [target]
    assert found(sample, "海员") == [sample.heroes["note"]]
    assert sample.index.get(sample.heroes["views"]) is None
    assert sample.index.on_commit(frozenset({"order"})) is False


async def test_segments_move_at_midnight(sample: Sample) -> None:
    moved = [NOW]
    index = CustomerIndex(sample.store.read, lambda: moved[0], ZONE)
    index.load()
    dormant = index.counts()["dormant"]
    moved[0] = NOW + timedelta(days=400)
    assert index.counts()["dormant"] > dormant


async def test_signals_are_found_with_reasons_and_marks_are_respected(sample: Sample) -> None:
    def kinds(name: str) -> set[str]:
        found = signals_of_customer(sample.store.read, sample.heroes[name], NOW, ZONE, sample.staff.store_id)
        return {one.kind for one in found}

    everyone = signals_for_today(sample.store.read, NOW, ZONE, sample.staff.store_id)
    by_kind = {one.kind: one for one in everyone}
    assert by_kind["repeated_view"].customer.id == sample.heroes["views"]
    assert by_kind["repeated_view"].params["views"] == 3
    assert by_kind["repeated_view"].product is not None
    assert by_kind["coupon_expiring"].coupon is not None
    assert {"birthday", "dormant"} <= set(by_kind)
    assert all(one.customer.id not in (sample.heroes["budget_used"], sample.heroes["no_consent"]) for one in everyone)
    seen = by_kind["repeated_view"]
    await mutate(sample, MarkSignal("m1", seen.customer.id, seen.kind, seen.subject, "not_interested"))
    later = to_text(NOW + timedelta(days=3))
    await mutate(sample, MarkSignal("m2", sample.heroes["dormant"], "dormant", "", "later", later))
    assert "repeated_view" not in kinds("views")
    assert "dormant" not in kinds("dormant")


async def test_a_button_knows_why_it_would_be_refused(sample: Sample) -> None:
    template = sample.store.query(coupons.templates)[0].id
    assert refusal_to_contact(sample, sample.heroes["no_consent"]).code == "no_marketing_consent"
    assert refusal_to_contact(sample, sample.heroes["budget_used"]).code == "contact_budget_used"
    assert refusal_to_issue(sample, sample.heroes["vip"], template) is None
    assert refusal_to_issue(sample, sample.heroes["vip"], "no-such-template").code == "no_lease"
    sample.clock.at = NOW + timedelta(hours=12)  # 22:30 in the store's zone
    assert refusal_to_contact(sample, sample.heroes["vip"]).code == "quiet_hours"
    assert refusal_to_contact(sample, "nobody").code == "not_found"


async def test_a_block_hands_out_each_coupon_once_and_ends(sample: Sample) -> None:
    template = sample.store.query(coupons.templates)[0].id
    at = to_text(NOW)
    left = sample.store.query(coupons.leases_left, "sample-device", at)[template].left
    people = [row.id for row in sample.index.search() if refusal_to_issue(sample, row.id, template) is None]
    sent = [await send_coupon(sample, template, person) for person in people[:left]]
    assert len({one.code for one in sent}) == left
    assert refusal_to_issue(sample, people[left], template).code == "no_lease"


async def test_who_is_in_the_top_tenth_follows_what_others_spend(sample: Sample) -> None:
    touched: list[frozenset[str]] = []
    sample.store.subscribe(touched.append)
    paid = to_text(NOW - timedelta(days=3))
    rich = {"spend_fen": 90_000_000, "order_count": 9, "order_days": 9, "first_order_at": paid, "last_order_at": paid}
    for n in range(12):
        await sample.store.write(lambda tx, n=n: tx.put(Customer, customer(f"rich{n}", **rich)))
    await asyncio.sleep(0)
    for notice in touched:
        sample.index.on_commit(notice)
    fresh = CustomerIndex(sample.store.read, sample.clock.now, ZONE)
    fresh.load()
    assert {r.id: r.segments for r in sample.index.search()} == {r.id: r.segments for r in fresh.search()}


async def test_customers_are_read_at_the_first_question_or_beside_it_and_miss_no_commit(sample: Sample) -> None:
    lazy = CustomerIndex(sample.store.read, sample.clock.now, ZONE)
    warm = CustomerIndex(sample.store.read, sample.clock.now, ZONE)
    reading = asyncio.create_task(warm.warm(sample.store))
    await asyncio.sleep(0)
    sample.store.subscribe(warm.on_commit)
    await sample.store.write(lambda tx: tx.put(Customer, customer("late", name="钟离晚")))
    await asyncio.sleep(0)
    await reading
    assert [row.id for row in warm.search("钟离")] == ["late"]
    assert lazy.search() == warm.search()
    before = warm.version
    await warm.warm(sample.store)
    assert warm.version == before


async def test_a_notice_of_anybody_while_everybody_is_read_is_not_lost(sample: Sample) -> None:
    index = CustomerIndex(sample.store.read, sample.clock.now, ZONE)
    reading = asyncio.create_task(index.warm(sample.store))
    await asyncio.sleep(0)
    index.on_commit(frozenset({"setting"}))
    await reading
    assert len(index) == len(sample.index)
