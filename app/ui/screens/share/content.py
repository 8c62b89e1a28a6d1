"""What headquarters sent for sharing: today's play, captions, poster templates; with the built-in ones beneath."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.content import Content
from app.domain.errors import Refused
from app.posters.fonts import assets_dir
from app.posters.template import Template, load_template
from app.protocol.manifest import CalendarEntry, Caption, Manifest
from app.protocol.objects import Product
from app.ui.screens.share.view import TONES, name_of
from app.ui.strings import Strings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Captions:
    """Ready texts by tone, the most fitting first; every tone has at least one."""

    texts: Mapping[str, tuple[str, ...]]

    def of(self, tone: str) -> str:
        """Return the first text of a tone."""
        return self.texts[tone][0]

    def after(self, tone: str, text: str) -> str:
        """Return the text after `text`, round and round."""
        texts = self.texts[tone]
        return texts[(texts.index(text) + 1) % len(texts)] if text in texts else texts[0]

    def count(self, tone: str) -> int:
        """Return how many texts a tone has."""
        return len(self.texts[tone])


def captions(client: Any, product: Product, strings: Strings) -> Captions:
    """Return the texts for a product: made for it, then headquarters' general ones, then the app's own."""
    sent = _sent_captions(client)
    return Captions({tone: _texts(sent, tone, product, strings) for tone in TONES})


def _texts(sent: tuple[Caption, ...], tone: str, product: Product, strings: Strings) -> tuple[str, ...]:
    mine = [one for one in sent if one.tone == tone and one.product_no == product.no]
    general = [one for one in sent if one.tone == tone and one.product_no is None]
    texts = [one.zh if strings.is_chinese else one.en for one in (*mine, *general)]
    texts.append(strings.t(f"share.caption_{tone}", name=name_of(product, strings)))
    return tuple(dict.fromkeys(text for text in texts if text))


def made_for(client: Any, product: Product, tone: str, strings: Strings) -> tuple[str, ...]:
    """Return headquarters' texts of a tone made for this very product."""
    found = [one for one in _sent_captions(client) if one.tone == tone and one.product_no == product.no]
    return tuple(text for one in found if (text := one.zh if strings.is_chinese else one.en))


def play_of(client: Any, day: date) -> CalendarEntry | None:
    """Return headquarters' play of a day, or None."""
    manifest = _manifest(client)
    if manifest is None:
        return None
    return next((entry for entry in manifest.calendar if entry.day == day.isoformat()), None)


def templates(client: Any) -> tuple[Template, ...]:
    """Return the templates to choose from: headquarters' first, then the built-in ones; broken ones are left out."""
    found = {one.id: one for one in (*_sent_templates(client), *built_in())}
    return tuple(found.values())


def built_in() -> tuple[Template, ...]:
    """Return the templates that came with the app."""
    return tuple(load_template(path) for path in sorted((assets_dir() / "posters").glob("*.json"), reverse=True))


def _manifest(client: Any) -> Manifest | None:
    content: Content | None = getattr(client, "content", None)
    return None if content is None else content.active_manifest()


def _sent_captions(client: Any) -> tuple[Caption, ...]:
    manifest = _manifest(client)
    return () if manifest is None else tuple(manifest.captions)


def _sent_templates(client: Any) -> list[Template]:
    manifest = _manifest(client)
    found: list[Template] = []
    for one in () if manifest is None else manifest.posters:
        path = client.content.file(one.file)
        if path is None:
            continue
        try:
            found.append(load_template(path))
        except Refused as error:
            log.warning("a poster template was refused: %s", error.detail)
    return found
