"""What automated checks of the layout need to see: where every text stands, and in which kind it is set.

With `DAOGOU_INSPECT=1` (never in production) each text is a node of its own in the semantics tree, named by its kind,
and a button does not merge its texts; nothing moves by a pixel. Without it these functions return what they are given.
"""

from __future__ import annotations

import os

import flet as ft

from app.ui.theme import TypeSpec

INSPECTED = os.environ.get("DAOGOU_INSPECT") == "1" and os.environ.get("DAOGOU_ENV") != "production"


def seen(text: ft.Text, kind: TypeSpec) -> ft.Control:
    """Return `text`, as a node of its own when the app is inspected."""
    if not INSPECTED or text.semantics_label == "":
        return text
    name = f"text {kind.size:g} {kind.line:g} {int(kind.strong)} {text.max_lines or 0} {int(text.no_wrap)}"
    expand, loose, text.expand, text.expand_loose = text.expand, text.expand_loose, None, False
    return ft.Semantics(identifier=name, container=True, content=text, expand=expand, expand_loose=loose)
