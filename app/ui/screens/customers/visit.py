"""Home visits: the pieces taken along, picked from the catalogue; what was kept; what visits came to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import flet as ft

from app.domain.follow_up import PIECES_MAX, TakenPiece
from app.protocol.mutations import TakePiece
from app.protocol.objects import FollowUp, Product
from app.store.queries import followups as fq
from app.store.queries import products as pq
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.goods import narrower
from app.ui.screens.customers.words import product_name
from app.ui.screens.share.view import categories_of, category_of, matching
from app.ui.strings import money, percent, t
from app.ui.theme import Space, Tone, Type

BP_ONE = 10_000
SHOWN = 14  # pieces at first: the page builds at most 300 controls
Key = tuple[str, str]


@ft.observable
@dataclass
class VisitTicks:
    """What was ticked as kept on an open visit: survives a look at another page. `visit_id` says of which visit."""

    visit_id: str = ""
    kept: tuple[Key, ...] = field(default=())

    def of(self, visit: FollowUp) -> tuple[Key, ...]:
        """Return the ticked pieces of this visit that are still among those taken."""
        taken = {(one.product_id, one.size) for one in visit.pieces}
        return tuple(key for key in self.kept if key in taken) if self.visit_id == visit.id else ()

    def toggle(self, visit: FollowUp, key: Key) -> None:
        """Tick or untick one piece."""
        now = self.of(visit)
        self.visit_id = visit.id
        self.kept = tuple(one for one in now if one != key) if key in now else (*now, key)


def kept_words(visit: FollowUp, *, short: bool = False) -> str:
    """Return how many of how many pieces were kept."""
    return t(
        "visit.kept_short" if short else "visit.kept_of", n=sum(one.kept for one in visit.pieces), of=len(visit.pieces)
    )


@screen
def Conversion(customer_id: str) -> ft.Control:
    """Show what this customer's home visits came to; nothing while there were none."""
    found = hooks.use_query(fq.conversion_of, customer_id)
    hooks.use_strings()
    if not found.visits:
        return ft.Container(visible=False)
    rate = percent(found.kept_bp / BP_ONE) if found.taken else "—"
    return p.stat_strip(
        [
            (str(found.visits), t("visit.figure_visits")), (str(found.taken), t("visit.figure_taken")),
            (rate, t("visit.figure_kept")), (str(found.ordered), t("visit.figure_ordered")),
        ]
    )  # fmt: skip


@screen
def Pieces(visit_id: str) -> ft.Control:
    """List a visit's pieces: while it is open ticked as kept or taken out, afterwards as they ended."""
    ui, client = hooks.use_session(), hooks.use_client()
    hooks.use_strings()
    visit = hooks.use_query(fq.follow_up_by_id, visit_id)
    ticks = hooks.use_slice(VisitTicks)
    wanted = tuple(sorted({one.product_id for one in visit.pieces})) if visit else ()
    goods = hooks.use_live({"product"}, lambda: pq.products_by_ids(client.store.read, wanted), wanted)
    results = hooks.use_query(fq.done_visits, visit.customer_id if visit else "")
    submit, _ = hooks.use_mutation()
    shown, show = ft.use_state(SHOWN)
    if visit is None:
        return ft.Container(visible=False)
    is_open = visit.state == "open"
    path = f"/customers/{visit.customer_id}/followups/{visit_id}/pieces"
    pick = p.quiet(t("visit.pick"), lambda: ui.open(path), ft.Icons.ADD) if is_open else None
    rows: list[ft.Control] = [p.section(t("visit.pieces"), pick or t("visit.pieces_count", n=len(visit.pieces)))]
    if not visit.pieces:
        text = t("visit.none_text") if is_open else ""
        return ft.Column([*rows, p.empty(ft.Icons.CHECKROOM_OUTLINED, t("visit.none"), text)], spacing=Space.S)
    if is_open:
        rows.append(p.txt(t("visit.tick_hint"), Type.META))
        kept = ticks.of(visit)
        lines = [_open_row(visit, one, goods, kept, ticks, submit) for one in visit.pieces[:shown]]
    else:
        rows.append(p.txt(kept_words(visit), Type.META))
        lines = [_ended_row(one, goods) for one in visit.pieces[:shown]]
    rows.append(p.group(lines))
    if len(visit.pieces) > shown:
        more = t("visit.more", n=len(visit.pieces) - shown)
        rows.append(p.secondary(more, lambda: show(shown + SHOWN)))
    if any(one.followed for one in results if one.visit.id == visit_id):
        rows.append(p.notice(None, t("visit.followed"), tone="soft", icon=ft.Icons.SHOPPING_BAG_OUTLINED))
    return ft.Column(rows, spacing=Space.S)


