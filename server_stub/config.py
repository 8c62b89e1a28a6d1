"""Settings from the environment and the server's secrets from their file."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets as random_source
from dataclasses import dataclass, field, fields
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY_BYTES = 32
COUPON_KEY_NO = 1
ENVIRONMENTS = ("dev", "test", "production")


class ConfigError(Exception):
    """The server cannot start with these settings; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keys of 32 bytes. Losing `phone_seal` loses phones; losing a seed ends trust in what it signed."""

    phone_seal: bytes  # AES-256-GCM over full phone numbers
    phone_hash: bytes  # HMAC that finds a phone without opening it
    cookie: bytes  # HMAC over sync cookies
    pages: bytes  # HMAC over what customers' browsers hold
    share_master: bytes  # HKDF root of the devices' share keys (rule 3.1)
    coupon_seed: bytes  # Ed25519, signs coupons
    pack_seed: bytes  # Ed25519, signs content packs

    def coupon_key(self) -> Ed25519PrivateKey:
        """Return the key that signs coupons."""
        return Ed25519PrivateKey.from_private_bytes(self.coupon_seed)

    def pack_key(self) -> Ed25519PrivateKey:
        """Return the key that signs packs."""
        return Ed25519PrivateKey.from_private_bytes(self.pack_seed)

    @property
    def coupon_kid(self) -> str:
        """Name of the coupon key: its 4-bit number in the QR, as text."""
        return str(COUPON_KEY_NO)

    @property
    def pack_kid(self) -> str:
        """Name of the pack key."""
        return hashlib.sha256(public_bytes(self.pack_key())).hexdigest()[:16]

    @classmethod
    def generate(cls) -> Secrets:
        """Return fresh random secrets."""
        return cls(*(random_source.token_bytes(KEY_BYTES) for _ in fields(cls)))

    @classmethod
    def load(cls, path: Path) -> Secrets:
        """Read secrets from their file.

        Raises:
            ConfigError: a key is missing or not 32 bytes.
        """
        raw = json.loads(path.read_text(encoding="utf-8"))
        try:
            keys = {one.name: base64.b64decode(raw[one.name], validate=True) for one in fields(cls)}
        except (KeyError, ValueError) as exc:
            raise ConfigError(f"{path.name} is damaged: {exc}") from exc
        if any(len(key) != KEY_BYTES for key in keys.values()):
            raise ConfigError(f"{path.name}: every key must have {KEY_BYTES} bytes")
        return cls(**keys)

    def save(self, path: Path) -> None:
        """Write secrets for the owner's eyes only; an existing file is never replaced."""
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({one.name: base64.b64encode(getattr(self, one.name)).decode() for one in fields(self)})
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the server is told from outside."""

    home: Path
    env: str = "dev"
    host: str = "127.0.0.1"
    port: int = 8000
    app_port: int = 8550
    database_url: str = ""
    public_url: str = ""
    pool_size: int = 10  # connections of one process to PostgreSQL
    secrets: Secrets = field(default_factory=Secrets.generate, repr=False)

    @property
    def folder(self) -> Path:
        """Where the server keeps its files."""
        return self.home / "server"

    @property
    def blobs(self) -> Path:
        """Content-addressed files: `<first two>/<sha256>`."""
        return self.folder / "blobs"

    @property
    def url(self) -> str:
        """The database's address."""
        return self.database_url or f"sqlite:///{self.folder / 'daogou.db'}"

    @property
    def base_url(self) -> str:
        """Base of the links and QR codes customers open, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @classmethod
    def from_env(cls) -> Settings:
        """Read the environment; make the secrets file at the first start outside production.

        Raises:
            ConfigError: a value is not usable.
        """
        env = os.environ.get("DAOGOU_ENV", "dev")
        if env not in ENVIRONMENTS:
            raise ConfigError(f"DAOGOU_ENV must be one of {', '.join(ENVIRONMENTS)}")
        home = Path(os.environ.get("DAOGOU_HOME", ".daogou")).resolve()
        return cls(
            home=home,
            env=env,
            host=os.environ.get("DAOGOU_HOST", "127.0.0.1"),
            port=_port("DAOGOU_SERVER_PORT", 8000),
            app_port=_port("DAOGOU_APP_PORT", 8550),
            database_url=os.environ.get("DATABASE_URL", ""),
            public_url=os.environ.get("DAOGOU_PUBLIC_URL", ""),
            pool_size=_count("DAOGOU_DB_POOL", 10),
            secrets=load_secrets(home / "server" / "secrets.json", env),
        )


def load_secrets(path: Path, env: str) -> Secrets:
    """Return the secrets in `path`, made there first outside production.

    Raises:
        ConfigError: production without a secrets file, or one that others can read.
    """
    if not path.exists():
        if env == "production":
            raise ConfigError(f"production needs {path.name}; make it with `python -m server_stub migrate` elsewhere")
        Secrets.generate().save(path)
    if env == "production" and path.stat().st_mode & 0o077:
        raise ConfigError(f"{path.name} must be readable by its owner only (chmod 600)")
    return Secrets.load(path)


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """Return the 32 raw bytes of a key's public half."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _port(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise ConfigError(f"{name} must be a port number")
    return int(text)


def _count(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdigit() or not 0 < int(text) <= 500:
        raise ConfigError(f"{name} must be a number from 1 to 500")
    return int(text)
