"""Caring for a customer on screen: follow-ups, home visits, stage and facts over a filled store with no network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import flet as ft
import pytest

from app.domain.instants import from_text, to_text
from app.mutations import mutate
from app.protocol import mutations as m
from app.protocol.objects import Customer, FollowUp, RejectedMutation
from app.store.queries import customers as q
from app.store.queries import followups as fq
from app.store.queries import products as pq
from app.store.queries import work
from app.ui.parts.pickers import day_of_picker
from app.ui.screens.customers import FactsPage, FollowUpPage, FollowUpsPage, PickPiecesPage, PlanPage
from app.ui.screens.customers.followup import NextFollowUp
from app.ui.screens.customers.portrait import Portrait
from app.ui.strings import Strings
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # Tuesday 10:30 in the store
TOMORROW_HALF_TEN = "2026-11-25T02:30:00Z"
RAW = ("followup.", "visit.", "facts.", "stage.", "profile.")


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, NOW, customers=20)
    yield made
    made.store.close()


def customer(sample: Any, hero: str = "vip") -> Customer:
    found = q.customer_by_id(sample.store.read, sample.heroes[hero])
    assert found
    return found


def open_ones(sample: Any, customer_id: str) -> list[FollowUp]:
    return fq.open_of(sample.store.read, customer_id)


async def planned(sample: Any, kind: str = "visit", at: str = TOMORROW_HALF_TEN, **more: Any) -> FollowUp:
    customer_id = customer(sample).id
    await mutate(sample, m.PlanFollowUp(f"plan-{kind}-{at}", customer_id, kind, at, **more))
    found = fq.follow_up_by_id(sample.store.read, f"plan-{kind}-{at}")
    assert found
    return found


def clean(ui: FakeUi) -> None:
    assert not ui.reports
    assert not [text for text in ui.texts() if text.startswith(RAW) or "{" in text]
    assert ui.count() <= 300


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_every_page_reads_well_in_both_languages(sample: Any, language: str) -> None:
    who = customer(sample).id
    some = pq.products(sample.store.read)[:3]
    pieces = [[one.id, one.sizes[0]] for one in some]
    visit = await planned(sample, pieces=pieces)
    done = await planned(sample, at="2026-11-20T02:30:00Z", pieces=pieces)
    await mutate(sample, m.CloseFollowUp(done.id, who, pieces[:1]))
    await planned(sample, "reminder", "2026-11-22T02:30:00Z", note="问问尺码")
    await mutate(sample, m.SetFact(who, "date", "孩子生日", "05-24"))
    pages: list[tuple[Any, tuple[str, ...]]] = [
        (NextFollowUp, (who,)), (FollowUpsPage, (who,)), (PlanPage, (who,)), (FollowUpPage, (who, visit.id)),
        (FollowUpPage, (who, done.id)), (PickPiecesPage, (who, visit.id)), (FactsPage, (who,)), (Portrait, (who,)),
    ]  # fmt: skip
    for page, args in pages:
        ui = await FakeUi.screen(sample, page, *args, language=language)
        clean(ui)


async def test_a_reminder_takes_two_taps_and_can_be_taken_back(sample: Any) -> None:
    who = customer(sample).id
    ui = await FakeUi.screen(sample, PlanPage, who)
    await ui.press("安排在 明天 10:30")
    await ui.until(lambda: len(open_ones(sample, who)) == 1)
    (made,) = open_ones(sample, who)
    assert (made.kind, made.at, made.state) == ("reminder", TOMORROW_HALF_TEN, "open")
    await ui.until(lambda: "撤销" in ui.buttons())
    name = customer(sample).name
    assert ui.shows(f"{name}：已"), "whose step it is, once the page is left"
    await ui.press("撤销")
    await ui.until(lambda: ui.shows(f"已撤销 {name} 的这一步"))
    await ui.until(lambda: not open_ones(sample, who))
    assert [one.state for one in fq.past_of(sample.store.read, who)] == ["cancelled"]


async def test_quick_days_and_hours_and_a_private_note(sample: Any) -> None:
    who = customer(sample).id
    ui = await FakeUi.screen(sample, PlanPage, who)
    await ui.press("到店")
    await ui.press("周末")
    await ui.press("14:00")
    await ui.type("要做什么（可不填）", "试驼色大衣")
    await ui.toggle("只给自己看", True)
    await ui.press("安排在")
    await ui.until(lambda: len(open_ones(sample, who)) == 1)
    (made,) = open_ones(sample, who)
    assert from_text(made.at) == datetime(2026, 11, 28, 6, 0, tzinfo=UTC), "Saturday 14:00 in the store"
    assert (made.kind, made.note, made.private) == ("appointment", "试驼色大衣", True)


async def test_ones_own_day_and_time_come_from_the_devices_dialogs(sample: Any) -> None:
    who = customer(sample).id
    ui = await FakeUi.screen(sample, PlanPage, who)
    await ui.press("选日期")
    calendar = next(c for c in ui.walk() if isinstance(c, ft.DatePicker))
    await ui.fire(calendar, "change", value=datetime(2026, 12, 24, 16, 0, tzinfo=UTC))  # midnight of the 25th there
    await ui.press("选时间")
    clock = next(c for c in ui.walk() if isinstance(c, ft.TimePicker))
    await ui.fire(clock, "change", value=time(20, 45))
    await ui.press("安排在")
    await ui.until(lambda: len(open_ones(sample, who)) == 1)
    assert open_ones(sample, who)[0].at == "2026-12-25T12:45:00Z"


@pytest.mark.parametrize(
    ("told", "day"),
    [
        (datetime(2026, 12, 24, 16, 0, tzinfo=UTC), date(2026, 12, 25)),
        (datetime(2026, 12, 25, 5, 0, tzinfo=UTC), date(2026, 12, 25)),
        (datetime(2026, 12, 25, 0, 0), date(2026, 12, 25)),
        (date(2026, 12, 25), date(2026, 12, 25)),
    ],
)
def test_a_picked_day_is_the_same_day_in_every_zone(told: date, day: date) -> None:
    assert day_of_picker(told) == day


async def test_the_next_one_is_done_from_the_profile_with_one_tap(sample: Any) -> None:
    who = customer(sample).id
    ui = await FakeUi.screen(sample, NextFollowUp, who)
    assert ui.shows("安排跟进")
    await planned(sample, "reminder", "2026-11-22T02:30:00Z", note="问问尺码")
    await ui.sees("过了 2 天")
    await ui.press("完成")
    await ui.until(lambda: not open_ones(sample, who))
    await ui.until(lambda: ui.shows("安排跟进"))
    await ui.press("撤销")
    await ui.until(lambda: len(open_ones(sample, who)) == 1)


async def test_a_move_is_shown_and_moved_back(sample: Any) -> None:
    one = await planned(sample, "appointment")
    ui = await FakeUi.screen(sample, FollowUpPage, one.customer_id, one.id)
    await ui.press("改时间")
    await ui.press("下周一")
    await ui.press("改到")
    await ui.until(lambda: open_ones(sample, one.customer_id)[0].at == "2026-11-30T02:30:00Z")
    await ui.until(lambda: "撤销" in ui.buttons())
    await ui.press("撤销")
    await ui.until(lambda: open_ones(sample, one.customer_id)[0].at == one.at)


async def test_pieces_are_picked_by_product_and_size_and_what_was_kept_is_ticked(sample: Any) -> None:
    visit = await planned(sample)
    who = visit.customer_id
    product = next(one for one in pq.products(sample.store.read) if len(one.sizes) > 2)
    pick = await FakeUi.screen(sample, PickPiecesPage, who, visit.id)
    await pick.type("搜索款名、款号、颜色", f"{product.style_no} {product.colour}")
    await pick.press(product.name)
    for size in product.sizes[:2]:
        await pick.press(next(name for name in pick.buttons() if name.startswith(f"{size}\u200a")))
    await pick.until(lambda: len(open_ones(sample, who)[0].pieces) == 2)
    clean(pick)
    ui = await FakeUi.screen(sample, FollowUpPage, who, visit.id)
    await ui.press(f"{product.name} {product.colour} {product.sizes[1]}")
    await ui.press("结束上门，留下 1 件")
    await ui.until(lambda: not open_ones(sample, who))
    (ended,) = fq.past_of(sample.store.read, who)
    assert [(one.size, one.kept) for one in ended.pieces] == [(product.sizes[0], False), (product.sizes[1], True)]
    await ui.until(lambda: ui.shows("带去 2 件，留下 1 件"))
    assert fq.conversion_of(sample.store.read, who).kept_bp == 5_000
    clean(ui)


async def test_a_piece_is_left_here_again(sample: Any) -> None:
    product = pq.products(sample.store.read)[0]
    visit = await planned(sample, pieces=[[product.id, product.sizes[0]]])
    ui = await FakeUi.screen(sample, FollowUpPage, visit.customer_id, visit.id)
    await ui.press("拿掉")
    await ui.until(lambda: not open_ones(sample, visit.customer_id)[0].pieces)
    await ui.until(lambda: ui.shows("还没挑带去的款"))


@pytest.mark.parametrize("kind", ["reminder", "appointment", "visit"])
@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_a_follow_up_leads_to_its_customer_and_to_a_message(sample: Any, kind: str, language: str) -> None:
    who, one, here = customer(sample), await planned(sample, kind), "/customers/"
    ui = await FakeUi.screen(sample, FollowUpPage, who.id, one.id, language=language)
    await ui.press(who.name)
    assert ui.ui.nav.stack()[-1] == here + who.id
    await ui.press(Strings(language).t("today.write"))
    assert ui.ui.nav.stack()[-1] == f"{here}{who.id}/message"
    assert len([one for one in ui.walk() if isinstance(one, ft.FilledButton)]) == 1
    clean(ui)


async def test_a_follow_up_that_is_gone_says_so(sample: Any) -> None:
    ui = await FakeUi.screen(sample, FollowUpPage, customer(sample).id, "gone")
    assert ui.shows("这次跟进不在了")
    other = await planned(sample)
    ui = await FakeUi.screen(sample, FollowUpPage, sample.heroes["views"], other.id)
    assert ui.shows("这次跟进不在了"), "somebody else's"


async def test_a_stage_is_one_tap_and_a_second_takes_it_back(sample: Any) -> None:
    who = customer(sample).id
    ui = await FakeUi.screen(sample, FollowUpsPage, who)
    assert ui.shows("还没有跟进")
    await ui.press("有意向")
    await ui.until(lambda: customer(sample).stage == "considering")
    await ui.until(lambda: "撤销" in ui.buttons())
    await ui.press("有意向")
    await ui.until(lambda: customer(sample).stage == "")


async def test_a_size_is_two_taps_with_its_source_and_comes_back_by_undo(sample: Any) -> None:
    who = next(c for c in q.all_customers(sample.store.read) if c.sizes.get("top") == "M")
    ui = await FakeUi.screen(sample, FactsPage, who.id)
    assert ui.shows("客户填写")
    await ui.press("上装")
    await ui.press("XL")

    def written() -> list[tuple[str, str, str]]:
        found = q.customer_by_id(sample.store.read, who.id)
        assert found
        return [(fact.kind, fact.name, fact.value) for fact in found.facts]

    await ui.until(lambda: written() == [("size", "top", "XL")])
    await ui.until(lambda: ui.shows("你记的"))
    await ui.press("撤销")
    await ui.until(lambda: written() == [])
    await ui.sees("M")


async def test_an_important_day_is_four_figures(sample: Any) -> None:
    who = customer(sample).id
    ui = await FakeUi.screen(sample, FactsPage, who)
    await ui.press("添加重要日子")
    assert "记下" not in ui.buttons()
    await ui.press("孩子生日")
    await ui.type("月日，如 0524", "1345")
    assert ui.shows("写四位数字") and "记下" not in ui.buttons()
    await ui.type("月日，如 0524", "0524")
    await ui.press("记下")
    await ui.until(lambda: [fact.value for fact in customer(sample).facts] == ["05-24"])
    await ui.until(lambda: ui.shows("5月24日"))


async def test_a_birthday_the_member_gave_cannot_be_changed_and_a_missing_one_can_be_written(sample: Any) -> None:
    known = next(c for c in q.all_customers(sample.store.read) if c.birthday)
    ui = await FakeUi.screen(sample, FactsPage, known.id)
    assert not [name for name in ui.buttons() if name.startswith("生日")]
    unknown = next(c for c in q.all_customers(sample.store.read) if not c.birthday)
    ui = await FakeUi.screen(sample, FactsPage, unknown.id)
    await ui.press("生日")
    await ui.type("月日，如 0524", "2-29")
    await ui.press("记下")

    def birthday() -> str | None:
        found = q.customer_by_id(sample.store.read, unknown.id)
        return found.birthday if found else None

    await ui.until(lambda: birthday() == "02-29")


async def test_likes_are_ticked_from_the_catalogue_and_ones_own_words(sample: Any) -> None:
    who = customer(sample).id
    ui = await FakeUi.screen(sample, FactsPage, who)
    await ui.press("喜欢")
    await ui.press("连衣裙")
    await ui.type("自己写一个", "墨绿色")
    await ui.press("添加")
    await ui.until(lambda: {fact.name for fact in customer(sample).facts} == {"dresses", "墨绿色"})
    clean(ui)


@pytest.mark.parametrize(
    ("language", "days"),
    [
        ("zh_CN", ["明天 周三", "3 天后 周五", "周末 周六", "下周一"]),
        ("en", ["Tomorrow, Wed", "In 3 days, Fri", "This weekend, Sat", "Next Monday"]),
    ],
)
async def test_a_day_to_choose_names_its_weekday(sample: Any, language: str, days: list[str]) -> None:
    ui = await FakeUi.screen(sample, PlanPage, customer(sample).id, language=language)
    assert [one for one in ui.buttons() if one in days] == days
    clean(ui)


async def test_no_interaction_draws_more_than_a_hundred_controls_anew(sample: Any) -> None:
    who = customer(sample).id
    ui = await FakeUi.screen(sample, PlanPage, who)
    for name in ("到店", "周末", "16:00"):
        before = len(ui.sizes)
        await ui.press(name)
        assert sum(ui.sizes[before:]) < 40_000


def test_both_catalogues_speak_of_every_kind_stage_and_state() -> None:
    from app.domain import follow_up, portrait

    for language in ("zh_CN", "en"):
        strings = Strings(language)
        keys = [f"followup.kind_{kind}" for kind in follow_up.KINDS]
        keys += [f"followup.hint_{kind}" for kind in follow_up.KINDS]
        keys += [f"followup.day_{code}" for code in follow_up.QUICK_DAYS]
        keys += [f"stage.{stage}" for stage in follow_up.STAGES]
        keys += [f"followup.state_{state}" for state in ("open", "done", "cancelled")]
        keys += [f"facts.part_{part}" for part in portrait.PARTS]
        keys += [f"facts.{kind}_{value}" for kind, values in portrait.CHOICES.items() for value in values]
        keys += [f"sync.do_{name}" for name in m.MUTATIONS]
        assert not [key for key in keys if not strings.has(key)]


async def test_the_outbox_keeps_what_was_done_offline(sample: Any) -> None:
    one = await planned(sample, "reminder", to_text(NOW + timedelta(days=1)))
    assert work.waiting_about(sample.store.read, f"customer/{one.customer_id}") == 1


async def test_what_the_server_refused_stands_on_the_page_it_is_about(sample: Any) -> None:
    who = customer(sample).id
    said = {"client_id": "other", "params": {}, "at": to_text(NOW), "subject": f"customer/{who}"}

    def refuse(tx: Any) -> None:
        for number, (name, code) in enumerate((("move_follow_up", "follow_up_closed"), ("set_fact", "fact_invalid"))):
            tx.put(
                RejectedMutation, said | {"id": f"other/{number}", "mutation_id": number, "name": name, "code": code}
            )

    await sample.store.write(refuse)
    ui = await FakeUi.screen(sample, FollowUpsPage, who)
    assert ui.shows("已经结束") and not ui.shows("填得不对")
    ui = await FakeUi.screen(sample, FactsPage, who)
    assert ui.shows("填得不对") and not ui.shows("已经结束")


async def test_a_long_list_is_shown_piece_by_piece_within_the_budget(sample: Any) -> None:
    who = customer(sample).id
    for n in range(18):
        at = to_text(NOW + timedelta(hours=n))
        for kind in ("reminder", "visit"):
            await mutate(sample, m.PlanFollowUp(f"many-{kind}-{n:02d}", who, kind, at, "记得带样衣"))
        await mutate(sample, m.CloseFollowUp(f"many-visit-{n:02d}", who))
    ui = await FakeUi.screen(sample, FollowUpsPage, who)
    clean(ui)
    before = len([name for name in ui.buttons() if "提醒" in name])
    await ui.press("还有 11 次")
    assert len([name for name in ui.buttons() if "提醒" in name]) == 2 * before == 14
    await ui.press("看更早的")
    assert len([name for name in ui.buttons() if name.startswith("上门搭配")]) == 14 and not ui.reports


async def test_a_full_visit_stays_within_the_budget(sample: Any) -> None:
    goods = pq.products(sample.store.read)
    visit = await planned(sample, pieces=[[one.id, one.sizes[0]] for one in goods[:30]])
    ui = await FakeUi.screen(sample, FollowUpPage, visit.customer_id, visit.id)
    clean(ui)
    await ui.press("还有 16 件")
    assert len([name for name in ui.buttons() if name.startswith("拿掉")]) == 28 and not ui.reports


@pytest.mark.parametrize(("language", "said"), [("zh_CN", "孩子生日"), ("en", "Child's birthday")])
def test_a_days_offered_name_is_said_in_the_readers_language(language: str, said: str) -> None:
    strings = Strings(language)
    assert strings.day_label("孩子生日") == strings.day_label("Child's birthday") == said
    assert strings.day_label("第一次见面") == "第一次见面"
