"""Which guide a customer belongs to, and how that changes (rules 2.1 to 2.6)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.errors import Rejected
from app.domain.money import Bp

TRANSFERS_MAX = 2
TRANSFER_WINDOW = timedelta(days=90)
HANDED_OVER = "handed_over"  # why an interval ended: the guide left and a colleague took the customer
MODES = ("first", "registration", "override")


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
    """mode: first | registration | override; both clocks in days; the leaver's tail after a hand-over."""

    mode: str = "override"
    protection_days: int = 90
    validity_days: int = 365
    tail_share_bp: Bp = 3000
    tail_days: int = 30


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

    A binding past its validity protects nobody. `registration` binds new members only.

    Raises:
        Rejected: `binding_self`, `binding_staff`, `binding_disabled_guide`, `binding_scope` or `binding_protected`.
    """
    check_forbidden(request)
    if current is None or current.until_at is not None:
        return _new(None, request, policy)
    if current.guide_id == request.guide_id and request.at < current.valid_until:
        return BindDecision("kept", current)
    if request.at < current.valid_until and (policy.mode != "override" or request.at < current.protected_until):
        raise Rejected("binding_protected")
    return _new(current, request, policy)


def renew(binding: Binding, paid_at: datetime, policy: BindingPolicy) -> Binding:
    """Return the binding with both clocks running from a paid order (rule 2.2); never shortened.

    One that was over when the order was paid stays over: a later order revives nobody's claim.
    """
    if paid_at >= binding.valid_until:
        return binding
    protected, valid = clocks(paid_at, policy)
    return replace(
        binding,
        protected_until=max(binding.protected_until, protected),
        valid_until=max(binding.valid_until, valid),
    )


def guide_at(history: Sequence[Binding], at: datetime) -> str | None:
    """Return the guide whose interval holds `at` and is still valid then (rules 2.1, 2.4)."""
    for binding in history:
        ends = binding.valid_until if binding.until_at is None else min(binding.until_at, binding.valid_until)
        if binding.from_at <= at < ends:
            return binding.guide_id
    return None


def check_history(history: Sequence[Binding]) -> None:
    """Check rule 2.1: one customer, at most one open interval, no overlaps.

    Raises:
        ValueError: the history breaks it.
    """
    ordered = sorted(history, key=lambda binding: binding.from_at)
    if len({binding.customer_id for binding in ordered}) > 1:
        raise ValueError("a history is of one customer")
    for earlier, later in itertools.pairwise(ordered):
        if earlier.until_at is None or earlier.until_at > later.from_at:
            raise ValueError("two intervals hold one instant")


def tail_of(history: Sequence[Binding], paid_at: datetime, policy: BindingPolicy) -> tuple[str, datetime, Bp] | None:
    """Return (leaver, when they handed the customer over, their share) for an order paid then, or None (rule 2.5)."""
    handed = [one for one in history if one.reason == HANDED_OVER and _ended(one) <= paid_at]
    last = max(handed, key=_ended, default=None)
    if last is None:
        return None
    left_at = _ended(last)
    share_bp = tail_share_bp(left_at, paid_at, share_bp=policy.tail_share_bp, days=policy.tail_days)
    return (last.guide_id, left_at, share_bp) if share_bp else None


def may_transfer(transfers_at: Sequence[datetime], at: datetime) -> bool:
    """Say whether the customer may be handed over once more: at most twice in 90 days (rule 2.5)."""
    recent = [moved for moved in transfers_at if at - TRANSFER_WINDOW < moved <= at]
    return len(recent) < TRANSFERS_MAX


def hand_over(
    customers: Mapping[str, str], load: Mapping[str, int], skills: Mapping[str, frozenset[str]]
) -> dict[str, str | None]:
    """Return customer id -> guide id, by favourite category, then least load, then id (rule 2.5).

    Args:
        customers: customer id to favourite category.
        load: guide id to number of customers now; no guides gives None for all (the store's).
        skills: guide id to the categories the guide is good at.
    """
    loads = dict(load)
    chosen: dict[str, str | None] = {}
    for customer_id in sorted(customers):
        category = customers[customer_id]
        guide = min(loads, key=lambda g: (category not in skills.get(g, frozenset()), loads[g], g), default=None)
        chosen[customer_id] = guide
        if guide is not None:
            loads[guide] += 1
    return chosen


def transfer(
    guide_id: str | None,
    *,
    transfers_at: Sequence[datetime],
    at: datetime,
    refused: bool,
    store_id: str | None,
    official_ip: str,
) -> tuple[str, str]:
    """Return ("guide", id), ("store", id) or ("ip", id): who has the customer after a hand-over (rule 2.5).

    Without a guide, against the customer's will or after two transfers in 90 days the hand-over fails.
    """
    if guide_id is not None and not refused and may_transfer(transfers_at, at):
        return "guide", guide_id
    return fallback_owner(store_id, official_ip)


def note_after_hand_over(note: str, private: bool) -> str:
    """Return what the next guide reads: a private note is deleted, any other travels (rule 2.6)."""
    return "" if private else note


def fallback_owner(store_id: str | None, official_ip: str) -> tuple[str, str]:
    """Return ("store", id), or ("ip", id) without a store: nobody's customer is never nobody's (rule 2.5)."""
    return ("ip", official_ip) if store_id is None else ("store", store_id)


def tail_share_bp(left_at: datetime, paid_at: datetime, *, share_bp: Bp = 3000, days: int = 30) -> Bp:
    """Return the leaver's share of an order paid after the hand-over (rule 2.5)."""
    return share_bp if left_at <= paid_at < left_at + timedelta(days=days) else 0


def _ended(binding: Binding) -> datetime:
    return binding.until_at or binding.valid_until


def check_forbidden(request: BindRequest) -> None:
    """Check rule 2.3.

    Raises:
        Rejected: `binding_self`, `binding_staff`, `binding_disabled_guide` or `binding_scope`.
    """
    if request.customer_is_guide:
        raise Rejected("binding_self")
    if request.customer_is_staff:
        raise Rejected("binding_staff")
    if not request.guide_active:
        raise Rejected("binding_disabled_guide")
    if request.guide_stores and request.store_id not in request.guide_stores:
        raise Rejected("binding_scope")


def _new(current: Binding | None, request: BindRequest, policy: BindingPolicy) -> BindDecision:
    if policy.mode == "registration" and not request.new_member:
        raise Rejected("binding_protected", "only new members are bound")
    protected, valid = clocks(request.at, policy)
    made = Binding(request.customer_id, request.guide_id, request.at, protected, valid, reason=policy.mode)
    if current is None:
        return BindDecision("bound", made)
    return BindDecision("rebound", made, replace(current, until_at=request.at))


def clocks(at: datetime, policy: BindingPolicy) -> tuple[datetime, datetime]:
    """Return (protected until, valid until); protection never outlasts validity."""
    days = min(policy.protection_days, policy.validity_days)
    return at + timedelta(days=days), at + timedelta(days=policy.validity_days)
