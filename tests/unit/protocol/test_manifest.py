from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Refused
from app.protocol import manifest as m
from app.protocol.limits import BLOB_MAX_BYTES, MANIFEST_MAX_BYTES

NOW = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"q" * 32)
KEYS = {"hq1": KEY.public_key().public_bytes_raw()}
WEEK = m.Manifest(
    id="week",
    version=3,
    valid_from=NOW,
    valid_until=NOW + timedelta(days=7),
    target=m.Target(stores=("s1",)),
    calendar=(m.CalendarEntry("2026-11-22", "上新", "New", "发海报", "Send a poster", (1011,), "letter"),),
    captions=(m.Caption("c1", "warm", "暖", "warm", 1011), m.Caption("c2", "plain", "白", "plain")),
    posters=(m.PosterTemplate("letter", "posters/letter.json"),),
    files={"posters/letter.json": m.PackFile("ab" * 32, 512, "application/json")},
)
RAW = m.to_bytes(WEEK)
SIGNATURE = m.sign(RAW, KEY)


def verified(raw: bytes = RAW, signature: str | bytes = SIGNATURE, **change: Any) -> m.Manifest:
    given_ = {"keys": KEYS, "held_version": None, "now": NOW} | change
    return m.parse_and_verify(raw, signature, **given_)


def refusal(raw: bytes, signature: str | bytes | None = None, **change: Any) -> str:
    with pytest.raises(Refused) as refused:
        verified(raw, m.sign(raw, KEY) if signature is None else signature, **change)
    return refused.value.code


def document(**change: Any) -> bytes:
    return json.dumps(json.loads(RAW) | change).encode()


def test_rule_7_1_a_signed_manifest_is_what_was_published() -> None:
    assert verified() == WEEK
    assert verified(key_id="hq1") == WEEK
    assert m.to_bytes(verified()) == RAW


def test_rule_7_2_every_byte_is_covered() -> None:
    for place in range(len(RAW)):
        tampered = RAW[:place] + bytes([RAW[place] ^ 1]) + RAW[place + 1 :]
        assert refusal(tampered, SIGNATURE) == "pack_signature"


@pytest.mark.parametrize(
    ("signature", "change"),
    [
        (m.sign(RAW, OTHER), {}),
        ("", {}),
        ("!!", {}),
        (b"short", {}),
        (SIGNATURE, {"key_id": "hq2"}),
        (SIGNATURE, {"keys": {}}),
        (SIGNATURE, {"keys": {"hq1": b"not a key"}}),
    ],
)
def test_rule_7_2_who_signed_it(signature: str | bytes, change: dict[str, Any]) -> None:
    assert refusal(RAW, signature, **change) == "pack_signature"


def test_rule_7_2_a_new_key_beside_the_old_one() -> None:
    both = {"hq0": OTHER.public_key().public_bytes_raw()} | KEYS
    assert verified(keys=both) == WEEK


def test_rule_7_2_rollback_even_when_the_held_one_is_over() -> None:
    assert verified(held_version=3) == WEEK
    assert refusal(RAW, held_version=4) == "pack_rollback"
    assert refusal(RAW, held_version=4, now=NOW + timedelta(days=99)) == "pack_rollback"


def test_rule_7_1_expiry() -> None:
    assert refusal(RAW, now=NOW + timedelta(days=7)) == "pack_expired"
    assert verified(now=NOW - timedelta(days=9)) == WEEK


