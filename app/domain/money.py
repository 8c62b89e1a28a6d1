"""Money in whole fen and rates in basis points; the only places where a fen is rounded."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.errors import Rejected

Fen = int
Bp = int

BP_ONE = 10_000
FEN_MAX = 1_000_000_000


def amount(value: object) -> Fen:
    """Return `value` if it is an amount of money; 0 is legal.

    Raises:
        Rejected: `amount_invalid` for a negative, a non-integer (a bool too) or more than 10^9 fen.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= FEN_MAX:
        raise Rejected("amount_invalid", "want whole fen from 0 to 1,000,000,000")
    return value


def allocate(total: Fen, weights: Sequence[int], keys: Sequence[str] | None = None) -> list[Fen]:
    """Return `total` split in proportion to `weights` by largest remainder; the parts sum to it exactly.

    A fen left over goes to the largest remainder; ties go to the larger weight, then to the smaller
    key (give line ids: then permuting the lines permutes the shares), then to the earlier position.
    No part exceeds its weight while `total` is at most their sum. A negative total mirrors a positive one.

    Raises:
        ValueError: a negative weight, or nothing to share a non-zero total over.
    """
    if total < 0:
        return [-part for part in allocate(-total, weights, keys)]
    whole = sum(weights)
    if any(weight < 0 for weight in weights) or (total and not whole):
        raise ValueError("weights must be >= 0 and not all zero")
    if not total:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    left = total - sum(parts)
    order = sorted(
        range(len(weights)),
        key=lambda i: (-(total * weights[i] % whole), -weights[i], keys[i] if keys else "", i),
    )
    for index in order[:left]:
        parts[index] += 1
    return parts


def pay_of_bp(base: Fen, pay_bp: Bp) -> Fen:
    """Return what is paid at `pay_bp` of `base`, rounded up so that the shop never loses a fen (rule 1.7)."""
    return -(-base * pay_bp // BP_ONE)


def floor_bp(base: Fen, rate_bp: Bp) -> Fen:
    """Return `rate_bp` of `base`, rounded down to the fen (rule 4.3)."""
    return base * rate_bp // BP_ONE
