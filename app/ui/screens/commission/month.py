"""The Commission root: today, the month with its states and trend, the newest entries, what the next sale is worth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import flet as ft

from app.domain.calendar_days import day_of, day_range
from app.domain.commission import tier_fen, tier_parts
from app.domain.what_if import Sale
from app.insight.money import Outlook, outlook
from app.store.queries import commission, products
from app.store.queries.commission import CommissionTotals, DayAmount
from app.ui import hooks, routes
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.commission.marks import amount, disc
from app.ui.screens.commission.rows import entry_row, line_of
from app.ui.screens.commission.steps import percent_of, rule_name
from app.ui.screens.commission.view import (
    CommissionView,
    Filters,
    days_of,
    month_day,
    month_span,
    names_in,
    signed,
    span,
    trend_bounds,
)
from app.ui.strings import current, date_short, money, month, t
from app.ui.theme import TOUCH, Radius, Space, Tone, Type

CHART_HEIGHT = 64
TREND_HEIGHT = 72
NEWEST = 3
TILES = (
    ("ledger", ft.Icons.RECEIPT_LONG_OUTLINED),
    ("statements", ft.Icons.ACCOUNT_BALANCE_WALLET_OUTLINED),
    ("uncounted", ft.Icons.HELP_OUTLINE),
    ("rewards", ft.Icons.CARD_GIFTCARD_OUTLINED),
)


@screen
def CommissionScreen() -> ft.Control:
    """Lay out the month, the ways on, the newest entries and what comes next."""
    strings, now, view = hooks.use_strings(), hooks.use_now(), hooks.use_slice(CommissionView)
    period = month_span(day_of(now, strings.zone), view.months, strings.zone)
    entries = hooks.use_query(commission.newest_sales, period.since, period.until, NEWEST)
    tiers = hooks.use_query(commission.tier_sum, period.since, period.until)
    wide = hooks.use_wide()
    beside = tuple(f"/commission/{entry.id}" for entry in entries[:1])  # what `CommissionBeside` shows
    path = (hooks.use_chosen() or beside) if wide else ()
    names = names_in(hooks.use_query(products.products), strings)
    partial = p.is_partial()
    body: list[ft.Control] = [MemoSummary(), _tiles()]
    if entries or tiers[0]:
        rows = [entry_row(line_of(one, strings, now, names), path == (f"/commission/{one.id}",)) for one in entries]
        body += [p.section(t("commission.newest"), _all_entries()), p.group([*rows, *_tier_sum(*tiers)])]
    else:
        body.append(p.unfinished() if partial else _nothing())
    body += [MemoTrend()]
    if view.months == 0:
        body.insert(-1, MemoNextSale())
    return p.frame(t("commission.title"), body, tips=["commission"])


@screen
def CommissionBeside() -> ft.Control:
    """Show the newest entry while nothing is chosen: the right pane of a wide window."""
    strings, now, view = hooks.use_strings(), hooks.use_now(), hooks.use_slice(CommissionView)
    period = month_span(day_of(now, strings.zone), view.months, strings.zone)
    entries = hooks.use_query(commission.newest_sales, period.since, period.until, 1)
    if not entries:
        return p.frame("", p.empty(ft.Icons.INSIGHTS_OUTLINED, t("common.pick_commission")))
    return routes.component("commission:EntryPage")(entries[0].id, key=entries[0].id)


def _tiles() -> ft.Control:
    ui = sessions.current()

    def tile(name: str, icon: ft.IconData) -> tuple[ft.IconData, str, Callable[[], None]]:
        return icon, t(f"commission.tile_{name}"), lambda: ui.select(f"/commission/{name}")

    return p.tile_row([tile(*one) for one in TILES])


def _tier_sum(count: int, fen: int) -> list[ft.Control]:
    """Return the month's tier bonuses in one row, which leads to them in the ledger; none while there are none."""
    ui = sessions.current()
    if not count:
        return []

    def show() -> None:
        filters = ui.slice(Filters)
        filters.show_all()
        filters.kind = "tier"
        ui.select("/commission/ledger")

    return [
        p.list_row(
            t("commission.kind_tier"), t("commission.tier_on", n=count),
            leading=disc(ft.Icons.STAIRS_OUTLINED), fact=amount(fen),
            on_click=show,
        )
    ]  # fmt: skip


