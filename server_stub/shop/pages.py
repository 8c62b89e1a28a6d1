"""Templates to HTML, and the headers every page carries."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Vary": "Cookie, Accept-Language",
}
STATIC = {
    "shop.css": "text/css; charset=utf-8",
    "shop.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
FONT = Path(__file__).parents[2] / "assets/fonts/NotoSansSC-Regular.otf"


def render(template: str, **values: Any) -> str:
    """Return a page; a name the template lacks is an error, never an empty place."""
    return _environment().get_template(template).render(assets=assets_version(), **values)


@cache
def static(name: str) -> bytes | None:
    """Return one of the few static files, or None."""
    if name == FONT.name:
        return FONT.read_bytes()
    return (FOLDER / "static" / name).read_bytes() if name in STATIC else None


def media_type(name: str) -> str:
    """Return the type of a static file."""
    return "font/otf" if name == FONT.name else STATIC[name]


@cache
def assets_version() -> str:
    """Return a short digest of style and script, so that browsers may keep them for ever."""
    return hashlib.sha256(b"".join(static(name) or b"" for name in sorted(STATIC))).hexdigest()[:10]


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(FOLDER / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
