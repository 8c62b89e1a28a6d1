"""The coupons I may send and those I sent; what to go on with stands at the foot."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial

import flet as ft

from app.domain.calendar_days import day_of
from app.domain.coupon import check_limits
from app.domain.errors import Rejected
from app.domain.instants import from_text, to_text
from app.mutations.batch import forget_batch, rules_of, supply_of
from app.mutations.mutate import call_of
from app.protocol.objects import CouponTemplate
from app.store.queries import coupons as cq
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.coupons.words import conditions, gives, last_moment, name_of
from app.ui.screens.customers.picking import Picking
from app.ui.screens.customers.words import STATE_TONES
from app.ui.strings import current, t
from app.ui.theme import Space, Tone, Type

STATES = ("issued", "opened", "claimed", "reserved", "redeemed", "returned", "expired", "voided")
MINE, SENT = "mine", "sent"
SOON_DAYS = 3
HAND_OUT_DAYS = 30  # contacts older than that are not on the device, so nobody could tell what was handed over
STOCK = frozenset({"coupon_template", "coupon"})


@ft.observable
@dataclass
class Shown:
    """Which half is shown and which of the sent coupons; survives a change of tab."""

    half: str = MINE
    state: str = "all"


@dataclass(frozen=True, slots=True)
class InHand:
    """One template with what this device holds of it; `why` is the error code of what stands in the way."""

    template: CouponTemplate
    left: int
    until: str | None
    why: str | None

    @property
    def can_go(self) -> bool:
        """Whether one may be sent now."""
        return self.left > 0 and self.why is None


def use_in_hand() -> list[InHand]:
    """Return every template and what is held of it, those one may send first. A hook."""
    client, now = hooks.use_client(), hooks.use_now()
    return hooks.use_live(STOCK, _in_hand, id(client), now)


def _in_hand() -> list[InHand]:
    client = sessions.current().client
    read, call = client.store.read, call_of(client)
    leases = cq.leases_left(read, call.device_id, call.at)
    found = []
    for one in cq.every_template(read):
        supply, why = supply_of(read, one.id, call), None
        rules = rules_of(one)
        try:
            check_limits(rules, to_customer=-1, by_guide=supply.by_guide, today=supply.today, leased=supply.left > 0)
        except Rejected as no:
            why = no.code
        if rules.validity_until is not None and call.now >= rules.validity_until:
            why = "coupon_expired"
        lease = leases.get(one.id)
        found.append(InHand(one, supply.left, lease.until if lease else None, why))
    return sorted(found, key=lambda held: not held.can_go)


def use_to_hand_out() -> tuple[str, ...]:
    """Return the coupons issued here whose message was not handed over yet, oldest first. A hook."""
    client, now = hooks.use_client(), hooks.use_now()
    since = to_text(now - timedelta(days=HAND_OUT_DAYS))
    return hooks.use_query(cq.to_hand_out, client.session.device_id, since, to_text(now))


@screen
def CouponsScreen() -> ft.Control:
    """Show what I may send, or what I sent."""
    hooks.use_strings()
    view, waiting = hooks.use_slice(Shown), use_to_hand_out()
    now = hooks.use_now()
    counts = hooks.use_query(cq.sent_counts, to_text(now))
    halves = [(MINE, t("coupons.mine")), (SENT, t("coupons.sent_title", n=counts["all"]))]
    top: list[ft.Control] = [p.segmented(halves, view.half, lambda half: setattr(view, "half", half))]
    foot = _foot(len(waiting))
    if view.half == MINE:
        return p.frame(t("coupons.title"), [Unfinished(), Mine()], top=top, foot=foot, tips=["coupons"])
    shown = [state for state in STATES if counts.get(state)]
    chips = [("all", f"{t('today.chip_all')} {counts['all']}")]
    chips += [(state, f"{t(f'coupons.state.{state}')} {counts[state]}") for state in shown]
    state = view.state if view.state in shown else "all"
    top.append(p.filter_chips(chips, state, lambda one: setattr(view, "state", one)))
    return p.frame(t("coupons.title"), SentList(state, key=state), top=top, foot=foot, scroll=False)


def choose(path: str) -> None:
    """Show a page beside this list, or over it where there is one pane (the list is itself a page on phones)."""
    ui = sessions.current()
    (ui.select if ui.layout.is_wide else ui.open)(path)


def _foot(waiting: int) -> ft.Control:
    redeem = p.secondary(t("coupons.redeem"), partial(choose, "/coupons/redeem"), ft.Icons.QR_CODE_SCANNER)
    if waiting:
        go_on = p.primary(t("coupons.hand_out_go_on", n=waiting), partial(choose, "/coupons/handout"))
    else:
        go_on = p.primary(t("coupons.batch_start"), partial(choose, "/coupons/batch"), ft.Icons.GROUP_OUTLINED)
    return ft.Row([redeem, ft.Container(go_on, expand=True)], spacing=Space.M)


@screen
def Unfinished() -> ft.Control:
    """Say that a batch was stopped half-way, with both ways on; nothing while there is none."""
    ui, client = hooks.use_session(), hooks.use_client()
    rest = hooks.use_query(cq.unfinished_batch)
    picking = hooks.use_slice(Picking)
    if rest is None:
        return ft.Container(visible=False)

    def go_on() -> None:
        picking.stop()
        picking.ids, picking.template_id = rest.customer_ids, rest.template_id
        choose("/coupons/batch")

    buttons = ft.Row(
        [
            p.quiet(t("coupons.rest_drop"), lambda: ui.run(forget_batch, client)),
            p.quiet(t("coupons.rest_go_on"), go_on),
        ],
        tight=True,
    )
    text = t("coupons.rest_text", n=len(rest.customer_ids))
    return p.notice(t("coupons.rest_title"), text, icon=ft.Icons.PENDING_OUTLINED, action=buttons)


@screen
def Mine() -> ft.Control:
    """Show each template with how many are in hand on this device; what cannot go out says why."""
    found = use_in_hand()
    if not found:
        return p.unfinished() if p.is_partial() else _none()
    return p.group([template_row(held, partial(choose, f"/coupons/template/{held.template.id}")) for held in found])


def _none() -> ft.Control:
    return p.empty(ft.Icons.LOCAL_OFFER_OUTLINED, t("coupons.no_template_title"), t("coupons.no_template_text"))


def template_row(held: InHand, on_click: object, chosen: bool | None = None) -> ft.Control:
    """Return a template as a row: what it gives, when it is good, what is in hand; `chosen` draws a radio."""
    rules = asdict(held.template)
    ink = None if held.can_go else Tone.QUIET
    stock = p.txt(t("coupons.lease_left", n=held.left), Type.LABEL, Tone.ACTION) if held.left else None
    named = [p.txt(gives(rules), Type.SECTION, ink), p.txt(name_of(rules), Type.META)]
    left = ft.Row(named, spacing=Space.S, wrap=True, vertical_alignment=ft.CrossAxisAlignment.CENTER)
    head = p.ends(left, stock) if stock else left
    lines: list[ft.Control] = [head, p.txt(conditions(rules), Type.META)]
    if (note := stock_note(held)) is not None:
        lines.append(p.txt(note, Type.META, None if held.can_go else Tone.ON_WARM))
    body: ft.Control = ft.Column(lines, spacing=2)
    if chosen is not None:
        icon = ft.Icons.RADIO_BUTTON_CHECKED if chosen else ft.Icons.RADIO_BUTTON_OFF
        body.expand = True
        body = ft.Row([ft.Icon(icon, color=Tone.ACTION if chosen else Tone.QUIET), body], spacing=Space.M)
    press = on_click if chosen is None or held.can_go else None
    label = t("coupons.template_label", name=name_of(rules), what=gives(rules), left=note or "")
    return p.tappable(body, press, label=label, selected=chosen, padding=Space.L, radius=0)


def stock_note(held: InHand) -> str | None:
    """Return until when the block in hand lasts, or why none can go out."""
    if held.why is not None:
        return t(f"coupons.why.{held.why}")
    if not held.left:
        return t("coupons.lease_none")
    until = (
        t("coupons.lease_until", date=last_moment(held.until, sessions.current().clock.now())) if held.until else None
    )
    return p.dots(t("coupons.why.template_stopped_left") if held.template.stopped else None, until)


@dataclass(frozen=True, slots=True)
class Look:
    """What the rows of sent coupons depend on beside their own values."""

    now: datetime
    language: str
    selected: str | None


@screen
def SentList(state: str) -> ft.Control:
    """Show the sent coupons of one state: what ends first before all, then the ended."""
    now, strings = hooks.use_now(), hooks.use_strings()
    chosen = hooks.use_chosen()
    day = now.replace(minute=0, second=0, microsecond=0)
    rows = hooks.use_query(cq.coupons_sent, state, to_text(now))
    selected = chosen[0].removeprefix("/coupons/") if chosen else None
    look = Look(day, strings.language, selected)
    build = ft.use_memo(lambda: partial(_sent_row, look), [look])
    if not rows:
        why = t("coupons.sent_empty_text")
        return p.empty(ft.Icons.LOCAL_OFFER_OUTLINED, t("coupons.sent_empty"), why)
    inset = ft.Padding.only(left=Space.S, right=Space.S, bottom=Space.XL)
    return p.VirtualList(rows, build, mark=look, padding=inset)


def _sent_row(look: Look, row: cq.SentRow) -> ft.Control:
    ui = sessions.current()
    who = ui.client.index.get(row.customer_id)
    name = who.name if who else t("coupons.someone")
    coupon = row.name if current().is_chinese else row.name_en or row.name
    return p.list_row(
        name,
        p.dots(ends_words(row.state, row.valid_until, look.now), coupon),
        leading=p.avatar(name, row.customer_id),
        fact=p.pill(t(f"coupons.state.{row.state}"), STATE_TONES.get(row.state, "warm")),
        on_click=partial(choose, f"/coupons/{row.id}"),
        selected=row.id == look.selected,
    )


def ends_words(state: str, valid_until: str | None, now: datetime) -> str | None:
    """Return when a living coupon ends, in days when that is soon; None for an ended one."""
    if valid_until is None or state not in cq.LIVE:
        return None
    zone = current().zone
    days = (day_of(from_text(valid_until) - timedelta(seconds=1), zone) - day_of(now, zone)).days
    if days <= SOON_DAYS:
        return t("coupons.ends_today") if days <= 0 else t("coupons.ends_in", n=days)
    return t("coupons.valid_until", date=last_moment(valid_until, now))
