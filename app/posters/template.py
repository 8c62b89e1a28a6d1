"""Poster templates: JSON from this app or from a content pack, read as untrusted input.

The shape must be right (else `pack_malformed`); numbers are clamped onto the canvas, so that no
template can draw outside it, hide the QR code or ask for more memory than one canvas.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from app.domain.errors import Refused

WIDTH, HEIGHT = 1080, 1920
TEMPLATE_MAX_BYTES = 64_000
SHAPES_MAX = 24
TEXT_SIZE = (20, 200)
LINES = (1, 6)
RADIUS_MAX = 540
QR_SIDE = (300, 600)
QR_CONTRAST_MIN = 7.0
TEXT_SLOTS = ("brand", "name", "detail", "price", "caption", "guide", "store", "hint")
REQUIRED_TEXTS = ("name", "price", "guide", "store")
LANGUAGES_MAX = 8
NAME_MAX = 24
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_ID = re.compile(r"[a-z][a-z0-9_-]{0,39}")

Colour = tuple[int, int, int]
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the canvas in pixels, always inside it."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """The first column beyond the box."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """The first row beyond the box."""
        return self.y + self.h


@dataclass(frozen=True, slots=True)
class TextSlot:
    """Where a text goes; it shrinks from `size` to `min_size`, wraps to `lines`, then ends in an ellipsis."""

    box: Box
    size: int
    min_size: int
    lines: int
    bold: bool
    colour: Colour
    align: str
    valign: str
    was_size: int
    was_colour: Colour


@dataclass(frozen=True, slots=True)
class PictureSlot:
    """Where the product stands: `cover` fills the box, `contain` shows the whole picture on the stage."""

    box: Box
    radius: int
    fit: str
    stage: Colour


@dataclass(frozen=True, slots=True)
class QrSlot:
    """A square plate with the code; `dark` on `light` keeps enough contrast to be read."""

    box: Box
    radius: int
    dark: Colour
    light: Colour


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled rectangle with round corners, beneath everything else."""

    box: Box
    radius: int
    fill: Colour


@dataclass(frozen=True, slots=True)
class Badge:
    """A disc with the first character of the guide's name."""

    box: Box
    fill: Colour
    colour: Colour


@dataclass(frozen=True, slots=True)
class Template:
    """One poster's design, safe to draw."""

    id: str
    names: Mapping[str, str]
    background: tuple[Colour, Colour]
    shapes: tuple[Shape, ...]
    picture: PictureSlot
    texts: Mapping[str, TextSlot]
    qr: QrSlot
    badge: Badge | None

    def name(self, language: str) -> str:
        """Return the template's name in `language`, else in any language it has."""
        return self.names.get(language) or next(iter(self.names.values()))


def parse_template(raw: bytes) -> Template:
    """Return the template in `raw`, clamped onto the canvas.

    Raises:
        Refused: `pack_malformed`; not a template, keep the old one.
    """
    if len(raw) > TEMPLATE_MAX_BYTES:
        _refuse("larger than a template may be")
    try:
        data = json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Refused("pack_malformed", "template is not JSON") from error
    return _template(_object(data, "template"))


@lru_cache(maxsize=16)
def load_template(path: Path) -> Template:
    """Return the template in the file `path`; see `parse_template`.

    Raises:
        Refused: `pack_malformed`; unreadable or not a template.
    """
    try:
        return parse_template(path.read_bytes())
    except OSError as error:
        raise Refused("pack_malformed", "template cannot be read") from error


