"""Which buckets a member of staff sees; from the token, never from the request."""

from __future__ import annotations

from server_stub.db import Actor


def buckets_of(actor: Actor) -> tuple[str, ...]:
    """Return the buckets in the order they are sent: small and needed to draw first.

    Everybody has a bucket of their own: there stand also the refusals of a manager's mutations.
    """
    store = (f"store:{actor.store_id}",) if actor.store_id else ()
    board = (f"manager:{actor.store_id}",) if actor.role == "manager" and actor.store_id else ()
    return ("brand", *store, *board, f"guide:{actor.staff_id}")
