"""A customer's tags: what they are and where each comes from, changed on the spot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import flet as ft

from app.domain.auto_tag import AutoTag
from app.protocol.limits import TAG_MAX
from app.protocol.mutations import AddTag, RemoveTag
from app.protocol.objects import Customer, Tag
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.customers.followup import Stage
from app.ui.screens.customers.tag_words import tag_name, tag_reason
from app.ui.strings import current, t
from app.ui.theme import Space, Tone, Type

TAG_ICONS = {"brand": ft.Icons.VERIFIED_OUTLINED, "auto": ft.Icons.AUTO_AWESOME_OUTLINED}
TAG_ORDER = ("brand", "personal")
STRETCH = ft.CrossAxisAlignment.STRETCH


@screen
def TagSheet(customer: Customer, found: tuple[AutoTag, ...]) -> ft.Control:
    """Show the stage to choose and every tag with where it comes from; one's own come and go here.

    A toast would stand below the sheet, so what was taken away stays as a row that brings it back.
    """
    now = hooks.use_now()
    hooks.use_strings()
    gone, set_gone = ft.use_state(())
    submit, _ = hooks.use_mutation()

    def remove(name: str) -> None:
        set_gone((*gone, name))
        submit(RemoveTag(customer.id, name))

    held = {tag.name for tag in customer.tags}
    rows = [_row(tag_name(tag), tag_reason(tag, now), TAG_ICONS["auto"]) for tag in found]
    rows += [_held(tag, now, remove) for tag in customer.tags]
    rows += [
        _row(name, t("profile.tag_gone"), ft.Icons.LABEL_OFF_OUTLINED,
             p.icon_button(ft.Icons.UNDO, t("profile.tag_back", tag=name), partial(submit, AddTag(customer.id, name))))
        for name in dict.fromkeys(gone) if name not in held
    ]  # fmt: skip
    body = [Stage(customer.id), p.section(t("profile.tags")), *([p.group(rows)] if rows else []), TagEntry(customer.id)]
    return ft.Column(body, spacing=Space.M, horizontal_alignment=STRETCH)


def _held(tag: Tag, now: datetime, remove: Callable[[str], None]) -> ft.Control:
    kind = tag.kind if tag.kind in TAG_ORDER else "auto"
    since = current().date_short(tag.at, now) if tag.at else ""
    end = None
    if kind == "personal":
        end = p.icon_button(
            ft.Icons.CLOSE, t("profile.tag_remove", tag=tag.name), partial(remove, tag.name), color=Tone.QUIET
        )
    icon = TAG_ICONS.get(kind, ft.Icons.LABEL_OUTLINE)
    return _row(tag.name, t(f"profile.tag_{kind}", day=since), icon, end)


def _row(name: str, why: str, icon: ft.IconData, end: ft.Control | None = None) -> ft.Control:
    words = ft.Column([p.txt(name, Type.ROW), p.txt(why, Type.META)], spacing=2, expand=True)
    cells = [ft.Icon(icon, size=20, color=Tone.QUIET), words, *([end] if end else [])]
    pad = ft.Padding.only(left=Space.L, top=Space.M, right=Space.XS if end else Space.L, bottom=Space.M)
    return ft.Container(ft.Row(cells, spacing=Space.M), padding=pad)


@screen
def TagEntry(customer_id: str, told: bool = False) -> ft.Control:
    """Show the field that adds a tag; `told`: a toast says so, where nothing stands over it."""
    hooks.use_strings()
    tag, set_tag = ft.use_state("")
    submit, _ = hooks.use_mutation()

    def add() -> None:
        name = tag.strip()
        if name:
            undo = RemoveTag(customer_id, name)
            said = {"done": "profile.tag_added", "undo": undo, "params": {"tag": name}} if told else {}
            set_tag("")
            submit(AddTag(customer_id, name), **said)

    field = p.text_field(t("profile.tag_field"), tag, set_tag, max_length=TAG_MAX, counter="", on_submit=add)
    return ft.Row(
        [ft.Container(field, expand=True), p.secondary(t("profile.tag_add"), add if tag.strip() else None)],
        spacing=Space.S, vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )  # fmt: skip


@screen
def Tags(customer: Customer) -> ft.Control:
    """Show the tags as pills, one's own with a cross, and the field that adds one."""
    hooks.use_strings()
    submit, _ = hooks.use_mutation()

    def remove(name: str) -> None:
        undo = AddTag(customer.id, name)
        submit(RemoveTag(customer.id, name), done="profile.tag_removed", undo=undo, params={"tag": name})

    pills = [_pill(one, remove) for one in customer.tags]
    rows: list[ft.Control] = [ft.Row(pills, wrap=True, spacing=Space.S, run_spacing=Space.S)] if pills else []
    return ft.Column([*rows, TagEntry(customer.id, True)], spacing=Space.M)


def _pill(tag: Tag, remove: Callable[[str], None]) -> ft.Control:
    if tag.kind != "personal":
        return p.pill(tag.name)
    face = ft.Row(
        [p.txt(tag.name, Type.LABEL), ft.Icon(ft.Icons.CLOSE, size=14, color=Tone.QUIET)], spacing=Space.XS, tight=True
    )
    return p.tappable(
        face, lambda: remove(tag.name), label=t("profile.tag_remove", tag=tag.name), bgcolor=Tone.FILL, radius=16,
        padding=ft.Padding.symmetric(horizontal=Space.M, vertical=Space.S),
    )  # fmt: skip
