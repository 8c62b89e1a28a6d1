"""Pinyin as the server writes it, so that a phone needs no dictionary."""

from __future__ import annotations

import pytest

from server_stub.people.names import pinyin_of


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("王小雨", "wangxiaoyu", "wxy"),
        ("单雄信", "shanxiongxin", "sxx"),
        ("曾国藩", "zengguofan", "zgf"),
        ("解小仇", "xiexiaochou", "xxc"),
        ("欧阳锦瑟", "ouyangjinse", "oyjs"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("Anna Smith", "anna smith", "a"),
        ("李🌹", "li🌹", "l🌹"),
        ("", "", ""),
    ],
)
def test_a_surname_has_the_sound_of_a_surname(name: str, pinyin: str, initials: str) -> None:
    assert pinyin_of(name) == (pinyin, initials)
