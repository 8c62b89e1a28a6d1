"""Commission: rule choice, amounts, splits, refunds, tiers, entries whose steps recompute them (rules 4.1 to 4.9)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from app.domain.attribution import Attribution
from app.domain.errors import Rejected
from app.domain.instants import from_text
from app.domain.money import BP_ONE, Bp, Fen, allocate, amount, floor_bp

LEVELS = ("brand", "store", "category", "product", "campaign")
STEP_OPS = (
    "base",
    "rate",
    "fixed",
    "split",
    "entry",
    "refund",
    "reversal",
    "tier",
    "tier_before",
)  # what a screen must render


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
        made = cls(
            id=rule["id"],
            version=rule["version"],
            level=rule["level"],
            target_id=rule.get("target_id"),
            from_at=_instant(rule["from_at"]),
            until_at=None if rule.get("until_at") is None else _instant(rule["until_at"]),
            rate_bp=rule.get("rate_bp"),
            fixed_fen=rule.get("fixed_fen"),
            tiers=tuple((begin, rate) for begin, rate in rule.get("tiers") or ()),
            closing_bp=rule.get("closing_bp", 7000),
            store_share_bp=rule.get("store_share_bp", 0),
        )
        made.check()
        return made

    def check(self) -> None:
        """Check that the rule makes sense: one of rate and amount, shares within the whole, tiers rising from 0.

        Raises:
            Rejected: `bad_arguments` or `amount_invalid`.
        """
        begins = [begin for begin, _ in self.tiers]
        rates = [self.rate_bp or 0, self.closing_bp, self.store_share_bp, *(rate for _, rate in self.tiers)]
        amount(self.fixed_fen or 0)
        wrong = (
            self.level not in LEVELS
            or (self.level == "brand") != (self.target_id is None)
            or (self.rate_bp is None) == (self.fixed_fen is None)
            or not all(0 <= rate <= BP_ONE for rate in rates)
            or begins != sorted(set(begins))
            or (bool(begins) and begins[0] < 0)
        )
        if wrong:
            raise Rejected("bad_arguments", "the commission rule does not make sense")


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One paid line (rule 4.1).

    `base_fen`: paid after allocated discounts, without freight, tax and stored-value bonus.
    """

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
    """One line of a refund, in paid money: `before_fen` refunded by earlier refunds, `fen` by this one."""

    line_id: str
    before_fen: Fen
    fen: Fen


def select_rule(
    rules: Sequence[CommissionRule], line: SoldLine, *, store_id: str | None, at: datetime
) -> CommissionRule | None:
    """Return the most specific rule in force at `at` (the order's creation), or None (rule 4.2).

    At one level fixed wins over percent; then the later start, the higher version, the smaller id.
    """
    targets = {
        "brand": None,
        "store": store_id,
        "category": line.category,
        "product": line.product_id,
        "campaign": line.campaign_id,
    }
    best, best_key = None, None
    for rule in rules:
        if rule.target_id != targets[rule.level] or (rule.target_id is None and rule.level != "brand"):
            continue
        if rule.from_at > at or (rule.until_at is not None and at >= rule.until_at):
            continue
        key = LEVELS.index(rule.level), rule.fixed_fen is not None, rule.from_at, rule.version
        if best is None or best_key is None or key > best_key or (key == best_key and rule.id < best.id):
            best, best_key = rule, key
    return best


