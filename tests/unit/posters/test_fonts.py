"""The bundled fonts draw the names people have, and stay small enough for a browser's first visit."""

from __future__ import annotations

import pytest
from fontTools.ttLib import TTFont

from app.posters.fonts import assets_dir, has_glyph

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
