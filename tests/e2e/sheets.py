"""Contact sheets: all pictures of one look on one page, each under its name, to be judged at a glance."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tests.e2e.shots import FOLDER, Look
from tests.e2e.world import ROOT

SHEETS = ROOT / "build/sheets"
GAP, LABEL = 16, 26
THUMB = {"phone": (234, 8), "narrow": (192, 9), "side": (422, 5), "tablet": (472, 4)}  # width, columns
FONT = ROOT / "assets/fonts/NotoSansSC-Regular.otf"


def pictures(look: Look, folder: Path = FOLDER) -> list[Path]:
    """Return the pictures of a look, by name."""
    return sorted(folder.glob(f"*-{look}.png"))


def make_sheet(look: Look, folder: Path = FOLDER, target: Path = SHEETS) -> Path | None:
    """Lay the pictures of a look out in rows and return the sheet's file; None when there are none."""
    found = [one for one in pictures(look, folder) if not one.name.startswith("audit-")]
    if not found:
        return None
    width, columns = THUMB[look.size]
    thumbs = [_thumb(one, width) for one in found]
    high = max(thumb.height for thumb in thumbs)
    rows = -(-len(thumbs) // columns)
    step_x, step_y = width + GAP, high + LABEL + GAP
    dark = look.light == "dark"
    sheet = Image.new("RGB", (columns * step_x + GAP, rows * step_y + GAP), "#303030" if dark else "#C8C8C8")
    draw, font = ImageDraw.Draw(sheet), ImageFont.truetype(str(FONT), 15)
    for index, (file, thumb) in enumerate(zip(found, thumbs, strict=True)):
        x, y = GAP + index % columns * step_x, GAP + index // columns * step_y
        draw.text((x, y), file.name.removesuffix(f"-{look}.png"), font=font, fill="#FFFFFF" if dark else "#000000")
        sheet.paste(thumb, (x, y + LABEL))
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"{look}.png"
    sheet.save(path)
    return path


def _thumb(file: Path, width: int) -> Image.Image:
    with Image.open(file) as opened:
        picture = opened.convert("RGB")
    return picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
