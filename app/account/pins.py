"""The server's signing keys as they were at this person's first sign-in here; others need a chain, and there is none.

They are public, so the file is in the clear, and it is asked before anything of the folder is touched: a server in
the place of ours must not get as far as our keys or our unsent work.
"""

from __future__ import annotations

import json
from pathlib import Path

from app.account.session import Session, pack, replace
from app.domain.errors import Refused

FILE = "trust.json"


def require_known(folder: Path, session: Session) -> None:
    """Hold the keys of a login answer against the pinned ones; before the first sign-in there are none.

    Raises:
        Refused: `trust_changed`.
    """
    if (folder / FILE).exists() and (folder / FILE).read_bytes() != _text(session):
        raise Refused("trust_changed", "other coupon or pack keys than at the first sign-in")


def pin(folder: Path, session: Session) -> None:
    """Remember the keys of the first sign-in."""
    if not (folder / FILE).exists():
        replace(folder / FILE, _text(session))


def _text(session: Session) -> bytes:
    kinds = {"coupon": session.coupon_keys, "pack": session.pack_keys}
    keys = {kind: {name: pack(key) for name, key in some.items()} for kind, some in kinds.items()}
    return json.dumps(keys, sort_keys=True).encode()
