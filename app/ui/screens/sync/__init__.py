"""The sync page: how things stand, what waits, what went wrong, and the switch that cuts the network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import flet as ft

from app.domain.errors import GuideError
from app.mutations import dismiss_problem, retry_refused
from app.protocol.mutations import DismissRejected
from app.store.queries import work
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.sync.take import use_taking
from app.ui.strings import error_text, moment, t
from app.ui.theme import Space, Tone, Type

NAMED = 20  # of what waits, the first that are named


@screen
def SyncScreen() -> ft.Control:
    """Show the engine's state and the work it has."""
    ui, client, status = hooks.use_session(), hooks.use_client(), hooks.use_sync()
    waiting, refused = hooks.use_query(work.waiting), hooks.use_query(work.rejected)
    problems, again = hooks.use_query(work.problems), hooks.use_query(work.retryable)
    take = use_taking()
    now, look = hooks.use_now(), len(refused) + len(problems)
    last = moment(status.last_sync_at, now) if status.last_sync_at else t("sync.never")
    switch = p.switch_row(
        t("sync.work_offline"), t("sync.work_offline_why"), status.work_offline,
        lambda on: ui.run(client.engine.set_work_offline, on),
    )  # fmt: skip
    body: list[ft.Control] = [
        _state(status, ui.sync.settled),
        p.stat_strip(
            [
                (last, t("sync.last")),
                (str(len(waiting)), t("sync.waiting")),
                (str(look), t("sync.look"), Tone.LATE if look else None),
            ]
        ),
    ]
    if look:
        body.append(p.section(t("sync.refused_title")))
        body += [Problem(one, key=one.id) for one in problems]
        body += [Refused(one, one.id in again, key=one.id) for one in refused]
    if waiting:
        rows = [waiting_row(one, client.index, moment(one.at, now)) for one in waiting[:NAMED]]
        body += [p.section(t("sync.waiting_title")), p.group(rows)]
    if status.waiting > NAMED:
        body.append(p.txt(t("sync.waiting_more", n=status.waiting - NAMED), Type.META))
    body += [p.card(switch), p.quiet(t("sync.take_file"), take, ft.Icons.UPLOAD_FILE)]
    off = status.work_offline or status.state == "syncing"
    foot = p.primary(t("sync.now"), None if off else client.engine.kick, ft.Icons.SYNC)
    if status.state == "signed_out":
        foot = p.primary(t("sync.sign_in_again"), lambda: ui.run(_again, ui, client), ft.Icons.LOGIN)
    return p.frame(t("sync.title"), body, foot=ft.Row([ft.Container(foot, expand=True)]), tips=["sync"])


async def _again(ui: Any, client: Any) -> None:
    """Lock: the login asks for the PIN and goes to the server with it, and what waits is kept."""
    ui.ended = client.staff.staff_no
    await ui.installation.release(ui, client)
    if ui.client is client:  # the last session left with the store, and may have come in again meanwhile
        ui.leave()


def _state(status: Any, settled: str) -> ft.Control:
    """Say in one card how things stand, the gravest first."""
    if status.progress is not None and status.progress.total and not status.work_offline:
        return _progress(status.progress)
    tone, icon, title, text = _words(status, settled)
    return p.notice(title, text, tone=tone, icon=icon)


def _words(status: Any, settled: str) -> tuple[str, ft.IconData, str | None, str]:
    ended = {
        "revoked": ("late", ft.Icons.BLOCK, t("sync.state_revoked"), error_text("device_revoked")),
        "signed_out": ("warm", ft.Icons.LOCK_CLOCK_OUTLINED, t("sync.state_signed_out"), error_text("session_expired")),
    }
    found = ended.get(str(status.state))
    if found is None and status.work_offline:
        found = ("warm", ft.Icons.CLOUD_OFF_OUTLINED, t("sync.state_work_offline"), t("sync.safe_off"))
    if found is None and settled == "offline":
        away = status.problem and status.problem != "offline"
        why = error_text(status.problem) if away else t("sync.safe")
        found = ("warm", ft.Icons.CLOUD_OFF_OUTLINED, t("sync.state_offline"), why)
    if found is None and status.problem:
        found = ("warm", ft.Icons.INFO_OUTLINE, t("common.something_wrong"), error_text(status.problem))
    if found is None and status.waiting:
        title = t("sync.state_waiting", n=status.waiting)
        found = ("warm", ft.Icons.CLOUD_UPLOAD_OUTLINED, title, t("sync.safe"))
    return found or ("soft", ft.Icons.CLOUD_DONE_OUTLINED, None, t("sync.state_online"))


