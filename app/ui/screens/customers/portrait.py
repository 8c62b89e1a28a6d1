"""The portrait tab of a profile: what is known of a customer, each fact with where it came from."""

from __future__ import annotations

from datetime import datetime

import flet as ft

from app.protocol.objects import Customer
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.customers.words import day_words
from app.ui.strings import current, date_short, money, t
from app.ui.theme import Space, Type


@screen
def Portrait(customer_id: str) -> ft.Control:
    """What is known, each fact with where it came from."""
    customer = hooks.use_query(q.customer_by_id, customer_id)
    if customer is None:
        return ft.Container()
    told, orders = t("profile.from_member"), t("profile.from_orders")
    facts = [(t(f"profile.size_{part}"), size, told) for part, size in customer.sizes.items()]
    if customer.likes:
        facts.append(
            (
                t("profile.likes"),
                "、".join(customer.likes) if current().is_chinese else ", ".join(customer.likes),
                orders,
            )
        )
    if customer.birthday:
        month, _, day = customer.birthday.partition("-")
        facts.append((t("profile.birthday"), date_short(datetime(2000, int(month), int(day)).date()), told))
    facts.append((t("profile.joined"), day_words(customer.joined_at), customer.source and t("profile.from_member")))
    if customer.bound_at:
        facts.append((t("profile.bound"), day_words(customer.bound_at), _protected(customer)))
    facts.append((t("profile.points"), str(customer.points), ""))
    if customer.stored_value_fen:
        facts.append((t("profile.stored"), money(customer.stored_value_fen), ""))
    rows = [_fact(*fact) for fact in facts]
    return ft.Column([p.group(rows), p.section(t("profile.consents")), p.group(_consents(customer))], spacing=Space.M)


def _fact(label: str, value: str, source: str) -> ft.Control:
    return ft.Container(
        ft.Row(
            [
                p.txt(label, Type.META, expand=True),
                ft.Column(
                    [p.txt(value, Type.ROW), *([p.txt(source, Type.META)] if source else [])],
                    spacing=0,
                    horizontal_alignment=ft.CrossAxisAlignment.END,
                    expand=2,
                ),
            ],
        ),
        padding=ft.Padding.symmetric(horizontal=Space.L, vertical=Space.M),
    )


def _consents(customer: Customer) -> list[ft.Control]:
    rows: list[ft.Control] = []
    for purpose in ("browse", "marketing"):
        given = customer.consents.get(purpose, False)
        word = p.pill(t("profile.consent_yes" if given else "profile.consent_no"), "soft" if given else "calm")
        row = ft.Row([p.txt(t(f"profile.consent_{purpose}"), Type.BODY, expand=True), word])
        rows.append(ft.Container(row, padding=ft.Padding.symmetric(horizontal=Space.L, vertical=Space.M)))
    return rows


def _protected(customer: Customer) -> str:
    return t("profile.protected", date=day_words(customer.protected_until)) if customer.protected_until else ""
