"""The customer index and the signals found on the device."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.book import Filter
from app.domain.folding import fold
from app.domain.instants import to_text
from app.insight import CustomerIndex, signals_for_today, signals_of_customer
from app.insight.finding import words_of
from app.mutations import mutate, refusal_to_contact, refusal_to_issue, send_coupon
from app.protocol.mutations import AddTag, EditNote, MarkSignal
from app.protocol.objects import Coupon, Customer
from app.store import WriteTx
from app.store.queries import coupons
from app.store.queries import customers as q
from tests.fakes.sample import SURNAMES, Sample
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


PEOPLE: dict[str, dict[str, object]] = {
    "zeng": {"name": "曾小满", "pinyin": "zengxiaoman", "initials": "zxm", "phone_tail": "0381"},
    "ou": {
        "name": "欧阳锦瑟",
        "pinyin": "ouyangjinse",
        "initials": "oyjs",
        "phone_masked": "138****9087",
        "phone_tail": "9087",
    },
    "zhang": {
        "name": "張偉龍",
        "pinyin": "zhangweilong",
        "initials": "zwl",
        "phone_tail": "1122",
        "note": "喜歡亞麻，38码鞋",
    },
    "jose": {"name": "José O'Brien", "pinyin": "josé o'brien", "initials": "jo", "phone_tail": "4455"},
    "tag": {
        "name": "李安",
        "pinyin": "lian",
        "initials": "la",
        "phone_tail": "7788",
        "tags": [{"name": "送禮", "kind": "personal"}],
    },
    "rtl": {"name": "مريم", "pinyin": "mrym", "initials": "m", "phone_tail": "6600"},
    "rare": {"name": "𠮷喆", "pinyin": "𠮷zhe", "initials": "𠮷z", "phone_tail": "3344", "note": "爱🌹"},
}


@pytest.fixture
async def people(sample: Sample) -> Sample:
    def put(tx: WriteTx) -> None:
        for one, value in PEOPLE.items():
            base = {"note": "", "tags": [], "phone_masked": f"139****{value['phone_tail']}"}
            tx.put(Customer, customer(one, **base | value))

    await sample.store.write(put)
    sample.index.load()
    return sample


@pytest.mark.parametrize(
    ("typed", "who"),
    [
        ("张伟", "zhang"),
        ("張偉", "zhang"),
        ("张偉龙", "zhang"),
        ("ＺＨＡＮＧ", "zhang"),
        ("zwl", "zhang"),
        ("伟 112", "zhang"),
        ("张wei", "zhang"),
        ("张wl1122", "zhang"),
        ("喜欢亚麻", "zhang"),
        ("zeng", "zeng"),
        ("曾 zxm ０３８１", "zeng"),
        ("jose", "jose"),
        ("JOSÉ", "jose"),
        ("o'brien", "jose"),
        ("送礼", "tag"),
        ("李安 送礼", "tag"),
        ("مريم", "rtl"),
        ("𠮷", "rare"),
        ("🌹", "rare"),
        ("zhe", "rare"),
        ("13866559087", "ou"),
        ("欧阳 13866559087", "ou"),
        ("9087", "ou"),
        ("  OUYANG   9087  ", "ou"),
        ("锦瑟\t欧阳", "ou"),
        ("oyjs", "ou"),
    ],
)
async def test_what_is_typed_finds_whom_it_means(people: Sample, typed: str, who: str) -> None:
    assert who in found(people, typed)


@pytest.mark.parametrize("typed", ["*", "****", "张三丰", "9087 zwl", "13866550000", "\ue000\x00"])
async def test_what_fits_nobody_finds_nobody(people: Sample, typed: str) -> None:
    assert not set(found(people, typed)) & PEOPLE.keys()


@pytest.mark.parametrize(
    ("typed", "who", "name", "rest"),
    [
        ("张", "zhang", "張", ""),
        ("wei", "zhang", "偉", ""),
        ("weil", "zhang", "偉龍", ""),
        ("zw", "zhang", "張偉", ""),
        ("张 龙", "zhang", "張|龍", ""),
        ("亚麻", "zhang", "", "note:亞麻"),
        ("1122", "zhang", "", "phone:1122"),
        ("送礼", "tag", "", "tag:送禮"),
        ("zhe", "rare", "", "pinyin:zhe"),
        ("13866559087", "ou", "", "phone:138****9087"),
        ("brien", "jose", "Brien", ""),
        ("an", "tag", "安", ""),
        ("安 送", "tag", "安", "tag:送"),
    ],
)
async def test_the_matched_part_is_marked(people: Sample, typed: str, who: str, name: str, rest: str) -> None:
    row = people.index.get(who)
    assert row
    hit = people.index.hit(who, typed)
    assert "|".join(row.name[a:b] for a, b in hit.name) == name
    assert (hit.kind and f"{hit.kind}:" + "|".join(hit.text[a:b] for a, b in hit.spans)) == rest


async def test_a_long_note_is_shown_around_the_match(people: Sample) -> None:
    await people.store.write(lambda tx: tx.update(Customer, "tag", note="话" * 300 + "找我\n要丝巾" + "话" * 300))
    people.index.load()
    hit = people.index.hit("tag", "丝巾")
    assert hit.text[slice(*hit.spans[0])] == "丝巾" and len(hit.text) <= 62 and "\n" not in hit.text
    assert hit.text[0] == hit.text[-1] == "…", "what is left out on both sides is said"


async def test_every_customer_is_found_by_each_of_their_names(sample: Sample) -> None:
    for one in q.all_customers(sample.store.read):
        for typed in (one.name, one.pinyin, one.initials, one.phone_tail, one.name[:1], f"{one.name} {one.phone_tail}"):
            assert one.id in found(sample, typed), typed
        assert found(sample, one.pinyin)[0] in {
            c.id for c in q.all_customers(sample.store.read) if c.pinyin.startswith(one.pinyin)
        }


ALPHABET = st.text(st.sampled_from("王李张雨桐wang yu38丝巾通勤 ×"), max_size=6)


@given(typed=ALPHABET)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_a_search_lists_what_a_naive_filter_would(sample: Sample, typed: str) -> None:
    def fits(one: Customer) -> bool:
        texts = (
            one.name,
            one.pinyin,
            one.initials,
            one.phone_masked.replace("*", "\ue000"),
            one.note,
            *(tag.name for tag in one.tags),
        )
        return all(any(word in fold(text) for text in texts) for word in words_of(typed))

    listed = found(sample, typed)
    assert sorted(listed) == sorted(one.id for one in q.all_customers(sample.store.read) if fits(one))
    assert len(set(listed)) == len(listed)


async def test_each_sort_holds_and_one_surname_stays_together(people: Sample) -> None:
    def by(sort: str) -> list[Any]:
        return list(people.index.search(sort=sort))

    assert sorted(r.id for r in by("name")) == sorted(r.id for r in by("silent"))
    seen = [r.last_order_at or r.joined_at for r in by("silent")]
    assert seen == sorted(seen)
    joined = [r.joined_at for r in by("newest")]
    assert joined == sorted(joined, reverse=True)
    families = [r.name[0] for r in by("name") if r.name[0] in SURNAMES]
    assert len([a for a, b in pairwise(families) if a != b]) == len(set(families)) - 1


async def test_a_filter_counts_whom_it_lists_and_follows_coupons(sample: Sample) -> None:
    everybody = q.all_customers(sample.store.read)
    holder = next(c.customer_id for c in sample.store.read.all(Coupon, "state = 'claimed'"))
    with_coupon = Filter(coupon=True)
    assert holder in found(sample, "", chosen=with_coupon)
    template = sample.store.query(coupons.templates)[0].id
    before = sample.index.count_of(with_coupon)
    fresh = next(
        c.id
        for c in everybody
        if c.id not in found(sample, "", chosen=with_coupon) and refusal_to_issue(sample, c.id, template) is None
    )
    await send_coupon(sample, template, fresh)
    sample.index.on_commit(frozenset({"coupon"}))
    assert sample.index.count_of(with_coupon) == before + 1
    for kind, field in (("tags", "tags"), ("sizes", "sizes"), ("levels", "levels")):
        for value, count in sample.index.values(kind):
            assert sample.index.count_of(Filter(**{field: (value,)})) == count
    assert sample.index.count_of(Filter(spend_min_fen=1)) == sum(c.spend_fen >= 1 for c in everybody)
    name = everybody[0].name
    both = found(sample, name, chosen=Filter(segments=("consented", "dormant")))
    assert set(both) <= set(found(sample, name))
