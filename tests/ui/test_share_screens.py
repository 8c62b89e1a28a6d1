"""Share over a filled local store: from the grid to a decoded poster in two presses, with no network."""

from __future__ import annotations

import asyncio
import errno
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flet as ft
import pytest
import zxingcpp
from PIL import Image

from app.device import images
from app.posters.template import load_template
from app.protocol import share_code
from app.protocol.manifest import CalendarEntry, Caption, PosterTemplate
from app.store.queries import products, shares, work
from app.ui.screens.share import content
from app.ui.screens.share.catalogue import ShareScreen
from app.ui.screens.share.mine import SharesPage
from app.ui.screens.share.product import PosterPage, ProductPage
from app.ui.screens.share.view import in_rows, matching, stock_words
from app.ui.strings import Strings
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # a Tuesday, 10:30 in the store
PACK = Path(__file__).parents[2] / "assets" / "demo" / "packs" / "week"


class FakePack:
    """A week's pack in force."""

    def __init__(self, folder: Path = PACK, day: str = "") -> None:
        self.folder = folder
        play = CalendarEntry(day or "2026-11-24", "换季外套上新", "New outerwear", "先问问老客。", "Ask.", (1, 4))
        captions = (
            Caption("w", "warm", "总部写的一句。", "From headquarters."),
            Caption("p", "plain", "短。", "Short."),
        )
        posters = (PosterTemplate("letter", "posters/letter.json"), PosterTemplate("gone", "posters/gone.json"))
        self.manifest = SimpleNamespace(calendar=(play,), captions=captions, posters=posters)

    def active_manifest(self) -> Any:
        return self.manifest

    def file(self, path: str) -> Path:
        return self.folder / path


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, NOW, customers=20)
    made.content = FakePack()
    made.installation = SimpleNamespace(clock=made.clock, known_staff=lambda: ())
    images.configure([tmp_path / "blobs"], web=False)
    yield made
    made.store.close()


def first(sample: Any) -> Any:
    return products.product_by_no(sample.store.read, 1)


async def test_the_grid_shows_the_play_of_today_and_goods_by_name(sample: Any) -> None:
    ui = await FakeUi.screen(sample, ShareScreen, place="root")
    assert ui.shows("换季外套上新")
    newest = products.products(sample.store.read)[0]
    assert any(newest.name in name for name in ui.buttons())
    assert ui.count() <= 300
    assert not ui.reports


async def test_search_and_categories_narrow_the_grid_and_lead_back(sample: Any) -> None:
    ui = await FakeUi.screen(sample, ShareScreen, place="root")
    await ui.type("搜索商品、款号、颜色", "羊绒大衣 驼色")
    assert [name for name in ui.buttons() if "晨雾双面羊绒大衣 驼色" in name]
    assert not [name for name in ui.buttons() if "藏青" in name]
    await ui.type("搜索商品、款号、颜色", "没有这种东西")
    assert ui.shows("没有找到商品")
    await ui.press("看全部")
    await ui.press("鞋履")
    shoes = {p.name for p in products.products(sample.store.read) if p.category == "shoes"}
    shown = {name.split()[0] for name in ui.buttons() if "¥" in name}
    assert shown
    assert shown <= shoes


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_two_presses_from_product_to_share_sheet(sample: Any, language: str) -> None:
    product = first(sample)
    ui = await FakeUi.screen(sample, ProductPage, product.id, language=language)
    await ui.press("分享海报" if language == "zh_CN" else "Share poster")
    await ui.until(lambda: bool(ui.device.shared))
    name, jpeg, mime, text = ui.device.shared[0]
    assert (name.startswith("ES001-"), mime) == (True, "image/jpeg")
    link = zxingcpp.read_barcodes(Image.open(io.BytesIO(jpeg)).convert("L"))[0].text
    code = share_code.decode(link.rsplit("/", 1)[1])
    assert (code.item_no, code.guide_no, code.channel) == (product.no, sample.session.staff.no, "chat")
    caption, url = text.rsplit("\n", 1)
    assert caption == ("总部写的一句。" if language == "zh_CN" else "From headquarters.")
    assert url.upper() == link
    assert ui.device.copied[0] == text
    await ui.until(lambda: work.outbox_count(sample.store.read) == 1)
    recorded = next(s for s in shares.my_shares(sample.store.read) if link.endswith(s.code))
    assert (recorded.item_id, recorded.channel, recorded.caption) == (product.id, "chat", caption)


async def test_a_double_tap_shares_once(sample: Any) -> None:
    ui = await FakeUi.screen(sample, ProductPage, first(sample).id)
    button = ui.button("分享海报")
    await asyncio.gather(ui.fire(button, "click"), ui.fire(button, "click"))
    await ui.until(lambda: work.outbox_count(sample.store.read) > 0)
    await ui.settle(wait_s=0.3)
    assert len(ui.device.shared) == 1


