"""One customer: head, four actions, four figures, the hint, four tabs and what is behind the fifth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import flet as ft

from app.domain.auto_tag import AutoTag
from app.domain.calendar_days import day_of
from app.domain.follow_up import known_stage
from app.domain.instants import from_text, to_text
from app.insight import auto_tags as tagging
from app.insight.today import READS, TodaySignal, signals_of_customer
from app.protocol.objects import Customer
from app.store.queries import customers as q
from app.store.queries import followups as fq
from app.store.queries import handovers, work
from app.store.queries import profile as pq
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.followup import NextFollowUp
from app.ui.screens.customers.followup_words import stage_name
from app.ui.screens.customers.handover import Came, Leaving
from app.ui.screens.customers.portrait import Portrait
from app.ui.screens.customers.reach import Budget
from app.ui.screens.customers.reveal import PhoneLine
from app.ui.screens.customers.suits import Suits, use_suggestions
from app.ui.screens.customers.tabs import Coupons, NoteForm, Notes, Orders
from app.ui.screens.customers.tag_words import tag_name
from app.ui.screens.customers.tagging import TAG_ICONS, TAG_ORDER, TagSheet
from app.ui.screens.customers.timeline import Timeline
from app.ui.screens.customers.views import Views
from app.ui.screens.customers.worth import Worth
from app.ui.screens.today.reasons import page_of, prompt_of, reason_text, with_coupon
from app.ui.strings import current, money, t
from app.ui.theme import Motion, Space, Tone, Type

__all__ = ["Budget", "CustomerPage", "gone"]
TABS: dict[str, Callable[..., ft.Control]] = {
    "timeline": Timeline, "orders": Orders, "portrait": Portrait, "notes": Notes, "suits": Suits, "views": Views,
    "coupons": Coupons, "worth": Worth,
}  # fmt: skip
FIRST = 4  # what a guide opens with a customer before them; the others stand behind the fifth
MORE = "more"
MORE_ICONS = {
    "suits": ft.Icons.CHECKROOM_OUTLINED, "views": ft.Icons.VISIBILITY_OUTLINED,
    "coupons": ft.Icons.LOCAL_OFFER_OUTLINED, "worth": ft.Icons.INSIGHTS_OUTLINED,
}  # fmt: skip
PAGED = frozenset({"timeline", "orders", "views", "coupons"})  # they keep the place when a page comes or goes
TAGS_SHOWN = 6
HINTED, THUMB = 3, 72
YEAR_DAYS = 365
LATE_DAYS = 60


def gone() -> ft.Control:
    """Return the page that stands where a customer is not (or no longer) ours."""
    return p.frame(
        t("customers.title"),
        p.empty(
            ft.Icons.PERSON_OFF_OUTLINED,
            t("customers.gone_title"),
            t("customers.gone_text"),
            t("customers.gone_action"),
            lambda: sessions.current().go("customers"),
        ),
    )


@screen
def CustomerPage(customer_id: str) -> ft.Control:
    """Show one customer's profile; the key keeps one customer's state from another's."""
    return Profile(customer_id, key=customer_id)


@screen
def Profile(customer_id: str) -> ft.Control:
    """Show the profile of `customer_id`, or say that it is not ours."""
    ui, strings, now = hooks.use_session(), hooks.use_strings(), hooks.use_now()
    customer = hooks.use_query(q.customer_by_id, customer_id)
    tab, set_tab = hooks.use_kept("tab", "timeline")
    scroller: Any = ft.use_ref(None)
    high: Any = ft.use_ref(0.0)  # of what stands above the tabs
    hints = hooks.use_live(frozenset(READS), lambda: _hints(customer_id, now), customer_id, now.hour)
    refused = hooks.use_query(work.rejected_about, f"customer/{customer_id}")
    year = hooks.use_query(pq.orders_since, customer_id, to_text(_midnight(now) - timedelta(days=YEAR_DAYS)))
    leaving = hooks.use_query(handovers.waiting_for, customer_id) is not None
    came = hooks.use_query(handovers.came_to_me, customer_id) is not None
    planned = hooks.use_query(fq.next_of, customer_id) is not None

    async def bring() -> None:
        await asyncio.sleep(hooks.BUILT_S)
        if scroller.current is not None and high.current:
            await scroller.current.scroll_to(offset=high.current + Space.XS, duration=Motion.CALM)

    def show(name: str) -> None:
        set_tab(name)
        ui.run(bring)

    if customer is None:
        return gone()
    above: list[ft.Control] = [Head(customer)]
    above += [*([Leaving(customer_id)] if leaving else []), *([Came(customer_id)] if came else [])]
    above += [] if leaving else [Actions(customer)]
    above += [p.refused_note(row.code, dict(row.params)) for row in refused[:2]]
    above += [NextFollowUp(customer_id)] if planned and not leaving else []
    above.append(_figures(customer, year, now))
    above += [Hint(one, lambda: show("suits")) for one in hints[:1]]
    extra = (scroller,) if tab in PAGED else ()
    shown = TABS[tab](customer_id, *extra, key=f"{tab}/{strings.language}")
    give = p.icon_button(ft.Icons.SWAP_HORIZ, t("handover.give"), lambda: ui.open(f"/customers/{customer_id}/handover"))
    foot, actions = (None, ()) if leaving else (_foot(customer), (give,))
    scroller.current = _scrolled(above, [TabRow(tab, set_tab), shown], high)
    # the head below is the title
    return p.frame("", scroller.current, foot=foot, actions=actions, scroll=False, tips=["profile"])


