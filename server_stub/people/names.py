"""Pinyin of names, so that phones can search and sort without a dictionary."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def pinyin_of(name: str) -> tuple[str, str]:
    """Return (pinyin without tones or blanks, initials), both lower case: 王小雨 -> wangxiaoyu, wxy."""
    from pypinyin import lazy_pinyin  # loads its dictionary (0.4 s) only where a name is written

    parts = [part.lower() for part in lazy_pinyin(name) if part.strip()]
    return "".join(parts), "".join(part[0] for part in parts)
