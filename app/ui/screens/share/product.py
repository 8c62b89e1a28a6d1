"""One product: picture, price, sizes, a caption in three tones, posters live, and one button that shares."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import flet as ft

from app.posters.template import Template
from app.protocol.objects import Product, Stock
from app.store.queries import products, shares
from app.ui import hooks, theme
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.share import content
from app.ui.screens.share.poster import LARGE_PART, PREVIEW_PART, Draft, draw, preview_specs, share_poster
from app.ui.screens.share.view import CHANNELS, TONES, ShareView, category_of, colour_of, name_of, series_of, sizes_of
from app.ui.strings import current, money, t
from app.ui.theme import Radius, Space, Tone, Type

PREVIEW_WIDTH = 132
PREVIEW_HEIGHT = 235
TYPING_PAUSE_S = 0.5
PHOTO_HEIGHT = 300
PHOTO_HEIGHT_WIDE = 420


@screen
def ProductPage(product_id: str) -> ft.Control:
    """Show a product and what can be made of it."""
    hooks.use_strings()
    product = hooks.use_query(products.product_by_id, product_id)
    if product is None:
        return p.frame(t("share.title"), p.empty(ft.Icons.INVENTORY_2_OUTLINED, t("share.gone"), t("share.gone_why")))
    return Editor(product, key=product_id)


@screen
def PosterPage(product_id: str) -> ft.Control:
    """Show the poster large, as it will be sent."""
    hooks.use_strings()
    product = hooks.use_query(products.product_by_id, product_id)
    if product is None:
        return p.frame(t("share.title"), p.empty(ft.Icons.INVENTORY_2_OUTLINED, t("share.gone"), t("share.gone_why")))
    return Viewer(product, key=product_id)


@screen
def Editor(product: Product) -> ft.Control:
    """Lay out the page of one product."""
    studio, strings = use_studio(product), hooks.use_strings()
    channels = hooks.use_same(lambda: _channels(studio.view), studio.view.channel, strings.language)
    making = [Carousel(studio), Words(studio), channels]  # the posters come a moment later, and change no channel
    if hooks.use_layout().is_phone:
        body: list[ft.Control] = [MemoAbout(product), *making]
    else:
        left = ft.Container(MemoAbout(product), expand=4)
        right = ft.Column(making, spacing=Space.M, expand=5)
        body = [ft.Row([left, right], spacing=Space.XL, vertical_alignment=ft.CrossAxisAlignment.START)]
    return p.frame(category_of(product.category, strings), body, foot=_foot(studio))


@screen
def About(product: Product) -> ft.Control:
    """Show what is known of a product; not drawn again while the guide writes its caption."""
    client, strings = hooks.use_client(), hooks.use_strings()
    stock = hooks.use_query(products.stock_of, product.id, client.staff.store_id or "")
    mine = hooks.use_query(shares.shares_of_item, product.id)
    height = PHOTO_HEIGHT if hooks.use_layout().is_phone else PHOTO_HEIGHT_WIDE
    photo = p.product_thumb(product.picture, name_of(product, strings), None, height)
    facts = [_head(product), _price(product), _sizes(product, stock), *_shared_before(mine), _who_likes(product)]
    return ft.Column([photo, *facts], spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


MemoAbout = ft.memo(About)


@screen
def Viewer(product: Product) -> ft.Control:
    """Lay out the large poster with its templates."""
    studio = use_studio(product, part=LARGE_PART)
    strings, ui = hooks.use_strings(), hooks.use_session()
    height = max(320, ui.layout.height - 300)
    picture = studio.picture(studio.template.id)
    shown = (
        ft.Image(picture, height=height, width=height * 9 / 16, border_radius=Radius.L, fit=ft.BoxFit.CONTAIN,
                 gapless_playback=True, semantics_label=t("share.preview", name=studio.template.name(strings.language)))
        if picture
        else _stage(height * 9 / 16, height)
    )  # fmt: skip
    chips = p.filter_chips(
        [(one.id, one.name(strings.language)) for one in studio.templates], studio.template.id, studio.choose
    )
    body = ft.Container(shown, alignment=ft.Alignment.CENTER)
    return p.frame(t("share.poster"), [body], top=[chips], foot=_foot(studio))


class Studio:
    """What the guide is making of one product: choices, previews and the deed; plain values of one render."""

    def __init__(
        self, product: Product, templates: tuple[Template, ...], view: ShareView, captions: content.Captions,
        draft: tuple[str | None, Callable[[str | None], None]], task: hooks.Task, busy: bool, share: Callable[[], None],
    ) -> None:  # fmt: skip
        self.product, self.templates, self.view, self.captions = product, templates, view, captions
        self._typed, self._type = draft
        self.task, self.busy, self.share = task, busy, share

    @property
    def template(self) -> Template:
        """The chosen template, or the first."""
        return next((one for one in self.templates if one.id == self.view.template), self.templates[0])

    @property
    def caption(self) -> str:
        """What the guide wrote, or the ready text of the chosen tone."""
        return self.captions.of(self.view.tone) if self._typed is None else self._typed

    def choose(self, template_id: str) -> None:
        """Choose a template."""
        self.view.template = template_id

    def write(self, text: str) -> None:
        """Keep what the guide writes."""
        self._type(text)

    def speak(self, tone: str) -> None:
        """Choose a tone; its ready text replaces what stood there."""
        self.view.tone = tone
        self._type(None)

    def another(self) -> None:
        """Take the next ready text of this tone."""
        self._type(self.captions.after(self.view.tone, self.caption))

    def picture(self, template_id: str) -> bytes | None:
        """Return a template's preview, or None while it is made."""
        return (self.task.value or {}).get(template_id)


