"""Posters are read by an independent decoder, whatever the text, the picture or the template."""

from __future__ import annotations

import copy
import errno
import io
import json
import struct
import zlib
from dataclasses import fields, replace
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from app.domain.errors import LocalFault, Refused
from app.posters import fonts
from app.posters.qr import qr_image, qr_png
from app.posters.render import PREVIEW, PosterSpec, compose, make_poster, make_preview, save_poster
from app.posters.template import HEIGHT, WIDTH, Template, load_template, parse_template

TEMPLATES = sorted((Path(__file__).parents[3] / "assets" / "posters").glob("*.json"))
LINK = "HTTPS://SHOP.EXAMPLE.COM/S/0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def jpeg(size: tuple[int, int] = (900, 1200)) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, "JPEG")
    return out.getvalue()


PICTURE = jpeg()


def spec(template: Template, **changes: object) -> PosterSpec:
    base = PosterSpec(
        template, PICTURE, "晨雾双面羊绒大衣", "¥2,980", "林悦", "国金店", LINK, was="¥3,280", brand="榆汀",
        detail="驼色", caption="宽肩落袖，不系扣也好看。", hint="扫码看详情",
    )  # fmt: skip
    return replace(base, **changes)


def decode(picture: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture.convert("L"))]


def as_a_messenger_sends(raw: bytes) -> Image.Image:
    out = io.BytesIO()
    Image.open(io.BytesIO(raw)).resize((WIDTH // 2, HEIGHT // 2)).save(out, "JPEG", quality=60)
    return Image.open(out)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.stem)
def test_every_poster_is_decoded_also_after_a_messenger_shrank_it(path: Path) -> None:
    raw = make_poster(spec(load_template(path)))
    whole = Image.open(io.BytesIO(raw))
    assert (whole.format, whole.size) == ("JPEG", (WIDTH, HEIGHT))
    assert decode(whole) == [LINK]
    assert decode(as_a_messenger_sends(raw)) == [LINK]


@pytest.mark.parametrize(
    "texts",
    [
        {"name": "羊绒" * 100, "caption": "很长的话" * 500, "guide": "名" * 200, "store": "店" * 200},
        {"name": "😀🎉👗" * 70, "price": "¥98,765,432.10", "guide": "🙂"},
        {"name": "A" * 200, "caption": "W" * 2_000, "brand": "i" * 400, "hint": "扫" * 90},
        {"name": "", "price": "", "guide": "", "store": "", "caption": "\x00\u202e\ud800\n\n"},
    ],
    ids=["long Chinese", "emoji", "one endless word", "nothing to draw"],
)
def test_no_text_breaks_a_poster(texts: dict[str, str]) -> None:
    for path in TEMPLATES:
        assert decode(as_a_messenger_sends(make_poster(spec(load_template(path), **texts)))) == [LINK]


def test_long_text_stays_in_its_box() -> None:
    template = load_template(TEMPLATES[0])
    empty = compose(spec(template, name=""))
    box = template.texts["name"].box
    for name in ("羊绒" * 100, "W" * 200, "Limited Edition 限定 " * 20):
        changed = Image.new("RGB", empty.size)
        changed.paste(compose(spec(template, name=name)))
        difference = bounds(empty, changed)
        assert difference[0] >= box.x - 2
        assert difference[2] <= box.right + 2
        assert box.y <= difference[1]
        assert difference[3] <= box.bottom


def bounds(one: Image.Image, other: Image.Image) -> tuple[int, int, int, int]:
    from PIL import ImageChops

    found = ImageChops.difference(one, other).getbbox()
    assert found is not None
    return found


def test_a_poster_holds_no_metadata_and_has_no_place_for_a_customer() -> None:
    raw = make_poster(spec(load_template(TEMPLATES[0])))
    picture = Image.open(io.BytesIO(raw))
    assert not picture.getexif()
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert not [field.name for field in fields(PosterSpec) if "customer" in field.name or "phone" in field.name]


def test_preview_is_half_the_size() -> None:
    assert Image.open(io.BytesIO(make_preview(spec(load_template(TEMPLATES[0]))))).size == PREVIEW


def test_a_product_without_its_picture_still_gets_a_poster() -> None:
    assert decode(Image.open(io.BytesIO(make_poster(spec(load_template(TEMPLATES[0]), picture=None))))) == [LINK]


def png_of_claimed_size(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, data, b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def gif() -> bytes:
    out = io.BytesIO()
    Image.new("L", (8, 8)).save(out, "GIF")
    return out.getvalue()


@pytest.mark.parametrize(
    "raw",
    [b"", b"not a picture", PICTURE[:400], png_of_claimed_size(60_000, 60_000), png_of_claimed_size(9000, 9000),
     gif(), b"\0" * 10_000_001, Path("/nowhere.jpg")],
    ids=["empty", "text", "cut off", "bomb", "too many pixels", "other format", "too many bytes", "missing file"],
)  # fmt: skip
def test_a_bad_picture_is_refused(raw: bytes | Path) -> None:
    with pytest.raises(Refused) as refused:
        make_poster(spec(load_template(TEMPLATES[0]), picture=raw))
    assert refused.value.code == "picture_malformed"


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA", "LA", "1"])
def test_every_kind_of_colour_is_drawn(mode: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (300, 300), "#884422").convert(mode).save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert decode(compose(spec(load_template(TEMPLATES[1]), picture=out.getvalue()))) == [LINK]


# --- writing ----------------------------------------------------------------------------------------------------


def test_a_poster_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "posters" / "one.jpg"
    save_poster(b"poster", path)
    assert path.read_bytes() == b"poster"
    assert [p.name for p in path.parent.iterdir()] == ["one.jpg"]


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EDQUOT, "disk_full"), (errno.EACCES, "poster_failed")]
)
def test_a_full_disk_leaves_no_half_poster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    path = tmp_path / "one.jpg"
    path.write_bytes(b"the old one")

    def fill(self: Path, data: bytes) -> int:
        self.open("wb").write(data[:2])
        raise OSError(number, "no")

    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(LocalFault) as fault:
        save_poster(b"new poster", path)
    assert fault.value.code == code
    assert path.read_bytes() == b"the old one"
    assert [p.name for p in tmp_path.iterdir()] == ["one.jpg"]