def entry_id(rule_id: str, rule_version: int, line_id: str, role: str, event_id: str) -> str:
    """Return the id of the one entry for this identity (rule 4.7): the same inputs, the same UUID text."""
    identity = f"{rule_id}\n{rule_version}\n{line_id}\n{role}\n{event_id}".encode()
    raw = bytearray(hashlib.sha256(identity).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x80  # UUID version 8: our own scheme, RFC 9562 section 5.8
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def accrue(
    order: SoldOrder,
    attribution: Attribution,
    rules: Sequence[CommissionRule],
    *,
    event_id: str,
    after_sales_days: int = 7,
) -> tuple[Entry, ...]:
    """Return the pending entries of a paid order, one per line and role (rules 4.1 to 4.5).

    A line paid with 0 fen earns nothing, nor does an order nobody won; what no guide won is the nearest
    store's whole (role store, rule 3.2). Zero amounts get no entry.
    `confirm_at` counts from payment; move it with `confirm_at()` when the receipt is known.
    """
    if order.historic:
        return ()
    due_at = confirm_at(order.paid_at, after_sales_days)
    entries: list[Entry] = []
    for line in order.lines:
        rule = select_rule(rules, line, store_id=order.store_id, at=order.created_at)
        if rule is None or line.base_fen <= 0:
            continue
        entries.extend(_line_entries(order, line, rule, attribution, event_id, due_at))
    return tuple(entries)


def confirm_at(received_at: datetime, after_sales_days: int = 7) -> datetime:
    """Return when after-sales closes and a pending entry is confirmed (rule 4.5)."""
    return received_at + timedelta(days=after_sales_days)


def state_at(entry: Entry, now: datetime) -> str:
    """Return `confirmed` for a pending entry whose `confirm_at` has come, else its state (rule 4.5)."""
    if entry.state == "pending" and entry.confirm_at is not None and now >= entry.confirm_at:
        return "confirmed"
    return entry.state


def refund(
    accruals: Sequence[Entry], refunds: Sequence[LineRefund], *, event_id: str, at: datetime
) -> tuple[Entry, ...]:
    """Return the negative entries of one refund (rule 4.6).

    What a line has lost so far is floor(commission x refunded / base), shared by its parties in proportion
    to what they got (`taken_back`); an entry is the difference before and after. So any sequence of refunds
    nets to exactly 0, and the parties together always lose what the line loses. Posting the same `event_id`
    again gives entries with the same ids.

    Raises:
        Rejected: `refund_too_large`.
    """
    by_line = {part.line_id: part for part in refunds}
    entries: list[Entry] = []
    for entry in accruals:
        part = by_line.get(entry.line_id)
        if part is None or entry.kind != "accrual":
            continue
        if part.fen < 0 or part.before_fen < 0 or part.before_fen + part.fen > entry.base_fen:
            raise Rejected("refund_too_large", params={"paid_fen": entry.base_fen})
        entries.extend(_refund_entry(entry, part, event_id, at))
    return tuple(entries)


def taken_back(fen: Fen, amounts: Sequence[Fen]) -> list[Fen]:
    """Return `fen` of a line's commission shared over its parties' `amounts`; each part only grows with `fen`.

    The next fen always comes from the party with the most per fen already taken (a divisor method): largest
    remainder could give a fen back while more is taken. All of it gives the amounts themselves.
    """
    whole = sum(amounts)
    parts = [fen * own // whole if whole else 0 for own in amounts]
    for _ in range(fen - sum(parts)):
        index = max(range(len(parts)), key=lambda i: (Fraction(amounts[i], parts[i] + 1), -i))
        parts[index] += 1
    return parts


def tier_base(entry: Entry) -> Fen:
    """Return what an entry adds to its guide's month for the tiers: the guide's own part of the base (rule 3.3).

    Two guides who share a line share its base too, so that no fen is paid for twice; the store's part of a
    commission takes nothing from a guide's base.
    """
    for step in entry.steps:
        params = step["params"]
        if "weights" in params:
            weights, index = params["weights"][: params.get("guides", 2)], int(params["index"])
            if step["op"] == "split":
                return allocate(entry.base_fen, weights)[index]
            before, now = params["before_fen"], params["before_fen"] + params["refund_fen"]
            return allocate(before, weights)[index] - allocate(now, weights)[index]
    return entry.base_fen


def tier_fen(tiers: Sequence[tuple[Fen, Bp]], base_fen: Fen) -> Fen:
    """Return the progressive amount for a month's confirmed base (rule 4.4): each [a, b) at its own rate, floored."""
    return sum(fen for _, _, fen in tier_parts(tiers, base_fen))


def tier_parts(tiers: Sequence[tuple[Fen, Bp]], base_fen: Fen) -> list[tuple[Fen, Bp, Fen]]:
    """Return (from fen, rate bp, amount fen) of each bracket that `base_fen` reaches, lowest first (rule 4.4)."""
    ordered = sorted(tiers)
    ends = [begin for begin, _ in ordered[1:]] + [base_fen]
    return [
        (begin, rate, floor_bp(min(end, base_fen) - begin, rate))
        for (begin, rate), end in zip(ordered, ends, strict=True)
        if base_fen > begin
    ]


def tier_entry(
    rule: CommissionRule,
    *,
    guide_id: str,
    month: str,
    base_fen: Fen,
    posted_fen: Fen,
    event_id: str,
    at: datetime,
    order_id: str = "",
    order_no: str = "",
) -> Entry | None:
    """Return the entry that brings the month's tier amount to what `base_fen` earns, None if nothing changes.

    `order_id` and `order_no` name the order whose sale or return moved the month's base.
    """
    change = tier_fen(rule.tiers, base_fen) - posted_fen
    if not change:
        return None
    params = {"rule_id": rule.id, "version": rule.version, "tiers": [list(tier) for tier in rule.tiers]}
    total = change + posted_fen
    steps = (
        {"op": "tier", "params": params | {"base_fen": base_fen}, "fen": total},
        {"op": "tier_before", "params": {"fen": posted_fen}, "fen": change},
    )
    return Entry(
        id=entry_id(rule.id, rule.version, f"{guide_id}.{month}", "tier", event_id),
        guide_id=guide_id, store_id=None, order_id=order_id, order_no=order_no, line_id=f"{guide_id}.{month}",
        label=month, kind="tier", role="sole", state="confirmed", base_fen=base_fen, amount_fen=change,
        rule_id=rule.id, rule_version=rule.version, steps=steps, event_id=event_id, created_at=at, confirm_at=at,
    )  # fmt: skip


def recompute(steps: Sequence[Mapping[str, Any]]) -> Fen:
    """Return the amount the steps give, evaluated from their parameters alone (rule 4.9).

    Raises:
        ValueError: an unknown step, or a step whose stated `fen` is not what its parameters give.
    """
    running = 0
    for step in steps:
        evaluate = _STEPS.get(step["op"])
        if evaluate is None:
            raise ValueError(f"unknown step {step['op']}")
        running = evaluate(running, step["params"])
        if running != step["fen"]:
            raise ValueError(f"step {step['op']} says {step['fen']}, its parameters give {running}")
    return running


def _instant(value: Any) -> datetime:
    made = from_text(value) if isinstance(value, str) else value
    if not isinstance(made, datetime):
        raise Rejected("bad_arguments", "not an instant")
    return made


def _line_entries(
    order: SoldOrder, line: SoldLine, rule: CommissionRule, attribution: Attribution, event_id: str, due_at: datetime
) -> list[Entry]:
    parts = _parts(rule, attribution, order.store_id)
    if not parts:
        return []
    steps = _line_steps(rule, line)
    weights = [weight for _, _, _, weight in parts]
    guides = sum(guide_id is not None for guide_id, _, _, _ in parts)
    shares = allocate(steps[-1]["fen"], weights)
    entries: list[Entry] = []
    for index, ((guide_id, store_id, role, _), share) in enumerate(zip(parts, shares, strict=True)):
        if not share:
            continue
        params = {"role": role, "weights": weights, "index": index, "guides": guides}
        split = {"op": "split", "params": params, "fen": share}
        entries.append(Entry(
            id=entry_id(rule.id, rule.version, line.id, role, event_id),
            guide_id=guide_id, store_id=store_id, order_id=order.id, order_no=order.no, line_id=line.id,
            label=line.label, kind="accrual", role=role, state="pending", base_fen=line.base_fen, amount_fen=share,
            rule_id=rule.id, rule_version=rule.version, steps=(*steps, split) if len(parts) > 1 else steps,
            event_id=event_id, created_at=order.paid_at, confirm_at=due_at, reason=attribution.reason,
            sleep=order.sleep,
        ))  # fmt: skip
    return entries


def _line_steps(rule: CommissionRule, line: SoldLine) -> tuple[dict[str, Any], ...]:
    """Return the steps from the paid amount to the line's whole commission."""
    rule_params = {"rule_id": rule.id, "version": rule.version, "level": rule.level}
    base = {"op": "base", "params": {"fen": line.base_fen}, "fen": line.base_fen}
    if rule.fixed_fen is not None:
        params = rule_params | {"each_fen": rule.fixed_fen, "qty": line.qty}
        return base, {"op": "fixed", "params": params, "fen": rule.fixed_fen * line.qty}
    rate = rule.rate_bp or 0
    return base, {"op": "rate", "params": rule_params | {"bp": rate}, "fen": floor_bp(line.base_fen, rate)}


def _parts(
    rule: CommissionRule, attribution: Attribution, store_id: str | None
) -> list[tuple[str | None, str | None, str, int]]:
    """Return (guide id, store id, role, weight) of everybody who shares a line's commission."""
    store_bp = rule.store_share_bp if store_id is not None else 0
    guides = attribution.split(rule.closing_bp)
    parts: list[tuple[str | None, str | None, str, int]] = [
        (guide_id, None, role, (BP_ONE - store_bp) * bp) for guide_id, role, bp in guides
    ]
    if parts and store_bp:
        parts.append((None, store_id, "store", store_bp * BP_ONE))
    elif not parts and attribution.reason == "nearest_store" and store_id is not None:
        parts.append((None, store_id, "store", BP_ONE))
    return parts


def _refund_entry(entry: Entry, part: LineRefund, event_id: str, at: datetime) -> list[Entry]:
    params = {"base_fen": entry.base_fen, "before_fen": part.before_fen, "refund_fen": part.fen, "event_id": event_id}
    params |= _shared(entry)
    if not part.fen:
        return []
    taken = _step_refund(entry.amount_fen, params)  # may be 0: the base of the month's tier shrinks all the same
    steps = (
        {"op": "entry", "params": {"entry_id": entry.id, "fen": entry.amount_fen}, "fen": entry.amount_fen},
        {"op": "refund", "params": params, "fen": taken},
    )
    return [replace(
        entry,
        id=entry_id(entry.rule_id, entry.rule_version, entry.line_id, entry.role, event_id),
        kind="refund", amount_fen=taken, steps=steps, event_id=event_id, created_at=at, state="pending",
        # What is taken back is confirmed with what it takes from, at once if that is already confirmed.
        confirm_at=None if entry.confirm_at is None else max(entry.confirm_at, at),
        base_fen=-part.fen,
    )]  # fmt: skip


def _shared(entry: Entry) -> dict[str, Any]:
    """Return how the accrual's line was shared, from its own steps; nothing if it was not."""
    for earlier, step in pairwise(entry.steps):
        if step["op"] == "split":
            split = step["params"]
            return {"line_fen": earlier["fen"], "guides": split.get("guides", 2)} | {
                name: split[name] for name in ("weights", "index")
            }
    return {}


def _step_set(_running: Fen, params: Mapping[str, Any]) -> Fen:
    return int(params["fen"])


def _step_rate(running: Fen, params: Mapping[str, Any]) -> Fen:
    return floor_bp(running, params["bp"])


def _step_fixed(_running: Fen, params: Mapping[str, Any]) -> Fen:
    return int(params["each_fen"] * params["qty"])


def _step_split(running: Fen, params: Mapping[str, Any]) -> Fen:
    return allocate(running, params["weights"])[int(params["index"])]


def _step_refund(running: Fen, params: Mapping[str, Any]) -> Fen:
    """Return what this refund takes back (negative): the difference of two floored running totals."""
    base, before, now = params["base_fen"], params["before_fen"], params["before_fen"] + params["refund_fen"]
    if "weights" not in params:
        return int(running * before // base - running * now // base)
    whole, index = int(params["line_fen"]), int(params["index"])
    amounts = allocate(whole, params["weights"])
    return taken_back(whole * before // base, amounts)[index] - taken_back(whole * now // base, amounts)[index]


def _step_reversal(running: Fen, params: Mapping[str, Any]) -> Fen:
    """Return what a dispute takes back: the entry less what its refunds took already (`refunds_fen` <= 0)."""
    return -(running + int(params["refunds_fen"]))


def _step_tier(_running: Fen, params: Mapping[str, Any]) -> Fen:
    return tier_fen([(begin, rate) for begin, rate in params["tiers"]], params["base_fen"])


def _step_tier_before(running: Fen, params: Mapping[str, Any]) -> Fen:
    return int(running - params["fen"])


_STEPS: dict[str, Callable[[Fen, Mapping[str, Any]], Fen]] = {
    "base": _step_set,
    "rate": _step_rate,
    "fixed": _step_fixed,
    "split": _step_split,
    "entry": _step_set,
    "refund": _step_refund,
    "reversal": _step_reversal,
    "tier": _step_tier,
    "tier_before": _step_tier_before,
}
