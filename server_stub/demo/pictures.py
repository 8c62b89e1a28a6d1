"""Product pictures of the demo brand: the drawing, recoloured, on a lit stage with the lookbook's type.

Pure of the database. A picture is a function of its style and colour only, so its digest is the
same on every machine: the type is Pillow's own built-in face, the drawing is scaled at most 1.6 times.
"""

from __future__ import annotations

import io
from functools import cache, lru_cache
from pathlib import Path

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter, ImageFont, ImageOps

from server_stub.demo import brand

WIDTH, HEIGHT = 900, 1200
QUALITY = 87
SCALE_MAX = 1.6
SOFT = 48  # room around a shadow for its blur
FLOOR_Y = 905
ART_BOX = 410
FOLDER = Path(__file__).parents[2] / "assets" / "demo" / brand.ART_FOLDER
VERSION = "1"

Rgb = tuple[int, int, int]
_FLOATING = frozenset({"1f453", "1f9e3", "1f9e4"})
_STAGES = {"shore": "sun", "elm": "arch", "night": "steps", "stroll": "window"}


def render(style: brand.Style, colour_key: str) -> bytes:
    """Return the JPEG (900 x 1200) of one style in one colour."""
    colour = brand.COLOURS[colour_key]
    stage = _stage(_STAGES[style.series], style.colours.index(colour_key))
    picture = stage.paint(colour)
    _write_number(picture, style)
    stage.light(picture, colour)
    _write_captions(picture, style, colour)
    _place(picture, _art(style.art, colour.cloth, _mirrored(style)), stage.floor_y, style.art in _FLOATING, colour)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


class Stage:
    """One kind of stage: masks of its shapes, drawn once and tinted for every colourway."""

    def __init__(self, kind: str, turn: int) -> None:
        self.kind = kind
        self.floor_y = FLOOR_Y
        self.back = _mask(_BACKS[kind](turn))
        self.front = _mask(_FRONTS[kind](turn))
        self.side = _mask(_SIDES[kind](turn))
        self.beam = _mask(_BEAMS[kind](turn)).filter(ImageFilter.GaussianBlur(14))

    def paint(self, colour: brand.Colour) -> Image.Image:
        """Return wall and floor with the shape behind the product."""
        wall, accent = _rgb(colour.wall), _rgb(colour.accent)
        picture = _gradient(_mix(wall, (255, 255, 255), 0.35), _mix(wall, accent, 0.22))
        if self.kind != "steps":
            floor = _gradient(_mix(wall, accent, 0.45), _mix(wall, accent, 0.2)).crop((0, 0, WIDTH, HEIGHT - FLOOR_Y))
            picture.paste(floor.resize((WIDTH, HEIGHT - FLOOR_Y + 40)), (0, FLOOR_Y - 40))
        shape = _gradient(_mix(accent, (255, 255, 255), 0.30), accent)
        _lay(picture, shape, self.back)
        return picture

    def light(self, picture: Image.Image, colour: brand.Colour) -> None:
        """Add the plinth and the light that falls over the wall."""
        wall, accent = _rgb(colour.wall), _rgb(colour.accent)
        glow = self.beam.point([int(value * 0.34) for value in range(256)])
        _lay(picture, (255, 255, 255), glow)
        _lay(picture, _gradient(_mix(accent, wall, 0.25), _mix(accent, (60, 50, 45), 0.20)), self.side)
        _lay(picture, _gradient(_mix(wall, (255, 255, 255), 0.65), _mix(wall, (255, 255, 255), 0.25)), self.front)


def _lay(picture: Image.Image, paint: Image.Image | Rgb, mask: Image.Image, top: int = 0) -> None:
    """Paint through a mask, only where it holds anything: most shapes cover a small part of the frame."""
    box = mask.getbbox()
    if box is None:
        return
    some = paint.crop(box) if isinstance(paint, Image.Image) else paint
    picture.paste(some, (box[0], box[1] + top), mask.crop(box))


Shapes = list[tuple[str, tuple[float, ...]]]


def _arch_back(turn: int) -> Shapes:
    left, right, top = (200, 700, 235) if turn != 1 else (150, 620, 200)
    return [("arch", (left, top, right, FLOOR_Y - 40))]


def _sun_back(turn: int) -> Shapes:
    x, y, r = ((450, 560, 320), (555, 510, 290), (345, 530, 300))[turn]
    return [("disc", (x - r, y - r, x + r, y + r))]


def _steps_back(turn: int) -> Shapes:
    if turn == 1:
        return [("box", (0, 300, 330, HEIGHT)), ("disc", (470, 190, 790, 510))]
    if turn == 2:
        return [("box", (600, 240, WIDTH, HEIGHT)), ("disc", (110, 230, 400, 520))]
    return [("box", (540, 0, WIDTH, HEIGHT))]