# --- codes ------------------------------------------------------------------------------------------------------


def test_the_code_of_a_card_is_read() -> None:
    text = "HTTPS://SHOP.EXAMPLE.COM/G/ABCDEFGH"
    assert decode(Image.open(io.BytesIO(qr_png(text)))) == [text]


def test_a_code_has_four_pixels_a_module_and_a_quiet_zone() -> None:
    code = qr_image(LINK, 300)
    row = next(y for y in range(300) if code.crop((0, y, 300, y + 1)).getextrema()[0] == 0)
    first = next(x for x in range(300) if code.getpixel((x, row)) == 0)
    finder = next(n for n in range(1, 300) if code.getpixel((first + n, row)) == 255)
    pixels = finder / 7
    assert pixels >= 4
    assert min(first, row) >= 4 * pixels


@pytest.mark.parametrize(("text", "side"), [("", 600), ("A" * 301, 600), (LINK, 100)])
def test_a_code_that_nobody_could_scan_is_an_error(text: str, side: int) -> None:
    with pytest.raises(LocalFault, match="poster_failed"):
        qr_image(text, side)


# --- templates --------------------------------------------------------------------------------------------------

GOOD = json.loads(TEMPLATES[0].read_text("utf-8"))


def test_both_built_in_templates_are_well_formed_and_named() -> None:
    assert len(TEMPLATES) >= 2
    for path in TEMPLATES:
        template = load_template(path)
        assert template.id == path.stem
        assert template.name("zh_CN") != template.name("en")


def broken(**changes: object) -> bytes:
    data = copy.deepcopy(GOOD)
    data.update(changes)
    return json.dumps(data).encode()


def slots(**changes: object) -> dict[str, object]:
    return {**GOOD["slots"], **changes}


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b"{" + b" " * 70_000 + b"}",
        broken(id="../x"), broken(name={}), broken(name="x"), broken(background=["red", "blue"]), broken(slots=[]),
        broken(shapes=[{"box": [0, 0, 1, 1], "fill": "#000000"}] * 25),
        broken(slots={k: v for k, v in GOOD["slots"].items() if k != "qr"}),
        broken(slots={k: v for k, v in GOOD["slots"].items() if k != "price"}),
        broken(slots=slots(qr={"box": [0, 0, 400, 400], "dark": "#777777", "light": "#888888"})),
        broken(slots=slots(qr={"box": [0, 0, 400, 400], "dark": "#FFFFFF", "light": "#000000"})),
        broken(slots=slots(name={"box": [0, 0, True, 9], "size": 40, "colour": "#000000"})),
        broken(slots=slots(name={"box": [0, 0, 9, 9], "size": "40", "colour": "#000000"})),
        broken(slots=slots(name={"box": [0, 0, 9, 9], "size": 40, "colour": "#000"})),
        broken(slots=slots(name={"box": [0, 0, 9, float("nan")], "size": 40, "colour": "#000000"})),
        broken(slots=slots(name={"box": [0, 0, 9, float("inf")], "size": 40, "colour": "#000000"})),
        broken(slots=slots(picture={"box": [0, 0, 9, 9], "fit": "stretch"})),
    ],
)  # fmt: skip
def test_a_malformed_template_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        parse_template(raw)
    assert refused.value.code == "pack_malformed"


NUMBER = st.one_of(st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False))
BOX = st.lists(NUMBER, min_size=4, max_size=4)


@settings(max_examples=25, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
@given(boxes=st.lists(BOX, min_size=12, max_size=12), sizes=st.lists(NUMBER, min_size=12, max_size=12))
def test_no_numbers_of_a_template_hide_the_code_or_leave_the_canvas(
    boxes: list[list[float]], sizes: list[float]
) -> None:
    data = copy.deepcopy(GOOD)
    for index, slot in enumerate(data["slots"].values()):
        slot["box"] = boxes[index % 12]
        slot.update(size=sizes[index % 12], min_size=sizes[(index + 1) % 12], lines=sizes[(index + 2) % 12])
        slot["radius"] = sizes[(index + 3) % 12]
    data["shapes"][0].update(box=boxes[0], radius=sizes[0])
    template = parse_template(json.dumps(data).encode())
    assert all(slot.box.right <= WIDTH and slot.box.bottom <= HEIGHT for slot in template.texts.values())
    assert decode(compose(spec(template))) == [LINK]


# --- fonts ------------------------------------------------------------------------------------------------------


def test_names_with_rare_characters_can_be_printed() -> None:
    assert fonts.drawable("喆昇堃玥赟翀珺") == "喆昇堃玥赟翀珺"
    assert fonts.drawable("林😀悦\u200d") == "林悦"
    assert fonts.drawable("好看，\n越洗越软  Limited  Edition") == "好看，越洗越软 Limited Edition"


def test_fonts_stay_small_and_carry_their_licence() -> None:
    folder = fonts.assets_dir() / "fonts"
    assert all(path.stat().st_size <= 4 * 1024 * 1024 for path in folder.glob("*.otf"))
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text("utf-8")
