"""Cut the bundled fonts out of Debian's fonts-noto-cjk (build time only; the results are committed).

Regular and Bold hold GB2312 and every other character of the Table of General Standard Chinese
Characters (2013, 8,105 characters), so that any legal given name prints; the first plane of Big5
(5,401 frequent traditional characters) and more of given names, for customers from Hong Kong,
Macau and Taiwan; Latin and punctuation. Phones use their system font for the app's own texts; in
the browser and on posters these files are all there is, and a poster leaves out what they lack: rarer
Han, other scripts, emoji. On screen a phone shows those in its own fonts; a browser may show boxes.
All 8,105 characters were found in both files, against a list of the table that is not kept here.

Usage: python assets/fonts/subset.py [--source /usr/share/fonts/opentype/noto]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont

HERE = Path(__file__).resolve().parent
FAMILY = "Noto Sans CJK SC"
SIZE_MAX = 4 * 1024 * 1024
LATIN = (
    range(0x20, 0x7F),
    range(0xA0, 0x180),
    range(0x1CD, 0x1DD),
    range(0x2010, 0x2028),
    range(0x2030, 0x2040),
    range(0x20A0, 0x20C0),
    range(0x2150, 0x2190),
    range(0x2460, 0x2474),
    range(0x3000, 0x3018),
    range(0xFF00, 0xFF65),
    range(0xFFE0, 0xFFE7),
)
SIGNS = "℃№™©®←↑→↓√×÷±≈≠≤≥∞■□▲△▼▽◆◇○●◎★☆♀♂♥♡✓✔✕✖\u2009\u200a\u200b\u202f"

EN_DASH, MINUS = 0x2013, 0x2212

# Given names in traditional characters beyond the first plane of Big5.
NAMES = (
    "瑋煒燁瀅暐頔鍈鋐鋆錡鑑鏵鎔鎬鎧鏞鐸鈺鉅鉉鍶湞渼澐瀠灝燊燐熲熹爗曄暘暉曉晞昉暄曦晛玨珈珩珮珣琁琍琇琯琬瑀瑄瑒瑭璁璇璉璐璟璦璿瓊姍姮姵婕"
    "婞媃媖嫚嫺嬿妤彥彣翃翎翬翹翾頎顗顥頲驊騏騄駿驍驥麒麟禎禕禔祐祜祺祿竑竣筠箏篁篤綝綦綸緁緹縝纓纖羿翊芃芷芮苡茜莛莙菀菁萱葳葦蒔蒨蓁蓓"
    "蓉蔚蔓薇薔藺蘊蘅蘋褘詠詡詩誼諠諭謙謐贇軒輅輔轍逵遙邁鄺酆鈕閎閔闓闕雋霈霖霏霓靄靚鞏韡馡馥駪驪鴒鵑鶯黛齡"
)


def gb2312(first_row: int, last_row: int) -> Iterator[str]:
    """Yield the characters of the given rows (1 to 94) of GB2312."""
    for row in range(first_row, last_row + 1):
        for cell in range(1, 95):
            yield bytes((0xA0 + row, 0xA0 + cell)).decode("gb2312", errors="ignore")


def traditional() -> str:
    """Return the frequent traditional characters: the first plane of Big5."""
    trail = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    return "".join(bytes((lead, cell)).decode("big5", errors="ignore") for lead in range(0xA4, 0xC7) for cell in trail)


def rare_characters() -> str:
    """Return the national list's characters that GB2312 lacks (mostly names), from `rare_hanzi.txt`."""
    return "".join((HERE / "rare_hanzi.txt").read_text("utf-8").split())


def signs() -> str:
    """Return Latin letters, figures, punctuation and currency signs."""
    return "".join(chr(code) for block in LATIN for code in block) + "".join(gb2312(1, 3)) + SIGNS


def cut(source: Path, target: Path, characters: str) -> int:
    """Write the subset of `source` with `characters` to `target`; return its size in bytes."""
    font = next(face for face in TTCollection(source) if face["name"].getDebugName(1) == FAMILY)
    options = Options()
    options.hinting = False
    options.layout_features = ["kern", "palt", "ccmp"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.name_languages = [0x409]
    options.drop_tables += ["VORG", "vhea", "vmtx", "BASE", "DSIG"]
    subsetter = Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    rename(font)
    alias(font)
    font.save(target)
    size = target.stat().st_size
    if size > SIZE_MAX:
        raise SystemExit(f"{target.name}: {size} bytes, more than {SIZE_MAX}")
    return size


def rename(font: TTFont) -> None:
    """Name the subset `Noto Sans SC`, so that it is never taken for the whole font."""
    for record in font["name"].names:
        record.string = str(record).replace("CJKsc", "SC").replace("CJK SC", "SC").replace("CJK", "SC")


def alias(font: TTFont) -> None:
    """Draw the minus sign of amounts by the en dash, which is as wide: the subset has no glyph for it."""
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap[MINUS] = table.cmap[EN_DASH]


def main() -> None:
    """Cut both fonts and print their sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--source", type=Path, default=Path("/usr/share/fonts/opentype/noto"))
    source = parser.parse_args().source
    characters = "".join(gb2312(16, 87)) + rare_characters() + traditional() + NAMES + signs()
    for weight in ("Regular", "Bold"):
        target = HERE / f"NotoSansSC-{weight}.otf"
        print(target.name, cut(source / f"NotoSansCJK-{weight}.ttc", target, characters))


if __name__ == "__main__":
    main()
