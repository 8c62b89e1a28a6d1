"""Every personal field of the client view: why we hold it, on what basis, for how long, sealed or clear (trust.md 2)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PersonalField:
    """One personal field. basis: contract | consent | interest. `keep_days` None = while the relation lasts."""

    kind: str
    name: str
    purpose: str
    basis: str
    keep_days: int | None
    sealed: bool


FIELDS: tuple[PersonalField, ...] = ()


def sealed_fields(kind: str) -> frozenset[str]:
    """Return the fields of an object that are sealed at rest."""
    return frozenset(field.name for field in FIELDS if field.kind == kind and field.sealed)


def personal_fields(kind: str) -> frozenset[str]:
    """Return all personal fields of an object."""
    return frozenset(field.name for field in FIELDS if field.kind == kind)
