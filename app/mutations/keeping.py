"""What a guide keeps on this device only: the filters they named. Nothing of it is sent."""

from __future__ import annotations

from app.domain.book import FILTERS_MAX, SavedFilter, check_filter
from app.domain.errors import Rejected
from app.mutations.client import MutationClient
from app.store import WriteTx, kept
from app.store.queries.customers import saved_filters


async def save_filter(client: MutationClient, saved: SavedFilter, place: int | None = None) -> None:
    """Keep a filter: in the place of the one with its id, else at `place`, else last.

    Raises:
        Rejected: `bad_arguments`, no name, nothing in it, or more than twelve.
        LocalFault: nothing changed.
    """
    name = check_filter(saved.name, saved.filter)

    def change(tx: WriteTx) -> None:
        have = list(saved_filters(tx))
        new = SavedFilter(saved.id, name, saved.filter)
        at = next((i for i, one in enumerate(have) if one.id == saved.id), None)
        if at is not None:
            have[at] = new
        elif len(have) >= FILTERS_MAX:
            raise Rejected("bad_arguments", "no more filters than twelve")
        else:
            have.insert(len(have) if place is None else place, new)
        _write(tx, have)

    await client.store.write(change)


async def drop_filter(client: MutationClient, filter_id: str) -> None:
    """Forget a filter; one that is gone is fine."""
    await client.store.write(lambda tx: _write(tx, [one for one in saved_filters(tx) if one.id != filter_id]))


def _write(tx: WriteTx, filters: list[SavedFilter]) -> None:
    rows = [{"id": one.id, "name": one.name, "filter": one.filter.to_wire()} for one in filters]
    kept.keep(tx, kept.FILTERS, rows or None)
