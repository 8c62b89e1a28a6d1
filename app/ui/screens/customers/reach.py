"""How a customer may be reached: what is left of the contact budget, when next, and each consent (rules 9.1 to 9.3)."""

from __future__ import annotations

from datetime import datetime

import flet as ft

from app.domain.contact import Allowed, Denied
from app.mutations.contacting import contact_decision, contact_left
from app.mutations.mutate import call_of
from app.protocol.objects import Customer
from app.store.queries import brand
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import current, limit_text, t
from app.ui.theme import TOUCH, Space, Tone, Type

WATCHED = frozenset({"customer", "contact", "contact_holder", "setting"})
PURPOSES, CHANNELS = ("marketing", "browse", "personal"), ("wechat", "sms")
PERIODS = ("day", "week", "month")


def use_decision(customer_id: str) -> Allowed | Denied:
    """Return whether this customer may be contacted now. A hook."""
    client, now = hooks.use_client(), hooks.use_now()
    return hooks.use_live(
        WATCHED, lambda: contact_decision(client.store.read, customer_id, call_of(client)), customer_id, now.minute
    )


@screen
def Budget(customer_id: str) -> ft.Control:
    """Say how often this customer may still be contacted, before anything is sent; a tap says the whole."""
    decision, is_open, set_open = use_decision(customer_id), *ft.use_state(False)
    title = t("profile.reach")
    p.use_sheet(Reach(customer_id) if is_open else None, title, lambda: set_open(False))
    if isinstance(decision, Allowed):
        said = t(f"profile.budget_{_tightest(decision)}", n=decision.remaining)
    else:
        said = limit_text(decision.code, decision.params)
    words = ft.Row(
        [
            p.txt(said, Type.META, expand=True, expand_loose=True),
            # as high as a finger needs; a reason of three lines makes the whole higher instead of being cut
            ft.Container(ft.Icon(ft.Icons.EXPAND_LESS, size=18, color=Tone.QUIET), height=TOUCH),
        ],
        spacing=Space.XS,
    )
    return p.tappable(words, lambda: set_open(True), label=p.dots(title, said))


def _tightest(left: Allowed) -> str:
    """Return the period whose budget ends first."""
    return min(zip((left.day_left, left.week_left, left.month_left), (0, 1, 2), PERIODS, strict=True))[2]


@screen
def Reach(customer_id: str) -> ft.Control:
    """Say what is left this day, week and month, when contact is polite again, and each consent."""
    client, decision, now = hooks.use_client(), use_decision(customer_id), hooks.use_now()
    customer = hooks.use_query(q.customer_by_id, customer_id)
    setting = hooks.use_query(brand.brand_setting)
    left = hooks.use_live(
        WATCHED, lambda: contact_left(client.store.read, customer_id, call_of(client)), customer_id, now.minute
    )
    hooks.use_strings()
    if customer is None:
        return ft.Container()
    figures = [(t("profile.reach_n", n=n), t(f"profile.reach_{one}")) for one, n in zip(PERIODS, left, strict=True)]
    rows: list[ft.Control] = [p.stat_strip(figures)]
    if isinstance(decision, Denied):
        rows.append(p.notice(None, limit_text(decision.code, decision.params), icon=ft.Icons.SCHEDULE))
    rows.append(p.txt(_when(decision, now), Type.BODY))
    if setting is not None:
        begin, end = setting.contact.get("quiet", ("21:00", "09:00"))
        rows.append(p.txt(t("profile.reach_quiet", begin=begin, end=end), Type.META))
    rows += [p.section(t("profile.reach_why")), p.group([_consent(customer, one) for one in PURPOSES])]
    rows += [p.section(t("profile.reach_how")), p.group([_consent(customer, one) for one in CHANNELS])]
    rows.append(p.txt(t("profile.reach_whose"), Type.META))
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _when(decision: Allowed | Denied, now: datetime) -> str:
    """Return when the next polite moment is."""
    if isinstance(decision, Allowed):
        return t("profile.reach_now")
    at = decision.params.get("next_at")
    if not isinstance(at, str):
        return t("profile.reach_never")
    return t("profile.reach_next", time=f"{current().relative_day(at, now)} {current().time_short(at)}")


def _consent(customer: Customer, purpose: str) -> ft.Control:
    given = customer.consents.get(purpose, purpose == "personal")
    word = p.pill(t("profile.consent_yes" if given else "profile.consent_no"), "soft" if given else "calm")
    row = p.ends(p.txt(t(f"profile.consent_{purpose}"), Type.BODY), word)
    return ft.Container(row, padding=ft.Padding.symmetric(horizontal=Space.L, vertical=Space.M))
