"""Statements: closed months with opening, lines and closing balance, checked on this phone, to be sent on."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from app.domain.instants import from_text
from app.insight import money as rules
from app.protocol.objects import CommissionEntry, Statement
from app.store.queries import commission, products
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.commission.exporting import CSV, PICTURE, Sheet, send
from app.ui.screens.commission.rows import Line, entry_row, line_at
from app.ui.screens.commission.view import names_in, signed
from app.ui.strings import Strings, date_short, money, t
from app.ui.theme import Space, Tone, Type

DIGEST_SHOWN = 8
CHECKS = {
    rules.CHECKED: ("soft", ft.Icons.VERIFIED_OUTLINED),
    rules.PARTIAL: ("warm", ft.Icons.CLOUD_DOWNLOAD_OUTLINED),
    rules.WRONG: ("late", ft.Icons.GPP_BAD_OUTLINED),
}


@screen
def StatementsPage() -> ft.Control:
    """List the closed months, newest first."""
    found = hooks.use_query(commission.statements)
    if not found:
        none = p.empty(
            ft.Icons.ACCOUNT_BALANCE_WALLET_OUTLINED, t("commission.no_statements"), t("commission.no_statements_why")
        )
        return p.frame(t("commission.statements"), [p.unfinished() if p.is_partial() else none])
    why = p.txt(t("commission.balance_why"), Type.META)
    return p.frame(t("commission.statements"), [p.group([_row(one) for one in found]), why])


def _row(one: Statement) -> ft.Control:
    ui = sessions.current()
    meta = t("commission.count", n=one.entries)
    amount = ft.Column(
        [p.txt(signed(one.closing_fen - one.opening_fen), Type.ROW, no_wrap=True),
         p.txt(t("commission.balance", amount=money(one.closing_fen, exact=True)), Type.META, no_wrap=True)],
        spacing=2, horizontal_alignment=ft.CrossAxisAlignment.END, alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    return p.list_row(
        _month(one.month), meta, fact=amount, on_click=lambda: ui.open(f"/commission/statements/{one.month}"),
        trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET),
    )  # fmt: skip


def _month(text: str) -> str:
    return sessions.current().strings.month(f"{text}-01")


@screen
def StatementPage(month: str) -> ft.Control:
    """Show one closed month."""
    strings, client = hooks.use_strings(), hooks.use_client()
    statement = hooks.use_query(commission.statement_of, month)
    entries = hooks.use_query(commission.statement_entries, statement.id if statement else "")
    names = names_in(hooks.use_query(products.products), strings)
    check = ft.use_memo(
        lambda: rules.check_statement(statement, entries) if statement else rules.PARTIAL, [statement, entries]
    )
    busy, set_busy = ft.use_state("")
    ui = hooks.use_session()
    if statement is None:
        gone = p.empty(ft.Icons.RECEIPT_LONG_OUTLINED, t("commission.no_statement"), t("commission.no_statement_why"))
        return p.frame(t("commission.statement"), [gone])
    lines = tuple(_line(one, strings, names) for one in entries)
    sheet = Sheet(statement, tuple(entries), check, client.staff.name, client.staff.staff_no, names)

    def export(form: str) -> None:
        async def job() -> None:
            try:
                await send(ui, sheet, form)
            finally:
                set_busy("")

        set_busy(form)
        ui.run(job)

    gutter = p.gutter()
    head = ft.Container(
        ft.Column([_balance(statement, entries), _checked(statement, check, len(entries)),
                   p.section(t("commission.lines"), t("commission.count", n=len(entries)))], spacing=Space.M),
        padding=ft.Padding.symmetric(horizontal=gutter, vertical=Space.XS),
    )  # fmt: skip
    foot = ft.Row(
        [p.primary(t("commission.as_picture"), lambda: export(PICTURE), ft.Icons.IMAGE_OUTLINED, busy=bool(busy),
                   expand=1),
         p.secondary(t("commission.as_csv"), None if busy else lambda: export(CSV), ft.Icons.TABLE_VIEW_OUTLINED,
                     expand=1)],
        spacing=Space.M,
    )  # fmt: skip
    listed = p.VirtualList(
        lines, _entry, header=head, padding=ft.Padding.only(bottom=Space.XL), mark=strings.language, chunk=2, key=month
    )
    over = p.dots(t("commission.statement"), t("commission.closed_on", day=date_short(statement.closed_at)))
    return p.frame(strings.month(f"{month}-01"), listed, over=over, scroll=False, foot=foot)


def _line(entry: CommissionEntry, strings: Strings, names: dict[str, str]) -> Line:
    when = strings.date_short(from_text(entry.confirmed_at or entry.created_at))
    return line_at(entry, when, strings, names)


def _entry(line: Line) -> ft.Control:
    return ft.Container(entry_row(line), padding=ft.Padding.symmetric(horizontal=p.gutter() - Space.M))


def _balance(statement: Statement, entries: Sequence[CommissionEntry]) -> ft.Control:
    sums = {kind: sum(one.amount_fen for one in entries if one.kind == kind) for kind in dict.fromkeys(
        one.kind for one in entries)}  # fmt: skip
    rows = [
        p.fact(t("commission.opening"), money(statement.opening_fen, exact=True)),
        *(p.fact(t(f"commission.kind_{kind}"), signed(fen)) for kind, fen in sums.items()),
        ft.Divider(height=1, thickness=1, color=Tone.LINE),
        p.ends(p.txt(t("commission.closing"), Type.ROW),
               p.txt(money(statement.closing_fen, exact=True), Type.FIGURE, Tone.ACTION)),
        p.txt(t("commission.balance_why"), Type.META),
        p.txt(t("commission.statement_counts"), Type.META),
    ]  # fmt: skip
    return p.card(ft.Column(rows, spacing=Space.S))


def _checked(statement: Statement, check: str, here: int) -> ft.Control:
    tone, icon = CHECKS[check]
    code = statement.digest[:DIGEST_SHOWN]  # told only where the manager is asked to look
    why = t(f"commission.check_{check}_why", here=here, n=statement.entries, code=code)
    return p.notice(t(f"commission.check_{check}"), why, tone=tone, icon=icon)
