"""Follow-ups when their customer goes to another guide: open ones become the next guide's (rules 2.5, 2.6)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import update

from server_stub import tables as t
from server_stub.db import Tx

IN_CHUNK = 500


def pass_on(tx: Tx, customer_ids: Sequence[str], guide_id: str | None) -> None:
    """Give these customers' open follow-ups to a guide (None: they keep the last one's name), without private notes.

    They travel with the customer by `projections.FOLLOWERS`; closed ones keep who did them.
    """
    c = t.follow_up.c
    for start in range(0, len(customer_ids), IN_CHUNK):
        theirs = c.customer_id.in_(customer_ids[start : start + IN_CHUNK])
        tx.conn.execute(update(t.follow_up).where(theirs, c.private.is_(True)).values(note="", private=False))
        if guide_id is not None:
            tx.conn.execute(update(t.follow_up).where(theirs, c.state == "open").values(guide_id=guide_id))