def contrast(one: Colour, other: Colour) -> float:
    """Return the WCAG contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _template(data: Json) -> Template:
    slots = _object(data.get("slots"), "slots")
    texts = {name: _text(_object(slots[name], name)) for name in TEXT_SLOTS if name in slots}
    missing = [name for name in REQUIRED_TEXTS if name not in texts]
    if missing:
        _refuse(f"slots missing: {missing}")
    return Template(
        id=_id(data.get("id")),
        names=_names(data.get("name")),
        background=_background(data.get("background")),
        shapes=_shapes(data.get("shapes", [])),
        picture=_picture(_object(slots.get("picture"), "picture")),
        texts=texts,
        qr=_qr(_object(slots.get("qr"), "qr")),
        badge=_badge(_object(slots["badge"], "badge")) if "badge" in slots else None,
    )


def _refuse(why: str) -> NoReturn:
    raise Refused("pack_malformed", f"poster template: {why}")


def _object(value: object, where: str) -> Json:
    if not isinstance(value, dict):
        _refuse(f"{where} is not an object")
    return value


def _id(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        _refuse("id")
    return value


def _names(value: object) -> Mapping[str, str]:
    names = _object(value, "name")
    if not 1 <= len(names) <= LANGUAGES_MAX or not all(isinstance(n, str) and n.strip() for n in names.values()):
        _refuse("name needs a text per language")
    return {str(language)[:16]: text[:NAME_MAX] for language, text in names.items()}


def _number(value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        _refuse("a number is not a number")
    return round(min(max(value, low), high))


def _colour(value: object) -> Colour:
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        _refuse("a colour is not like #0B6B5B")
    return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)


def _background(value: object) -> tuple[Colour, Colour]:
    if not isinstance(value, list) or len(value) != 2:
        _refuse("background is two colours, top and bottom")
    return _colour(value[0]), _colour(value[1])


def _box(value: object, smallest: int = 1) -> Box:
    if not isinstance(value, list) or len(value) != 4:
        _refuse("a box is [x, y, width, height]")
    x, y = _number(value[0], 0, WIDTH - smallest), _number(value[1], 0, HEIGHT - smallest)
    return Box(x, y, _number(value[2], smallest, WIDTH - x), _number(value[3], smallest, HEIGHT - y))


def _choice(value: object, *choices: str) -> str:
    if value not in choices:
        _refuse(f"not one of {choices}")
    return str(value)


def _shapes(value: object) -> tuple[Shape, ...]:
    if not isinstance(value, list) or len(value) > SHAPES_MAX:
        _refuse("shapes")
    return tuple(_shape(_object(item, "shape")) for item in value)


def _shape(data: Json) -> Shape:
    return Shape(_box(data.get("box")), _number(data.get("radius", 0), 0, RADIUS_MAX), _colour(data.get("fill")))


def _picture(data: Json) -> PictureSlot:
    return PictureSlot(
        box=_box(data.get("box"), smallest=200),
        radius=_number(data.get("radius", 0), 0, RADIUS_MAX),
        fit=_choice(data.get("fit", "cover"), "cover", "contain"),
        stage=_colour(data.get("stage", "#EDE9E2")),
    )


def _text(data: Json) -> TextSlot:
    size = _number(data.get("size"), *TEXT_SIZE)
    colour = _colour(data.get("colour"))
    return TextSlot(
        box=_box(data.get("box"), smallest=TEXT_SIZE[0]),
        size=size,
        min_size=_number(data.get("min_size", size), TEXT_SIZE[0], size),
        lines=_number(data.get("lines", 1), *LINES),
        bold=data.get("bold") is True,
        colour=colour,
        align=_choice(data.get("align", "left"), "left", "center", "right"),
        valign=_choice(data.get("valign", "top"), "top", "middle", "bottom"),
        was_size=_number(data.get("was_size", TEXT_SIZE[0]), *TEXT_SIZE),
        was_colour=_colour(data["was_colour"]) if "was_colour" in data else colour,
    )


def _qr(data: Json) -> QrSlot:
    box = _box(data.get("box"), smallest=QR_SIDE[0])
    side = min(box.w, box.h, QR_SIDE[1])
    dark, light = _colour(data.get("dark", "#111111")), _colour(data.get("light", "#FFFFFF"))
    if _luminance(dark) > _luminance(light) or contrast(dark, light) < QR_CONTRAST_MIN:
        _refuse("the QR code could not be read in these colours")
    # A plate rounder than the quiet zone would cut into the code's corners.
    return QrSlot(Box(box.x, box.y, side, side), _number(data.get("radius", 0), 0, side // 10), dark, light)


def _badge(data: Json) -> Badge:
    box = _box(data.get("box"), smallest=40)
    side = min(box.w, box.h)
    return Badge(Box(box.x, box.y, side, side), _colour(data.get("fill")), _colour(data.get("colour")))
