"""Which published packs may be installed: pure decisions over what the server sent and what is held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.errors import Refused
from app.protocol.manifest import Manifest, parse_and_verify
from app.protocol.objects import Pack


@dataclass
class Verdicts:
    """What to install, what to withdraw (pack ids), and what was refused and why."""

    install: list[tuple[Pack, Manifest]] = field(default_factory=list)
    withdraw: list[str] = field(default_factory=list)
    refused: list[tuple[Pack, Refused]] = field(default_factory=list)


def judge(
    packs: Iterable[Pack],
    keys: Mapping[str, bytes],
    held: Mapping[str, int],
    now: datetime,
    *,
    store_id: str | None,
    role: str,
) -> Verdicts:
    """Return the verdict over every published pack.

    Args:
        packs: Rows of the client view.
        keys: Pinned pack keys by key id.
        held: Highest version ever seen, by pack id (of the manifest).
        now: Estimated server time.
        store_id: This person's store; a pack for other stores is left out.
        role: This person's role.
    """
    verdicts, newest = Verdicts(), dict(held)
    for pack in sorted(packs, key=lambda one: one.version, reverse=True):
        try:
            manifest = parse_and_verify(
                pack.manifest.encode(), pack.signature, keys, held_version=None, now=now, key_id=pack.key_id
            )
        except Refused as why:
            if why.code != "pack_expired":
                verdicts.refused.append((pack, why))
            continue
        if manifest.version < newest.get(manifest.id, 0):
            if newest[manifest.id] == held.get(manifest.id):  # nothing newer is shown: an old one was put in its place
                verdicts.refused.append((pack, Refused("pack_rollback", params={"version": manifest.version})))
            continue
        newest[manifest.id] = manifest.version
        if pack.recalled:
            verdicts.withdraw.append(manifest.id)
        elif _is_for(manifest, store_id, role) and held.get(manifest.id) != manifest.version:
            verdicts.install.append((pack, manifest))
    return verdicts


def in_force(manifest: Manifest, now: datetime) -> bool:
    """Say whether a pack is shown now; expiry hides it with no network (rule 7.1)."""
    return manifest.valid_from <= now < manifest.valid_until


def _is_for(manifest: Manifest, store_id: str | None, role: str) -> bool:
    target = manifest.target
    return (not target.stores or store_id in target.stores) and (not target.roles or role in target.roles)
