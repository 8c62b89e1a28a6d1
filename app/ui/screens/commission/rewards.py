"""Action rewards in their own ledger: held, payable, rejected; flags explained and answered (rules 4.10, 8)."""

from __future__ import annotations

import flet as ft

from app.domain.action_reward import ANSWER_MAX
from app.protocol.mutations import AnswerFlag
from app.protocol.objects import ActionReward
from app.store.queries import brand, rewards
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.commission.reward_words import (
    OPEN,
    member_rows,
    names_of,
    next_card,
    reason_card,
    reason_head,
    waits_for_person,
)
from app.ui.strings import date_short, money, t
from app.ui.theme import Space, Tone, Type

TONES = {"pending": "calm", "held": "warm", "payable": "soft", "rejected": "late"}


@screen
def RewardsPage() -> ft.Control:
    """Show what the rewards come to, and each of them."""
    totals = hooks.use_query(rewards.reward_totals)
    shown = hooks.use_query(rewards.my_rewards)[:REWARDS_SHOWN]
    members = hooks.use_query(rewards.members_of, tuple(one.id for one in shown))
    if not shown:
        none = p.empty(ft.Icons.CARD_GIFTCARD_OUTLINED, t("commission.no_rewards"), t("commission.no_rewards_why"))
        return p.frame(t("commission.rewards"), [p.unfinished() if p.is_partial() else none])
    strip = p.stat_strip([
        (money(totals.payable_fen, exact=True), t("commission.reward_payable")),
        (money(totals.open_fen, exact=True), t("commission.reward_open")),
        (str(totals.flagged), t("commission.reward_flagged")),
    ])  # fmt: skip
    note = p.txt(t("commission.rewards_why"), Type.META)
    rows = [_row(one, who.name) for one, who in zip(shown, members, strict=False)]
    return p.frame(t("commission.rewards"), [strip, note, p.group(rows)])


REWARDS_SHOWN = 20  # in one card; the newest first


def _row(one: ActionReward, who: str) -> ft.Control:
    ui = sessions.current()
    kind = t(f"commission.reward_kind_{one.kind}")
    facts = p.dots(reason_head(one), kind if who else None, date_short(one.made_at))  # the reason is never what is cut
    amount = ft.Column(
        [p.txt(money(one.amount_fen, exact=True), Type.ROW, no_wrap=True),
         p.txt(t(f"commission.reward_{one.state}"), Type.META, no_wrap=True)],
        spacing=2, horizontal_alignment=ft.CrossAxisAlignment.END, alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    icon = ft.Icons.FLAG_OUTLINED if one.flags and one.state in OPEN else ft.Icons.CARD_GIFTCARD_OUTLINED
    return p.list_row(
        who or kind, facts,
        leading=ft.Icon(icon, color=Tone.LATE if icon is ft.Icons.FLAG_OUTLINED else Tone.QUIET), fact=amount,
        on_click=lambda: ui.open(f"/commission/rewards/{one.id}"),
    )  # fmt: skip


@screen
def RewardPage(reward_id: str) -> ft.Control:
    """Show one reward: the one reason, whom it is about, what happens next; a flagged one may be answered once."""
    return _Reward(reward_id, key=reward_id)


@screen
def _Reward(reward_id: str) -> ft.Control:
    one = hooks.use_query(rewards.reward, reward_id)
    members = hooks.use_query(rewards.members_of, (reward_id, *(one.near if one else ())))
    managers = hooks.use_query(brand.managers_of, one.store_id if one else "")
    hooks.use_strings()
    if one is None:
        gone = p.empty(ft.Icons.CARD_GIFTCARD_OUTLINED, t("commission.no_reward"), t("commission.gone_why"))
        return p.frame(t("commission.reward"), [gone])
    names = p.dots(*(who.name for who in managers))
    manager = t("commission.manager_named", names=names) if names else t("commission.the_manager")
    body = [_head(one), reason_card(one, names_of(members)), member_rows(members), next_card(one, manager)]
    if one.answer:
        body.append(p.card(p.fact(t("commission.my_answer"), one.answer)))
    elif waits_for_person(one):
        body.append(Answer(one.id))
    return p.frame(t("commission.reward"), body)


def _head(one: ActionReward) -> ft.Control:
    kind, state = t(f"commission.reward_kind_{one.kind}"), t(f"commission.reward_{one.state}")
    first = p.ends(p.txt(kind, Type.BODY, Tone.QUIET), p.pill(state, TONES[one.state]))
    made = f"{t('commission.reward_made')} {date_short(one.made_at)}"
    decided = f"{t('commission.decided_at')} {date_short(one.decided_at)}" if one.decided_at else None
    lines = [first, p.txt(money(one.amount_fen, exact=True), Type.DISPLAY), p.txt(p.dots(made, decided), Type.META)]
    return ft.Column(lines, spacing=2)


@screen
def Answer(reward_id: str) -> ft.Control:
    """Let the guide say once how it was."""
    text, set_text = hooks.use_kept("answer", "")
    submit, busy = hooks.use_mutation()

    def send() -> None:
        submit(AnswerFlag(reward_id, text.strip()), done="commission.answered")

    field = p.text_field(
        t("commission.answer_field"), text, set_text, lines=2, max_length=ANSWER_MAX, counter=""
    )  # fmt: skip
    button = p.primary(t("commission.send_answer"), send if text.strip() else None, ft.Icons.SEND_OUTLINED, busy=busy)
    return p.card(ft.Column(
        [p.txt(t("commission.answer_title"), Type.SECTION), p.txt(t("commission.answer_once"), Type.META), field,
         ft.Row([button], alignment=ft.MainAxisAlignment.END)],
        spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    ))  # fmt: skip