def _all_entries() -> ft.Control:
    ui = sessions.current()
    words = p.txt(t("commission.all_entries"), Type.ROW, Tone.ACTION)
    face = ft.Row([words, ft.Icon(ft.Icons.CHEVRON_RIGHT, size=18, color=Tone.ACTION)], spacing=0, tight=True)
    pad = ft.Padding.only(left=Space.S, top=14, bottom=14)  # 48 to touch, its end on the gutter
    return p.tappable(face, lambda: ui.select("/commission/ledger"), padding=pad)


def _nothing() -> ft.Control:
    ui = sessions.current()
    return p.empty(
        ft.Icons.INSIGHTS_OUTLINED, t("commission.none"), t("commission.none_why"), t("commission.go_share"),
        lambda: ui.go("share"),
    )  # fmt: skip


# --- the month -----------------------------------------------------------------------------


@screen
def Summary() -> ft.Control:
    """Show the month's sum, its states and its days."""
    strings, now, view = hooks.use_strings(), hooks.use_now(), hooks.use_slice(CommissionView)
    today, months = day_of(now, strings.zone), view.months
    first = month_day(today, months)
    period = month_span(today, months, strings.zone)
    totals = hooks.use_query(commission.commission_totals, period.since, period.until)
    one = span(*day_range(today, strings.zone))
    of_today = hooks.use_query(commission.commission_totals, one.since, one.until)
    trend = hooks.use_query(commission.commission_trend, period.since, period.until, str(strings.zone))
    days = days_of(first, trend, today)

    def move(step: int) -> None:
        view.months = min(0, view.months + step)
        sessions.current().slice(Filters).day = ""

    lines: list[ft.Control] = [
        _month_head(first, months, move),
        _sum(totals, of_today if months == 0 else None),
        _states(totals),
        _chart(days, today),
    ]
    return p.card(ft.Column(lines, spacing=Space.M))


def _month_head(first: date, months: int, move: Callable[[int], None]) -> ft.Control:
    return ft.Row(
        [
            p.txt(month(first), Type.ROW, expand=True),
            p.icon_button(ft.Icons.CHEVRON_LEFT, t("commission.earlier"), lambda: move(-1)),
            p.icon_button(
                ft.Icons.CHEVRON_RIGHT, t("commission.later"), (lambda: move(1)) if months < 0 else None,
                color=Tone.TEXT if months < 0 else Tone.LINE,
            ),
        ],
        spacing=0,
    )  # fmt: skip


def _sum(totals: CommissionTotals, today: CommissionTotals | None) -> ft.Control:
    label = [p.txt(t("commission.month_sum"), Type.META)]
    if totals.pending_fen:
        label.append(p.pill(t("commission.estimate"), "warm"))
    words = [
        ft.Row(label, wrap=True, spacing=Space.S, run_spacing=0, vertical_alignment=ft.CrossAxisAlignment.CENTER),
        p.txt(money(totals.total_fen, exact=True), Type.DISPLAY),
    ]
    said = [t("commission.today", amount=signed(today.total_fen))] if today is not None else []
    if totals.sleep_fen:
        said.append(t("commission.of_sleep", amount=money(totals.sleep_fen, exact=True)))
    if said:
        words.append(p.txt(p.dots(*said), Type.BODY, Tone.QUIET))
    if today is None:  # a month that is over has a statement, which counts by another day
        words.append(p.txt(t("commission.month_counts"), Type.META))
    return ft.Column(words, spacing=2)


def _states(totals: CommissionTotals) -> ft.Control:
    amounts = {"pending": totals.pending_fen, "confirmed": totals.confirmed_fen, "settled": totals.settled_fen}
    inks = {"pending": ft.Colors.TERTIARY, "confirmed": Tone.ACTION, "settled": ft.Colors.OUTLINE}
    whole = sum(max(0, fen) for fen in amounts.values())
    parts = [
        ft.Container(bgcolor=inks[state], height=8, expand=max(1, round(1000 * fen / whole)))
        for state, fen in amounts.items()
        if fen > 0
    ] or [ft.Container(bgcolor=Tone.FILL, height=8, expand=1)]
    large = hooks.layout().is_large
    cells = [_state(state, fen, inks[state], beside=large) for state, fen in amounts.items()]
    strip = ft.Container(ft.Row(parts, spacing=2), border_radius=4, clip_behavior=ft.ClipBehavior.ANTI_ALIAS)
    row = ft.Column(cells, spacing=Space.S) if large else ft.Row(
        cells, spacing=Space.S, vertical_alignment=ft.CrossAxisAlignment.START
    )  # fmt: skip
    why = [p.txt(t("commission.taken_back"), Type.META)] if min(amounts.values()) < 0 else []
    return ft.Column([strip, row, *why], spacing=Space.M)


