"""The steps of an entry in the guide's words (rule 4.9): what was done, and the amount it left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.domain.commission import recompute
from app.protocol.objects import CommissionEntry, CommissionRule
from app.ui.strings import Strings, money

BP_PERCENT = 100
BEFORE = "running_fen"  # the amount the step before left, beside the step's own parameters
BROKEN = (ValueError, KeyError, TypeError, IndexError, ZeroDivisionError)  # parameters that are not as agreed


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the explanation: what happens, why, and the running amount."""

    title: str
    why: str
    fen: int


def explain(entry: CommissionEntry, rule: CommissionRule | None, strings: Strings) -> list[Step]:
    """Return the steps of an entry in words; a step the app cannot read says that it is newer than the app."""
    befores = [0, *(int(step.get("fen", 0)) for step in entry.steps)]
    return [_step(step, before, entry, rule, strings) for step, before in zip(entry.steps, befores, strict=False)]


def adds_up(entry: CommissionEntry) -> bool:
    """Return whether evaluating the steps gives the entry's amount."""
    try:
        return recompute(entry.steps) == entry.amount_fen
    except BROKEN:
        return False


def _step(
    step: Mapping[str, Any], before: int, entry: CommissionEntry, rule: CommissionRule | None, strings: Strings
) -> Step:
    words = _WORDS.get(str(step.get("op")), _unknown)
    try:
        title, why = words({**(step.get("params") or {}), BEFORE: before}, entry, rule, strings)
    except BROKEN:
        title, why = _unknown({}, entry, rule, strings)
    return Step(title, why, int(step.get("fen", 0)))


Words = Callable[[Mapping[str, Any], CommissionEntry, CommissionRule | None, Strings], tuple[str, str]]


def percent_of(bp: int, strings: Strings) -> str:
    """Return basis points as a percentage, as exact as they are."""
    return f"{strings.number(bp / BP_PERCENT)}%"


def rule_name(params: Mapping[str, Any], rule: CommissionRule | None, strings: Strings) -> str:
    """Return the rule's name and version."""
    version = params.get("version", rule.version if rule else 0)
    if rule is None:
        return strings.t("commission.rule_unnamed", version=version)
    return strings.t("commission.rule_named", name=rule.name if strings.is_chinese else rule.name_en, version=version)


def _base(
    params: Mapping[str, Any], entry: CommissionEntry, rule: CommissionRule | None, strings: Strings
) -> tuple[str, str]:
    return strings.t("commission.step_base"), strings.t("commission.step_base_why", label=entry.label)


def _rate(
    params: Mapping[str, Any], entry: CommissionEntry, rule: CommissionRule | None, strings: Strings
) -> tuple[str, str]:
    rate = percent_of(int(params["bp"]), strings)
    exact = Decimal(int(params[BEFORE]) * int(params["bp"])) / 1_000_000  # fen times basis points, in yuan
    sum_ = f"{money(int(params[BEFORE]), exact=True)} × {rate} = ¥{exact.normalize():f}"
    rounded = strings.t("commission.step_floor") if exact * 100 % 1 else None
    why = strings.t("commission.step_rate_why", rule=rule_name(params, rule, strings), sum=sum_)
    return strings.t("commission.step_rate", rate=rate), why + (rounded or "")


def _fixed(
    params: Mapping[str, Any], entry: CommissionEntry, rule: CommissionRule | None, strings: Strings
) -> tuple[str, str]:
    title = strings.t("commission.step_fixed", each=money(int(params["each_fen"])), qty=int(params["qty"]))
    return title, rule_name(params, rule, strings)


def _split(
    params: Mapping[str, Any], entry: CommissionEntry, rule: CommissionRule | None, strings: Strings
) -> tuple[str, str]:
    weights, index = [int(w) for w in params["weights"]], int(params["index"])
    part = percent_of(round(weights[index] * 10_000 / sum(weights)), strings)
    role = strings.t(f"commission.role_{params['role']}")
    others = [
        strings.t("commission.step_split_other", part=percent_of(round(weight * 10_000 / sum(weights)), strings))
        for place, weight in enumerate(weights)
        if place != index
    ]
    key = "commission.step_split_why" if int(params.get("guides", 2)) > 1 else "commission.step_split_store"
    why = strings.t(
        key, whole=money(int(params[BEFORE]), exact=True), others=strings.t("commission.tier_join").join(others)
    )
    return strings.t("commission.step_split", role=role, part=part), why


def _entry(
    params: Mapping[str, Any], entry: CommissionEntry, rule: CommissionRule | None, strings: Strings
) -> tuple[str, str]:
    return strings.t("commission.step_entry"), strings.t("commission.step_entry_why", label=entry.label)


def _refund(
    params: Mapping[str, Any], entry: CommissionEntry, rule: CommissionRule | None, strings: Strings
) -> tuple[str, str]:
    title = strings.t(
        "commission.step_refund",
        refund=money(int(params["refund_fen"]), exact=True),
        base=money(int(params["base_fen"]), exact=True),
    )
    before = int(params["before_fen"])
    key = "commission.step_refund_again" if before else "commission.step_refund_why"
    return title, strings.t(key, before=money(before, exact=True))


def _reversal(
    params: Mapping[str, Any], entry: CommissionEntry, rule: CommissionRule | None, strings: Strings
) -> tuple[str, str]:
    refunds = int(params["refunds_fen"])
    key = "commission.step_reversal_less" if refunds else "commission.step_reversal_why"
    return strings.t("commission.step_reversal"), strings.t(key, refunds=money(-refunds, exact=True))


def _tier(
    params: Mapping[str, Any], entry: CommissionEntry, rule: CommissionRule | None, strings: Strings
) -> tuple[str, str]:
    title = strings.t("commission.step_tier", base=money(int(params["base_fen"]), exact=True))
    parts = [
        strings.t("commission.tier_from", amount=money(int(begin)), rate=percent_of(int(bp), strings))
        for begin, bp in params["tiers"]
    ]
    return title, strings.t("commission.tier_join").join(parts)


def _tier_before(
    params: Mapping[str, Any], entry: CommissionEntry, rule: CommissionRule | None, strings: Strings
) -> tuple[str, str]:
    return strings.t("commission.step_tier_before", amount=money(int(params["fen"]), exact=True)), ""


def _unknown(
    params: Mapping[str, Any], entry: CommissionEntry, rule: CommissionRule | None, strings: Strings
) -> tuple[str, str]:
    return strings.t("commission.step_unknown"), strings.t("commission.step_unknown_why")


_WORDS: dict[str, Words] = {
    "base": _base,
    "rate": _rate,
    "fixed": _fixed,
    "split": _split,
    "entry": _entry,
    "refund": _refund,
    "reversal": _reversal,
    "tier": _tier,
    "tier_before": _tier_before,
}