def _scrolled(above: list[ft.Control], below: list[ft.Control], high: Any) -> ft.Column:
    """Return the body in a column that can be told to scroll: to the tabs, and as pages of one come and go."""
    side = p.gutter()
    head = ft.Container(_stretched(above), on_size_change=lambda event: setattr(high, "current", event.height))
    pad = ft.Padding.only(left=side, top=Space.XS, right=side, bottom=Space.XL)
    return ft.Column(
        [ft.Container(_stretched([head, *below]), padding=pad)], expand=True, spacing=0, scroll=ft.ScrollMode.AUTO,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )  # fmt: skip


def _stretched(controls: list[ft.Control], spacing: int = Space.M) -> ft.Column:
    return ft.Column(controls, spacing=spacing, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


@screen
def TabRow(tab: str, choose: Callable[[str], None]) -> ft.Control:
    """Show the four tabs of every day and the fifth, which leads to the others and carries the name of an open one."""
    layout = hooks.layout()
    hooks.use_strings()
    is_open, set_open = ft.use_state(False)

    def close() -> None:
        set_open(False)

    def take(name: str) -> None:
        close()
        choose(name)

    def press(name: str) -> None:
        if name == MORE:
            set_open(True)
        else:
            choose(name)

    names = list(TABS)
    rest = names[FIRST:]
    p.use_sheet(_others(rest, tab, take) if is_open else None, t("profile.tab_more_title"), close)
    last = t(f"profile.tab_{tab if tab in rest else MORE}")
    options = [*((name, t(f"profile.tab_{name}")) for name in names[:FIRST]), (MORE, last)]
    chosen = MORE if tab in rest else tab
    if p.segments_fit(options, layout):
        return p.segmented(options, chosen, press, menu=MORE)
    # large words, a narrow window: two rows, where five in one would be cut
    rows = [options[:2], options[2:4], options[4:]] if layout.is_large else [options[:3], options[3:]]
    return _stretched([p.segmented(row, chosen, press, menu=MORE) for row in rows], Space.XS)


def _others(names: list[str], tab: str, take: Callable[[str], None]) -> ft.Control:
    rows = [
        p.person_row(
            p.txt(t(f"profile.tab_{name}"), Type.ROW), p.txt(t(f"profile.about_{name}"), Type.META),
            leading=ft.Icon(MORE_ICONS[name], size=22, color=Tone.QUIET), on_click=partial(take, name),
            selected=name == tab,
        )
        for name in names
    ]  # fmt: skip
    return p.group(rows)


def _midnight(now: datetime) -> datetime:
    """Return the begin of the UTC day: what is asked of the store changes once a day, not each minute."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _hints(customer_id: str, now: datetime) -> tuple[TodaySignal, ...]:
    c = sessions.current().client
    return signals_of_customer(c.store.read, customer_id, now, c.session.zone, c.session.staff.store_id)


@screen
def Head(customer: Customer) -> ft.Control:
    """Show who it is, and their tags; a tap on the tags says where each comes from, and changes them."""
    client, now = hooks.use_client(), hooks.use_now()
    hooks.use_strings()
    is_open, set_open = ft.use_state(False)
    found = hooks.use_live(
        frozenset(tagging.READS),
        lambda: tagging.auto_tags(client.store.read, customer.id, now, client.session.zone),
        customer.id, now.date(),
    )  # fmt: skip

    sheet = TagSheet(customer, found) if is_open else None
    p.use_sheet(sheet, t("profile.about"), lambda: set_open(False))
    level = p.level_pill(customer.level)
    title = ft.Semantics(
        heading_level=1, content=p.txt(customer.name, Type.NAME, lines=2), expand=True, expand_loose=True
    )
    name = ft.Row([title, *([level] if level else [])], spacing=Space.S)
    words = ft.Column([name, PhoneLine(customer)], spacing=0, expand=True)
    face = ft.Row(
        [p.avatar(customer.name, customer.id, 64), words], spacing=Space.L,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )  # fmt: skip
    pills, count = _pills(customer, found), len(customer.tags) + len(found)
    tags = p.tappable(
        ft.Row(pills, spacing=Space.S, wrap=True, run_spacing=Space.S), lambda: set_open(True),
        label=t("profile.tags_label", n=count) if count else t("profile.tags_add"),
        padding=ft.Padding.only(top=10, bottom=Space.L),  # the number above is 48 high, and so is this
    )  # fmt: skip
    return ft.Column([face, tags], spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _pills(customer: Customer, found: tuple[AutoTag, ...]) -> list[ft.Control]:
    """Return the stage and the first tags: the brand's with its mark, the guide's own, what was found with a spark."""
    held = sorted(customer.tags, key=lambda tag: TAG_ORDER.index(tag.kind) if tag.kind in TAG_ORDER else 2)
    pills: list[ft.Control] = [p.pill(tag.name, "calm", TAG_ICONS.get(tag.kind)) for tag in held]
    pills += [p.pill(tag_name(tag), "soft", TAG_ICONS["auto"]) for tag in found]
    if stage := known_stage(customer.stage):
        pills.insert(0, p.pill(stage_name(stage), "warm", ft.Icons.FLAG_OUTLINED))
    rest = len(pills) - TAGS_SHOWN
    shown = pills if rest <= 0 else [*pills[:TAGS_SHOWN], p.pill(f"+{rest}")]
    return shown or [p.pill(t("profile.tags_add"), "calm", ft.Icons.ADD)]


@screen
def Actions(customer: Customer) -> ft.Control:
    """Show what is done most, a tap each; the note is written in a sheet, above whichever tab is open."""
    ui = hooks.use_session()
    hooks.use_strings()
    noting, set_noting = ft.use_state(False)

    def close() -> None:
        set_noting(False)

    p.use_sheet(NoteForm(customer, close) if noting else None, t("profile.act_note"), close)
    here = f"/customers/{customer.id}"
    return p.tile_row(
        [
            (ft.Icons.EVENT_OUTLINED, t("profile.act_plan"), lambda: ui.open(f"{here}/followups/plan")),
            (ft.Icons.LOCAL_OFFER_OUTLINED, t("profile.act_coupon"), lambda: ui.open(f"{here}/coupon")),
            (ft.Icons.IOS_SHARE, t("profile.act_share"), lambda: ui.open(f"{here}/share")),
            (ft.Icons.EDIT_NOTE, t("profile.act_note"), lambda: set_noting(True)),
        ]
    )


def _figures(customer: Customer, year: int, now: datetime) -> ft.Control:
    basket = customer.spend_fen // customer.order_count // 100 * 100 if customer.order_count else 0
    days = None
    if customer.last_order_at:
        zone = current().zone
        days = (day_of(now, zone) - day_of(from_text(customer.last_order_at), zone)).days
    since = "—" if days is None else t("profile.days", n=days)
    return p.stat_strip(
        [
            (money(customer.spend_fen), t("profile.spend")),
            (t("profile.times", n=year), t("profile.year")),
            (money(basket) if customer.order_count else "—", t("profile.basket")),
            (since, t("profile.since"), Tone.LATE if days is not None and days > LATE_DAYS else None),
        ]
    )


@screen
def Hint(signal: TodaySignal, everything: Callable[[], None]) -> ft.Control:
    """Show why now is the time, with three products that suit, and one tap on."""
    ui, now = hooks.use_session(), hooks.use_now()
    task = use_suggestions(signal.customer.id, HINTED)

    def send() -> None:
        prompt_of(signal)
        ui.open(page_of(signal))

    found = [one.product for one in task.value or ()]
    if signal.product is not None:
        found = [signal.product, *(one for one in found if one.id != signal.product.id)]
    thumbs = [p.product_thumb(one.picture, one.name, THUMB) for one in found[:HINTED]]
    row = ft.Row(thumbs, spacing=Space.S, height=THUMB, tight=True)  # its height is there before the pictures are
    goods = p.tappable(row, everything, label=t("profile.hint_goods"), radius=Space.M)
    on = p.quiet(t("profile.hint_action" if with_coupon(signal) else "today.write"), send)
    return p.notice(
        t("profile.hint"), reason_text(signal, now),
        content=ft.Row([goods, on], wrap=True, alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
                       vertical_alignment=ft.CrossAxisAlignment.CENTER),
    )  # fmt: skip


def _foot(customer: Customer) -> ft.Control:
    ui = sessions.current()
    write = p.primary(t("today.write"), lambda: ui.open(f"/customers/{customer.id}/message"), ft.Icons.EDIT_OUTLINED)
    return ft.Row([ft.Container(Budget(customer.id), expand=True), write], spacing=Space.M)
