"""A poster's pixels: `make_poster(spec)` draws, `save_poster` writes; nothing here knows a customer."""

from __future__ import annotations

import errno
import io
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw

from app.domain.errors import LocalFault
from app.posters import fonts
from app.posters.layout import Fitted, fit, width_of
from app.posters.pictures import fitted, open_picture
from app.posters.qr import qr_image
from app.posters.template import HEIGHT, WIDTH, Badge, Box, Colour, PictureSlot, QrSlot, Template, TextSlot

JPEG_QUALITY = 88
PREVIEW = (WIDTH // 2, HEIGHT // 2)
PREVIEW_QUALITY = 82
SUPERSAMPLE = 4
WAS_GAP = 24
BADGE_TEXT = 0.46
POSTERS_KEPT = 12
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class PosterSpec:
    """All that a poster shows, as text in the guide's language; nothing of a customer.

    `picture` is a file, its bytes, or None when it is not on the device yet. `link` is what the QR
    code holds, best in capitals (`HTTPS://HOST/S/CODE`). `was` is struck through beside the price.
    """

    template: Template
    picture: Path | bytes | None
    name: str
    price: str
    guide: str
    store: str
    link: str
    was: str = ""
    brand: str = ""
    detail: str = ""
    caption: str = ""
    hint: str = ""

    def text(self, slot: str) -> str:
        """Return the text of a slot of the template."""
        return str(getattr(self, slot))


def make_poster(spec: PosterSpec) -> bytes:
    """Return the poster as JPEG, 1080 x 1920, without any metadata.

    Raises:
        Refused: `picture_malformed`; the product's picture is not a picture.
        LocalFault: `poster_failed`; font missing, or a link too long for the code.
    """
    return _jpeg(compose(spec), JPEG_QUALITY)


def make_preview(spec: PosterSpec, part: int = 2) -> bytes:
    """Return the poster as a small JPEG: a half (540 x 960) or another whole `part`; raises as `make_poster`."""
    return _jpeg(compose(spec).reduce(part), PREVIEW_QUALITY)


def save_poster(data: bytes, path: Path) -> None:
    """Write the poster whole or not at all.

    Raises:
        LocalFault: `disk_full` when there is no room, else `poster_failed`; no half file stays.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise write_fault(error) from error


def write_fault(error: Exception) -> LocalFault:
    """Return what a failed writing means: no room (also as the words of a platform's error), or something else."""
    full = getattr(error, "errno", None) in FULL or "No space left" in str(error)
    return LocalFault("disk_full" if full else "poster_failed", f"poster cannot be written: {type(error).__name__}")


def keep_poster(data: bytes, folder: Path, name: str, kept: int = POSTERS_KEPT) -> Path:
    """Write a poster into `folder`, where the last few stay; return its path. Raises as `save_poster`."""
    path = folder / name
    save_poster(data, path)
    newest = sorted(folder.glob("*.jpg"), key=lambda one: one.stat().st_mtime, reverse=True)
    for old in newest[kept:]:
        old.unlink(missing_ok=True)
    return path


def compose(spec: PosterSpec) -> Image.Image:
    """Return the drawn canvas; raises as `make_poster`. The code comes last, so nothing covers it."""
    template = spec.template
    canvas = _background(*template.background)
    for shape in template.shapes:
        _fill(canvas, shape.box, shape.radius, shape.fill)
    _draw_picture(canvas, template.picture, spec)
    draw = ImageDraw.Draw(canvas)
    for name, slot in template.texts.items():
        _draw_text(draw, slot, spec.text(name), spec.was if name == "price" else "")
    if template.badge is not None:
        _draw_badge(canvas, template.badge, fonts.drawable(spec.guide)[:1])
    _draw_qr(canvas, template.qr, spec.link)
    return canvas


def _jpeg(canvas: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    canvas.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _background(top: Colour, bottom: Colour) -> Image.Image:
    if top == bottom:
        return Image.new("RGB", (WIDTH, HEIGHT), top)
    column = Image.new("RGB", (1, 2))
    column.putdata([top, bottom])
    return column.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)


@lru_cache(maxsize=16)
def _corner(radius: int) -> Image.Image:
    """Return the smooth upper left corner of a rounded box: 0 outside, 255 inside."""
    big = radius * SUPERSAMPLE
    corner = Image.new("L", (big, big), 0)
    ImageDraw.Draw(corner).ellipse((0, 0, 2 * big - 1, 2 * big - 1), fill=255)
    return corner.reduce(SUPERSAMPLE)


def _mask(size: tuple[int, int], radius: int) -> Image.Image | None:
    """Return the mask of a box with round corners; None when they are square."""
    radius = min(radius, size[0] // 2, size[1] // 2)
    if radius == 0:
        return None
    mask = Image.new("L", size, 255)
    corner = _corner(radius)
    right, bottom = size[0] - radius, size[1] - radius
    mask.paste(corner, (0, 0))
    mask.paste(corner.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (right, 0))
    mask.paste(corner.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (0, bottom))
    mask.paste(corner.transpose(Image.Transpose.ROTATE_180), (right, bottom))
    return mask


def _fill(canvas: Image.Image, box: Box, radius: int, colour: Colour) -> None:
    canvas.paste(colour, (box.x, box.y, box.right, box.bottom), _mask((box.w, box.h), radius))


def _draw_picture(canvas: Image.Image, slot: PictureSlot, spec: PosterSpec) -> None:
    box = slot.box
    stage = Image.new("RGB", (box.w, box.h), slot.stage)
    if spec.picture is None:
        _draw_initial(stage, spec.name, slot.stage)
    else:
        picture = fitted(open_picture(spec.picture, (box.w, box.h)), (box.w, box.h), slot.fit)
        at = ((box.w - picture.width) // 2, (box.h - picture.height) // 2)
        stage.paste(picture, at, picture if picture.mode == "RGBA" else None)
    canvas.paste(stage, (box.x, box.y), _mask((box.w, box.h), slot.radius))


def _draw_initial(stage: Image.Image, name: str, colour: Colour) -> None:
    """Put the product's first character on the stage while its picture is not on the device."""
    tone = tuple(max(0, channel - 28) for channel in colour)
    text = fonts.drawable(name)[:1]
    size = min(stage.size) // 3
    ImageDraw.Draw(stage).text(
        (stage.width / 2, stage.height / 2), text, font=fonts.font(size, True), fill=tone, anchor="mm"
    )


def _draw_text(draw: ImageDraw.ImageDraw, slot: TextSlot, text: str, was: str) -> None:
    text = fonts.drawable(text)
    if not text:
        return
    measure = fonts.width_bold if slot.bold else fonts.width_regular
    box = slot.box
    laid = fit(text, box.w, box.h, slot.size, slot.min_size, slot.lines, measure)
    face = fonts.font(laid.size, slot.bold)
    base = _first_baseline(slot, laid)
    for index, line in enumerate(laid.lines):
        left = box.x + _indent(slot.align, box.w, laid.widths[index])
        draw.text((left, base + index * laid.line_height), line, font=face, fill=slot.colour, anchor="ls")
    if was:
        _draw_was(draw, slot, laid, base, fonts.drawable(was))


def _first_baseline(slot: TextSlot, laid: Fitted) -> float:
    spare = slot.box.h - laid.height
    top = slot.box.y + {"top": 0, "middle": spare / 2, "bottom": spare}[slot.valign]
    # 0.88 em is the font's ascent above the ideographic box; the rest of the line height goes half above.
    return top + laid.line_height / 2 + laid.size * 0.38


def _indent(align: str, room: int, width: float) -> float:
    return {"left": 0.0, "center": (room - width) / 2, "right": room - width}[align]


def _draw_was(draw: ImageDraw.ImageDraw, slot: TextSlot, laid: Fitted, base: float, was: str) -> None:
    """Draw the earlier price after the price, struck through, if there is room beside it."""
    left = slot.box.x + laid.widths[0] + WAS_GAP
    width = width_of(was, fonts.width_regular) * slot.was_size
    if slot.align != "left" or left + width > slot.box.right:
        return
    face = fonts.font(slot.was_size, False)
    draw.text((left, base), was, font=face, fill=slot.was_colour, anchor="ls")
    middle = base - slot.was_size * 0.36
    draw.line((left, middle, left + width, middle), fill=slot.was_colour, width=max(2, slot.was_size // 14))


def _draw_badge(canvas: Image.Image, badge: Badge, initial: str) -> None:
    box = badge.box
    _fill(canvas, box, box.w // 2, badge.fill)
    face = fonts.font(round(box.w * BADGE_TEXT), True)
    at = (box.x + box.w / 2, box.y + box.w / 2 + face.size * 0.38)
    ImageDraw.Draw(canvas).text(at, initial, font=face, fill=badge.colour, anchor="ms")


def _draw_qr(canvas: Image.Image, slot: QrSlot, link: str) -> None:
    box = slot.box
    code = qr_image(link, box.w)
    plate = Image.new("RGB", code.size, slot.dark)
    plate.paste(slot.light, (0, 0, box.w, box.h), code)
    canvas.paste(plate, (box.x, box.y), _mask((box.w, box.h), slot.radius))
