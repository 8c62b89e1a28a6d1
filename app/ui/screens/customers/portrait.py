"""The portrait tab of a profile: what is known of a customer, each fact with where it came from."""

from __future__ import annotations

import flet as ft

from app.domain import portrait as rules
from app.domain.portrait import Fact
from app.protocol.objects import Customer
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.customers.facts import fact_row, known_of, likes_row, use_editor
from app.ui.screens.customers.words import day_words
from app.ui.strings import money, t
from app.ui.theme import Space, Type


@screen
def Portrait(customer_id: str) -> ft.Control:
    """What is known, each fact with where it came from; a tap changes it."""
    ui, now = hooks.use_session(), hooks.use_now()
    hooks.use_strings()
    customer = hooks.use_query(q.customer_by_id, customer_id)
    ask = use_editor(customer_id)
    if customer is None:
        return ft.Container()
    known = known_of(customer)
    mine = [fact for fact in known if fact.kind != rules.LIKE]
    rows = [fact_row(fact, (fact.kind, fact.name), now, ask if _may_change(fact) else None) for fact in mine]
    rows += [likes_row(known, now, ask)] if len(mine) < len(known) else []
    edit = p.quiet(t("facts.edit"), lambda: ui.open(f"/customers/{customer_id}/facts"), ft.Icons.EDIT_OUTLINED)
    none = p.empty(ft.Icons.FACE_OUTLINED, t("facts.none"), t("facts.none_text"))
    about = p.group([_fact(*fact) for fact in _member_facts(customer)])
    body = [p.section(t("facts.title"), edit), p.group(rows) if rows else none]
    body += [p.section(t("facts.membership")), about, p.section(t("profile.consents")), p.group(_consents(customer))]
    return ft.Column(body, spacing=Space.M)


def _may_change(fact: Fact) -> bool:
    """Say whether a guide may: a birthday of the member's own stands."""
    return fact.kind != rules.BIRTHDAY or fact.source == rules.GUIDE


def _member_facts(customer: Customer) -> list[tuple[str, str, str]]:
    joined = t("facts.from_member") if customer.source else ""
    facts = [(t("profile.joined"), day_words(customer.joined_at), joined)]
    if customer.bound_at:
        facts.append((t("profile.bound"), day_words(customer.bound_at), _protected(customer)))
    facts.append((t("profile.points"), str(customer.points), ""))
    if customer.stored_value_fen:
        facts.append((t("profile.stored"), money(customer.stored_value_fen), ""))
    return facts


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
        row = p.ends(p.txt(t(f"profile.consent_{purpose}"), Type.BODY), word)
        rows.append(ft.Container(row, padding=ft.Padding.symmetric(horizontal=Space.L, vertical=Space.M)))
    return rows


def _protected(customer: Customer) -> str:
    return t("profile.protected", date=day_words(customer.protected_until)) if customer.protected_until else ""
