"""Commission: rule choice, amounts, splits, refunds, tiers, each entry with steps that recompute it (rules 4.1 to 4.9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.attribution import Attribution
from app.domain.money import Bp, Fen

LEVELS = ("brand", "store", "category", "product", "campaign")
STEP_OPS = ("base", "rate", "fixed", "split", "entry", "refund", "tier", "tier_before")


@dataclass(frozen=True, slots=True)
class CommissionRule:
    """One version of a rule (rule 4.2); fields as in `protocol.objects.CommissionRule`, times as UTC datetimes."""

    id: str
    version: int
    level: str
    target_id: str | None
    from_at: datetime
    until_at: datetime | None = None
    rate_bp: Bp | None = None
    fixed_fen: Fen | None = None
    tiers: tuple[tuple[Fen, Bp], ...] = ()
    closing_bp: Bp = 7000
    store_share_bp: Bp = 0

    @classmethod
    def from_wire(cls, rule: Mapping[str, Any]) -> CommissionRule:
        """Return the rule in the wire dict (instants as text or datetime); unknown fields are ignored.

        Raises:
            Rejected: `bad_arguments`.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One paid line: `base_fen` = paid after allocated discounts, without freight, tax and stored-value bonus (rule 4.1)."""

    id: str
    product_id: str | None
    category: str
    qty: int
    base_fen: Fen
    label: str = ""
    campaign_id: str | None = None


@dataclass(frozen=True, slots=True)
class SoldOrder:
    """What commission needs to know of a paid order; `historic` earns nothing."""

    id: str
    no: str
    store_id: str | None
    created_at: datetime
    paid_at: datetime
    lines: tuple[SoldLine, ...]
    historic: bool = False
    sleep: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One posting; maps one to one on `protocol.objects.CommissionEntry` (times as datetimes, steps as JSON dicts).

    role store (the franchisee's part) carries no guide: `guide_id` is None and `store_id` is set.
    """

    id: str
    guide_id: str | None
    store_id: str | None
    order_id: str
    order_no: str
    line_id: str
    label: str
    kind: str
    role: str
    state: str
    base_fen: Fen
    amount_fen: Fen
    rule_id: str
    rule_version: int
    steps: tuple[dict[str, Any], ...]
    event_id: str
    created_at: datetime
    confirm_at: datetime | None = None
    reason: str | None = None
    sleep: bool = False


@dataclass(frozen=True, slots=True)
class LineRefund:
    """One line of a refund: `before_fen` refunded by earlier refunds, `fen` by this one (paid money, not commission)."""

    line_id: str
    before_fen: Fen
    fen: Fen


def select_rule(
    rules: Sequence[CommissionRule], line: SoldLine, *, store_id: str | None, at: datetime
) -> CommissionRule | None:
    """Return the most specific rule in force at `at` (the order's creation), or None (rule 4.2).

    At one level fixed wins over percent; then the later start, the higher version, the smaller id.
    """
    raise NotImplementedError


def entry_id(rule_id: str, rule_version: int, line_id: str, role: str, event_id: str) -> str:
    """Return the id of the one entry for this identity (rule 4.7): the same inputs, the same UUID text."""
    raise NotImplementedError


def accrue(
    order: SoldOrder,
    attribution: Attribution,
    rules: Sequence[CommissionRule],
    *,
    event_id: str,
    after_sales_days: int = 7,
) -> tuple[Entry, ...]:
    """Return the pending entries of a paid order, one per line and role (rules 4.1 to 4.5).

    Zero amounts get no entry. `confirm_at` counts from payment; move it with `confirm_at()` when the
    receipt is known.
    """
    raise NotImplementedError


def confirm_at(received_at: datetime, after_sales_days: int = 7) -> datetime:
    """Return when after-sales closes and a pending entry is confirmed (rule 4.5)."""
    raise NotImplementedError


def state_at(entry: Entry, now: datetime) -> str:
    """Return `confirmed` for a pending entry whose `confirm_at` has come, else its state (rule 4.5)."""
    raise NotImplementedError


def refund(
    accruals: Sequence[Entry], refunds: Sequence[LineRefund], *, event_id: str, at: datetime
) -> tuple[Entry, ...]:
    """Return the negative entries of one refund (rule 4.6).

    The part taken back so far is floor(amount x refunded / base), all of it when the line is refunded in
    full; an entry is the difference before and after, so any sequence of refunds nets to exactly 0.
    Posting the same `event_id` again gives entries with the same ids.

    Raises:
        Rejected: `refund_too_large`.
    """
    raise NotImplementedError


def tier_fen(tiers: Sequence[tuple[Fen, Bp]], base_fen: Fen) -> Fen:
    """Return the progressive amount for a month's confirmed base (rule 4.4): each [a, b) at its own rate, floored."""
    raise NotImplementedError


def tier_entry(
    rule: CommissionRule, *, guide_id: str, month: str, base_fen: Fen, posted_fen: Fen, event_id: str, at: datetime
) -> Entry | None:
    """Return the entry that brings the month's tier amount to what `base_fen` earns, None if nothing changes."""
    raise NotImplementedError


def recompute(steps: Sequence[Mapping[str, Any]]) -> Fen:
    """Return the amount the steps give, evaluated from their parameters alone (rule 4.9).

    Raises:
        ValueError: an unknown step, or a step whose stated `fen` is not what its parameters give.
    """
    raise NotImplementedError
