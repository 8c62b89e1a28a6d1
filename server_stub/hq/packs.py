"""Publishing a content pack: a folder becomes a signed manifest and content-addressed files (rules 7.1 to 7.3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update

from app.domain.errors import Refused, Rejected
from app.protocol import manifest as m
from app.protocol.limits import BLOB_MAX_BYTES
from server_stub import tables as t
from server_stub.config import Settings
from server_stub.db import Tx, upsert

PACK_FILE = "pack.json"
DAYS_MAX = 366
FILES_MAX = 500


@dataclass(frozen=True, slots=True)
class Published:
    """What was published."""

    id: str
    version: int
    files: int
    new_bytes: int
    valid_until: datetime


def publish(tx: Tx, folder: Path) -> Published:
    """Sign and publish the pack in `folder` as the next version of its id; nothing changes if it is refused.

    Raises:
        Refused: `pack_malformed`, `pack_path` or `pack_too_large`; the detail says where.
    """
    source = _read(folder)
    files = dict(_files(folder))
    zone = ZoneInfo(tx.conn.execute(select(t.store.c.zone).order_by(t.store.c.no)).scalars().first() or "Asia/Shanghai")
    held = tx.conn.execute(select(t.pack.c.version).where(t.pack.c.id == str(source.get("id")))).scalar()
    made = _manifest(source, files, tx.now.astimezone(zone), (held or 0) + 1)
    _check_products(tx.conn, made)
    raw = m.to_bytes(made)
    new_bytes = sum(_keep(tx, data, made.files[path]) for path, data in files.items())
    row = {
        "id": made.id, "version": made.version, "manifest": raw.decode(),
        "signature": m.sign(raw, tx.secrets.pack_key()), "key_id": tx.secrets.pack_kid, "published_at": tx.now_text,
        "recalled": False,
    }  # fmt: skip
    tx.conn.execute(upsert(tx.conn, t.pack).values(**row).on_conflict_do_update(index_elements=["id"], set_=row))
    tx.touch("pack", made.id)
    tx.audit("pack.publish", f"pack/{made.id}", {"version": made.version, "files": len(files)})
    return Published(made.id, made.version, len(files), new_bytes, made.valid_until)


def recall(tx: Tx, pack_id: str) -> None:
    """Hide a published pack at the next sync.

    Raises:
        Rejected: `not_found`.
    """
    if not tx.conn.execute(update(t.pack).where(t.pack.c.id == pack_id).values(recalled=True)).rowcount:
        raise Rejected("not_found", params={"object": "pack"})
    tx.touch("pack", pack_id)
    tx.audit("pack.recall", f"pack/{pack_id}")


def blob_path(settings: Settings, digest: str) -> Path:
    """Return where a file with this sha256 stands."""
    return settings.blobs / digest[:2] / digest


def store_blob(settings: Settings, data: bytes) -> tuple[str, bool]:
    """Keep bytes under their digest; return it and whether they are new. Written beside and renamed."""
    digest = hashlib.sha256(data).hexdigest()
    path = blob_path(settings, digest)
    if path.exists():
        return digest, False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_bytes(data)
    partial.replace(path)
    return digest, True


def _read(folder: Path) -> dict[str, Any]:
    try:
        source = json.loads((folder / PACK_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise Refused("pack_malformed", f"{folder} has no {PACK_FILE}") from exc
    except ValueError as exc:
        raise Refused("pack_malformed", f"{PACK_FILE}: {exc}") from exc
    if not isinstance(source, dict):
        raise Refused("pack_malformed", f"{PACK_FILE} is not an object")
    return source


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (path inside the folder, bytes) of every file beside `pack.json`; links are refused."""
    found = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    if len(found) > FILES_MAX:
        raise Refused("pack_too_large", f"more than {FILES_MAX} files")
    for path in found:
        name = path.relative_to(folder).as_posix()
        if name == PACK_FILE or path.name.startswith("."):
            continue
        if path.is_symlink():
            raise Refused("pack_path", f"{name} is a link")
        if path.stat().st_size > BLOB_MAX_BYTES:
            raise Refused("pack_too_large", name, params={"bytes": path.stat().st_size, "max": BLOB_MAX_BYTES})
        yield m.check_path(name), path.read_bytes()


def _manifest(source: Mapping[str, Any], files: Mapping[str, bytes], local: datetime, version: int) -> m.Manifest:
    first = local.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        days = int(source["days"])
        if not 1 <= days <= DAYS_MAX:
            raise ValueError(f"days must be 1 to {DAYS_MAX}")
        target = source.get("target", {})
        return m.Manifest(
            id=source["id"],
            version=version,
            valid_from=first,
            valid_until=first + timedelta(days=days),
            target=m.Target(tuple(target.get("stores", ())), tuple(target.get("roles", ()))),
            calendar=tuple(_entry(one, first) for one in source["calendar"]),
            captions=tuple(
                m.Caption(one["id"], one["tone"], one["zh"], one["en"], one.get("product"))
                for one in source["captions"]
            ),
            posters=tuple(m.PosterTemplate(one["id"], one["file"]) for one in source["posters"]),
            files={path: _described(path, data) for path, data in files.items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise Refused("pack_malformed", f"{PACK_FILE}: {type(exc).__name__} {exc}") from exc


def _entry(one: Mapping[str, Any], first: datetime) -> m.CalendarEntry:
    return m.CalendarEntry(
        day=(first + timedelta(days=int(one["day"]))).date().isoformat(),
        title=one["title"],
        title_en=one["title_en"],
        text=one["text"],
        text_en=one["text_en"],
        product_nos=tuple(one.get("products", ())),
        poster_template=one.get("poster"),
    )


def _described(path: str, data: bytes) -> m.PackFile:
    return m.PackFile(hashlib.sha256(data).hexdigest(), len(data), m.MEDIA_TYPES[path.rpartition(".")[2]])


def _check_products(conn: Connection, made: m.Manifest) -> None:
    """Refuse a pack that speaks of products nobody sells."""
    named = {no for entry in made.calendar for no in entry.product_nos}
    named |= {one.product_no for one in made.captions if one.product_no is not None}
    known = set(conn.execute(select(t.product.c.no).where(t.product.c.no.in_(named))).scalars())
    if named - known:
        raise Refused("pack_malformed", f"no product has the number {min(named - known)}")


def _keep(tx: Tx, data: bytes, file: m.PackFile) -> int:
    digest, new = store_blob(tx.settings, data)
    row = {"sha256": digest, "size": len(data), "media_type": file.media_type, "created_at": tx.now_text}
    tx.conn.execute(upsert(tx.conn, t.blob).values(**row).on_conflict_do_nothing(index_elements=["sha256"]))
    return len(data) if new else 0