def _state(state: str, fen: int, ink: str, *, beside: bool) -> ft.Control:
    """Return a state's colour, name and sum: one under the other, or `beside` each other where text is large."""
    dot = ft.Container(width=8, height=8, border_radius=4, bgcolor=ink)
    name = ft.Row([dot, p.txt(t(f"commission.state_{state}"), Type.META, expand=True, expand_loose=True)], spacing=6)
    amount = p.txt(money(fen, exact=True), Type.ROW)
    if beside:
        name.expand = True
        return ft.Row([name, amount], spacing=Space.S)
    return ft.Column([name, amount], spacing=2, expand=1)


def _chart(days: list[DayAmount], today: date) -> ft.Control:
    """Return a bar for each day; one sentence says it to screen readers."""
    most = max([abs(day.fen) for day in days], default=0) or 1
    best = max(days, key=lambda day: day.fen, default=None)
    said = t("commission.trend_label", days=len(days), best=money(best.fen if best else 0))
    bars = [_bar(day.fen, most, CHART_HEIGHT, day.day == today.isoformat()) for day in days]
    first, last = (date.fromisoformat(days[i].day) for i in (0, -1)) if days else (today, today)
    ends = ft.Row([p.txt(date_short(first), Type.META, expand=True), p.txt(date_short(last), Type.META)])
    row = ft.Row(bars, spacing=2, height=CHART_HEIGHT, vertical_alignment=ft.CrossAxisAlignment.END)
    return ft.Column([ft.Semantics(label=said, content=row), ends], spacing=Space.XS)


def _bar(fen: int, most: int, height: float, chosen: bool) -> ft.Container:
    color = Tone.LATE if fen < 0 else Tone.ACTION if chosen else Tone.SOFT if fen else Tone.FILL
    top = ft.BorderRadius.only(top_left=Radius.S / 2, top_right=Radius.S / 2)
    return ft.Container(bgcolor=color, height=max(3, round(height * abs(fen) / most)), expand=1, border_radius=top)


# --- what the next sale is worth -----------------------------------------------------------


@screen
def NextSale() -> ft.Control:
    """Show what the next ¥1,000 would earn, and the way to the next tier."""
    client, strings, now = hooks.use_client(), hooks.use_strings(), hooks.use_now()
    found = hooks.use_query(outlook, client.staff.store_id, now, str(strings.zone))
    if found is None:
        return p.notice(t("commission.no_rule_now"), t("commission.no_rule_now_why"))
    head = p.ends(p.txt(t("commission.next_sale"), Type.SECTION), p.pill(t("commission.estimate"), "warm"))
    rule = rule_name({"version": found.rule.version}, found.rule, strings)
    sale = found.next_sale
    why = f"{rule}\n{_parts(sale)}" if sale.tier_fen else rule
    lines = [head, _worth(t("commission.next_1000", sale=money(sale.sale_fen)), sale.total_fen, why)]
    lines += _tier_lines(found)
    return p.card(ft.Column(lines, spacing=Space.M))


def _parts(sale: Sale) -> str:
    rate, tier = money(sale.rate_fen, exact=True), money(sale.tier_fen, exact=True)
    return t("commission.tier_parts", rate=rate, tier=tier)


def _worth(title: str, fen: int, why: str) -> ft.Control:
    first = p.ends(p.txt(title, Type.BODY), p.txt(signed(fen), Type.FIGURE, Tone.ACTION))
    return ft.Column([first, p.txt(why, Type.META)], spacing=2)


def _brackets(found: Outlook) -> list[ft.Control]:
    """Return the brackets that make the month's tier bonus, and what of it is confirmed: the bonus of the ledger."""
    strings, tiers = current(), [(int(begin), int(rate)) for begin, rate in found.rule.tiers]
    parts = [
        t("commission.tier_part", amount=money(begin), rate=percent_of(rate, strings), sum=money(fen, exact=True))
        for begin, rate, fen in tier_parts(tiers, found.expected_fen)
        if rate
    ]
    said = [t("commission.tier_join").join(parts)] if parts else []
    if parts and found.expected_fen != found.confirmed_fen:
        sure = money(tier_fen(tiers, found.confirmed_fen), exact=True)
        said.append(t("commission.tier_unconfirmed", amount=sure))
    return [p.txt("\n".join(said), Type.META)] if said else []