def _open_row(
    visit: FollowUp, piece: TakenPiece, goods: dict[str, Product], kept: tuple[Key, ...], ticks: VisitTicks,
    submit: Callable[..., None],
) -> ft.Control:  # fmt: skip
    product = goods.get(piece.product_id)
    name = product_name(product) or piece.product_id
    key = (piece.product_id, piece.size)
    on = key in kept
    box = ft.Icons.CHECK_BOX if on else ft.Icons.CHECK_BOX_OUTLINE_BLANK
    mark = ft.Icon(box, color=Tone.ACTION if on else Tone.QUIET)
    face = ft.Row(
        [mark, p.product_thumb(product.picture if product else None, name, 44), _words(piece, product, name)],
        spacing=Space.M,
    )
    row = p.tappable(
        face, lambda: ticks.toggle(visit, key), label=" ".join(x for x in (name, piece.size) if x), selected=on,
        padding=ft.Padding.only(left=Space.M, top=Space.S, bottom=Space.S), expand=True,
    )  # fmt: skip
    leave = p.icon_button(
        ft.Icons.CLOSE, t("visit.leave", product=name), lambda: take(visit, key, name, submit, taken=False),
        color=Tone.QUIET,
    )  # fmt: skip
    return ft.Row([row, leave], spacing=0)


def _words(piece: TakenPiece, product: Product | None, name: str) -> ft.Control:
    price = money(product.price_fen) if product else None
    meta = p.dots(piece.size or t("visit.no_size"), price)
    return ft.Column([p.txt(name, Type.ROW, lines=2), p.txt(meta, Type.META)], spacing=0, expand=True)


def _ended_row(piece: TakenPiece, goods: dict[str, Product]) -> ft.Control:
    product = goods.get(piece.product_id)
    name = product_name(product) or piece.product_id
    state = p.pill(t("visit.kept"), "soft") if piece.kept else p.pill(t("visit.returned"), "calm")
    row = [p.product_thumb(product.picture if product else None, name, 44), _words(piece, product, name), state]
    return ft.Container(
        ft.Row(row, spacing=Space.M), padding=ft.Padding.symmetric(horizontal=Space.M, vertical=Space.S)
    )


def take(visit: FollowUp, key: Key, name: str, submit: Callable[..., None], *, taken: bool, say: bool = True) -> None:
    """Take one piece along, or leave it here; Undo is the other one. Not said where the tapped chip shows it."""
    made = TakePiece(visit.id, visit.customer_id, *key, taken=taken)
    if not say:
        submit(made)
        return
    undo = TakePiece(visit.id, visit.customer_id, *key, taken=not taken)
    submit(made, done="visit.taken" if taken else "visit.left", undo=undo, params={"product": name})


# --- choosing from the catalogue --------------------------------------------------------------------------------------


@ft.observable
@dataclass
class PickWords:
    """What is searched for while pieces are chosen; apart from the category, so that a letter draws no chip."""

    query: str = ""


@ft.observable
@dataclass
class PickView:
    """The category while pieces are chosen."""

    category: str = ""


@screen
def PickPiecesPage(customer_id: str, follow_up_id: str) -> ft.Control:
    """Choose what a visit takes along: a product, then its size."""
    return _Pick(customer_id, follow_up_id, key=follow_up_id)


@screen
def _Pick(customer_id: str, follow_up_id: str) -> ft.Control:
    ui, visit = hooks.use_session(), hooks.use_query(fq.follow_up_by_id, follow_up_id)
    hooks.use_strings()
    asked, ask = ft.use_state(None)
    sizes = Sizes(follow_up_id, asked, lambda: ask(None), key=asked) if asked else None
    p.use_sheet(sizes, t("visit.size"), lambda: ask(None))
    title = t("visit.pick_title")
    if visit is None or visit.state != "open" or visit.customer_id != customer_id:
        return p.frame(title, p.empty(ft.Icons.EVENT_BUSY, t("followup.gone"), t("followup.gone_text")))

    count = p.txt(t("visit.picked", n=len(visit.pieces)), Type.BODY, expand=True)
    foot = ft.Row([count, p.primary(t("visit.pick_done"), ui.back, ft.Icons.CHECK)], spacing=Space.M)
    return p.frame(title, Goods(visit, ask), scroll=False, top=[MemoField(), MemoChips()], foot=foot)


@screen
def Field() -> ft.Control:
    """Show the search field."""
    hooks.use_strings()
    return p.search_field(t("visit.search"), hooks.use_slice(PickWords).query, _search)


def _search(text: str) -> None:
    sessions.current().slice(PickWords).query = text


@screen
def Chips() -> ft.Control:
    """Show the categories there are."""
    strings, view = hooks.use_strings(), hooks.use_slice(PickView)
    there = categories_of(hooks.use_query(pq.products))
    options = [("", t("share.all")), *((one, category_of(one, strings)) for one in there)]
    return p.filter_chips(options, view.category, _choose)


