"""The data key of a store and what wraps it.

The data key is 32 random bytes. It lies wrapped twice in `keyring.json`: by the unlock key, HKDF(keystore secret ||
scrypt(PIN)), and by a recovery key, HKDF of a secret the server gives at each login and that stands nowhere on the
device in the clear. Five wrong PINs start delays; ten drop the unlock wrap, and only an online login opens the store
again, with everything that waits in it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.domain.errors import LocalFault, Rejected
from app.domain.instants import from_text, to_text
from app.security.keystore import KeyStore
from app.security.sealed import KEY_BYTES, NONCE_BYTES

FILE = "keyring.json"
SCRYPT = {"n": 2**14, "r": 8, "p": 1}
FREE_TRIES = 5
MAX_TRIES = 10
FIRST_DELAY_S = 30
UNLOCK, RECOVERY = b"daogou unlock 1", b"daogou recovery 1"


class KeyRing:
    """The wrapped data key of one folder."""

    def __init__(self, folder: Path, keystore: KeyStore, name: str) -> None:
        self._path = folder / FILE
        self._keystore = keystore
        self._name = f"daogou.{name}"

    def exists(self) -> bool:
        """Say whether a data key was ever wrapped here."""
        return self._path.exists()

    def can_unlock(self) -> bool:
        """Say whether a PIN could open it; False after ten wrong ones."""
        return self.exists() and self._load().get("wrapped") is not None

    async def create(self, pin: str, recovery: bytes) -> bytes:
        """Make a new data key, wrap it, and return it."""
        data_key = os.urandom(KEY_BYTES)
        await self.wrap(data_key, pin, recovery)
        return data_key

    async def wrap(self, data_key: bytes, pin: str, recovery: bytes) -> None:
        """Wrap the data key for this PIN and recovery secret; wrong tries are forgotten."""
        secret = os.urandom(KEY_BYTES)
        salt = os.urandom(16)
        unlock = await asyncio.to_thread(_unlock_key, secret, pin, salt, SCRYPT)
        ring = {
            "v": 1,
            "salt": _text(salt),
            "scrypt": SCRYPT,
            "wrapped": _text(_wrap(unlock, data_key, UNLOCK)),
            "recovery": _text(_wrap(_hkdf(recovery, RECOVERY), data_key, RECOVERY)),
            "wrong": 0,
            "not_before": None,
        }
        await self._keystore.set(self._name, _text(secret))
        self._save(ring)

    async def unlock(self, pin: str, now: datetime) -> bytes:
        """Return the data key.

        Raises:
            Rejected: `unlock_wrong_pin` (`left` tries) or `unlock_locked` (`seconds` to wait).
            LocalFault: `key_lost`: ten wrong PINs, or the keystore forgot; an online login recovers.
        """
        secret = await self._keystore.get(self._name)
        ring = self._load()  # no pause from here to the count: tries at the same moment count one by one
        if ring.get("wrapped") is None:
            raise LocalFault("key_lost", "the unlock key was dropped")
        _require_patience(ring, now)
        if secret is None:
            raise LocalFault("key_lost", "the keystore does not hold our secret")
        ring = self._count_wrong(ring, now)  # before the try: pulling the plug gives no free one
        unlock = await asyncio.to_thread(_unlock_key, _bytes(secret), pin, _bytes(ring["salt"]), ring["scrypt"])
        try:
            data_key = _unwrap(unlock, _bytes(ring["wrapped"]), UNLOCK)
        except InvalidTag as exc:
            if ring["wrong"] >= MAX_TRIES:
                await self._drop(ring)
                raise LocalFault("key_lost", "ten wrong PINs") from exc
            raise Rejected("unlock_wrong_pin", params={"left": MAX_TRIES - ring["wrong"]}) from exc
        self._save(ring | {"wrong": 0, "not_before": None})
        return data_key

    def recover(self, recovery: bytes) -> bytes | None:
        """Return the data key by the server's recovery secret, or None when it does not open."""
        try:
            return _unwrap(_hkdf(recovery, RECOVERY), _bytes(self._load()["recovery"]), RECOVERY)
        except (InvalidTag, KeyError, FileNotFoundError):
            return None

    async def forget(self) -> None:
        """Delete the keystore's secret and the file: what the data key sealed is then gone for good."""
        await self.forget_secret()
        self.forget_ring()

    async def forget_secret(self) -> None:
        """Delete the keystore's secret: no PIN opens anything any more."""
        await self._keystore.delete(self._name)

    def forget_ring(self) -> None:
        """Delete the file with the wrapped keys: neither does the server's recovery secret."""
        self._path.unlink(missing_ok=True)
        self._path.with_suffix(".part").unlink(missing_ok=True)

    def _count_wrong(self, ring: dict[str, Any], now: datetime) -> dict[str, Any]:
        wrong = int(ring["wrong"]) + 1
        ring = ring | {"wrong": wrong}
        if wrong >= FREE_TRIES:
            ring["not_before"] = to_text(now + timedelta(seconds=FIRST_DELAY_S * 2 ** (wrong - FREE_TRIES)))
        self._save(ring)
        return ring

    async def _drop(self, ring: dict[str, Any]) -> None:
        await self._keystore.delete(self._name)
        self._save(ring | {"wrapped": None})

    def _load(self) -> dict[str, Any]:
        return dict(json.loads(self._path.read_text()))

    def _save(self, ring: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(ring, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)


def _require_patience(ring: dict[str, Any], now: datetime) -> None:
    if ring["not_before"] is None:
        return
    wait = (from_text(ring["not_before"]) - now).total_seconds()
    longest = FIRST_DELAY_S * 2 ** (MAX_TRIES - FREE_TRIES)
    if 0 < wait <= longest:  # more than that means that the clock was set back: the count still stands
        raise Rejected("unlock_locked", params={"seconds": int(wait) + 1})


def _unlock_key(secret: bytes, pin: str, salt: bytes, cost: dict[str, int]) -> bytes:
    stretched = hashlib.scrypt(pin.encode(), salt=salt, n=cost["n"], r=cost["r"], p=cost["p"], dklen=KEY_BYTES)
    return _hkdf(secret + stretched, UNLOCK)


def _hkdf(secret: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


def _wrap(key: bytes, data_key: bytes, purpose: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data_key, purpose)


def _unwrap(key: bytes, wrapped: bytes, purpose: bytes) -> bytes:
    return AESGCM(key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], purpose)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
