"""From a statement to the messenger or a file: a picture, or CSV; nothing personal of customers in either."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from app.device.ports import DISMISSED, SAVED
from app.domain.errors import GuideError
from app.domain.instants import from_text
from app.insight.export import csv_bytes, earned_and_taken, yuan
from app.posters.render import write_fault
from app.posters.statement import ROWS_MAX, StatementRow, StatementSpec, make_statement
from app.protocol.objects import CommissionEntry, Statement
from app.store.queries import brand
from app.ui import session as sessions
from app.ui.parts import say
from app.ui.screens.commission.rows import facts, label_of
from app.ui.screens.commission.view import signed
from app.ui.strings import Strings, error_text, t

PICTURE, CSV = "picture", "csv"
MIME = {PICTURE: "image/png", CSV: "text/csv"}
ENDING = {PICTURE: "png", CSV: "csv"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A statement with all that its export shows."""

    statement: Statement
    entries: tuple[CommissionEntry, ...]
    check: str
    owner: str
    staff_no: str
    names: Mapping[str, str]


async def send(ui: sessions.UiSession, sheet: Sheet, form: str) -> None:
    """Make the file and hand it over like a poster; say what happened."""
    name = f"daogou-{sheet.staff_no}-{sheet.statement.month}.{ENDING[form]}"
    try:
        if form == PICTURE:
            data = await asyncio.to_thread(make_statement, spec_of(ui.client.store.read, sheet, ui.strings))
        else:
            data = csv_bytes(csv_rows(sheet, ui.strings))
        how = await ui.ports.share.file(name, data, MIME[form])
    except GuideError as error:
        say(error_text(error), refused=True)
        return
    except (RuntimeError, OSError) as error:
        say(error_text(write_fault(error)), refused=True)
        return
    key = {DISMISSED: "commission.not_exported", SAVED: "commission.export_saved"}.get(how, "commission.export_sent")
    say(t(key, name=name))


def csv_rows(sheet: Sheet, strings: Strings) -> list[list[str]]:
    """Return the statement as rows: its head, a line an entry, its closing."""
    one = sheet.statement
    head = [
        [strings.t("commission.statement"), one.month],
        [strings.t("commission.owner"), f"{sheet.owner} {sheet.staff_no}"],
        [strings.t("commission.opening"), *earned_and_taken(one.opening_fen)],
        [strings.t(f"commission.csv_{name}") for name in ("at", "order", "label", "kind", "role", "base", "in", "out")],
    ]
    rows = [
        [
            entry.confirmed_at or "",
            entry.order_no,
            label_of(entry, strings, dict(sheet.names)),
            strings.t(f"commission.kind_{entry.kind}"),
            strings.t(f"commission.role_{entry.role}"),
            yuan(entry.base_fen),
            *earned_and_taken(entry.amount_fen),
        ]
        for entry in sheet.entries
    ]
    foot = [
        [strings.t("commission.closing"), *earned_and_taken(one.closing_fen)],
        [strings.t("commission.csv_digest"), one.digest],
    ]
    return [*head, *rows, *foot]


def spec_of(read: object, sheet: Sheet, strings: Strings) -> StatementSpec:
    """Return the statement as a picture shows it."""
    setting = brand.brand_setting(read)  # type: ignore[arg-type]
    one = sheet.statement
    count = strings.t("commission.count", n=len(sheet.entries))
    hidden = len(sheet.entries) - ROWS_MAX
    return StatementSpec(
        brand="" if setting is None else setting.brand if strings.is_chinese else setting.brand_en,
        title=f"{strings.month(one.month + '-01')} {strings.t('commission.statement')}",
        owner=" · ".join((f"{sheet.owner} {sheet.staff_no}", count)),
        facts=(
            (strings.t("commission.opening"), strings.money(one.opening_fen, exact=True)),
            (strings.t("commission.earned"), signed(one.closing_fen - one.opening_fen)),
            (strings.t("commission.closing"), strings.money(one.closing_fen, exact=True)),
        ),
        rows=tuple(_picture_row(entry, sheet, strings) for entry in sheet.entries),
        more=strings.t("commission.more_rows", n=hidden) if hidden > 0 else "",
        foot=(strings.t(f"commission.check_{sheet.check}"), f"SHA-256 {one.digest}"),
    )


def _picture_row(entry: CommissionEntry, sheet: Sheet, strings: Strings) -> StatementRow:
    when = strings.date_short(from_text(entry.confirmed_at or entry.created_at))
    meta = " · ".join(
        part for part in (when, entry.order_no, facts(entry.kind, entry.role, entry.sleep, strings)) if part
    )
    return StatementRow(
        label_of(entry, strings, dict(sheet.names)), meta, signed(entry.amount_fen), entry.amount_fen < 0
    )
