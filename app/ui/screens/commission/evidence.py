"""What a verdict rests on, in words: touches and windows, who closed, whose customer it was (rule 3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flet as ft

from app.domain.dispute import Verdict
from app.domain.instants import from_text
from app.protocol.objects import Order
from app.store.queries import brand
from app.store.read import Read, reads
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.strings import current, date_short, money, t, time_short
from app.ui.theme import Space, Tone, Type


@reads("staff")
def people_of(read: Read, order: Order) -> dict[str, str]:
    """Return the names of an order's guides that this phone knows, by part."""
    parts = {"closing": order.closing_guide_id, "bound": order.bound_guide_id}
    names = brand.staff_names(read, tuple(staff_id for staff_id in parts.values() if staff_id))
    return {part: names[staff_id] for part, staff_id in parts.items() if staff_id in names}


def evidence_of_order(order: Order, me: str, verdict: Verdict) -> dict[str, Any]:
    """Return an order's evidence as the server words a dispute's."""

    def whose(staff_id: str | None) -> str:
        return "nobody" if staff_id is None else "me" if staff_id == me else "other"

    winner = order.evidence.get("winner")
    touches = [
        {"at": one["at"], "channel": one.get("channel"), "mine": one.get("guide_id") == me, "won": one["id"] == winner}
        for one in order.evidence.get("touches", ())
    ]
    return {
        "reason": verdict.code, "rule": verdict.rule, "touches": touches,
        "window_days": order.evidence.get("window_days"),
        "closing": whose(order.closing_guide_id), "bound": whose(order.bound_guide_id),
        "decisions": order.evidence.get("decisions", ()), "me": me,
    }  # fmt: skip


def evidence_rows(evidence: Mapping[str, Any], people: Mapping[str, str]) -> list[ft.Control]:
    """Return the lines of an evidence: who closed, whose customer, every touch, decisions."""
    rows: list[ft.Control] = []
    for part in ("closing", "bound"):
        if part in evidence:
            rows.append(p.fact(t(f"commission.{part}_guide"), _who(evidence[part], people.get(part))))
    order = evidence.get("order") or {}
    if "paid_fen" in order:
        rows.append(p.fact(t("commission.order_paid"), money(order["paid_fen"], exact=True)))
        rows.append(p.fact(t("commission.order_day"), _moment(order["created_at"])))
    touches = list(evidence.get("touches", ()))
    if evidence.get("reason") not in ("historic", "not_seen", "self_purchase", "staff_purchase"):
        rows.append(p.txt(t("commission.touches", n=len(touches)), Type.META))
    rows += [_touch(one, evidence) for one in touches]
    rows += [_decision(one, evidence) for one in evidence.get("decisions", ())]
    return rows


def _who(whose: str, name: str | None) -> str:
    if whose == "other":
        return name or t("commission.another_guide")
    return t(f"commission.who_{whose}")


def _touch(one: Mapping[str, Any], evidence: Mapping[str, Any]) -> ft.Control:
    mine = bool(one.get("mine", True))
    whose = "asker" if "team" in evidence else "mine" if mine else "other"  # only managers are given `team`
    who = t(f"commission.touch_{whose}")
    channel = f"profile.channel.{one.get('channel')}"
    words = p.dots(who, t(channel) if one.get("channel") and current().has(channel) else None, _moment(one["at"]))
    days = one.get("window_days") or (evidence.get("window_days") if one.get("won") else None)
    said = None
    if one.get("inside") is False:
        said = p.pill(t("commission.touch_outside", n=days), "late")
    elif one.get("won"):
        said = p.pill(t("commission.touch_won"), "soft")
    elif days:
        said = p.pill(t("commission.touch_inside", n=days), "calm")
    icon = ft.Icon(ft.Icons.TOUCH_APP_OUTLINED, size=18, color=Tone.QUIET)
    cells = [icon, p.txt(words, Type.BODY, expand=True), *([said] if said else [])]
    return ft.Row(cells, spacing=Space.S, vertical_alignment=ft.CrossAxisAlignment.CENTER)


def _decision(one: Mapping[str, Any], evidence: Mapping[str, Any]) -> ft.Control:
    key = "commission.decided_mine" if one.get("guide_id") == evidence.get("me") else "commission.decided_other"
    return p.fact(t(key), date_short(from_text(one["at"])))


def _moment(at: str) -> str:
    return (
        f"{date_short(at, sessions.current().clock.now())} {time_short(at)}"  # no dot: it would begin the second line
    )
