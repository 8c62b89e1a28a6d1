"""The client engine against the real server over ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.device import Device, TestClock
from tests.fakes.server import NOW, Server, running


class Lab:
    """A running server and the phones made for a test; all are closed at its end."""

    def __init__(self, server: Server, root: Path) -> None:
        self.server = server
        self.root = root
        self.phones: list[Device] = []
        self._folders = 0

    @property
    def transport(self) -> httpx.ASGITransport:
        return httpx.ASGITransport(app=self.server.app)

    def folder(self) -> Path:
        self._folders += 1
        return self.root / f"phone-{self._folders}"

    async def phone(self, staff_no: str = "G0101", clock: TestClock | None = None, **options: Any) -> Device:
        """Return a signed-in phone that has not synced yet."""
        clock = clock or TestClock(NOW)
        folder = options.pop("folder", None) or self.folder()
        phone = await Device.sign_in(folder, options.pop("transport", self.transport), staff_no, clock, **options)
        self.phones.append(phone)
        return phone

    async def synced(self, staff_no: str = "G0101", **options: Any) -> Device:
        phone = await self.phone(staff_no, **options)
        await phone.sync()
        return phone


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with running(tmp_path / "server") as server:
        made = Lab(server, tmp_path)
        yield made
        for phone in made.phones:
            await phone.close()
