"""What became of uses of coupons: mine, and what the manager of a store is told of."""

from __future__ import annotations

from datetime import datetime

import flet as ft

from app.domain.instants import from_text
from app.protocol.objects import Redemption, TeamRedemption
from app.store.queries import redemptions
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.coupons.redeem_words import contest_text, refusal_text
from app.ui.strings import current, money, t
from app.ui.theme import Space, Tone, Type

TONES = {"pending": "warm", "accepted": "soft", "refused": "late", "returned": "calm"}
Use = Redemption | TeamRedemption


@screen
def Result(redemption_id: str) -> ft.Control:
    """Say what became of the last use; it changes by itself once the server has judged."""
    now = hooks.use_now()
    use = hooks.use_query(redemptions.redemption_by_id, redemption_id)
    if use is None:  # refused as a whole: it stands on the sync page with its reason
        return p.notice(t("coupons.redeem_no"), t("coupons.redeem_lost"), tone="late", icon=ft.Icons.BLOCK)
    if use.state == "refused":
        return p.notice(t("coupons.redeem_late"), explain(use, now) or "", tone="late", icon=ft.Icons.BLOCK)
    waiting = use.state == "pending"
    icon = ft.Icons.SCHEDULE if waiting else ft.Icons.CHECK_CIRCLE
    title = t("coupons.redeem_waits" if waiting else "coupons.redeem_done", what=what_of(use))
    words = t("coupons.redeem_waits_why" if waiting else "coupons.redeem_done_why")
    return p.notice(title, words, tone="warm" if waiting else "soft", icon=icon)


@screen
def Mine() -> ft.Control:
    """List my uses; refused and contested ones say why and what to do."""
    now = hooks.use_now()
    uses = hooks.use_query(redemptions.redemptions)
    head = p.section(t("coupons.redeem_mine"))
    if not uses:
        listed: ft.Control = p.txt(t("coupons.redeem_none"), Type.META)
    else:
        listed = p.group([_row(use, now, "") for use in uses])
    return ft.Column([head, listed], spacing=Space.S, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


@screen
def Reports() -> ft.Control:
    """List what a manager is told of: second tries, and clocks that were off."""
    now = hooks.use_now()
    uses = hooks.use_query(redemptions.team_redemptions)
    staff = hooks.use_query(redemptions.staff_names)
    if not uses:
        return ft.Container(visible=False)
    listed = p.group([_row(use, now, staff.get(use.by_id, "")) for use in uses])
    head = p.section(t("coupons.redeem_reports"))
    return ft.Column([head, listed], spacing=Space.S, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def what_of(use: Use) -> str:
    """Return what was used: the coupon's name, else its face, else the end of its code."""
    name = use.name if current().is_chinese else use.name_en or use.name
    return name or (money(use.face_fen) if use.face_fen else f"…{use.code_tail}")


def explain(use: Use, now: datetime) -> str | None:
    """Return why a use was refused, or what its owner must know, and what to do; None when all is well."""
    if use.state == "refused" and use.reason:
        return refusal_text(use.reason, use.params, now)
    if use.contested and use.contest:
        return contest_text(use.contest, now)
    return t("coupons.redeem_skewed") if use.skewed else None


def _row(use: Use, now: datetime, by: str) -> ft.Control:
    contested = use.contested > 0 and use.state != "refused"
    label = t("coupons.redeem_state_contested" if contested else f"coupons.redeem_state_{use.state}")
    tone = "warm" if contested else TONES.get(use.state, "calm")
    order = getattr(use, "order_no", "")
    meta = p.dots(
        current().moment(from_text(use.at), now), by or None, f"…{use.code_tail}",
        t("coupons.redeem_of_order", order=order) if order else None,
    )  # fmt: skip
    meta = p.dots(meta, money(use.face_fen) if use.face_fen else None)
    row = p.list_row(what_of(use), meta, fact=p.pill(label, tone))
    why = explain(use, now)
    if why is None:
        return row
    ink = Tone.LATE if use.state == "refused" else Tone.TEXT
    words = ft.Container(p.txt(why, Type.META, ink), padding=ft.Padding.only(left=12, right=12, bottom=12))
    return ft.Column([row, words], spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
