"""What a phone says of a code with no network (rules 1.9, 1.11): only what was signed, or what stands on it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.domain.coupon import MAX_SKEW, CouponRules, CouponState
from app.domain.redemption import more_fen, used_at, why_not
from app.mutations.redeeming import Known, Scanned, judge
from app.protocol import base45, coupon_code
from app.protocol.coupon_code import CouponQr
from app.sync import ServerClock
from tests.fakes.device import TestClock

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
KEYS = {"1": KEY.public_key().public_bytes_raw()}
CODE = coupon_code.new_code(b"abcdefgh")
QR = CouponQr(1, coupon_code.short_id_of(CODE), NOW - timedelta(days=1), NOW + timedelta(days=700), 5_000, 11)
SIGNED = coupon_code.sign(QR, KEY)
RAW = base45.decode(SIGNED[len(coupon_code.PREFIX) :])


def say(text: str, at: datetime = NOW) -> Scanned:
    return judge(text, KEYS, lambda code: Known(), now=at, store_id="s1")


def reason(text: str, at: datetime = NOW) -> str | None:
    refusal = say(text, at).refusal
    return refusal.code if refusal else None


def test_rule_1_11_a_signed_qr_needs_no_network_and_finds_its_typed_code() -> None:
    said = say(f"  {SIGNED}\n")
    assert (said.refusal, said.form, said.code, said.fen, said.guide_no) == (None, "qr", CODE, 5_000, 11)


def test_rule_1_11_every_flip_of_a_single_byte_is_refused_with_a_reason() -> None:
    """All 88 bytes are covered, the signature itself too: every bit here, all 255 changes of a byte by `make soak`."""
    masks = range(1, 256) if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else [1 << bit for bit in range(8)]
    for place in range(len(RAW)):
        for mask in masks:
            raw = bytearray(RAW)
            raw[place] ^= mask
            found = reason(coupon_code.PREFIX + base45.encode(bytes(raw)))
            assert found in ("coupon_code_forged", "coupon_code_invalid"), (place, mask, found)


def test_rule_1_11_every_other_character_in_the_text_is_refused() -> None:
    for place in range(len(SIGNED)):
        for char in base45.ALPHABET[place % 4 :: 4] + "a\u00e9":
            if char != SIGNED[place]:
                assert reason(SIGNED[:place] + char + SIGNED[place + 1 :]) is not None, (place, char)


@pytest.mark.parametrize(
    ("text", "at", "code"),
    [
        (SIGNED, QR.expires_at, "coupon_expired"),
        (SIGNED, QR.not_before - timedelta(seconds=1), "coupon_not_yet"),
        (coupon_code.sign(QR, Ed25519PrivateKey.from_private_bytes(b"\x08" * 32)), NOW, "coupon_code_forged"),
        (SIGNED[:-3], NOW, "coupon_code_invalid"),
        (CODE, NOW, "needs_network"),
        (f"http://shop.test/C/{coupon_code.display(CODE)}?x=1", NOW, "needs_network"),
        ("", NOW, "coupon_code_invalid"),
        ("http://shop.test/c/", NOW, "coupon_code_invalid"),
    ],
)
def test_rule_1_11_forged_expired_and_unknown_say_so(text: str, at: datetime, code: str) -> None:
    assert reason(text, at) == code


@given(st.binary(min_size=8, max_size=8), st.data())
def test_rule_1_11_typed_codes_are_read_as_people_write_them(randomness: bytes, data: st.DataObject) -> None:
    code = coupon_code.new_code(randomness)
    swaps = {"0": "0oO", "1": "1iIlL"}
    written = "".join(data.draw(st.sampled_from(swaps.get(c, c + c.lower()))) for c in code[:-1]) + code[-1].lower()
    spaced = data.draw(st.sampled_from([written, f"{written[:4]}-{written[4:8]}-{written[8:]}", " ".join(written)]))
    assert say(spaced).code == code


@pytest.mark.parametrize(
    ("state", "rules", "code"),
    [
        ("issued", {}, None), ("claimed", {}, None), ("returned", {}, None), ("allotted", {}, "coupon_not_issued"),
        ("reserved", {}, "coupon_reserved"), ("redeemed", {}, "coupon_used"), ("expired", {}, "coupon_expired"),
        ("voided", {}, "coupon_voided"), ("claimed", {"channel": "online"}, "coupon_online_only"),
        ("claimed", {"scope_kind": "stores", "scope_ids": frozenset({"s2"})}, "coupon_out_of_scope"),
    ],
)  # fmt: skip
def test_rule_1_11_why_a_coupon_cannot_be_used_in_a_store(state: str, rules: dict, code: str | None) -> None:
    coupon = CouponState(state, NOW, "c1", "o1", valid_from=NOW, valid_until=NOW + timedelta(days=7))
    assert why_not(coupon, CouponRules("amount_off", **rules), store_id="s1", at=NOW) == code


def test_rule_1_2_a_coupon_held_for_this_very_order_may_be_used() -> None:
    coupon = CouponState("reserved", NOW, "c1", "o1", valid_from=NOW, valid_until=NOW + timedelta(days=7))
    assert why_not(coupon, CouponRules("amount_off"), store_id="s1", at=NOW, order_id="o1") is None
    assert why_not(coupon, CouponRules("amount_off"), store_id="s1", at=NOW, order_id="o2") == "coupon_reserved"


def test_rule_1_9_nobody_uses_a_coupon_before_its_issue_but_a_later_interval_means_not_yet() -> None:
    early = NOW - timedelta(seconds=3)
    assert used_at(early, issued_at=NOW, valid_from=NOW) == NOW
    assert used_at(early, issued_at=early - timedelta(days=1), valid_from=NOW) == early
    coupon = CouponState("claimed", NOW, "c1", valid_from=NOW, valid_until=NOW + timedelta(days=7))
    assert why_not(coupon, CouponRules("amount_off"), store_id="s1", at=early) == "coupon_not_yet"


def test_rule_1_12_how_much_more() -> None:
    rules = CouponRules("amount_off", threshold_fen=20_000)
    assert [more_fen(rules, fen) for fen in (0, 19_999, 20_000, 30_000)] == [20_000, 1, 0, 0]


@pytest.mark.parametrize("days", [-7, -3, 0, 3, 7])
def test_rule_1_9_the_time_of_a_use_is_bounded_by_the_server_and_the_monotonic_clock(days: int) -> None:
    device = TestClock(NOW)
    clock = ServerClock(device)
    clock.heard(NOW)
    device.true += timedelta(minutes=10)
    assert clock.bounded() == (NOW + timedelta(minutes=10), False)
    device.skew_s = days * 86_400
    at, skewed = clock.bounded()
    assert abs(at - (NOW + timedelta(minutes=10))) <= MAX_SKEW
    assert skewed == bool(days)
