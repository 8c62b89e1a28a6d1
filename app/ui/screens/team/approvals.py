"""What waits for the manager: questions about orders and flagged rewards, each with its evidence (feature F4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flet as ft

from app.protocol.limits import DISPUTE_TEXT_MAX
from app.protocol.mutations import DecideDispute, DecideReward
from app.protocol.objects import RejectedMutation, TeamDispute, TeamReward
from app.store.queries import brand, commission, rewards, work
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.commission.evidence import evidence_rows
from app.ui.screens.commission.orders import DISPUTE_TONES, verdict_head
from app.ui.screens.commission.reward_words import OPEN, joined, reason_card, reason_head
from app.ui.screens.commission.rewards import TONES
from app.ui.screens.commission.view import signed
from app.ui.strings import current, date_short, money, t
from app.ui.theme import Space, Tone, Type

WIDE = ft.CrossAxisAlignment.STRETCH
MEMBERS_SHOWN = 6
SHOWN = 20  # of each kind; those to be decided come first


def use_waiting() -> tuple[list[TeamDispute], list[TeamReward]]:
    """Return what is still to be decided. A hook."""
    disputes = hooks.use_query(commission.team_disputes)
    flagged = hooks.use_query(rewards.team_rewards)
    return [one for one in disputes if one.state == "asked"], [one for one in flagged if one.state in OPEN]


@screen
def Waiting() -> ft.Control:
    """Show one line that leads to what waits; nothing when nothing does."""
    disputes, flagged = use_waiting()
    ui = hooks.use_session()
    count = len(disputes) + len(flagged)
    title = t("team.approvals_waiting", n=count) if count else t("team.approvals")
    row = p.list_row(
        title, t("team.approvals_why") if count else t("team.approvals_none"),
        leading=ft.Icon(ft.Icons.RULE, color=Tone.ACTION if count else Tone.QUIET),
        on_click=lambda: ui.select("/team/approvals"),
        trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET),
    )  # fmt: skip
    return p.card(row, padding=0)


@screen
def ApprovalsPage() -> ft.Control:
    """List questions about orders and flagged rewards, those to be decided first."""
    disputes = hooks.use_query(commission.team_disputes, SHOWN)
    flagged = hooks.use_query(rewards.team_rewards, SHOWN)
    names = hooks.use_query(brand.staff_names, tuple(sorted({one.guide_id for one in (*disputes, *flagged)})))
    if not disputes and not flagged:
        none = p.empty(ft.Icons.TASK_ALT, t("team.approvals_none"), t("team.approvals_none_why"))
        return p.frame(t("team.approvals"), [p.unfinished() if p.is_partial() else none])
    body: list[ft.Control] = []
    if disputes:
        body += [p.section(t("team.disputes")), p.group([_dispute_row(one, names) for one in disputes])]
    if flagged:
        body += [p.section(t("team.rewards")), p.group([_reward_row(one, names) for one in flagged])]
    return p.frame(t("team.approvals"), body)


def _name(staff_id: str | None, names: Mapping[str, str]) -> str:
    return names.get(staff_id or "", "") or t("commission.another_guide")


def _dispute_row(one: TeamDispute, names: Mapping[str, str]) -> ft.Control:
    ui = sessions.current()
    why = t(f"commission.why_{one.evidence['reason']}") if one.evidence.get("reason") else None
    return p.list_row(
        p.dots(_name(one.guide_id, names), one.order_no), p.dots(date_short(one.asked_at), why),
        leading=p.avatar(_name(one.guide_id, names), one.guide_id, 40),
        fact=p.pill(t(f"commission.dispute_{one.state}"), DISPUTE_TONES[one.state]),
        on_click=lambda: ui.open(f"/team/disputes/{one.id}"),
    )  # fmt: skip


def _reward_row(one: TeamReward, names: Mapping[str, str]) -> ft.Control:
    ui = sessions.current()
    title = p.dots(_name(one.guide_id, names), t(f"commission.reward_kind_{one.kind}"))
    return p.list_row(
        title, p.dots(date_short(one.made_at), reason_head(one)),
        leading=p.avatar(_name(one.guide_id, names), one.guide_id, 40),
        fact=p.pill(t(f"commission.reward_{one.state}"), TONES[one.state]),
        on_click=lambda: ui.open(f"/team/rewards/{one.id}"),
    )  # fmt: skip


# --- one question --------------------------------------------------------------------------


@screen
def DisputePage(dispute_id: str) -> ft.Control:
    """Show a question with its evidence and decide it, with no network too."""
    return _Dispute(dispute_id, key=dispute_id)


@screen
def _Dispute(dispute_id: str) -> ft.Control:
    one = hooks.use_query(commission.team_dispute, dispute_id)
    team: Mapping[str, Any] = (one.evidence.get("team") or {}) if one else {}
    ids = {row["guide_id"] for row in (*team.get("earners", ()), *team.get("moves", ()))}
    known = tuple(sorted(ids | ({one.guide_id, one.decided_by or ""} if one else set())))
    names = hooks.use_query(brand.staff_names, known)
    refused = hooks.use_query(work.rejected_about, f"dispute/{dispute_id}")
    if one is None:
        gone = p.empty(ft.Icons.RULE, t("team.dispute_gone"), t("commission.gone_why"))
        return p.frame(t("team.dispute"), [gone])
    body = [*(_refused(row) for row in refused), _question(one, names), _evidence(one), *_money(team, names)]
    if one.state == "asked":
        body.append(Decide(one.id, str(team.get("blocked") or ""), key=f"decide/{one.id}"))
    return p.frame(t("team.dispute"), body)


def _refused(row: RejectedMutation) -> ft.Control:
    return p.refused_note(row.code, row.params)


def _question(one: TeamDispute, names: Mapping[str, str]) -> ft.Control:
    head = ft.Row(
        [p.avatar(_name(one.guide_id, names), one.guide_id),
         ft.Column([p.txt(_name(one.guide_id, names), Type.NAME),
                    p.txt(p.dots(one.order_no, date_short(one.asked_at)), Type.META)], spacing=0, expand=True),
         p.pill(t(f"commission.dispute_{one.state}"), DISPUTE_TONES[one.state])],
        spacing=Space.M,
    )  # fmt: skip
    lines = [head, *([p.txt(one.text, Type.LEAD)] if one.text else [])]
    if one.decided_at:
        lines.append(p.fact(_name(one.decided_by, names), date_short(one.decided_at)))
    if one.answer:
        lines.append(p.fact(t("commission.answer"), one.answer))
    return p.card(ft.Column(lines, spacing=Space.M))


def _evidence(one: TeamDispute) -> ft.Control:
    evidence = one.evidence
    if not evidence.get("reason"):
        return p.card(p.txt(t("commission.evidence_coming"), Type.BODY, Tone.QUIET))
    whose = {"me": "asker"}
    told = evidence | {
        part: whose.get(evidence[part], evidence[part]) for part in ("closing", "bound") if part in evidence
    }
    rows = evidence_rows(told, {})
    return p.card(ft.Column([verdict_head(evidence["reason"], evidence.get("rule", "")), *rows], spacing=Space.M))


def _money(team: Mapping[str, Any], names: Mapping[str, str]) -> list[ft.Control]:
    lines: list[ft.Control] = []
    if team.get("earners"):
        lines.append(p.txt(t("team.earns_now"), Type.SECTION))
        lines += [p.fact(_name(row["guide_id"], names), money(row["fen"], exact=True)) for row in team["earners"]]
    if team.get("moves"):
        lines.append(p.txt(t("team.would_move"), Type.SECTION))
        lines += [
            p.fact(
                _name(row["guide_id"], names),
                p.txt(signed(row["fen"]), Type.ROW, Tone.LATE if row["fen"] < 0 else None),
            )
            for row in team["moves"]
        ]
        lines.append(p.txt(t("team.would_move_why"), Type.META))
    return [p.card(ft.Column(lines, spacing=Space.M))] if lines else []


@screen
def Decide(dispute_id: str, blocked: str) -> ft.Control:
    """Accept or refuse, with a word for the guide."""
    text, set_text = hooks.use_kept("answer", "")
    submit, busy = hooks.use_mutation()

    def decide(accept: bool) -> None:
        submit(DecideDispute(dispute_id, accept, text.strip()), done="team.decided")

    can_accept = not blocked and not busy
    note = [p.notice(t("team.cannot_accept"), current().error(blocked), icon=ft.Icons.INFO_OUTLINE)] if blocked else []
    field = p.text_field(t("team.answer_field"), text, set_text, lines=2, max_length=DISPUTE_TEXT_MAX, counter="")
    buttons = ft.Row(
        [p.secondary(t("team.refuse"), None if busy else lambda: decide(False), expand=1),
         p.primary(t("team.accept"), (lambda: decide(True)) if can_accept else None, ft.Icons.CHECK, busy=busy,
                   expand=1)],
        spacing=Space.M,
    )  # fmt: skip
    return ft.Column(
        [*note, p.card(ft.Column([field, buttons], spacing=Space.M, horizontal_alignment=WIDE))], spacing=Space.M
    )


# --- one reward ----------------------------------------------------------------------------


@screen
def TeamRewardPage(reward_id: str) -> ft.Control:
    """Show a flagged reward with its flags and the guide's answer, and decide it."""
    return _TeamReward(reward_id, key=reward_id)


