"""The content of one open client: what headquarters published, verified, fetched and in force."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from app.content import trust
from app.content.blobs import Blobs
from app.domain.errors import GuideError, LocalFault, Refused, Unavailable
from app.domain.instants import to_text
from app.protocol.manifest import CalendarEntry, Caption, Manifest, parse
from app.protocol.objects import Pack
from app.store import SYNC, Store, aside, packs
from app.store.packs import Installed
from app.store.queries import products

log = logging.getLogger(__name__)
RETRY_S = 30.0


class Now(Protocol):
    """The estimated server time."""

    def now(self) -> datetime:
        """Return it, UTC."""
        ...


class Content:
    """Packs and pictures of one open store; `active_manifest` and `file` never wait for the network.

    Args:
        store: The local rows; a commit that touches packs or products starts a refresh.
        blobs: Where files lie and come from.
        clock: The estimated server time.
        keys: Pinned pack keys (`session.pack_keys`).
        store_id: This person's store.
        role: This person's role.
    """

    def __init__(
        self, store: Store, blobs: Blobs, clock: Now, keys: Mapping[str, bytes], *, store_id: str | None, role: str
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._keys = keys
        self._store_id = store_id
        self._role = role
        self._parsed: dict[tuple[str, int], Manifest] = {}
        self._reported: set[tuple[str, int, str]] = set()
        self._wake = asyncio.Event()
        self._refreshing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    # --- reading ---------------------------------------------------------------------------------------------
    def active_manifest(self) -> Manifest | None:
        """Return the pack in force that was published last, or None."""
        now = self._clock.now()
        for one in self._store.query(packs.installed):
            manifest = self._manifest(one)
            if trust.in_force(manifest, now):
                return manifest
        return None

    def today(self, day: date) -> CalendarEntry | None:
        """Return the play of a day, or None."""
        manifest = self.active_manifest()
        entries = manifest.calendar if manifest else ()
        return next((entry for entry in entries if entry.day == day.isoformat()), None)

    def captions(self, product_no: int | None = None) -> tuple[Caption, ...]:
        """Return the captions for a product, its own first, then those that fit any."""
        manifest = self.active_manifest()
        found = manifest.captions if manifest else ()
        own = tuple(one for one in found if product_no is not None and one.product_no == product_no)
        return (*own, *(one for one in found if one.product_no is None))

    def file(self, path: str) -> Path | None:
        """Return a file of the active pack by its path inside the pack, or None."""
        manifest = self.active_manifest()
        known = manifest.files.get(path) if manifest else None
        return self._blobs.path(known.sha256) if known else None

    def _manifest(self, one: Installed) -> Manifest:
        key = (one.pack_id, one.version)
        if key not in self._parsed:
            self._parsed[key] = parse(one.manifest.encode())
        return self._parsed[key]

    # --- fetching --------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """Refresh in the background whenever packs or products change."""
        self._unsubscribe = self._store.subscribe(self._on_commit)
        self._task = asyncio.create_task(self._run(), name="content")
        self._wake.set()

    async def stop(self) -> None:
        """End the background work; a part that came is kept."""
        self._unsubscribe()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def refresh(self) -> None:
        """Verify and install packs, then fetch missing product pictures.

        Raises:
            Unavailable: the network went; the old content stays and the next refresh goes on.
            LocalFault: `disk_full`.
        """
        async with self._refreshing:  # two at once would write the same parts
            await self._refresh()

    async def _refresh(self) -> None:
        held = self._store.query(packs.held_versions)
        shown = self._store.query(packs.published)
        verdicts = trust.judge(shown, self._keys, held, self._clock.now(), store_id=self._store_id, role=self._role)
        for pack, why in verdicts.refused:
            await self._report(pack, why)
        shown_now = {one.pack_id for one in self._store.query(packs.installed)}
        for pack_id in shown_now.intersection(verdicts.withdraw):
            await self._store.write(lambda tx, i=pack_id: packs.withdraw(tx, i), priority=SYNC)  # type: ignore[misc]
        for pack, manifest in verdicts.install:
            await self._install(pack, manifest)
        came = await self._blobs.fetch_all(self._store.query(products.picture_digests))
        if came:  # screens that show a stage in a picture's place look again
            await self._store.write(lambda tx: tx.touch("product"), priority=SYNC)

    async def _install(self, pack: Pack, manifest: Manifest) -> None:
        """Fetch every file, then flip one row; on a refusal the old pack stays."""
        try:
            for file in manifest.files.values():
                await self._blobs.fetch(file.sha256, file.size)
        except Refused as why:
            await self._report(pack, why)
            return
        ready = Installed(manifest.id, manifest.version, pack.manifest, pack.published_at)
        await self._store.write(lambda tx: packs.activate(tx, ready), priority=SYNC)

    async def _report(self, pack: Pack, why: Refused) -> None:
        """Tell the user once; the pack stays refused at every later look."""
        if (pack.id, pack.version, why.code) in self._reported:
            return
        self._reported.add((pack.id, pack.version, why.code))
        at = to_text(self._clock.now())
        log.warning("a pack was refused: %s", why)
        await self._store.write(lambda tx: aside.add_problem(tx, why.code, why.params, at), priority=SYNC)

    def _on_commit(self, touched: frozenset[str]) -> None:
        if touched & {"pack", "product"}:
            self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self.refresh()
            except (Unavailable, LocalFault) as exc:
                log.info("content waits: %s", exc)
                asyncio.get_running_loop().call_later(RETRY_S, self._wake.set)
            except GuideError as exc:
                log.warning("content: %s", exc)
