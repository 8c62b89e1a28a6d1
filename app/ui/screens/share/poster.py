"""From a product to a poster's text, and from a poster to the messenger."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from app.device import images
from app.device.ports import DISMISSED, SAVED
from app.domain.errors import GuideError
from app.mutations import MadeShare, make_share
from app.posters.render import PosterSpec, keep_poster, make_poster, make_preview, write_fault
from app.posters.template import Template
from app.protocol.mutations import RecordShare
from app.protocol.objects import Product
from app.store.queries import brand
from app.ui import hooks
from app.ui import session as sessions
from app.ui.parts import say
from app.ui.screens.share.view import colour_of, name_of, size_range
from app.ui.strings import Strings, error_text, money, t

PREVIEW_PART = 4
LARGE_PART = 2
FOLDER = "posters"


@dataclass(frozen=True, slots=True)
class Draft:
    """What the guide chose: the product, a template, a caption, where it goes."""

    product: Product
    template: Template
    caption: str
    channel: str


def spec_of(client: Any, draft: Draft, link: str, strings: Strings) -> PosterSpec:
    """Return the poster of a draft with `link` in its code; texts in the session's language."""
    product, read = draft.product, client.store.read
    setting, store = brand.brand_setting(read), brand.store_by_id(read, client.staff.store_id or "")
    chinese = strings.is_chinese
    store_name = "" if store is None else store.name if chinese or not store.name_en else store.name_en
    brand_name = "" if setting is None else " ".join(n for n in (setting.brand, setting.brand_en) if n)
    was = money(product.list_price_fen) if product.list_price_fen > product.price_fen else ""
    role = strings.t("share.poster_role")
    return PosterSpec(
        template=draft.template,
        picture=images.path(product.picture),
        name=name_of(product, strings),
        price=money(product.price_fen),
        was=was,
        guide=client.staff.name,
        store=" · ".join(part for part in (store_name, role) if part),
        link=link,
        brand=brand_name,
        detail=" · ".join(part for part in (colour_of(product, strings), size_range(product)) if part),
        caption=draft.caption,
        hint=strings.t("share.poster_hint"),
    )


def preview_specs(client: Any, drafts: list[Draft], strings: Strings) -> list[PosterSpec]:
    """Return what to draw as previews; their code is a real one: a screenshot of a preview still works."""
    if not drafts:
        return []
    made = make_share(client, "product", drafts[0].product.no, drafts[0].channel)
    return [spec_of(client, draft, made.qr_link, strings) for draft in drafts]


def draw(specs: list[PosterSpec], part: int) -> list[bytes]:
    """Return the pictures of `specs`, made smaller by `part`; slow, for a thread."""
    return [make_preview(spec, part) for spec in specs]


def file_name(product: Product, made: MadeShare) -> str:
    """Return the poster's name as a file: style and the code's last characters, nothing of a person."""
    style = "".join(c for c in product.style_no if c.isascii() and c.isalnum()) or "poster"
    return f"{style}-{made.code[-6:].lower()}.jpg"


async def share_poster(ui: sessions.UiSession, draft: Draft) -> bool:
    """Make the poster, hand it over with its caption, record the share; say what happened. Return if it went out."""
    try:
        made, how = await hand_poster(ui, draft, draft.caption)
    except GuideError as error:
        say(error_text(error), refused=True)
        return False
    if how == DISMISSED:
        say(t("share.not_shared"))
        return False
    recorded = await hooks.run_mutation(record_of(draft, made))
    if recorded:
        say(t("share.done_saved" if how == SAVED else "share.done_shared"))
    return recorded


async def hand_poster(ui: sessions.UiSession, draft: Draft, words: str) -> tuple[MadeShare, str]:
    """Make the poster and hand it over with `words` and its link; return the share and how it went (`device.ports`).

    Raises:
        GuideError: it could not be drawn or written.
    """
    made = make_share(ui.client, "product", draft.product.no, draft.channel)
    spec = spec_of(ui.client, draft, made.qr_link, ui.strings)
    name, data = file_name(draft.product, made), await asyncio.to_thread(make_poster, spec)
    await asyncio.to_thread(keep_poster, data, ui.client.store.folder / FOLDER, name)
    return made, await _hand_over(ui, name, data, message(words, made.link))


def message(caption: str, link: str) -> str:
    """Return the caption with the link below it."""
    return f"{caption.strip()}\n{link}".strip()


async def _hand_over(ui: sessions.UiSession, name: str, data: bytes, text: str) -> str:
    """Put the text on the clipboard and the picture into the share sheet, or the browser's downloads."""
    await ui.ports.clipboard.copy(text)
    try:
        return str(await ui.ports.share.file(name, data, "image/jpeg", text))
    except (RuntimeError, OSError) as error:
        raise write_fault(error) from error


def record_of(draft: Draft, made: MadeShare, customer_id: str | None = None) -> RecordShare:
    """Return the mutation that records the share, made for one customer when it was."""
    return RecordShare(
        share_id=made.share_id, code=made.code, kind="product", item_id=draft.product.id, channel=draft.channel,
        created_at=made.created_at, caption=draft.caption, customer_id=customer_id,
    )  # fmt: skip
