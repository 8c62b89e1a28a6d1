from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import GuideError, Refused, Rejected
from app.protocol import base45, coupon_code, crockford
from app.protocol.coupon_code import CouponQr

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
KEYS = {3: KEY.public_key().public_bytes_raw()}
NOW = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
CODE = coupon_code.new_code(bytes(range(200, 208)))
QR = CouponQr(3, coupon_code.short_id_of(CODE), NOW, NOW + timedelta(days=14), 5_000, 101)
SIGNED = coupon_code.sign(QR, KEY)


def refusal(text: str, now: datetime | None = None) -> str:
    with pytest.raises(GuideError) as refused:
        coupon_code.verify(text, KEYS, now=now)
    return refused.value.code


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0"), (b"", "")],
)
def test_base45_examples_of_rfc_9285(raw: bytes, text: str) -> None:
    assert base45.encode(raw) == text
    assert base45.decode(text) == raw


@given(st.binary(max_size=100))
def test_base45_round_trip(raw: bytes) -> None:
    assert base45.decode(base45.encode(raw)) == raw


@pytest.mark.parametrize("text", ["GGW", ":::", "A", "AAAA", "ab0", "::"])
def test_base45_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="base45"):
        base45.decode(text)


@given(st.binary(min_size=8, max_size=8))
def test_rule_1_11_typed_codes(randomness: bytes) -> None:
    code = coupon_code.new_code(randomness)
    shown = coupon_code.display(code)
    assert [len(part) for part in shown.split("-")] == [4, 4, 5]
    assert coupon_code.normalise(shown.lower()) == code
    assert coupon_code.code_of(coupon_code.short_id_of(code)) == code


@given(st.binary(min_size=8, max_size=8), st.integers(0, 11), st.sampled_from(crockford.ALPHABET))
def test_rule_1_11_one_wrong_character_is_found(randomness: bytes, place: int, char: str) -> None:
    code = coupon_code.new_code(randomness)
    wrong = code[:place] + char + code[place + 1 :]
    if wrong == code:
        assert coupon_code.normalise(wrong) == code
    else:
        with pytest.raises(Refused) as refused:
            coupon_code.normalise(wrong)
        assert refused.value.code == "coupon_code_invalid"


@given(st.binary(min_size=8, max_size=8), st.integers(0, 10))
def test_rule_1_11_two_swapped_neighbours_are_found(randomness: bytes, place: int) -> None:
    code = coupon_code.new_code(randomness)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if swapped != code:
        with pytest.raises(Refused):
            coupon_code.normalise(swapped)


def test_rule_1_11_check_symbols_beyond_the_alphabet() -> None:
    symbols = {crockford.check_symbol(value) for value in range(37)}
    assert len(symbols) == 37
    code = crockford.encode(36, 12) + crockford.check_symbol(36)
    assert code.endswith("U")
    assert coupon_code.normalise(code.lower()) == code


@pytest.mark.parametrize("text", ["", "ABC", CODE + "0", CODE[:-1], "/../" + CODE, "é" * 13, "0" * 10_000])
def test_rule_1_11_what_is_no_typed_code(text: str) -> None:
    with pytest.raises(Refused) as refused:
        coupon_code.normalise(text)
    assert refused.value.code == "coupon_code_invalid"


def test_rule_1_11_the_qr_says_what_was_signed() -> None:
    assert coupon_code.verify(SIGNED, KEYS, now=NOW) == QR
    assert SIGNED.startswith("GC1:")
    assert len(SIGNED) == 136
    assert set(SIGNED) <= set(base45.ALPHABET)


@pytest.mark.parametrize("byte", range(88))
def test_rule_1_11_every_byte_is_covered(byte: int) -> None:
    raw = bytearray(base45.decode(SIGNED[4:]))
    raw[byte] ^= 1
    assert refusal("GC1:" + base45.encode(bytes(raw))) == "coupon_code_forged"


def test_rule_1_11_forged_and_malformed() -> None:
    assert refusal(coupon_code.sign(QR, OTHER)) == "coupon_code_forged"
    assert refusal(coupon_code.sign(replace(QR, key_no=4), KEY)) == "coupon_code_forged"
    for text in ("", "GC1:", "https://x", SIGNED[:-1], SIGNED + "0", "GC1:" + "é" * 132, "GC1:" + "0" * 10_000):
        assert refusal(text) == "coupon_code_invalid"
    raw = bytearray(base45.decode(SIGNED[4:]))
    raw[0] = 0x23
    assert refusal("GC1:" + base45.encode(bytes(raw))) == "coupon_code_invalid"


def test_rule_1_11_times_of_the_qr() -> None:
    assert refusal(SIGNED, NOW + timedelta(days=14)) == "coupon_expired"
    assert refusal(SIGNED, NOW - timedelta(seconds=1)) == "coupon_not_available"
    with pytest.raises(Rejected):
        coupon_code.verify(SIGNED, KEYS, now=NOW + timedelta(days=99))
    assert coupon_code.verify(SIGNED, KEYS) == QR


@pytest.mark.parametrize(
    "change", [{"key_no": 16}, {"short_id": b"short"}, {"short_id": b"\xff" * 8}, {"fen": -1}, {"guide_no": 1 << 24}]
)
def test_rule_1_11_fields_that_do_not_fit(change: dict[str, object]) -> None:
    with pytest.raises((ValueError, OverflowError)):
        coupon_code.sign(replace(QR, **change), KEY)  # type: ignore[arg-type]