def _tier_lines(found: Outlook) -> list[ft.Control]:
    strings, tier = current(), found.progress
    if tier is None:
        return []
    rate = percent_of(tier.rate_bp, strings)
    base = t("commission.tier_base", base=money(tier.base_fen), confirmed=money(found.confirmed_fen))
    lines: list[ft.Control] = [
        ft.Divider(height=1, thickness=1, color=Tone.LINE),
        p.ends(p.txt(t("commission.tier_now", rate=rate), Type.ROW), p.txt(signed(tier.earned_fen), Type.ROW)),
        *_brackets(found),
    ]  # fmt: skip
    if tier.next_fen is None or found.to_border is None or found.beyond is None:
        return [*lines, p.txt(base, Type.META), p.txt(t("commission.tier_top"), Type.META)]
    done = (tier.base_fen - tier.from_fen) / (tier.next_fen - tier.from_fen)
    left, beyond = found.to_border, found.beyond
    after = t("commission.tier_after", next=money(tier.next_fen), rate=percent_of(tier.next_bp or 0, strings))
    return [
        *lines, p.bar(done), p.txt(base, Type.META),
        _worth(t("commission.tier_left", sale=money(left.sale_fen, exact=True)), left.total_fen, after),
        _worth(t("commission.tier_beyond", sale=money(beyond.sale_fen)), beyond.total_fen, _parts(beyond)),
    ]  # fmt: skip


# --- six months ----------------------------------------------------------------------------


@screen
def Trend() -> ft.Control:
    """Show six months of commission, or of sleep income, as bars that open their month."""
    strings, now, view = hooks.use_strings(), hooks.use_now(), hooks.use_slice(CommissionView)
    today = day_of(now, strings.zone)
    months = hooks.use_query(commission.month_trend, trend_bounds(today, strings.zone))

    def choose(series: str) -> None:
        view.trend = series

    sleeps = view.trend == "sleep"
    amounts = [one.sleep_fen if sleeps else one.fen for one in months]
    most = max([abs(fen) for fen in amounts], default=0) or 1
    shown = month_day(today, view.months).isoformat()[:7]
    cells = [
        _month_bar(date.fromisoformat(f"{one.day}-01"), fen, most, one.day == shown, n - len(months) + 1)
        for n, (one, fen) in enumerate(zip(months, amounts, strict=True))
    ]
    why = t("commission.sleep_why") if sleeps else t("commission.trend_why")
    tabs = p.segmented([("all", t("commission.trend_all")), ("sleep", t("commission.sleep"))], view.trend, choose)
    row = _side_by_side(cells)
    return p.card(
        ft.Column([p.txt(t("commission.trend"), Type.SECTION), tabs, row, p.txt(why, Type.META)], spacing=Space.M)
    )


def _side_by_side(cells: list[ft.Control]) -> ft.Control:
    """Return months of equal width; where they would be too narrow for a finger they scroll."""
    layout = hooks.layout()
    least = TOUCH * layout.scale
    if (least + Space.XS) * len(cells) <= layout.pane - 4 * Space.L:
        return ft.Row(cells, spacing=Space.XS)
    columns = [ft.Container(cell, width=least) for cell in cells]
    return ft.Row(columns, spacing=Space.XS, scroll=ft.ScrollMode.HIDDEN)


def _month_bar(first: date, fen: int, most: int, chosen: bool, months: int) -> ft.Control:
    view, strings = sessions.current().slice(CommissionView), current()

    def show() -> None:
        view.months = months

    short = strings.month_short(first)
    bar = _bar(fen, most, TREND_HEIGHT, chosen)
    bar.margin = ft.Margin.only(top=TREND_HEIGHT - bar.height)  # all end on one line
    bar.expand = None
    ink = Tone.LATE if fen < 0 else Tone.TEXT if chosen else Tone.QUIET
    face = ft.Column(
        [p.txt(money(round(fen, -2)), Type.TINY, ink, lines=1, text_align=ft.TextAlign.CENTER), bar,
         p.txt(short, Type.LABEL if chosen else Type.META, lines=1, text_align=ft.TextAlign.CENTER)],
        spacing=Space.XS, horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )  # fmt: skip
    label = t("commission.month_bar", month=month(first), amount=money(fen, exact=True))
    return p.tappable(
        face, show, label=label, selected=chosen, padding=ft.Padding.symmetric(vertical=Space.XS), expand=1
    )


# each looks at the month itself, and is drawn once for a step, not once more with the screen
MemoSummary, MemoNextSale, MemoTrend = ft.memo(Summary), ft.memo(NextSale), ft.memo(Trend)