def _progress(progress: Any) -> ft.Control:
    words = t("sync.progress", done=progress.done, total=progress.total)
    rows = [p.txt(t("sync.state_syncing"), Type.ROW), p.bar(progress.done / progress.total), p.txt(words, Type.META)]
    return p.card(ft.Column(rows, spacing=Space.S))


def waiting_row(entry: work.Waiting, index: Any, when: str = "") -> ft.Control:
    """Return one unsent change in words: what was done, to whom, and when."""
    title = t(f"sync.do_{entry.name}")
    return p.list_row(
        title, _about(entry.subject, index), leading=ft.Icon(ft.Icons.SCHEDULE, color=Tone.QUIET), height=60, fact=when
    )


def _customer(subject: str | None) -> str | None:
    kind, _, row_id = (subject or "").partition("/")
    return row_id if kind == "customer" and row_id else None


def place_of(subject: str | None, role: str) -> str | None:
    """Return the page of what a piece of work is about, where it can be looked at or mended."""
    kind, _, row_id = (subject or "").partition("/")
    manages = role == "manager"
    places = {
        "customer": f"/customers/{row_id}",
        "coupon": f"/coupons/{row_id}",
        "action_reward": f"/team/rewards/{row_id}" if manages else f"/commission/rewards/{row_id}",
        "dispute": f"/team/disputes/{row_id}" if manages else "/commission/uncounted",
        "staff": f"/team/handover/{row_id}",
        "share": "/shares",
        "redemption": "/coupons/redeem",
    }
    return places.get(kind) if row_id else None


def _about(subject: str | None, index: Any) -> str:
    """Return the name of the customer a piece of work is about, or nothing."""
    customer_id = _customer(subject)
    row = index.get(customer_id) if index is not None and customer_id else None
    return row.name if row is not None else ""


@screen
def Problem(one: work.LocalProblem) -> ft.Control:
    """Show one thing that went wrong on this device; it stays until the guide has seen it."""
    ui, now = hooks.use_session(), hooks.use_now()
    client = hooks.use_client()
    count = one.params.get("count") if one.code == "key_lost" else None
    text = t("sync.key_lost", n=int(count)) if count else error_text(one.code, one.params)
    seen = p.secondary(t("sync.seen"), lambda: ui.run(_told, dismiss_problem, client, one.id))
    return p.notice(moment(one.at, now), text, tone="late", icon=ft.Icons.REPORT_OUTLINED, action=seen)


async def _told(job: Callable[..., Awaitable[Any]], *args: Any) -> bool:
    """Do something that may be refused; a refusal becomes a sentence. Return whether it was done."""
    try:
        await job(*args)
    except GuideError as error:
        p.say(error_text(error), refused=True)
        return False
    return True


async def _retry(client: Any, rejected_id: str) -> None:
    """Send it anew; the rules are asked again, and may still say no."""
    if await _told(retry_refused, client, rejected_id):
        p.say(t("sync.retried"))


@screen
def Refused(one: Any, again: bool) -> ft.Control:
    """Show one refused piece of work with its reason; it stays until it is tried again or the guide has seen it.

    `again`: what it said is on this device. On another one it can only be opened or removed.
    """
    ui, client = hooks.use_session(), hooks.use_client()
    submit, busy = hooks.use_mutation()
    head = p.dots(t(f"sync.do_{one.name}"), _about(one.subject, client.index))
    buttons: list[ft.Control] = []
    if again:
        buttons.append(p.secondary(t("sync.retry"), None if busy else lambda: ui.run(_retry, client, one.id)))
    place = place_of(one.subject, ui.role)
    if place:
        buttons.append(p.quiet(t("sync.open_it"), lambda: ui.open(place)))
    removing = p.quiet if again else p.secondary
    buttons.append(removing(t("sync.discard"), None if busy else lambda: submit(DismissRejected(one.id))))
    return p.notice(
        head, error_text(one.code, one.params), tone="late", icon=ft.Icons.BLOCK,
        action=ft.Row(buttons, spacing=Space.S, wrap=True),
    )  # fmt: skip