@screen
def _TeamReward(reward_id: str) -> ft.Control:
    one = hooks.use_query(rewards.team_reward, reward_id)
    names = hooks.use_query(brand.staff_names, (one.guide_id,) if one else ())
    others = hooks.use_query(rewards.team_rewards_by_ids, tuple(one.near) if one else ())
    refused = hooks.use_query(work.rejected_about, f"action_reward/{reward_id}")
    text, set_text = hooks.use_kept("answer", "")
    submit, busy = hooks.use_mutation()
    if one is None:
        gone = p.empty(ft.Icons.RULE, t("commission.no_reward"), t("commission.gone_why"))
        return p.frame(t("commission.reward"), [gone])
    head = ft.Row(
        [p.avatar(_name(one.guide_id, names), one.guide_id),
         ft.Column([p.txt(_name(one.guide_id, names), Type.NAME),
                    p.txt(p.dots(t(f"commission.reward_kind_{one.kind}"), date_short(one.made_at)), Type.META)],
                   spacing=0, expand=True),
         p.txt(money(one.amount_fen, exact=True), Type.FIGURE)],
        spacing=Space.M,
    )  # fmt: skip
    guide = _name(one.guide_id, names)
    body = [*(_refused(row) for row in refused), p.card(head), reason_card(one, None)]
    body.append(_same_time(one, others, guide))
    body.append(p.card(p.fact(t("team.guides_answer"), one.answer or t("team.no_answer"))))
    if one.state not in OPEN:
        return p.frame(
            t("commission.reward"), [*body, p.card(p.fact(t("team.decision"), t(f"commission.reward_{one.state}")))]
        )

    def decide(pay: bool) -> None:
        submit(DecideReward(reward_id, pay, text.strip()), done="team.decided")

    field = p.text_field(t("team.answer_field"), text, set_text, lines=2, max_length=DISPUTE_TEXT_MAX, counter="")
    buttons = ft.Row(
        [p.secondary(t("team.reject_reward"), None if busy else lambda: decide(False), expand=1),
         p.primary(t("team.pay_reward"), None if busy else lambda: decide(True), ft.Icons.CHECK, busy=busy, expand=1)],
        spacing=Space.M,
    )  # fmt: skip
    return p.frame(
        t("commission.reward"), [*body, p.card(ft.Column([field, buttons], spacing=Space.M, horizontal_alignment=WIDE))]
    )


def _same_time(one: TeamReward, others: Sequence[TeamReward], guide: str) -> ft.Control:
    """Return when these members joined, without a name: those are on their guide's phone alone."""
    now = sessions.current().clock.now()
    facts: list[ft.Control] = [p.fact(t("team.this_member"), joined(one.made_at, now))]
    facts += [
        p.fact(t("team.other_member"), p.dots(joined(other.made_at, now), t(f"commission.reward_{other.state}")))
        for other in others[:MEMBERS_SHOWN]
    ]
    if len(others) > MEMBERS_SHOWN:
        facts.append(p.txt(t("commission.more_members", n=len(others) - MEMBERS_SHOWN), Type.META))
    facts.append(p.txt(t("team.members_why", guide=guide), Type.META))
    return p.card(ft.Column(facts, spacing=Space.M))
