"""Report a problem: the guide's words, everything that goes with them shown before, handed to the share sheet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import flet as ft

from app.device.ports import COPIED, DISMISSED, SAVED
from app.domain.errors import GuideError
from app.insight.report import Report, gather
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import error_text, t
from app.ui.theme import Radius, Space, Tone, Type

WORDS_MAX = 2_000
MIME = "text/plain"


@screen
def ReportScreen() -> ft.Control:
    """Ask what happened, show what is sent, and hand it over; no network is needed."""
    ui, client, status = hooks.use_session(), hooks.use_client(), hooks.use_sync()
    words, set_words = ft.use_state("")
    whole, set_whole = ft.use_state(False)
    busy, set_busy = ft.use_state(False)
    now = hooks.use_now()
    stands = [id(client), status.state, status.waiting, status.refused, status.problems, status.problem]
    report = ft.use_memo(lambda: _gather(ui, client, status), stands)

    async def hand(how: Any) -> None:
        set_busy(True)
        try:
            if await how(ui, file_name(now), report.text(words).encode()):
                set_words("")
        except GuideError as error:
            p.say(error_text(error), refused=True)
        set_busy(False)

    ready = bool(words.strip()) and not busy
    body = [
        p.text_field(t("help.what"), words, set_words, lines=4, max_length=WORDS_MAX),
        p.txt(t("help.what_hint"), Type.META),
        p.section(t("help.sent")),
        _facts(report),
        p.quiet(t("help.hide_all" if whole else "help.show_all"), lambda: set_whole(not whole), ft.Icons.NOTES),
        *([_whole(report.text(words))] if whole else []),
        p.notice(None, t("help.masked"), tone="soft", icon=ft.Icons.SHIELD_OUTLINED),
    ]
    foot = ft.Row(
        [
            ft.Container(p.secondary(t("help.save"), (lambda: ui.run(hand, _save)) if ready else None), expand=1),
            ft.Container(
                p.primary(t("help.share"), (lambda: ui.run(hand, _share)) if ready else None, busy=busy), expand=1
            ),
        ],
        spacing=Space.M,
    )
    return p.frame(t("help.report"), body, foot=foot)


def _gather(ui: Any, client: Any, status: Any) -> Report:
    installation, prefs = ui.installation, ui.prefs
    where = "web" if ui.page.web else str(getattr(ui.page.platform, "value", ui.page.platform))
    looks = (
        f"{where}, {ui.layout.kind} {int(ui.page.width or 0)}x{int(ui.page.height or 0)}, {prefs.spoken}, {prefs.theme}"
    )
    people = (row.name for row in client.index.search()) if client.index is not None else ()
    return gather(
        client.store.read, status, [client.staff.name, *people], version=installation.version, looks=looks,
        log_folder=installation.settings.home / "app" / "log",
    )  # fmt: skip


def file_name(now: datetime) -> str:
    """Return the report's name as a file."""
    return f"daogou-report-{now:%Y%m%d-%H%M}.txt"


async def _share(ui: Any, name: str, data: bytes) -> bool:
    how = await ui.ports.share.file(name, data, MIME)
    p.say(t({SAVED: "help.saved", COPIED: "help.saved", DISMISSED: "help.not_sent"}.get(how, "help.shared")))
    return bool(how != DISMISSED)


async def _save(ui: Any, name: str, data: bytes) -> bool:
    saved = bool(await ui.ports.files.save(name, data))
    p.say(t("help.saved" if saved else "help.not_sent"))
    return saved


def _facts(report: Report) -> ft.Control:
    codes = sorted({line.split()[-1] for line in report.refusals})
    facts = [
        p.fact(t("help.version"), report.version),
        p.fact(t("help.platform"), report.platform),
        p.fact(t("help.state"), report.state.split(",")[0]),
        p.fact(t("help.refusals"), ", ".join(codes) or t("help.none")),
        p.fact(t("help.log"), t("help.log_lines", n=len(report.log))),
    ]
    return p.card(ft.Column(facts, spacing=Space.M))


def _whole(text: str) -> ft.Control:
    return ft.Container(
        p.txt(text, Type.META, Tone.TEXT, selectable=True), bgcolor=Tone.FILL, border_radius=Radius.M, padding=Space.M
    )
