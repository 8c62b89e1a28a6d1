"""Content pack manifests: JSON bytes signed as they are (Ed25519), verified before anything else (rules 7.1, 7.2)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.domain.errors import Refused
from app.domain.instants import to_text
from app.domain.pack import check_version
from app.protocol.fields import Fields
from app.protocol.limits import BLOB_MAX_BYTES, MANIFEST_MAX_BYTES

FORMAT = 1
TONES = ("warm", "plain", "lively")
PATH = re.compile(r"[a-z0-9_/-]{1,120}\.(png|jpg|webp|json|ttf)")
DIGEST = re.compile(r"[0-9a-f]{64}")
MEDIA_TYPES = {
    "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "json": "application/json", "ttf": "font/ttf",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PackFile:
    """One content-addressed file of a pack."""

    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One day's play; `day` is `YYYY-MM-DD` of the store's zone, `product_nos` are `Product.no`."""

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
    target, posters = manifest.target, [{"id": poster.id, "file": poster.file} for poster in manifest.posters]
    document = {
        "format": FORMAT,
        "id": manifest.id,
        "version": manifest.version,
        "valid_from": to_text(manifest.valid_from),
        "valid_until": to_text(manifest.valid_until),
        "target": {"stores": list(target.stores), "roles": list(target.roles)},
        "entries": {
            "calendar": [asdict(entry) for entry in manifest.calendar],
            "captions": [asdict(caption) for caption in manifest.captions],
            "posters": posters,
        },
        "files": {path: asdict(file) for path, file in manifest.files.items()},
    }
    raw = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    parse(raw)
    return raw


def parse(raw: bytes) -> Manifest:
    """Return the manifest in `raw`, every field checked, unsigned.

    Raises:
        Refused: `pack_too_large`, `pack_malformed` or `pack_path`.
    """
    if len(raw) > MANIFEST_MAX_BYTES:
        raise Refused("pack_too_large", params={"bytes": len(raw), "max": MANIFEST_MAX_BYTES})
    fields = Fields(_document(raw))
    if fields.number("format", 1, 1_000_000) != FORMAT:
        raise Refused("pack_malformed", "another format")
    entries, target = fields.section("entries"), fields.section("target")
    manifest = Manifest(
        id=fields.text("id", 64),
        version=fields.number("version", 1, 1 << 31),
        valid_from=fields.instant("valid_from"),
        valid_until=fields.instant("valid_until"),
        target=Target(target.texts("stores"), target.texts("roles")),
        calendar=tuple(_calendar_entry(entry) for entry in entries.sections("calendar")),
        captions=tuple(_caption(caption) for caption in entries.sections("captions")),
        posters=tuple(
            PosterTemplate(poster.text("id", 64), poster.text("file")) for poster in entries.sections("posters")
        ),
        files=_files(fields.section("files")),
    )
    _check_whole(manifest)
    return manifest


def sign(raw: bytes, private_key: Ed25519PrivateKey) -> str:
    """Return the signature over the raw bytes as base64url text without padding."""
    return base64.urlsafe_b64encode(private_key.sign(raw)).rstrip(b"=").decode()


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
    # Size first, signature second: nothing in unsigned bytes is looked at.
    if len(raw) > MANIFEST_MAX_BYTES:
        raise Refused("pack_too_large", params={"bytes": len(raw), "max": MANIFEST_MAX_BYTES})
    _check_signature(raw, signature, keys, key_id)
    manifest = parse(raw)
    check_version(held_version, manifest.version)
    if now >= manifest.valid_until:
        raise Refused("pack_expired", params={"until": to_text(manifest.valid_until)})
    return manifest


def check_path(path: str) -> str:
    """Return the path if it is safe inside a pack's folder.

    Raises:
        Refused: `pack_path`.
    """
    safe = PATH.fullmatch(path) is not None and not path.startswith("/") and "//" not in path
    if not safe:
        raise Refused("pack_path", f"not a safe path: {path[:130]!r}")
    return path


def _check_signature(raw: bytes, signature: str | bytes, keys: Mapping[str, bytes], key_id: str | None) -> None:
    signed = _signature_bytes(signature)
    allowed = [key for kid, key in keys.items() if key_id in (None, kid)]
    for key in allowed:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signed, raw)
        except (InvalidSignature, ValueError):
            continue
        return
    raise Refused("pack_signature", f"none of {len(allowed)} trusted keys signed this")


def _signature_bytes(signature: str | bytes) -> bytes:
    if isinstance(signature, bytes):
        return signature
    try:
        return base64.b64decode(signature + "=" * (-len(signature) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise Refused("pack_signature", "not base64url") from wrong


def _document(raw: bytes) -> dict[str, Any]:
    """Return the JSON object; a key twice, NaN, and anything else than one object are refused."""
    try:
        document = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as wrong:
        raise Refused("pack_malformed", "not JSON as we want it") from wrong
    if not isinstance(document, dict):
        raise Refused("pack_malformed", "not an object")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key twice")
    return made


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _calendar_entry(fields: Fields) -> CalendarEntry:
    day = fields.text("day", 10)
    try:
        whole = date.fromisoformat(day).isoformat() == day
    except ValueError:
        whole = False
    if not whole:
        raise Refused("pack_malformed", f"no day: {day!r}")
    return CalendarEntry(
        day=day,
        title=fields.text("title"),
        title_en=fields.text("title_en"),
        text=fields.text("text"),
        text_en=fields.text("text_en"),
        product_nos=fields.numbers("product_nos", 0, (1 << 24) - 1),
        poster_template=fields.text_or_none("poster_template"),
    )


def _caption(fields: Fields) -> Caption:
    tone = fields.text("tone")
    if tone not in TONES:
        raise Refused("pack_malformed", f"no tone {tone!r}")
    return Caption(
        id=fields.text("id", 64),
        tone=tone,
        zh=fields.text("zh"),
        en=fields.text("en"),
        product_no=fields.number_or_none("product_no", 0, (1 << 24) - 1),
    )


def _files(fields: Fields) -> dict[str, PackFile]:
    files: dict[str, PackFile] = {}
    for path in fields.names():
        file = fields.section(check_path(path))
        media_type = MEDIA_TYPES[path.rpartition(".")[2]]
        digest = file.text("sha256", 64)
        if DIGEST.fullmatch(digest) is None or file.text("media_type") != media_type:
            raise Refused("pack_malformed", f"digest or media type of {path}")
        files[path] = PackFile(digest, _size(file), media_type)
    return files


def _size(file: Fields) -> int:
    size = file.number("size", 0, 1 << 40)
    if size > BLOB_MAX_BYTES:
        raise Refused("pack_too_large", params={"bytes": size, "max": BLOB_MAX_BYTES})
    return size


def _check_whole(manifest: Manifest) -> None:
    """Check what no single field shows: times in order, one entry a day, and that names lead somewhere."""
    templates = {poster.id for poster in manifest.posters}
    days = [entry.day for entry in manifest.calendar]
    sizes: dict[str, int] = {}
    same_size = all(sizes.setdefault(file.sha256, file.size) == file.size for file in manifest.files.values())
    whole = (
        manifest.valid_from < manifest.valid_until
        and len(set(days)) == len(days)
        and len(templates) == len(manifest.posters)
        and len({caption.id for caption in manifest.captions}) == len(manifest.captions)
        and all(poster.file in manifest.files for poster in manifest.posters)
        and same_size
    )
    if not whole:
        raise Refused("pack_malformed", "its parts do not fit together")
