"""Team over a filled local store: the manager's board on a phone and a tablet."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.protocol.objects import GuideDay, Staff
from app.store.queries import figures
from app.store.queries.figures import GuideFigures
from app.ui.screens.team import GuidePage, TeamOverview, TeamScreen
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
