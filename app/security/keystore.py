"""Where the device keeps a secret outside our files: the port, and the file that stands in for it on the web."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class KeyStore(Protocol):
    """The operating system's keystore as we need it; values are text."""

    demonstration: bool

    async def get(self, name: str) -> str | None:
        """Return the secret, or None."""
        ...

    async def set(self, name: str, value: str) -> None:
        """Keep the secret."""
        ...

    async def delete(self, name: str) -> None:
        """Forget the secret; forgetting what is gone is fine."""
        ...


class FileKeyStore:
    """ "Demonstration storage": a file of mode 0600 beside the store, for the web build and tests."""

    demonstration = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = threading.Lock()  # two people of one device may sign in and out at once

    async def get(self, name: str) -> str | None:
        """Return the secret, or None."""
        return (await asyncio.to_thread(self._load)).get(name)

    async def set(self, name: str, value: str) -> None:
        """Keep the secret."""
        await asyncio.to_thread(self._change, lambda secrets: secrets | {name: value})

    async def delete(self, name: str) -> None:
        """Forget the secret."""
        await asyncio.to_thread(self._change, lambda secrets: {n: v for n, v in secrets.items() if n != name})

    def _change(self, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        with self._writing:
            self._save(change(self._load()))

    def _load(self) -> dict[str, str]:
        try:
            return dict(json.loads(self._path.read_text()))
        except FileNotFoundError:
            return {}

    def _save(self, secrets: dict[str, str]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(secrets, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