async def test_a_full_disk_says_so_and_records_nothing(sample: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ui = await FakeUi.screen(sample, ProductPage, first(sample).id)

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(Path, "write_bytes", full)
    await ui.press("分享海报")
    sentence = Strings().error("disk_full")
    await ui.until(lambda: ui.shows(sentence))
    assert not ui.device.shared
    assert work.outbox_count(sample.store.read) == 0
    assert any("分享海报" in name for name in ui.buttons())


async def test_a_dismissed_share_sheet_records_nothing(sample: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ui = await FakeUi.screen(sample, ProductPage, first(sample).id)

    async def dismissed(*_args: Any) -> str:
        return "dismissed"

    monkeypatch.setattr(ui.device, "file", dismissed)
    await ui.press("分享海报")
    await ui.until(lambda: ui.shows("没有发出去"))
    assert work.outbox_count(sample.store.read) == 0


async def test_tones_templates_channel_and_own_words(sample: Any) -> None:
    ui = await FakeUi.screen(sample, ProductPage, first(sample).id)
    await ui.press("简洁")
    assert ui.field("文案").value == "短。"
    await ui.press("换一句")
    assert "晨雾双面羊绒大衣" in str(ui.field("文案").value)
    await ui.type("文案", "我自己写的话")
    await ui.press("海报样式：墨绿")
    await ui.press("朋友圈")
    await ui.press("分享海报")
    await ui.until(lambda: work.outbox_count(sample.store.read) == 1)
    share = next(s for s in shares.my_shares(sample.store.read) if s.code in ui.device.shared[0][3])
    assert (share.caption, share.channel) == ("我自己写的话", "moments")
    picture = Image.open(io.BytesIO(ui.device.shared[0][1]))
    assert picture.getpixel((20, 20))[1] > picture.getpixel((20, 20))[0]  # the green ground of the chosen template


async def test_previews_appear_and_the_large_poster_opens(sample: Any) -> None:
    product = first(sample)
    ui = await FakeUi.screen(sample, ProductPage, product.id)
    labels = [name for name in ui.buttons() if name.startswith("海报样式")]
    assert labels == ["海报样式：来信", "海报样式：留白", "海报样式：墨绿"]  # the broken one of the pack is left out
    await ui.until(lambda: _pictures(ui) == 3)
    large = await FakeUi.screen(sample, PosterPage, product.id)
    await large.until(lambda: _pictures(large) == 1)
    assert not ui.reports + large.reports


def _pictures(ui: FakeUi) -> int:
    return sum(1 for c in ui.walk() if isinstance(c, ft.Image) and isinstance(c.src, bytes))


async def test_no_product_and_no_shares_have_a_way_on(sample: Any) -> None:
    gone = await FakeUi.screen(sample, ProductPage, "nothing")
    assert gone.shows("这款商品已下架")
    await sample.store.write(lambda tx: [tx.delete(type(s), s.id) for s in shares.my_shares(sample.store.read)])
    mine = await FakeUi.screen(sample, SharesPage)
    assert mine.shows("还没有分享过")
    assert "去选商品" in mine.buttons()


async def test_my_shares_show_their_funnel(sample: Any) -> None:
    ui = await FakeUi.screen(sample, SharesPage)
    funnel = shares.share_funnel(sample.store.read, "2026-10-31T16:00:00Z", "2026-11-30T16:00:00Z")
    assert str(funnel.opened) in ui.texts()
    assert ui.count() <= 300
    assert not ui.reports


def test_without_a_pack_the_built_in_words_and_templates_stand_in(sample: Any) -> None:
    bare = SimpleNamespace(content=None)
    words = content.captions(bare, first(sample), Strings("en"))
    assert all("Morning Mist" in words.of(tone) for tone in ("warm", "plain", "lively"))
    assert {one.id for one in content.templates(bare)} == {"gallery", "evening"}
    assert content.play_of(bare, NOW.date()) is None


def test_a_hostile_template_of_a_pack_is_left_out(sample: Any, tmp_path: Path) -> None:
    (tmp_path / "posters").mkdir()
    (tmp_path / "posters" / "letter.json").write_text('{"id": "../../x"}')
    load_template.cache_clear()
    pack = SimpleNamespace(content=FakePack(tmp_path))
    assert {one.id for one in content.templates(pack)} == {"gallery", "evening"}


def test_grid_arithmetic(sample: Any) -> None:
    strings, everything = Strings(), products.products(sample.store.read)
    assert [len(row) for row in in_rows(list(range(7)), 3)] == [3, 3, 1]  # type: ignore[arg-type]
    assert {p.category for p in matching(everything, "", "bags")} == {"bags"}
    assert {p.style_no for p in matching(everything, "es008 NAVY", "")} == {"ES008"}
    assert [stock_words(n, strings) for n in (None, 0, 2, 9)] == [
        ("", "calm"), ("缺货", "late"), ("仅剩 2 件", "warm"), ("9 件", "calm"),
    ]  # fmt: skip


async def test_the_play_of_another_day_does_not_show(sample: Any) -> None:
    sample.content = FakePack(day=(NOW + timedelta(days=1)).date().isoformat())
    ui = await FakeUi.screen(sample, ShareScreen, place="root")
    assert not ui.shows("换季外套上新")


async def test_a_picture_that_comes_late_is_waited_for_and_then_shown(sample: Any, tmp_path: Path) -> None:
    product = products.products(sample.store.read)[0]
    ui = await FakeUi.screen(sample, ShareScreen, place="root")
    assert _sources(ui) == []
    waiting = asyncio.create_task(images.awaited(product.picture))
    await asyncio.sleep(0.05)
    (tmp_path / "blobs").mkdir(exist_ok=True)
    (tmp_path / "blobs" / product.picture).write_bytes(b"jpeg")
    assert await waiting == tmp_path / "blobs" / product.picture
    await sample.store.write(lambda tx: tx.touch("product"))
    await ui.until(lambda: bool(_sources(ui)))
    assert await images.awaited("../etc/passwd") is None


def _sources(ui: FakeUi) -> list[str]:
    return [c.src for c in ui.walk() if isinstance(c, ft.Image)]