def use_studio(product: Product, part: int = PREVIEW_PART) -> Studio:
    """Return the studio of a product; a hook. `part` is the size of previews (4: a quarter)."""
    ui, client, strings = hooks.use_session(), hooks.use_client(), hooks.use_strings()
    view = hooks.use_slice(ShareView)
    templates = hooks.use_live({"pack"}, lambda: content.templates(client))
    captions = hooks.use_live({"pack"}, lambda: content.captions(client, product, strings), strings.language)
    typed, set_typed = ft.use_state(None)
    busy, set_busy = ft.use_state(False)
    running, last = ft.use_ref(False), ft.use_ref(None)
    studio = Studio(product, templates, view, captions, (typed, set_typed), hooks.Task(), busy, lambda: None)
    wanted = templates if part == PREVIEW_PART else (studio.template,)
    drafts = [Draft(product, one, studio.caption, view.channel) for one in wanted]

    async def paint() -> dict[str, bytes]:
        if last.current is not None and part == PREVIEW_PART:
            await asyncio.sleep(TYPING_PAUSE_S)  # the guide is typing: draw when the hands rest
        pictures = await asyncio.to_thread(draw, preview_specs(client, drafts, strings), part)
        last.current = {**(last.current or {}), **dict(zip([d.template.id for d in drafts], pictures, strict=True))}
        return dict(last.current)

    keys = tuple(one.id for one in wanted)
    task = hooks.use_task(paint, product, keys, studio.caption, view.channel, strings.language, keep=True)
    shown = hooks.Task(last.current, task.error, task.running)

    def share() -> None:
        if running.current:
            return
        running.current = True
        set_busy(True)
        ui.run(deed)

    async def deed() -> None:
        try:
            await share_poster(ui, Draft(product, studio.template, studio.caption, view.channel))
        finally:
            running.current = False
            set_busy(False)

    return Studio(product, templates, view, captions, (typed, set_typed), shown, busy, share)


def _head(product: Product) -> ft.Control:
    strings = current()
    marks: list[ft.Control] = []
    if product.private_only:
        marks.append(p.pill(t("share.private_only"), "warm", ft.Icons.LOCK_OUTLINE))
    meta = p.dots(colour_of(product, strings), product.style_no, series_of(product, strings))
    words = ft.Column([p.txt(name_of(product, strings), Type.NAME), p.txt(meta, Type.META)], spacing=2, expand=True)
    return ft.Row([words, *marks], spacing=Space.S)


def _price(product: Product) -> ft.Control:
    cells: list[ft.Control] = [p.txt(money(product.price_fen), Type.DISPLAY, Tone.ACTION)]
    if product.list_price_fen > product.price_fen:
        was = Type.BODY.style(Tone.QUIET)
        was.decoration = ft.TextDecoration.LINE_THROUGH
        cells.append(ft.Text(money(product.list_price_fen), style=was))
    return ft.Row(cells, spacing=Space.M, vertical_alignment=ft.CrossAxisAlignment.END)


def _sizes(product: Product, stock: Stock | None) -> ft.Control:
    def chip(size: str, pieces: int | None) -> ft.Control:
        out = pieces == 0
        words = p.dots(size, None if pieces is None else t("share.sold_out") if out else t("share.pieces", n=pieces))
        return ft.Container(
            p.txt(words, Type.LABEL, Tone.QUIET if out else Tone.TEXT), bgcolor=Tone.FILL if out else Tone.CARD,
            border=ft.Border.all(1, Tone.LINE), border_radius=Radius.S,
            padding=ft.Padding.symmetric(horizontal=10, vertical=6),
        )  # fmt: skip

    chips = [chip(*one) for one in sizes_of(product, stock)]
    return ft.Column(
        [p.txt(t("share.sizes_here"), Type.META), ft.Row(chips, spacing=Space.S, run_spacing=Space.S, wrap=True)],
        spacing=Space.S,
    )


