"""A poster of 1080x1920 against the least it could be: decode, scale, JPEG encode and a QR of the same sizes."""

from __future__ import annotations

import io
from pathlib import Path

import qrcode
from PIL import Image

from app.posters.render import PosterSpec, make_poster
from app.posters.template import load_template
from benchmarks.measure import Figure, pair

ROOT = Path(__file__).parents[1]
LINK = "HTTPS://SHOP.EXAMPLE/S/0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _picture() -> bytes:
    """Return a 900x1200 JPEG with detail, as product pictures are."""
    noise = Image.effect_noise((300, 400), 60).convert("RGB").resize((900, 1200), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=85)
    return out.getvalue()


def figures() -> list[Figure]:
    picture = _picture()
    template = load_template(sorted((ROOT / "assets/posters").glob("*.json"))[0])
    spec = PosterSpec(
        template=template,
        picture=picture,
        name="亚麻翻领衬衫 云白",
        price="¥699",
        guide="林悦",
        store="国金店",
        caption="轻、透气，通勤到周末都能穿。",
        link=LINK,
    )
    size = (template.picture.box.w, template.picture.box.h)

    def floor() -> bytes:
        canvas = Image.new("RGB", (1080, 1920), "white")
        with Image.open(io.BytesIO(picture), formats=("JPEG",)) as opened:
            canvas.paste(opened.convert("RGB").resize(size, Image.Resampling.LANCZOS), (0, 0))
        code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4, box_size=8)
        code.add_data(LINK)
        canvas.paste(code.make_image().get_image().convert("RGB"), (0, 1500))
        out = io.BytesIO()
        canvas.save(out, "JPEG", quality=88)
        return out.getvalue()

    ours, base = pair(lambda: make_poster(spec), floor)
    return [Figure("poster 1080×1920", ours, base, "decode + scale + JPEG + QR", "≤ 2")]
