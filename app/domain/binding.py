"""Which guide a customer belongs to, and how that changes (rules 2.1 to 2.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.money import Bp


@dataclass(frozen=True, slots=True)
class Binding:
    """One interval of a customer with a guide; `until_at` None = open. `protected_until` <= `valid_until`."""

    customer_id: str
    guide_id: str
    from_at: datetime
    protected_until: datetime
    valid_until: datetime
    until_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BindingPolicy:
    """mode: first | registration | override; both clocks in days."""

    mode: str = "override"
    protection_days: int = 90
    validity_days: int = 365


@dataclass(frozen=True, slots=True)
class BindRequest:
    """A customer meets a guide's card or share at `at`. `guide_stores` empty = every store is in scope."""

    customer_id: str
    guide_id: str
    at: datetime
    new_member: bool
    customer_is_guide: bool = False
    customer_is_staff: bool = False
    guide_active: bool = True
    store_id: str | None = None
    guide_stores: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BindDecision:
    """outcome: bound | kept (already with this guide) | rebound. `closed` is the old interval, now ended."""

    outcome: str
    binding: Binding
    closed: Binding | None = None


def decide(current: Binding | None, request: BindRequest, policy: BindingPolicy) -> BindDecision:
    """Return the binding after the request (rules 2.1 to 2.3); the current one is `kept` if it is the same guide.

    Raises:
        Rejected: `binding_self`, `binding_staff`, `binding_disabled_guide`, `binding_scope` or `binding_protected`.
    """
    raise NotImplementedError


def renew(binding: Binding, paid_at: datetime, policy: BindingPolicy) -> Binding:
    """Return the binding with both clocks running from a paid order (rule 2.2); never shortened."""
    raise NotImplementedError


def guide_at(history: Sequence[Binding], at: datetime) -> str | None:
    """Return the guide whose interval holds `at` and is still valid then (rules 2.1, 2.4)."""
    raise NotImplementedError


def check_history(history: Sequence[Binding]) -> None:
    """Check rule 2.1: one customer, at most one open interval, no overlaps.

    Raises:
        ValueError: the history breaks it.
    """
    raise NotImplementedError


def may_transfer(transfers_at: Sequence[datetime], at: datetime) -> bool:
    """Say whether the customer may be handed over once more: at most twice in 90 days (rule 2.5)."""
    raise NotImplementedError


def hand_over(
    customers: Mapping[str, str], load: Mapping[str, int], skills: Mapping[str, frozenset[str]]
) -> dict[str, str | None]:
    """Return customer id -> guide id, by favourite category, then least load, then id (rule 2.5).

    Args:
        customers: customer id to favourite category.
        load: guide id to number of customers now; no guides gives None for all (the store's).
        skills: guide id to the categories the guide is good at.
    """
    raise NotImplementedError


def fallback_owner(store_id: str | None, official_ip: str) -> tuple[str, str]:
    """Return ("store", id), or ("ip", id) without a store: nobody's customer is never nobody's (rule 2.5)."""
    raise NotImplementedError


def tail_share_bp(left_at: datetime, paid_at: datetime, *, share_bp: Bp = 3000, days: int = 30) -> Bp:
    """Return the leaver's share of an order paid after the hand-over (rule 2.5)."""
    raise NotImplementedError
