"""One template: everything it promises and what it is limited to, in words."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import flet as ft

from app.protocol.objects import CouponTemplate
from app.store.queries import brand
from app.store.queries import coupons as cq
from app.store.queries import products as pq
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.coupons.held import InHand, stock_note, use_in_hand
from app.ui.screens.coupons.words import cap, gives, name_of, scope_long, validity
from app.ui.screens.customers.picking import Picking
from app.ui.screens.customers.words import product_name
from app.ui.strings import current, money, number, t
from app.ui.theme import Space, Type


@screen
def TemplatePage(template_id: str) -> ft.Control:
    """Show one template; from here it goes to a group."""
    ui, found = hooks.use_session(), use_in_hand()
    hooks.use_strings()
    template = hooks.use_query(cq.template_by_id, template_id)
    held = next((one for one in found if one.template.id == template_id), None)
    names = hooks.use_live({"product", "store"}, lambda: _names(template), template)
    if template is None or held is None:
        gone = p.empty(ft.Icons.LOCAL_OFFER_OUTLINED, t("coupons.template_gone"), t("coupons.template_gone_text"))
        return p.frame(t("coupons.title"), gone)
    rules = asdict(template)

    def to_group() -> None:
        picking = ui.slice(Picking)
        picking.stop()
        picking.template_id = template_id
        ui.open("/coupons/batch")

    body = [_face(rules, held), p.section(t("coupons.terms")), _terms(rules, names), p.section(t("coupons.limits"))]
    body.append(_limits(template))
    button = p.primary(t("coupons.to_group"), to_group if held.can_go else None, ft.Icons.GROUP_OUTLINED)
    return p.frame(name_of(rules), body, foot=ft.Row([ft.Container(button, expand=True)]))


def _face(rules: dict[str, Any], held: InHand) -> ft.Control:
    note = stock_note(held) or ""
    if not held.can_go:
        return p.notice(gives(rules), note, icon=ft.Icons.BLOCK)
    head = p.ends(p.txt(gives(rules), Type.TITLE), p.pill(t("coupons.lease_left", n=held.left), "soft"))
    return p.card(ft.Column([head, p.txt(note, Type.META)], spacing=Space.S))


def _terms(rules: dict[str, Any], names: dict[str, str]) -> ft.Control:
    threshold = int(rules["threshold_fen"] or 0)
    least = t("coupons.threshold", amount=money(threshold)) if threshold else t("coupons.no_threshold")
    rows = [
        (t("coupons.term_threshold"), p.dots(least, cap(rules))),
        (t("coupons.term_scope"), scope_long(rules["scope"], names)),
        (t("coupons.term_valid"), validity(rules["validity"]) or ""),
        (t("coupons.term_channel"), t(f"coupons.channel_{rules['channel']}")),
        (t("coupons.term_stack"), t("coupons.stack_alone" if rules["exclusive"] else "coupons.stack_one")),
    ]
    return _facts(rows)


def _limits(template: CouponTemplate) -> ft.Control:
    def limit(n: int | None) -> str:
        return t("coupons.pieces", n=n, count=number(n)) if n is not None else t("coupons.no_limit")

    return _facts(
        [
            (t("coupons.limit_customer"), limit(template.per_customer)),
            (t("coupons.limit_day"), limit(template.per_day)),
            (t("coupons.limit_guide"), limit(template.per_guide)),
            (t("coupons.limit_total"), limit(template.total)),
        ]
    )


def _facts(rows: list[tuple[str, str]]) -> ft.Control:
    pad = ft.Padding.symmetric(horizontal=Space.L, vertical=Space.M)
    return p.group([ft.Container(p.fact(label, value), padding=pad) for label, value in rows])


def _names(template: CouponTemplate | None) -> dict[str, str]:
    """Return the names of what a template is good for, by id."""
    if template is None:
        return {}
    read, strings = sessions.current().client.store.read, current()
    kind, ids = template.scope.get("kind"), tuple(template.scope.get("ids") or ())
    if kind == "products":
        return {one: product_name(product) for one, product in pq.products_by_ids(read, ids).items()}
    if kind == "stores":
        return {s.id: s.name if strings.is_chinese else s.name_en or s.name for s in brand.stores(read)}
    keys = {one: f"share.category_{one}" for one in ids}
    return {one: strings.t(key) if strings.has(key) else one for one, key in keys.items()}
