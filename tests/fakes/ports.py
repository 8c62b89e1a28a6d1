"""Fakes of the device's ports: they remember what was handed to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.device.ports import COPIED, SAVED, Ports


@dataclass
class FakeDevice:
    """Clipboard, share sheet, files, prefs and connectivity in one memory."""

    copied: list[str] = field(default_factory=list)
    shared: list[tuple[str, bytes, str, str]] = field(default_factory=list)
    saved: list[tuple[str, bytes]] = field(default_factory=list)
    picked: bytes | None = None
    called: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    network: Callable[[bool], Any] | None = None

    async def copy(self, text: str) -> bool:
        self.copied.append(text)
        return True

    async def save(self, name: str, data: bytes) -> bool:
        self.saved.append((name, data))
        return True

    async def pick(self) -> bytes | None:
        return self.picked

    async def text(self, text: str) -> str:
        self.copied.append(text)
        return COPIED

    async def file(self, name: str, data: bytes, mime: str, text: str = "") -> str:
        self.shared.append((name, data, mime, text))
        return SAVED

    async def get(self, name: str) -> str | None:
        return self.kept.get(name)

    async def set(self, name: str, value: str) -> None:
        self.kept[name] = value

    async def call(self, number: str) -> None:
        self.called.append(number)

    def watch(self, on_change: Callable[[bool], Any]) -> None:
        self.network = on_change

    @property
    def ports(self) -> Ports:
        return Ports(self, self, self, self, self, self)
