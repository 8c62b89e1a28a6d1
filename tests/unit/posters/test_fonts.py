"""The bundled fonts draw the names people have, and stay small enough for a browser's first visit."""

from __future__ import annotations

import pytest
from fontTools.ttLib import TTFont

from app.posters.fonts import assets_dir, drawable, has_glyph
from app.ui.strings import LANGUAGES, PSEUDO, catalogue
from assets.fonts import subset

SIZE_MAX = 4 * 1024 * 1024
SURNAMES = "陳張黃李吳劉蔡楊許鄭謝郭賴葉蘇莊呂蕭羅詹廖鍾盧鄧趙馮葛韓龔顏範譚鄒嚴陸閻龐錢孫馬鮑魯韋關歐陽諸葛"
GIVEN = (
    "雲麗華偉強國榮輝龍鳳蓮蘭靜穎潔瑩瑤珮瑋鈞鎮錦銘銓鴻鵬飛勝貴慶樂儀儷綺紋縈緯"
    "絲馨嫻嬌嬋孃寶寧賢達遠進燦煒煥燁澤濤潤瀅淵"
)
RARE = "堃喆燊翀昇彧祎玥珺璟頔暐皓淼犇鑫垚骉䶮"


@pytest.mark.parametrize("weight", ["Regular", "Bold"])
def test_names_in_simplified_traditional_and_rare_characters_are_drawn(weight: str) -> None:
    path = assets_dir() / "fonts" / f"NotoSansSC-{weight}.otf"
    known = set(TTFont(path, lazy=True).getBestCmap())
    assert not [one for one in SURNAMES + GIVEN + RARE if ord(one) not in known]
    assert path.stat().st_size <= SIZE_MAX


def test_a_poster_keeps_a_traditional_name() -> None:
    assert all(has_glyph(one) for one in "雲飛鄭")
    assert not has_glyph("𪚥")  # what the font lacks is known, not guessed


def known(weight: str) -> set[str]:
    return set(map(chr, TTFont(assets_dir() / "fonts" / f"NotoSansSC-{weight}.otf", lazy=True).getBestCmap()))


@pytest.mark.parametrize("weight", ["Regular", "Bold"])
def test_every_character_of_every_text_and_of_the_demo_brand_is_in_the_font(weight: str) -> None:
    texts = [form for language in (*LANGUAGES, PSEUDO) for forms in catalogue(language).values() for form in forms]
    root = assets_dir().parent
    texts += [path.read_text("utf-8") for path in (root / "server_stub/shop/locale").glob("*.po")]
    texts += [path.read_text("utf-8") for path in (root / "server_stub/demo").rglob("*.py")]
    texts += [path.read_text("utf-8") for path in (root / "assets/demo").rglob("*.json")]
    spaces = {"\n", "\u200a", "\u2009"}  # a thin space the font lacks is made of its space by the shaper
    assert set().union(*texts) - known(weight) - spaces == set()


@pytest.mark.parametrize("weight", ["Regular", "Bold"])
def test_the_national_list_of_characters_is_whole(weight: str) -> None:
    wanted = (set(subset.gb2312(16, 87)) | set(subset.rare_characters())) - {""}
    assert len(wanted) >= 8_105 and wanted <= known(weight)
    assert set("¥￥€·…—“”‘’「」（）、。℃№") <= known(weight)


@pytest.mark.parametrize("name", ["小榆🌿", "👩🏽‍🎤", "林\u200d悦", "王️"])
def test_emoji_are_left_out_of_pictures_and_nothing_stands_for_them(name: str) -> None:
    shown = drawable(name)
    assert all(has_glyph(one) or one == " " for one in shown) and "🌿" not in shown