def _choose(category: str) -> None:
    sessions.current().slice(PickView).category = category


MemoField, MemoChips = ft.memo(Field), ft.memo(Chips)


@screen
def Goods(visit: FollowUp, ask: Callable[[str], None]) -> ft.Control:
    """List what fits the search: one size goes along at a tap, of several one is asked."""
    client, strings = hooks.use_client(), hooks.use_strings()
    query, category = hooks.use_slice(PickWords).query, hooks.use_slice(PickView).category
    everything = hooks.use_query(pq.products)
    stock = hooks.use_query(pq.stock_in, client.staff.store_id or "")
    submit, _ = hooks.use_mutation()
    press = ft.use_ref(None)
    build = ft.use_callback(lambda row: _pick_row(row, lambda: press.current(row.id)), [])
    press.current = lambda product_id: _press(visit, product_id, everything, ask, submit)
    taken = _sizes_taken(visit)
    rows = tuple(
        _PickRow(one.id, product_name(one), one.picture, one.price_fen, stock.get(one.id), taken.get(one.id, ""))
        for one in matching(everything, query, category)
    )
    if not rows:
        none = p.empty(ft.Icons.SEARCH_OFF, t("visit.none_found"), t("visit.none_found_text"))
        return p.unfinished() if not everything and p.is_partial() else none
    side = ft.Padding.symmetric(horizontal=p.gutter() - Space.M)
    if query:
        return p.SearchSlots(rows, build, strings.language, side, narrower(len(rows)))
    return p.VirtualList(rows, build, mark=strings.language, padding=side, bars=2, key=category)


def _press(
    visit: FollowUp, product_id: str, everything: list[Product], ask: Callable[[str], None],
    submit: Callable[..., None],
) -> None:  # fmt: skip
    product = next((one for one in everything if one.id == product_id), None)
    if product is not None and len(product.sizes) > 1:
        ask(product_id)
    elif product is not None:
        key = (product_id, product.sizes[0] if product.sizes else "")
        on = key in {(one.product_id, one.size) for one in visit.pieces}
        take(visit, key, product_name(product), submit, taken=not on)


@dataclass(frozen=True, slots=True)
class _PickRow:
    """One product as the list shows it; `taken`: the sizes that go along."""

    id: str
    name: str
    picture: str
    price_fen: int
    pieces: int | None
    taken: str


def _sizes_taken(visit: FollowUp) -> dict[str, str]:
    """Return product id to the sizes that go along, joined."""
    found: dict[str, list[str]] = {}
    for one in visit.pieces:
        found.setdefault(one.product_id, []).append(one.size)
    return {product: "/".join(sizes) or "✓" for product, sizes in found.items()}


def _pick_row(row: _PickRow, on_click: Callable[[], None]) -> ft.Control:
    left = None if row.pieces is None else t("share.sold_out") if not row.pieces else t("share.in_stock", n=row.pieces)
    mark = p.pill(row.taken, "soft", ft.Icons.CHECK) if row.taken else ft.Icon(ft.Icons.ADD, color=Tone.QUIET)
    return p.list_row(
        row.name, p.dots(money(row.price_fen), left), leading=p.product_thumb(row.picture, row.name, 48, named=True),
        trailing=mark, selected=bool(row.taken), on_click=on_click,
    )  # fmt: skip


@screen
def Sizes(visit_id: str, product_id: str, on_close: Callable[[], None]) -> ft.Control:
    """Choose the sizes of one product that go along: each tap takes one along, or leaves it here."""
    client = hooks.use_client()
    hooks.use_strings()
    visit = hooks.use_query(fq.follow_up_by_id, visit_id)
    product = hooks.use_query(pq.product_by_id, product_id)
    stock = hooks.use_query(pq.stock_of, product_id, client.staff.store_id or "")
    submit, _ = hooks.use_mutation()
    if visit is None or product is None:
        return ft.Container(visible=False)
    name = product_name(product)
    on = {one.size for one in visit.pieces if one.product_id == product_id}
    full = len(visit.pieces) >= PIECES_MAX

    def choose(size: str) -> None:
        take(visit, (product_id, size), name, submit, taken=size not in on, say=False)

    sizes = [(size, _size_words(size, None if stock is None else stock.sizes.get(size, 0))) for size in product.sizes]
    shown = [one for one in sizes if not full or one[0] in on]
    question = p.txt(t("visit.choose_size", product=name), Type.BODY)
    done = p.primary(t("visit.pick_done"), on_close, expand=1)
    return ft.Column([question, p.filter_chips(shown, on, choose, wrap=True), ft.Row([done])], spacing=Space.L)


def _size_words(size: str, pieces: int | None) -> str:
    return size if pieces is None else p.dots(size, t("share.sold_out") if not pieces else str(pieces))
