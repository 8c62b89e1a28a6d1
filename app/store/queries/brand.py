"""The brand, its stores and staff, and my goals."""

from __future__ import annotations

from app.protocol.objects import Goal, Setting, Staff, Store
from app.store.read import Read, reads


@reads("store")
def stores(read: Read) -> list[Store]:
    """Return every store by number."""
    return read.all(Store, "1 ORDER BY no")


@reads("store")
def store_by_id(read: Read, store_id: str) -> Store | None:
    """Return one store, or None."""
    return read.get(Store, store_id)


@reads("staff")
def staff_by_id(read: Read, staff_id: str) -> Staff | None:
    """Return one member of staff, or None."""
    return read.get(Staff, staff_id)


@reads("staff")
def staff_names(read: Read, staff_ids: tuple[str, ...]) -> dict[str, str]:
    """Return the names of those of these staff whom this device knows."""
    found = [read.get(Staff, staff_id) for staff_id in staff_ids]
    return {one.id: one.name for one in found if one is not None}


@reads("staff")
def guides_of(read: Read, store_id: str) -> list[Staff]:
    """Return the active guides of a store by number."""
    return read.all(Staff, "store_id = ? AND role = 'guide' AND active ORDER BY no", (store_id,))


@reads("staff")
def all_guides_of(read: Read, store_id: str) -> list[Staff]:
    """Return the guides of a store by number, also those who are off."""
    return read.all(Staff, "store_id = ? AND role = 'guide' ORDER BY no", (store_id,))


@reads("staff")
def managers_of(read: Read, store_id: str) -> list[Staff]:
    """Return the active managers of a store by number."""
    return read.all(Staff, "store_id = ? AND role = 'manager' AND active ORDER BY no", (store_id,))


@reads("goal")
def goal_of(read: Read, guide_id: str) -> Goal | None:
    """Return a guide's sales targets, or None."""
    return read.get(Goal, guide_id)


@reads("setting")
def brand_setting(read: Read) -> Setting | None:
    """Return the brand's settings; None before the first sync."""
    return read.one(Setting, "1")
