"""Pinyin of names, so that phones can search and sort without a dictionary."""

from __future__ import annotations

from functools import lru_cache

SURNAMES = {
    "单": "shan", "單": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "查": "zha", "区": "ou", "區": "ou",
    "朴": "piao", "盖": "ge", "蓋": "ge", "覃": "qin", "缪": "miao", "繆": "miao", "翟": "zhai", "员": "yun",
    "員": "yun",
}  # fmt: skip
"""Characters that sound otherwise as a surname than in a sentence."""


@lru_cache(maxsize=4096)
def pinyin_of(name: str) -> tuple[str, str]:
    """Return (pinyin without tones or blanks, initials), both lower case: 王小雨 -> wangxiaoyu, wxy."""
    from pypinyin import lazy_pinyin  # loads its dictionary (0.4 s) only where a name is written

    parts = [part.lower() for part in lazy_pinyin(name) if part.strip()]
    if len(parts) == len(name) and name[:1] in SURNAMES:
        parts[0] = SURNAMES[name[0]]
    return "".join(parts), "".join(part[0] for part in parts)
