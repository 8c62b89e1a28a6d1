"""Content-addressed files: fetched once, resumed after a cut, believed only when the digest fits."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import httpx

from app.domain.errors import GuideError, LocalFault, ProtocolFault, Refused, Unauthorized, Unavailable
from app.protocol.limits import BLOB_MAX_BYTES

log = logging.getLogger(__name__)
DIGEST = re.compile(r"[0-9a-f]{64}")
AT_ONCE = 4
PARTIAL = 206
NEEDED_FREE_BYTES = 50_000_000


class Blobs:
    """The folder `blobs/<sha256>`; product pictures and pack files, which are nobody's secret."""

    def __init__(self, folder: Path, http: httpx.AsyncClient, auth: httpx.Auth | None = None) -> None:
        self.folder = folder
        self._http = http
        self._auth = httpx.USE_CLIENT_DEFAULT if auth is None else auth

    def path(self, digest: str) -> Path | None:
        """Return the file of a digest, or None while it is not here."""
        if not DIGEST.fullmatch(digest):
            return None
        found = self.folder / digest
        return found if found.is_file() else None

    async def fetch_all(self, digests: Iterable[str]) -> int:
        """Fetch what is missing, four at once; return how many came. One that is refused does not stop the others.

        Raises:
            Unavailable: the network went; what came so far stays.
            LocalFault: `disk_full`.
        """
        missing = [digest for digest in digests if DIGEST.fullmatch(digest) and self.path(digest) is None]
        gate, failures = asyncio.Semaphore(AT_ONCE), list[GuideError]()

        async def one(digest: str) -> bool:
            async with gate:
                if failures:
                    return False
                try:
                    await self.fetch(digest)
                except (Unavailable, LocalFault, Unauthorized) as exc:
                    failures.append(exc)
                except GuideError as exc:  # not there, or not what it says: its place stays empty until the next round
                    log.info("blob %s: %s", digest[:12], exc)
                else:
                    return True
                return False

        came = await asyncio.gather(*(one(digest) for digest in missing))
        if failures:
            raise failures[0]
        return sum(came)

    async def fetch(self, digest: str, size: int | None = None) -> Path:
        """Fetch one file unless it is here, and return it.

        Args:
            digest: SHA-256 in hex.
            size: Exact size where the manifest says it.
        Raises:
            Refused: `pack_digest` or `pack_too_large`: not what was promised.
            Unavailable: cut off; the part that came is kept for the next try.
            LocalFault: `disk_full`.
        """
        if not DIGEST.fullmatch(digest):
            raise Refused("pack_path", "not a digest")
        known = self.path(digest)
        if known is not None:
            return known
        part = self.folder / f"{digest}.part"
        body = await asyncio.to_thread(_begin, self.folder, part)
        try:
            if hashlib.sha256(body).hexdigest() != digest:  # the app may have been killed with all of it in the part
                await self._download(digest, body, size or BLOB_MAX_BYTES)
        except ProtocolFault as exc:  # a part that the server cannot continue: begin anew at the next round
            await asyncio.to_thread(part.unlink, missing_ok=True)
            raise Unavailable("server_fault", exc.detail) from exc
        except BaseException:
            await asyncio.to_thread(_keep, part, bytes(body))
            raise
        return await asyncio.to_thread(_finish, self.folder / digest, part, bytes(body), digest, size)

    async def _download(self, digest: str, body: bytearray, limit: int) -> None:
        headers = {"Accept-Encoding": "identity"}
        if body:
            headers["Range"] = f"bytes={len(body)}-"
        request = self._http.build_request("GET", f"/api/blob/{digest}", headers=headers)
        response = await self._http.send(request, stream=True, auth=self._auth)
        try:
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise Refused("pack_digest", "an encoded answer where none was asked for")
            if response.status_code != PARTIAL:
                body.clear()
            async for chunk in response.aiter_raw():  # raw: an unpacker would grow a bomb before we could count
                body += chunk
                if len(body) > limit:
                    body.clear()
                    raise Refused("pack_too_large", "more bytes than promised", params={"max": limit})
        finally:
            await response.aclose()


def _begin(folder: Path, part: Path) -> bytearray:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < NEEDED_FREE_BYTES:
            raise LocalFault("disk_full", "too little room for pictures")
        return bytearray(part.read_bytes()) if part.exists() else bytearray()
    except OSError as exc:
        raise LocalFault("disk_full", str(exc)) from exc


def _keep(part: Path, body: bytes) -> None:
    try:
        part.write_bytes(body)
    except OSError as exc:
        raise LocalFault("disk_full", str(exc)) from exc


def _finish(target: Path, part: Path, body: bytes, digest: str, size: int | None) -> Path:
    if hashlib.sha256(body).hexdigest() != digest or (size is not None and len(body) != size):
        part.unlink(missing_ok=True)
        raise Refused("pack_digest", "the bytes are not those of the digest")
    try:
        with part.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as exc:
        raise LocalFault("disk_full", str(exc)) from exc
    return target
