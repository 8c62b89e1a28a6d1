"""Action rewards in their own ledger: held, payable, rejected; flags explained and answered (rules 4.10, 8)."""

from __future__ import annotations

import flet as ft

from app.domain.action_reward import ANSWER_MAX
from app.protocol.mutations import AnswerFlag
from app.protocol.objects import ActionReward
from app.store.queries import rewards
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.strings import current, date_short, money, t
from app.ui.theme import Space, Tone, Type

TONES = {"pending": "calm", "held": "warm", "payable": "soft", "rejected": "late"}
OPEN = ("pending", "held")


@screen
def RewardsPage() -> ft.Control:
    """Show what the rewards come to, and each of them."""
    totals = hooks.use_query(rewards.reward_totals)
    found = hooks.use_query(rewards.my_rewards)
    if not found:
        none = p.empty(ft.Icons.CARD_GIFTCARD_OUTLINED, t("commission.no_rewards"), t("commission.no_rewards_why"))
        return p.frame(t("commission.rewards"), [p.unfinished() if p.is_partial() else none])
    strip = p.stat_strip([
        (money(totals.payable_fen, exact=True), t("commission.reward_payable")),
        (money(totals.open_fen, exact=True), t("commission.reward_open")),
        (str(totals.flagged), t("commission.reward_flagged")),
    ])  # fmt: skip
    note = p.txt(t("commission.rewards_why"), Type.META)
    return p.frame(t("commission.rewards"), [strip, note, p.group([_row(one) for one in found[:REWARDS_SHOWN]])])


REWARDS_SHOWN = 20  # in one card; the newest first


def _row(one: ActionReward) -> ft.Control:
    ui = sessions.current()
    facts = p.dots(date_short(one.made_at), state_words(one))
    amount = ft.Column(
        [p.txt(money(one.amount_fen, exact=True), Type.ROW, no_wrap=True),
         p.txt(t(f"commission.reward_{one.state}"), Type.META, no_wrap=True)],
        spacing=2, horizontal_alignment=ft.CrossAxisAlignment.END, alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    icon = ft.Icons.FLAG_OUTLINED if one.flags and one.state in OPEN else ft.Icons.CARD_GIFTCARD_OUTLINED
    return p.list_row(
        t(f"commission.reward_kind_{one.kind}"), facts,
        leading=ft.Icon(icon, color=Tone.LATE if icon is ft.Icons.FLAG_OUTLINED else Tone.QUIET), fact=amount,
        on_click=lambda: ui.open(f"/commission/rewards/{one.id}"),
    )  # fmt: skip


def state_words(one: ActionReward) -> str | None:
    """Return in a few words why a reward is where it is."""
    key = f"commission.reward_reason_{one.reason}"
    return t(key) if one.reason and current().has(key) else None


@screen
def RewardPage(reward_id: str) -> ft.Control:
    """Show one reward with its flags; a flagged one may be answered once."""
    return _Reward(reward_id, key=reward_id)


@screen
def _Reward(reward_id: str) -> ft.Control:
    one = hooks.use_query(rewards.reward, reward_id)
    if one is None:
        gone = p.empty(ft.Icons.CARD_GIFTCARD_OUTLINED, t("commission.no_reward"), t("commission.gone_why"))
        return p.frame(t("commission.reward"), [gone])
    kind, state = t(f"commission.reward_kind_{one.kind}"), t(f"commission.reward_{one.state}")
    first = p.ends(p.txt(kind, Type.BODY, Tone.QUIET), p.pill(state, TONES[one.state]))
    head = ft.Column([first, p.txt(money(one.amount_fen, exact=True), Type.DISPLAY)], spacing=2)
    facts = [p.fact(t("commission.reward_made"), date_short(one.made_at))]
    if one.held_until and one.state in OPEN:
        facts.append(p.fact(t("commission.reward_until"), date_short(one.held_until)))
    why = state_words(one)
    if why:
        facts.append(p.fact(t("commission.reward_why"), why))
    if one.decided_at:
        facts.append(p.fact(t("commission.decided_at"), date_short(one.decided_at)))
    body = [head, p.card(ft.Column(facts, spacing=Space.M)), *(flag_note(flag) for flag in one.flags)]
    if one.answer:
        body.append(p.card(p.fact(t("commission.my_answer"), one.answer)))
    elif one.state in OPEN and (one.flags or one.reason == "over_cap"):
        body.append(Answer(one.id))
    return p.frame(t("commission.reward"), body)


def flag_note(flag: str) -> ft.Control:
    """Return a flag with what it means."""
    return p.notice(t(f"commission.flag_{flag}"), t(f"commission.flag_{flag}_why"), icon=ft.Icons.FLAG_OUTLINED)


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