def _shared_before(mine: list[Any]) -> list[ft.Control]:
    if not mine:
        return []
    opened, bought = sum(s.opened for s in mine), sum(s.bought for s in mine)
    words = t("share.shared_before", n=len(mine), opened=opened, bought=bought)
    return [p.txt(words, Type.META)]


def _who_likes(product: Product) -> ft.Control:
    """Return the way to the customers whom the product suits."""
    ui = hooks.use_session()
    row = p.list_row(
        t("profile.who_likes"), t("profile.who_likes_text"),
        leading=ft.Icon(ft.Icons.GROUP_OUTLINED, color=Tone.ACTION),
        trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET),
        on_click=lambda: ui.open(f"/products/{product.id}/people"),
    )  # fmt: skip
    return p.group([row])


def _stage(width: float, height: float) -> ft.Control:
    return ft.Container(width=width, height=height, bgcolor=Tone.FILL, border_radius=Radius.M)


@screen
def Carousel(studio: Studio) -> ft.Control:
    """Show the templates as live previews."""
    strings = current()
    ui = hooks.use_session()
    failed = studio.task.error is not None
    tiles = [_preview(studio, one, strings.language) for one in studio.templates]
    row = ft.Row(tiles, spacing=Space.M, scroll=ft.ScrollMode.HIDDEN, vertical_alignment=ft.CrossAxisAlignment.START)
    larger = p.quiet(t("share.larger"), lambda: ui.open(f"/products/{studio.product.id}/poster"))
    lines: list[ft.Control] = [p.section(t("share.poster"), larger), row]
    if failed and studio.task.error is not None:
        lines.append(p.refused_note(getattr(studio.task.error, "code", "poster_failed")))
    return ft.Column(lines, spacing=Space.S)


def _preview(studio: Studio, template: Template, language: str) -> ft.Control:
    name, chosen = template.name(language), template.id == studio.template.id
    raw = studio.picture(template.id)
    picture: ft.Control = (
        ft.Image(raw, width=PREVIEW_WIDTH, height=PREVIEW_HEIGHT, fit=ft.BoxFit.COVER, border_radius=Radius.S,
                 gapless_playback=True, exclude_from_semantics=True)
        if raw
        else _stage(PREVIEW_WIDTH, PREVIEW_HEIGHT)
    )  # fmt: skip
    ink = Tone.ACTION if chosen else Tone.QUIET
    face = ft.Column(
        [picture, p.txt(name, Type.LABEL, ink)], spacing=6, tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
    )  # fmt: skip
    line = ft.Border.all(2, Tone.ACTION if chosen else ft.Colors.TRANSPARENT)
    return p.tappable(
        face, lambda: studio.choose(template.id), label=t("share.template", name=name), selected=chosen, border=line,
        padding=6, radius=Radius.M,
    )  # fmt: skip


@screen
def Words(studio: Studio) -> ft.Control:
    """Show the caption with its three tones."""
    tones = [(tone, t(f"share.tone_{tone}")) for tone in TONES]
    more = p.quiet(t("share.another"), studio.another) if studio.captions.count(studio.view.tone) > 1 else None
    return ft.Column(
        [
            p.section(t("share.caption"), more),
            p.segmented(tones, studio.view.tone, studio.speak),
            p.text_field(t("share.caption"), studio.caption, studio.write, lines=3, max_length=500, counter=""),
        ],
        spacing=Space.S,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _channels(view: ShareView) -> ft.Control:
    def choose(channel: str) -> None:
        view.channel = channel

    options = [(channel, t(f"share.channel_{channel}")) for channel in CHANNELS]
    return ft.Column([p.section(t("share.where")), p.filter_chips(options, view.channel, choose)], spacing=Space.XS)


def _foot(studio: Studio) -> ft.Control:
    ui = hooks.use_session()
    note = t("share.foot_web" if ui.page.web else "share.foot_device")
    button = p.primary(t("share.share_poster"), studio.share, ft.Icons.IOS_SHARE, busy=studio.busy, expand=True)
    if ui.layout.is_phone:
        return ft.Row([button])
    return ft.Row(
        [p.txt(note, Type.META, expand=True), ft.Container(ft.Row([button]), width=theme.LIST_WIDTH - 120)],
        spacing=Space.L, vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )  # fmt: skip
