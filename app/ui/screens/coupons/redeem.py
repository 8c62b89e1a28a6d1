"""Using a coupon at the counter: one field, what the coupon is, one button; and what became of my uses (rule 1.11)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import flet as ft

from app.domain.errors import GuideError
from app.mutations import Scanned, ask_server, redeem, scan
from app.protocol import coupon_code
from app.protocol.crockford import tidy
from app.store.queries import customers
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.coupons.redeem_words import face_of, more_needed, refusal_text, title_of, until_of
from app.ui.screens.coupons.redeemed import Mine, Reports, Result
from app.ui.screens.coupons.words import conditions
from app.ui.strings import money, t
from app.ui.theme import Space, Type

TYPED = coupon_code.BODY + 1
MISSING = "·"
WATCHED = frozenset({"coupon", "redemption", "meta"})
_AMOUNT = re.compile(r"(\d{1,7})(?:\.(\d{1,2}))?")


@ft.observable
@dataclass
class Counter:
    """What stands in the fields, and the last use; survives a change of tab."""

    text: str = ""
    order_no: str = ""
    amount: str = ""
    done: str = ""

    def take(self, text: str) -> None:
        """Take a new text; what was said of the last use goes."""
        self.text, self.done, self.amount = text, "", ""

    def clear(self, done: str) -> None:
        """Be ready for the next customer."""
        self.text, self.order_no, self.amount, self.done = "", "", "", done


@screen
def RedeemPage() -> ft.Control:
    """Read a code, show what it is, use it; below, what became of my uses."""
    ui = hooks.use_session()
    hooks.use_strings()
    counter = hooks.use_slice(Counter)
    client, now = ui.client, hooks.use_now()
    start, busy = hooks.use_once()
    here = hooks.use_live(WATCHED, lambda: _scan(client, counter.text), counter.text, now.minute)
    asked = hooks.use_task(lambda: _ask(client, here), _question(here))
    found, note = _together(here, asked)
    missing = more_needed(found.rules, fen_of(counter.amount)) if found else 0

    async def use() -> None:
        counter.clear(await redeem(client, counter.text, counter.order_no))

    ready = found is not None and found.refusal is None and not missing
    go = (lambda: start(use)) if ready else None
    body: list[ft.Control] = [_field(counter, (lambda: start(use)) if ready and not busy else None)]
    if found is not None:
        body += [Found(found, note, key=found.code or "unread"), *_fields(counter, found, missing)]
    elif counter.done:
        body.append(Result(counter.done))
    if found is None:  # how to scan and what to type stays to be read until a code is whole
        body += [*_typed(counter.text, here), p.txt(t("coupons.redeem_hint"), Type.META)]
    body += [Reports(), Mine()] if ui.role == "manager" else [Mine()]
    foot = p.primary(t("coupons.redeem_now"), go, ft.Icons.CHECK, busy=busy)
    more = p.icon_button(ft.Icons.HELP_OUTLINE, t("coupons.redeem_help"), lambda: ui.open("/help/scan"))
    return p.frame(t("coupons.redeem"), body, actions=[more], foot=ft.Row([ft.Container(foot, expand=True)]))


def fen_of(amount: str) -> int | None:
    """Return an amount that was typed in yuan as fen, or None when it is none."""
    found = _AMOUNT.fullmatch(amount.strip().replace(",", "").removeprefix("¥"))
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else None


def _scan(client: Any, text: str) -> Scanned | None:
    """Return what this device says, or None while the text is not whole."""
    short = text.strip()
    whole = short.startswith(coupon_code.PREFIX) or "/" in short or len(tidy(short)) >= TYPED
    return scan(client, short) if short and whole else None


def _question(here: Scanned | None) -> str:
    """Return the text to ask the server about; empty when this device knows enough to say no."""
    if here is None or (here.refusal is not None and here.refusal.code != "needs_network"):
        return ""
    return here.text if here.form == "qr" else here.code


async def _ask(client: Any, here: Scanned | None) -> Scanned | GuideError | None:
    if here is None or not _question(here):
        return None
    try:
        return await ask_server(client, here)
    except GuideError as error:  # told beside what the device knows by itself
        return error


def _together(here: Scanned | None, asked: hooks.Task) -> tuple[Scanned | None, str]:
    """Return what to show and how far it was checked: asking | online | offline | busy."""
    if here is None or not _question(here):
        return here, "here"
    if isinstance(asked.value, Scanned) and asked.value.code == here.code:
        return replace(asked.value, coupon=here.coupon), "online"
    if asked.running:
        return here, "asking"
    return here, "busy" if isinstance(asked.value, GuideError) and asked.value.code == "rate_limited" else "offline"


def grouped(text: str) -> str:
    """Return what was typed of a code as it is printed, 4-4-5, a dot for each character that is to come."""
    code = tidy(text.strip())[:TYPED].ljust(TYPED, MISSING)
    return "  ".join((code[:4], code[4:8], code[8:]))


def _typed(text: str, here: Scanned | None) -> list[ft.Control]:
    """Return the half-typed code in its groups and how far it is; the field itself is left as it was typed.

    A field that is written to while a scanner types loses characters.
    """
    count = len(tidy(text.strip()))
    if here is not None or not 0 < count < TYPED:
        return []
    said = t("coupons.redeem_count", n=count, of=TYPED)
    row = p.ends(p.txt(grouped(text), Type.FIGURE), p.txt(said, Type.META))
    return [ft.Semantics(label=said, container=True, live_region=True, content=row)]


def _field(counter: Counter, on_submit: Any) -> ft.Control:
    field = p.text_field(
        t("coupons.redeem_field"), counter.text, counter.take, autofocus=True, on_submit=on_submit, max_length=None,
        prefix_icon=ft.Icons.CONFIRMATION_NUMBER_OUTLINED, autocorrect=False, enable_suggestions=False, expand=True,
    )  # fmt: skip
    clear = p.icon_button(ft.Icons.CLOSE, t("common.clear"), lambda: counter.take("")) if counter.text else None
    row = ft.Row([field, *([clear] if clear else [])], vertical_alignment=ft.CrossAxisAlignment.START)
    return ft.Container(row, padding=ft.Padding.only(top=Space.XS))  # the floating label stands above the field


@screen
def Found(found: Scanned, note: str) -> ft.Control:
    """Show what the code is: what it gives, on what, until when, whose; and why it cannot be used."""
    now = hooks.use_now()
    owner = found.coupon.customer_id if found.coupon and found.coupon.customer_id else ""
    customer = hooks.use_query(customers.customer_by_id, owner)
    rows: list[ft.Control] = [_head(found, note)]
    if found.rules:
        rows.append(p.txt(p.dots(title_of(found.rules), conditions(found.rules)), Type.META))
    facts = [
        (t("coupons.redeem_until"), until_of(found.valid_until, now)),
        (t("coupons.redeem_whose"), customer.name if customer else None),
        (t("coupons.redeem_sent_by"), found.guide or None),
        (t("coupons.redeem_code"), coupon_code.display(found.code) if found.code else None),
    ]
    rows += [p.fact(label, value) for label, value in facts if value]
    nothing_known = not found.rules and not found.fen and found.refusal is not None and note != "asking"
    foreign = nothing_known and found.refusal.code != "needs_network"  # not ours, or misread: only the sentence
    body: list[ft.Control] = [] if foreign else [p.card(ft.Column(rows, spacing=Space.M))]
    if found.refusal is not None:
        text = refusal_text(found.refusal.code, found.refusal.params, now)
        if found.refusal.code == "needs_network" and note == "asking":
            body.append(p.notice(None, t("coupons.redeem_asking"), icon=ft.Icons.CLOUD_SYNC_OUTLINED))
        else:
            body.append(p.notice(t("coupons.redeem_no"), text, tone="late", icon=ft.Icons.BLOCK))
    elif note in ("offline", "busy"):
        body.append(p.notice(None, t(f"coupons.redeem_{note}"), icon=ft.Icons.CLOUD_OFF_OUTLINED))
    return ft.Column(body, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _head(found: Scanned, note: str) -> ft.Control:
    if found.refusal is None:
        state = p.pill(t("coupons.redeem_usable"), "soft")
    elif found.refusal.code == "needs_network":
        state = p.pill(t("coupons.redeem_unchecked"), "warm")
    else:
        state = p.pill(t("coupons.redeem_unusable"), "late")
    return p.ends(p.txt(face_of(found.rules, found.fen), Type.TITLE), state)


def _fields(counter: Counter, found: Scanned, missing: int) -> list[ft.Control]:
    """Return the fields that may be left empty: the amount where there is a threshold, and the receipt's number."""
    if found.refusal is not None:
        return []
    rows: list[ft.Control] = []
    threshold = int(found.rules.get("threshold_fen") or 0)
    if threshold:
        amount = p.text_field(
            t("coupons.redeem_amount"), counter.amount, lambda text: setattr(counter, "amount", text),
            keyboard_type=ft.KeyboardType.NUMBER, prefix="¥",
        )  # fmt: skip
        rows.append(amount)
        if missing:
            rows.append(
                p.notice(None, t("coupons.redeem_more", amount=money(missing)), icon=ft.Icons.ADD_SHOPPING_CART)
            )
    order = p.text_field(
        t("coupons.redeem_order"), counter.order_no, lambda text: setattr(counter, "order_no", text), max_length=40,
        counter="",
    )  # fmt: skip
    return [*rows, order]
