"""Team over a filled local store: the manager's board on a phone and a tablet."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.protocol.objects import GuideDay, Staff, TeamVisit
from app.store.queries import figures
from app.store.queries.figures import GuideFigures
from app.ui.screens.team import GuidePage, TeamOverview, TeamScreen, VisitsPage
from app.ui.screens.team.view import METRICS, days_of_period, ranked
from app.ui.strings import Strings
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, NOW, customers=20)
    made.session = made.manager
    made.installation = SimpleNamespace(clock=made.clock, known_staff=lambda: ())
    yield made
    made.store.close()


def team(sample: Any, period: str) -> list[GuideFigures]:
    return figures.team_figures(sample.store.read, sample.staff.store_id, *days_of_period(period, NOW.date()))


def names(ui: FakeUi, sample: Any) -> list[str]:
    known = [one.guide.name for one in team(sample, "today")]
    return [next(n for n in known if n in label) for label in ui.buttons() if any(n in label for n in known)]


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_the_board_ranks_guides_by_sales_of_today(sample: Any, language: str) -> None:
    ui = await FakeUi.screen(sample, TeamScreen, place="root", language=language)
    assert names(ui, sample) == [one.guide.name for one in team(sample, "today")]
    assert Strings().money(sum(one.sales_fen for one in team(sample, "today"))) in ui.texts()
    assert not [text for text in ui.texts() if text.startswith("team.")]
    assert ui.count() <= 300
    assert not ui.reports


async def test_another_period_and_another_figure_reorder_the_board(sample: Any) -> None:
    ui = await FakeUi.screen(sample, TeamScreen, place="root")
    await ui.press("本月")
    await ui.press("到访")
    assert names(ui, sample) == [one.guide.name for one in ranked(team(sample, "month"), "visits")]
    assert Strings().money(sum(one.sales_fen for one in team(sample, "month"))) in ui.texts()


async def test_a_new_sale_moves_the_board_at_once(sample: Any) -> None:
    ui = await FakeUi.screen(sample, TeamScreen, place="root")
    last = team(sample, "today")[-1].guide
    day = NOW.date().isoformat()
    await sample.store.write(lambda tx: tx.update(GuideDay, f"{last.id}.{day}", sales_fen=9_999_900))
    await ui.until(lambda: names(ui, sample)[0] == last.name)
    assert ui.shows("¥99,999")


async def test_a_guide_opens_with_figures_and_days(sample: Any) -> None:
    one = team(sample, "month")[0]
    ui = await FakeUi.screen(sample, TeamScreen, place="root")
    await ui.press(one.guide.name)
    page = await FakeUi.screen(sample, GuidePage, one.guide.id)
    assert page.shows(one.guide.staff_no)
    assert Strings().money(one.sales_fen) in page.texts()
    assert page.count() <= 300
    assert (await FakeUi.screen(sample, GuidePage, "nobody")).shows("找不到这位导购")


async def test_the_tablets_table_has_every_figure_and_sorts_by_its_heads(sample: Any) -> None:
    ui = await FakeUi.screen(sample, TeamOverview, place="pane", width=1180, height=820)
    strings = Strings()
    for metric in METRICS:
        assert strings.t(f"team.metric_{metric}") in ui.texts()
    await ui.press("按新绑定排序")
    shown = [text for text in ui.texts() if text in {one.guide.name for one in team(sample, "today")}]
    assert shown == [one.guide.name for one in ranked(team(sample, "today"), "bindings")]
    assert not ui.reports


async def test_a_store_without_figures_says_what_will_come(sample: Any) -> None:
    sample.session = dataclasses.replace(
        sample.session, staff=dataclasses.replace(sample.session.staff, store_id="other")
    )
    ui = await FakeUi.screen(sample, TeamScreen, place="root")
    assert ui.shows("团队还没有数据")


def test_a_tie_stands_in_order_of_number() -> None:
    guides = [
        GuideFigures(Staff(str(n), n, f"G{n}", "某", "guide", "st"), sales_fen=5, orders=n % 2) for n in (3, 1, 2)
    ]
    assert [one.guide.no for one in ranked(guides, "sales_fen")] == [1, 2, 3]
    assert [one.guide.no for one in ranked(guides, "orders")] == [1, 3, 2]


async def test_the_week_of_visits_is_counted_by_guide_and_names_no_customer(sample: Any) -> None:
    first, second, *_ = [one.guide for one in figures.team_figures(sample.store.read, sample.staff.store_id, "", "")]
    rows = [
        ("v1", first, "visit", "2026-11-24T06:00:00Z", "open", 3, 0),  # today, 14:00
        ("v2", first, "visit", "2026-11-22T16:00:00Z", "done", 5, 2),  # Monday, midnight: the week's first moment
        ("v3", first, "appointment", "2026-11-23T02:00:00Z", "open", 0, 0),  # yesterday, and not noted
        ("v4", second, "appointment", "2026-11-29T15:59:59Z", "done", 0, 0),  # Sunday, the last moment
        ("v5", second, "visit", "2026-11-25T02:00:00Z", "cancelled", 9, 9),
        ("v6", second, "visit", "2026-11-22T15:59:59Z", "done", 4, 4),  # the week before
        ("v7", second, "visit", "2026-11-30T02:00:00Z", "open", 1, 0),  # the next
    ]

    def put(tx: Any) -> None:
        for one, guide, kind, at, state, taken, kept in rows:
            more = {"kind": kind, "at": at, "state": state, "taken": taken, "kept": kept}
            tx.put(TeamVisit, {"id": one, "guide_id": guide.id, "store_id": "s"} | more)

    await sample.store.write(put)
    for language in ("zh_CN", "en"):
        t = Strings(language).t
        ui = await FakeUi.screen(sample, VisitsPage, language=language)
        assert not [text for text in ui.texts() if text.startswith(("team.", "followup."))]
        assert ui.shows(t("team.calls_of", done=1, n=3)) and ui.shows(t("team.calls_of", done=1, n=1))
        assert t("team.calls_kept_of", kept=2, taken=5) in ui.texts()
        assert ui.shows(t("team.calls_at", day=t("common.today").capitalize(), time="14:00"))
        assert ui.shows(t("team.calls_late")) and ui.count() <= 300
        await ui.press(t("team.week_last"))
        assert t("team.calls_kept_of", kept=4, taken=4) in ui.texts() and not ui.shows(t("team.calls_late"))
        await ui.press(t("team.week_next"))
        assert ui.shows(t("team.calls_of", done=0, n=1))
        assert not ui.reports


async def test_a_team_without_visits_says_so_and_the_board_leads_there(sample: Any) -> None:
    t = Strings("zh_CN").t
    ui = await FakeUi.screen(sample, VisitsPage)
    assert ui.shows(t("team.calls_none")) and not ui.reports
    app = await FakeUi.app(sample)
    app.ui.go("team")
    await app.press(t("team.calls"))
    await app.sees(t("team.calls_none"))
