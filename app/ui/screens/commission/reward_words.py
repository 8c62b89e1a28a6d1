"""Why a reward is where it is, about whom, and what happens next: in words, for the guide and the manager."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import flet as ft

from app.domain.action_reward import why
from app.protocol.objects import ActionReward, TeamReward
from app.store.queries.rewards import RewardMember
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.strings import current, date_short, t, time_short
from app.ui.theme import Space, Tone, Type

OPEN = ("pending", "held")
NAMES_SHOWN = 4
ROWS_SHOWN = 8

Reward = ActionReward | TeamReward


def reason_head(one: Reward) -> str | None:
    """Return in a few words the one reason for where a reward is."""
    code = why(one.state, one.reason, one.flags)
    key = f"commission.flag_{code}" if current().has(f"commission.flag_{code}") else f"commission.reward_reason_{code}"
    return t(key) if code and current().has(key) else None


def reason_card(one: Reward, who: str | None) -> ft.Control:
    """Return the one reason as a sentence; what else was noticed stands below.

    `who`: the names it is about, for the guide; None for the manager, who sees none.
    """
    code = why(one.state, one.reason, one.flags)
    key = f"commission.reward_because_{code}"
    if code == "shared_device" and not one.near:
        key += "_elsewhere"
    if who is None and current().has(f"team.because_{code}") and one.near:
        key = f"team.because_{code}"
    names = t("team.a_member") if who is None else who
    told = t(key, who=names, n=len(one.near) + 1) if current().has(key) else reason_head(one) or ""
    lines: list[ft.Control] = [p.txt(told, Type.BODY)]
    also = [t(f"commission.flag_{flag}") for flag in one.flags if flag != code and not code.endswith(flag)]
    if also:
        lines.append(p.txt(t("commission.reward_also", flags=p.dots(*also)), Type.META))
    icon = ft.Icons.FLAG_OUTLINED if one.flags and one.state in OPEN else ft.Icons.INFO_OUTLINE
    title = p.txt(t(f"commission.reward_why_{one.state}"), Type.SECTION)
    words = ft.Column([title, *lines], spacing=Space.XS, expand=True)
    row = ft.Row(
        [ft.Icon(icon, size=20, color=Tone.LATE if icon is ft.Icons.FLAG_OUTLINED else Tone.QUIET), words],
        spacing=Space.M, vertical_alignment=ft.CrossAxisAlignment.START,
    )  # fmt: skip
    return p.card(row)


def waits_for_person(one: Reward) -> bool:
    """Say whether an open reward is for the manager to decide, however long that takes (rule 8.2)."""
    return one.state in OPEN and (bool(one.flags) or one.reason == "over_cap")


def next_card(one: ActionReward, manager: str) -> ft.Control:
    """Return what happens next, by when, and whom to ask."""
    if waits_for_person(one):
        told = t("commission.reward_next_manager", manager=manager)
    elif one.state in OPEN:
        told = t("commission.reward_next_holding", date=date_short(one.held_until) if one.held_until else "")
    else:
        told = t("commission.reward_next_decided")
    lines = [p.txt(t("commission.reward_next"), Type.SECTION), p.txt(told, Type.BODY)]
    ask = "commission.reward_ask_below" if waits_for_person(one) and not one.answer else "commission.reward_ask"
    lines.append(p.txt(t(ask, manager=manager), Type.META))
    return p.card(ft.Column(lines, spacing=Space.XS))


def names_of(members: Sequence[RewardMember]) -> str:
    """Return the members in one phrase: 林晓、王芳; those who are no longer this guide's are counted, not named."""
    named = [one.name for one in members if one.name]
    gone = len(members) - len(named)
    words = list(named[:NAMES_SHOWN])
    if len(named) > NAMES_SHOWN:
        words.append(t("commission.more_members", n=len(named) - NAMES_SHOWN))
    if gone:
        words.append(t("commission.gone_members", n=gone))
    return ("、" if current().is_chinese else ", ").join(words)


def joined(at: str, now: datetime) -> str:
    """Return day and time: several within minutes are told apart by it."""
    return f"{date_short(at, now)} {time_short(at)}"


def member_rows(members: Sequence[RewardMember]) -> ft.Control:
    """Return the members a reward is about; who is still this guide's opens."""
    ui, now = sessions.current(), sessions.current().clock.now()

    def row(one: RewardMember) -> ft.Control:
        path = f"/customers/{one.customer_id}"
        name = one.name or t("commission.gone_members", n=1)
        return p.list_row(
            name, t("commission.reward_joined", at=joined(one.made_at, now)),
            leading=p.avatar(one.name or "?", one.customer_id or one.reward_id, 40),
            on_click=(lambda: ui.open(path)) if one.name else None,
            trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET) if one.name else None,
        )  # fmt: skip

    rows = [row(one) for one in members[:ROWS_SHOWN]]
    more = len(members) - len(rows)
    rest = [p.txt(t("commission.more_members", n=more), Type.META)] if more > 0 else []
    title = p.section(t("commission.reward_members"))
    return ft.Column([title, p.group(rows), *rest], spacing=Space.S, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