def _window_back(turn: int) -> Shapes:
    if turn == 1:
        return [("round", (120, 200, 780, FLOOR_Y + 120))]
    return [("round", (220, 170, 680, FLOOR_Y - 40))]


def _plinth_top(turn: int) -> Shapes:
    return [("disc", (215, FLOOR_Y - 40, 685, FLOOR_Y + 40))]


def _plinth_side(turn: int) -> Shapes:
    return [("box", (215, FLOOR_Y, 685, FLOOR_Y + 80)), ("disc", (215, FLOOR_Y + 40, 685, FLOOR_Y + 120))]


def _block_top(turn: int) -> Shapes:
    return [("poly", (190, FLOOR_Y - 30, 710, FLOOR_Y - 30, 770, FLOOR_Y + 34, 130, FLOOR_Y + 34))]


def _block_side(turn: int) -> Shapes:
    return [("box", (130, FLOOR_Y + 30, 770, HEIGHT))]


def _nothing(turn: int) -> Shapes:
    return []


def _slant(turn: int) -> Shapes:
    x = (80, 300, 480)[turn]
    return [("poly", (x, 0, x + 190, 0, x - 120, HEIGHT, x - 420, HEIGHT)),
            ("poly", (x + 240, 0, x + 320, 0, x + 10, HEIGHT, x - 70, HEIGHT))]  # fmt: skip


def _panes(turn: int) -> Shapes:
    x = (90, 250, 380)[turn]
    panes: Shapes = []
    for column in range(2):
        for row in range(3):
            left, top = x + column * 200, 120 + row * 250 + column * 60
            panes.append(("poly", (left, top, left + 170, top + 51, left + 170, top + 271, left, top + 220)))
    return panes


_BACKS = {"arch": _arch_back, "sun": _sun_back, "steps": _steps_back, "window": _window_back}
_FRONTS = {"arch": _plinth_top, "sun": _plinth_top, "steps": _block_top, "window": _block_top}
_SIDES = {"arch": _plinth_side, "sun": _plinth_side, "steps": _block_side, "window": _block_side}
_BEAMS = {"arch": _slant, "sun": _nothing, "steps": _slant, "window": _panes}


@lru_cache(maxsize=32)
def _stage(kind: str, turn: int) -> Stage:
    return Stage(kind, turn)


def _mask(shapes: Shapes) -> Image.Image:
    """Return the shapes as an anti-aliased mask (drawn at twice the size)."""
    mask = Image.new("L", (WIDTH * 2, HEIGHT * 2), 0)
    draw = ImageDraw.Draw(mask)
    for kind, numbers in shapes:
        box = [value * 2 for value in numbers]
        if kind == "disc":
            draw.ellipse(box, fill=255)
        elif kind == "box":
            draw.rectangle(box, fill=255)
        elif kind == "poly":
            draw.polygon(box, fill=255)
        elif kind == "round":
            draw.rounded_rectangle(box, radius=72, fill=255)
        else:
            width = box[2] - box[0]
            draw.ellipse((box[0], box[1], box[2], box[1] + width), fill=255)
            draw.rectangle((box[0], box[1] + width / 2, box[2], box[3]), fill=255)
    return mask.resize((WIDTH, HEIGHT), Image.Resampling.BOX)


@cache
def _ramp() -> Image.Image:
    return Image.linear_gradient("L").resize((1, HEIGHT), Image.Resampling.BICUBIC)


def _gradient(top: Rgb, bottom: Rgb) -> Image.Image:
    return ImageOps.colorize(_ramp(), top, bottom).resize((WIDTH, HEIGHT), Image.Resampling.NEAREST)


def _rgb(text: str) -> Rgb:
    red, green, blue = ImageColor.getrgb(text)[:3]
    return red, green, blue


