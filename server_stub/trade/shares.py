"""Share links: verify the signed code, keep the row and its funnel, remember touches (rules 3.1, 3.2)."""

from __future__ import annotations

from datetime import datetime

from server_stub.db import Tx
from server_stub.trade.drafts import Person, ShareRef


def resolve(tx: Tx, text: str) -> ShareRef | None:
    """Return the share a code names, making its row if the phone has not pushed it yet.

    Any case, O as 0, I and L as 1. A forged or altered code gives None and is counted.
    """
    raise NotImplementedError


def touch(tx: Tx, person: Person, share: ShareRef, now: datetime) -> None:
    """Remember that a person came through a share: what attribution rests on (rule 3.2)."""
    raise NotImplementedError


def count(tx: Tx, share_id: str, step: str, n: int = 1) -> None:
    """Add to one step of a share's funnel: opened, viewed, claimed or bought."""
    raise NotImplementedError


def join_visitor(tx: Tx, visitor_id: str, customer_id: str, since: datetime) -> int:
    """Give a browser's touches since then to the member who signed in there; return how many."""
    raise NotImplementedError