ENTRY = json.loads(RAW)["entries"]
FILE = json.loads(RAW)["files"]["posters/letter.json"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        RAW.replace(b'"version":3', b'"version":3,"version":4'),
        RAW.replace(b'"version":3', b'"version":NaN'),
        RAW.replace(b'"version":3', b'"version":3.0'),
        RAW.replace(b'"version":3', b'"version":true'),
        RAW.replace(b'"version":3', b'"version":0'),
        document(format=2),
        document(id="x" * 65),
        document(id="nul\0"),
        document(valid_from="2026-11-22 02:30:00Z"),
        document(valid_until="2026-11-22T02:30:00Z"),
        document(target=[]),
        document(target={"stores": [1]}),
        document(files=None),
        document(entries=ENTRY | {"calendar": ENTRY["calendar"] * 2}),
        document(entries=ENTRY | {"calendar": [ENTRY["calendar"][0] | {"day": "20261122"}]}),
        document(entries=ENTRY | {"calendar": [ENTRY["calendar"][0] | {"day": "2026-02-30"}]}),
        document(entries=ENTRY | {"calendar": [ENTRY["calendar"][0] | {"product_nos": ["1"]}]}),
        document(entries=ENTRY | {"calendar": ["x"]}),
        document(entries=ENTRY | {"captions": [ENTRY["captions"][0] | {"tone": "rude"}]}),
        document(entries=ENTRY | {"captions": [ENTRY["captions"][0] | {"zh": "字" * 2_001}]}),
        document(entries=ENTRY | {"captions": [ENTRY["captions"][0]] * 2}),
        document(entries=ENTRY | {"captions": [ENTRY["captions"][0]] * 2_001}),
        document(entries=ENTRY | {"posters": [{"id": "letter", "file": "posters/other.json"}]}),
        document(files={"posters/letter.json": FILE | {"sha256": "AB" * 32}}),
        document(files={"posters/letter.json": FILE | {"media_type": "text/html"}}),
        document(files={"posters/letter.json": FILE | {"size": -1}}),
        document(files={"posters/letter.json": FILE, "b.json": FILE | {"size": 1}}),
        document(files={f"f{number}.json": FILE for number in range(2_001)}),
    ],
)  # fmt: skip
def test_rule_7_2_malformed_though_signed(raw: bytes) -> None:
    assert refusal(raw) == "pack_malformed"


def test_rule_7_2_sizes() -> None:
    assert refusal(b" " * (MANIFEST_MAX_BYTES + 1)) == "pack_too_large"
    assert refusal(document(files={"posters/letter.json": FILE | {"size": BLOB_MAX_BYTES + 1}})) == "pack_too_large"


HOSTILE = [
    "../up.png", "a/../b.png", "/etc/passwd.png", "//host/a.png", "a//b.png", "C:/a.png", "a\\b.png", "A.png", "a.PNG",
    "a.png ", " a.png", "a.png\n", "a.svg", "a.html", "a.py", "a", ".png", "a.tar.png", "a\0.png", "é.png", "é.png",
    "ａ.png", "a%2e.png", "~.png", "a:b.png", "con?.png", "a*.png", "x" * 121 + ".png", "", ".", "..", "a.png/",
    "a.png/..", "a/./b.png", "./a.png", "a.jpeg", "a.zip", "a\u202e.png", "-\u200b.png", "a.png.exe",
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
def test_rule_7_2_hostile_paths(path: str) -> None:
    assert refusal(document(files={path: FILE})) in ("pack_path", "pack_malformed")
    with pytest.raises(Refused):
        m.check_path(path)


@pytest.mark.parametrize("path", ["a.png", "posters/letter.json", "fonts/brand-1_b.ttf", "x" * 120 + ".webp"])
def test_rule_7_2_safe_paths(path: str) -> None:
    assert m.check_path(path) == path


def test_headquarters_cannot_publish_what_phones_refuse() -> None:
    with pytest.raises(Refused):
        m.to_bytes(replace(WEEK, valid_until=WEEK.valid_from))
    with pytest.raises(Refused):
        m.to_bytes(replace(WEEK, files={"../x.json": m.PackFile("ab" * 32, 1, "application/json")}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(json.loads(RAW))), JSON)
def test_rule_7_2_any_value_in_any_place_is_refused_or_read(name: str, value: Any) -> None:
    raw = document(**{name: value})
    try:
        m.parse(raw)
    except Refused as refused:
        assert refused.code in ("pack_malformed", "pack_path", "pack_too_large")
