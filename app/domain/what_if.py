"""What the next sale or a return would do to a guide's commission, by the same rules that decide it (feature E10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.attribution import Attribution
from app.domain.commission import (
    CommissionRule,
    Entry,
    LineRefund,
    SoldLine,
    SoldOrder,
    accrue,
    refund,
    select_rule,
    tier_base,
    tier_fen,
)
from app.domain.money import Bp, Fen

GUIDE = "me"


@dataclass(frozen=True, slots=True)
class TierProgress:
    """Where a month stands on a rule's tiers: in [from_fen, next_fen) at `rate_bp`; no next at the top."""

    base_fen: Fen
    earned_fen: Fen
    from_fen: Fen
    rate_bp: Bp
    next_fen: Fen | None
    next_bp: Bp | None

    @property
    def left_fen(self) -> Fen | None:
        """What is missing to the next tier."""
        return None if self.next_fen is None else self.next_fen - self.base_fen


@dataclass(frozen=True, slots=True)
class Sale:
    """What a sale of `sale_fen` would earn: by the rule's rate, and by what it adds to the tiers."""

    sale_fen: Fen
    rate_fen: Fen
    tier_fen: Fen

    @property
    def total_fen(self) -> Fen:
        """Return both together."""
        return self.rate_fen + self.tier_fen


@dataclass(frozen=True, slots=True)
class Return:
    """What a return would take (negative): by the entries it posts, and from the tiers of the month."""

    entries: tuple[Entry, ...]
    entries_fen: Fen
    tier_fen: Fen

    @property
    def total_fen(self) -> Fen:
        """Return both together."""
        return self.entries_fen + self.tier_fen


def general_rule(rules: Sequence[CommissionRule], store_id: str | None, at: datetime) -> CommissionRule | None:
    """Return the rule for goods no narrower rule names: the brand's or the store's."""
    return select_rule(rules, SoldLine("next", None, "", 1, 0), store_id=store_id, at=at)


def progress(rule: CommissionRule, base_fen: Fen) -> TierProgress | None:
    """Return where a month with this base stands; None for a rule without tiers. Half-open [a, b) (rule 4.4)."""
    if not rule.tiers:
        return None
    tiers = sorted(rule.tiers)
    reached = [tier for tier in tiers if tier[0] <= base_fen] or [(0, 0)]
    after = next((tier for tier in tiers if tier[0] > base_fen), (None, None))
    return TierProgress(base_fen, tier_fen(rule.tiers, base_fen), *reached[-1], *after)


def next_sale(rule: CommissionRule, base_fen: Fen, sale_fen: Fen, store_id: str | None, at: datetime) -> Sale:
    """Return what a sale of my own (nobody to share it with) would earn on top of a month with this base."""
    order = SoldOrder("next", "", store_id, at, at, (SoldLine("next", None, "", 1, sale_fen),))
    won = Attribution(GUIDE, GUIDE, store_id, "closing_is_bound", {})
    mine = [entry for entry in accrue(order, won, [rule], event_id="next") if entry.guide_id == GUIDE]
    return Sale(sale_fen, sum(entry.amount_fen for entry in mine), _tiers_move(rule, base_fen, sale_fen))


def pieces_fen(paid_fen: Fen, qty: int, refunded_qty: int, refunded_fen: Fen, pieces: int) -> Fen:
    """Return what is paid back for more pieces of a line; all that are left give back all that is left."""
    if not 0 <= pieces <= qty - refunded_qty:
        raise ValueError("more pieces than are left")
    return paid_fen * (refunded_qty + pieces) // qty - refunded_fen if pieces else 0


def returned(
    accruals: Sequence[Entry], parts: Sequence[LineRefund], rule: CommissionRule | None, base_fen: Fen, at: datetime
) -> Return:
    """Return what giving these parts back would post to the owner of `accruals`.

    Args:
        accruals: The guide's entries of the order that stand.
        parts: What comes back, by line.
        rule: The rule whose tiers count these entries; None without tiers.
        base_fen: The base under that rule of the month in which the return is confirmed.
        at: When it would happen.

    Raises:
        Rejected: `refund_too_large`.
    """
    made = refund(accruals, parts, event_id="what-if", at=at)
    down = sum(tier_base(entry) for entry in made if rule is not None and entry.rule_id == rule.id)
    return Return(made, sum(entry.amount_fen for entry in made), _tiers_move(rule, base_fen, down))


def _tiers_move(rule: CommissionRule | None, base_fen: Fen, by_fen: Fen) -> Fen:
    if rule is None or not rule.tiers:
        return 0
    return tier_fen(rule.tiers, base_fen + by_fen) - tier_fen(rule.tiers, base_fen)
