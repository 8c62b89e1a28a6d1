from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Rejected
from app.protocol import crockford, share_code

KEY = share_code.derive_share_key(b"master" * 6, "device-1", 1)
AT = datetime(2026, 11, 22, 2, 33, 20, tzinfo=UTC)


def made(**change: object) -> str:
    fields = {
        "key_no": 1,
        "guide_no": 101,
        "kind": "product",
        "item_no": 1011,
        "channel": "chat",
        "at": AT,
        "random20": 999,
    }
    return share_code.encode(KEY, **(fields | change))  # type: ignore[arg-type]


FIELDS = st.fixed_dictionaries({
    "key_no": st.integers(0, 15),
    "guide_no": st.integers(0, (1 << 24) - 1),
    "kind": st.sampled_from(sorted(share_code.KINDS)),
    "item_no": st.integers(0, (1 << 24) - 1),
    "channel": st.sampled_from(sorted(share_code.CHANNELS)),
    "at": st.datetimes(datetime(2024, 1, 1), datetime(2103, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),
    "random20": st.integers(0, (1 << 20) - 1),
})  # fmt: skip


@given(FIELDS)
def test_rule_3_1_a_code_holds_its_fields(fields: dict[str, object]) -> None:
    text = share_code.encode(KEY, **fields)  # type: ignore[arg-type]
    code = share_code.decode(text)
    assert len(text) == 32
    assert code.verify(KEY)
    assert timedelta(0) <= fields["at"] - code.slot_at < timedelta(minutes=10)  # type: ignore[operator]
    for name in ("key_no", "guide_no", "kind", "item_no", "channel", "random20"):
        assert getattr(code, name) == fields[name]


@given(FIELDS, st.integers(0, 31), st.sampled_from(crockford.ALPHABET))
def test_rule_3_1_an_altered_code_credits_nobody(fields: dict[str, object], place: int, char: str) -> None:
    text = share_code.encode(KEY, **fields)  # type: ignore[arg-type]
    altered = text[:place] + char + text[place + 1 :]
    try:
        trusted = share_code.decode(altered).verify(KEY)
    except Rejected as refused:
        assert refused.code == "share_code_invalid"
        trusted = False
    assert trusted is (altered == text)


def test_rule_3_1_another_devices_key_does_not_verify() -> None:
    code = share_code.decode(made())
    assert not code.verify(share_code.derive_share_key(b"master" * 6, "device-2", 1))
    assert not code.verify(share_code.derive_share_key(b"master" * 6, "device-1", 2))
    assert not code.verify(share_code.derive_share_key(b"Master" * 6, "device-1", 1))


def test_rule_3_1_the_layout_stays() -> None:
    """Version 1, key 1, guide 101, product, item 1011, chat, slot, random: 105 bits in front of the HMAC."""
    bits = f"{1:04b}{1:04b}{101:024b}{1:03b}{1011:024b}{1:04b}{share_code.slot_of(AT):022b}{999:020b}"
    value = crockford.decode(made(), 32)
    assert f"{value >> 55:0105b}" == bits
    assert share_code.slot_of(share_code.EPOCH + timedelta(seconds=599)) == 0
    assert share_code.slot_of(share_code.EPOCH + timedelta(seconds=600)) == 1


def test_rule_3_1_any_case_and_lookalikes_are_read() -> None:
    text = made()
    spoken = text.replace("0", "o").replace("1", "l").lower()
    assert share_code.decode(spoken) == share_code.decode(text) == share_code.decode(f" {text[:16]}-{text[16:]}")
    assert share_code.decode(text.replace("1", "I")).verify(KEY)


@pytest.mark.parametrize(
    "text", ["", "0" * 31, "0" * 33, "U" * 32, "ſ" * 32, "0" * 32, "2" + "Z" * 31, "１" * 32, "0" * 10_000, "\0" * 32]
)
def test_rule_3_1_what_is_no_code(text: str) -> None:
    with pytest.raises(Rejected) as refused:
        share_code.decode(text)
    assert refused.value.code == "share_code_invalid"


@pytest.mark.parametrize(
    "change",
    [{"key_no": 16}, {"guide_no": 1 << 24}, {"item_no": -1}, {"random20": 1 << 20}, {"kind": "moon"},
     {"channel": "fax"}, {"at": datetime(2023, 12, 31, tzinfo=UTC)}, {"at": datetime(2104, 1, 1, tzinfo=UTC)}],
)  # fmt: skip
def test_rule_3_1_numbers_that_do_not_fit(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"fit|unknown"):
        made(**change)


def test_rule_3_1_links() -> None:
    assert share_code.link("https://shop.example/", "AB12") == "https://shop.example/s/AB12"
    assert share_code.link("https://shop.example:8000", "AB12", paper=True) == "HTTPS://SHOP.EXAMPLE:8000/S/AB12"
