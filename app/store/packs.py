"""The content packs in force: verified manifests kept apart from what the server last sent."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.instants import Instant
from app.protocol.objects import Pack
from app.store.read import Read, reads
from app.store.tx import WriteTx


@dataclass(frozen=True, slots=True)
class Installed:
    """A verified pack whose files are all here; `manifest` is the JSON text as it was signed."""

    pack_id: str
    version: int
    manifest: str
    published_at: Instant


@reads("pack")
def published(read: Read) -> list[Pack]:
    """Return the packs the server shows, newest version first."""
    return read.all(Pack, "1 ORDER BY version DESC, published_at DESC")


@reads("pack")
def installed(read: Read) -> list[Installed]:
    """Return the packs in force, the one published last first."""
    rows = read.rows(
        "SELECT pack_id, version, manifest, published_at FROM content WHERE manifest <> ''"
        " ORDER BY published_at DESC, pack_id"
    )
    return [Installed(*row) for row in rows]


@reads("pack")
def held_versions(read: Read) -> dict[str, int]:
    """Return the highest version ever seen of each pack, recalled ones included."""
    return {row[0]: row[1] for row in read.rows("SELECT pack_id, version FROM content")}


def activate(tx: WriteTx, pack: Installed) -> None:
    """Put a verified pack in force: one row, so that it is the old one or the new one."""
    tx.conn.execute(
        "INSERT OR REPLACE INTO content (pack_id, version, manifest, published_at) VALUES (?, ?, ?, ?)",
        (pack.pack_id, pack.version, pack.manifest, pack.published_at),
    )
    tx.touch("pack", pack.pack_id)


def withdraw(tx: WriteTx, pack_id: str) -> None:
    """Take a recalled pack out of force; its version stays known, so that it cannot come back."""
    tx.conn.execute("UPDATE content SET manifest = '' WHERE pack_id = ?", (pack_id,))
    tx.touch("pack", pack_id)