def _mix(one: Rgb, other: Rgb, part: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _mirrored(style: brand.Style) -> bool:
    return style.no == 2


@cache
def _drawing(name: str) -> Image.Image:
    """Return the drawing cropped to its ink and scaled to the stage, never above `SCALE_MAX`."""
    with Image.open(FOLDER / f"{name}.webp") as source:
        art = source.convert("RGBA")
    art = art.crop(art.getbbox())
    scale = min(SCALE_MAX, ART_BOX / max(art.size))
    return art.resize((round(art.width * scale), round(art.height * scale)), Image.Resampling.LANCZOS)


def drawing_size(name: str) -> tuple[int, int]:
    """Return how large a drawing stands on its stage."""
    return _drawing(name).size


def _art(name: str, cloth: str, mirrored: bool) -> Image.Image:
    """Return the drawing dyed in the cloth's tone; a part of its own colours stays, as trim."""
    art = _drawing(name)
    if mirrored:
        art = ImageOps.mirror(art)
    alpha = art.getchannel("A")
    tone = _rgb(cloth)
    grey = ImageOps.autocontrast(art.convert("L"), cutoff=1, mask=alpha.point([255 * (v > 128) for v in range(256)]))
    dyed = ImageOps.colorize(
        grey, _mix(tone, (22, 18, 24), 0.62), _mix(tone, (255, 252, 246), 0.72), mid=tone, midpoint=132
    )
    dyed = Image.blend(dyed, art.convert("RGB"), 0.05)
    dyed.putalpha(alpha)
    return dyed


def _place(picture: Image.Image, art: Image.Image, floor_y: int, floating: bool, colour: brand.Colour) -> None:
    """Stand (or float) the drawing on the stage with its shadows."""
    x = (WIDTH - art.width) // 2
    foot = floor_y - 78 if floating else floor_y + 6
    y = foot - art.height
    dark = _mix(_rgb(colour.accent), (38, 28, 24), 0.72)
    _shadow(picture, art, (x, floor_y + 4), dark, floating)
    room = (art.width + 2 * SOFT, art.height + 2 * SOFT)
    cast = Image.new("L", room, 0)
    cast.paste(art.getchannel("A").point([int(value * 0.22) for value in range(256)]), (SOFT, SOFT))
    small = cast.resize((room[0] // 4, room[1] // 4)).filter(ImageFilter.GaussianBlur(6)).resize(room)
    picture.paste(dark, (x + 26 - SOFT, y + 22 - SOFT), small)
    picture.paste(art, (x, y), art)


def _shadow(picture: Image.Image, art: Image.Image, foot: tuple[int, int], dark: Rgb, floating: bool) -> None:
    """Darken the ground under the drawing: a wide soft pool and a narrow contact line."""
    x, y = foot
    inset = 60 if floating else 10
    room = (art.width + 2 * SOFT, 36 + 2 * SOFT)
    pool = Image.new("L", (room[0] // 4, room[1] // 4), 0)
    box = (SOFT + inset, SOFT, SOFT + art.width - inset, SOFT + 36)
    ImageDraw.Draw(pool).ellipse([v / 4 for v in box], fill=120 if floating else 190)
    soft = pool.filter(ImageFilter.GaussianBlur(5 if floating else 3.2)).resize(room, Image.Resampling.BICUBIC)
    picture.paste(dark, (x - SOFT, y - 16 - SOFT), soft)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType; install the wheel")
    return font


def _spaced(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, gap: float, fill: Rgb) -> float:
    """Write letter by letter with a gap; returns the width."""
    x, y = at
    for letter in text:
        draw.text((x, y), letter, font=_font(size), fill=fill)
        x += _font(size).getlength(letter) + gap
    return x - at[0] - gap


def _write_number(picture: Image.Image, style: brand.Style) -> None:
    """Set the style's number large and pale behind the product."""
    ghost = Image.new("L", (WIDTH, 440), 0)
    ImageDraw.Draw(ghost).text((WIDTH / 2, 220), f"{style.no:02d}", font=_font(440), fill=96, anchor="mm")
    _lay(picture, (255, 255, 255), ghost, 210)


def _write_captions(picture: Image.Image, style: brand.Style, colour: brand.Colour) -> None:
    """Set the wordmark and the series above, the style and its colour below."""
    series = brand.SERIES[style.series]
    ink = _mix(_rgb(colour.accent), (34, 32, 30), 0.78)
    draw = ImageDraw.Draw(picture)
    _spaced(draw, (60, 58), brand.NAME_EN.upper(), 30, 9, ink)
    draw.text((WIDTH - 60, 75), f"{series.number} / {series.name_en}", font=_font(25), fill=ink, anchor="rm")
    on_block = _STAGES[style.series] in ("steps", "window")
    caption = _mix(_rgb(colour.wall), (255, 255, 255), 0.55) if on_block else ink
    draw.text((WIDTH / 2, 1094), style.name_en, font=_font(30), fill=caption, anchor="mm")
    draw.text((WIDTH / 2, 1136), f"{style.style_no}   {colour.name_en}", font=_font(22), fill=caption, anchor="mm")


def difference(one: bytes, other: bytes) -> int:
    """Return how far two pictures differ at most in a channel (tests of tints)."""
    with Image.open(io.BytesIO(one)) as left, Image.open(io.BytesIO(other)) as right:
        extrema = ImageChops.difference(left.convert("RGB"), right.convert("RGB")).getextrema()
    return max(int(high) for _, high in extrema)  # type: ignore[misc]
