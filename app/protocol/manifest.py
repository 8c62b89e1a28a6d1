"""Content pack manifests: JSON bytes signed as they are (Ed25519), verified before anything is believed (rules 7.1, 7.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FORMAT = 1
TONES = ("warm", "plain", "lively")


@dataclass(frozen=True, slots=True)
class PackFile:
    """One content-addressed file of a pack."""

    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One day's play. `day` is `YYYY-MM-DD` of the store's zone; `product_nos` are `Product.style_no`s or numbers as text."""

    day: str
    title: str
    title_en: str
    text: str
    text_en: str
    product_nos: tuple[int, ...] = ()
    poster_template: str | None = None


@dataclass(frozen=True, slots=True)
class Caption:
    """A ready text to share; without `product_no` it fits any product. tone: warm | plain | lively."""

    id: str
    tone: str
    zh: str
    en: str
    product_no: int | None = None


@dataclass(frozen=True, slots=True)
class PosterTemplate:
    """A poster layout: the pack's file that holds it."""

    id: str
    file: str


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a pack is for; empty = everybody."""

    stores: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """A pack's contents; valid in [valid_from, valid_until)."""

    id: str
    version: int
    valid_from: datetime
    valid_until: datetime
    target: Target
    calendar: tuple[CalendarEntry, ...]
    captions: tuple[Caption, ...]
    posters: tuple[PosterTemplate, ...]
    files: Mapping[str, PackFile]


def to_bytes(manifest: Manifest) -> bytes:
    """Return the JSON bytes to sign and publish: sorted keys, UTF-8.

    Raises:
        Refused: as `parse`; HQ cannot publish what phones would refuse.
    """
    raise NotImplementedError


def parse(raw: bytes) -> Manifest:
    """Return the manifest in `raw`, every field checked, unsigned.

    Raises:
        Refused: `pack_too_large`, `pack_malformed` or `pack_path`.
    """
    raise NotImplementedError


def sign(raw: bytes, private_key: Ed25519PrivateKey) -> str:
    """Return the signature over the raw bytes as base64url text without padding."""
    raise NotImplementedError


def parse_and_verify(
    raw: bytes,
    signature: str | bytes,
    keys: Mapping[str, bytes],
    *,
    held_version: int | None,
    now: datetime,
    key_id: str | None = None,
) -> Manifest:
    """Return the manifest if a trusted key signed these bytes, it is not older than the one held, and not over.

    Args:
        signature: base64url text, or the 64 raw bytes.
        keys: key id to raw 32-byte Ed25519 public key; `key_id` picks one, without it any may have signed.
        held_version: the highest version of this pack seen so far.
    Raises:
        Refused: `pack_signature`, `pack_too_large`, `pack_malformed`, `pack_path`, `pack_rollback` or `pack_expired`.
    """
    raise NotImplementedError


def check_path(path: str) -> str:
    """Return the path if it is safe inside a pack's folder.

    Raises:
        Refused: `pack_path`.
    """
    raise NotImplementedError
