"""What a phone, a computer or a browser offers, as small ports; the Flet services behind them are made on first use.

Constructing a service that a platform lacks raises, and Flet forgets a service nobody holds: so each is made when
first needed and kept. `tests/fakes/ports.py` has the fakes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import flet as ft

from app.domain.errors import LocalFault

log = logging.getLogger(__name__)
SHARED, COPIED, SAVED, DISMISSED = "shared", "copied", "saved", "dismissed"


class Clipboard(Protocol):
    """The clipboard."""

    async def copy(self, text: str) -> bool:
        """Copy text; False when the device refuses."""
        ...


class Files(Protocol):
    """Saving what the guide keeps."""

    async def save(self, name: str, data: bytes) -> bool:
        """Let the user save a file (a download in a browser); False when dismissed."""
        ...

    async def pick(self) -> bytes | None:
        """Let the user choose a file and return what is in it, or None when dismissed."""
        ...


class Share(Protocol):
    """Handing something to another app."""

    async def text(self, text: str) -> str:
        """Hand over text; return how: `shared`, `copied` (browsers) or `dismissed`."""
        ...

    async def file(self, name: str, data: bytes, mime: str, text: str = "") -> str:
        """Hand over a file with its caption; return `shared`, `saved` (browsers, caption copied) or `dismissed`."""
        ...


class Prefs(Protocol):
    """Small settings of this device."""

    async def get(self, name: str) -> str | None:
        """Return a setting, or None."""
        ...

    async def set(self, name: str, value: str) -> None:
        """Keep a setting."""
        ...


class Connectivity(Protocol):
    """Whether there is a network; only a hint, the engine still asks the server."""

    def watch(self, on_change: Callable[[bool], Any]) -> None:
        """Call `on_change(has_network)` at every change."""
        ...


class Dialer(Protocol):
    """Calling somebody."""

    async def call(self, number: str) -> None:
        """Open the phone's own dialler with a number; nothing is called before a person presses there."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """All ports of one session."""

    clipboard: Clipboard
    files: Files
    share: Share
    prefs: Prefs
    connectivity: Connectivity
    dialer: Dialer


class FletClipboard:
    """Flet's clipboard; a browser on plain http away from localhost refuses it."""

    def __init__(self) -> None:
        self._service: ft.Clipboard | None = None

    async def copy(self, text: str) -> bool:
        """Copy text; False when the device refuses."""
        self._service = self._service or ft.Clipboard()
        try:
            await self._service.set(text)
        except RuntimeError:
            log.info("the clipboard is not allowed here")
            return False
        return True


class FletFiles:
    """Flet's save dialog, a download on the web."""

    def __init__(self) -> None:
        self._service: ft.FilePicker | None = None

    async def save(self, name: str, data: bytes) -> bool:
        """Let the user save a file."""
        self._service = self._service or ft.FilePicker()
        try:
            chosen = await self._service.save_file(file_name=name, src_bytes=data)
        except RuntimeError as exc:
            raise LocalFault("disk_full", "the file could not be saved") from exc
        return chosen is not None or ft.context.page.web

    async def pick(self) -> bytes | None:
        """Let the user choose a file."""
        self._service = self._service or ft.FilePicker()
        chosen = await self._service.pick_files(with_data=True)
        return chosen[0].bytes if chosen else None


class FletShare:
    """The share sheet on devices; clipboard and download in browsers."""

    def __init__(self, page: ft.Page, clipboard: Clipboard, files: Files) -> None:
        self._page, self._clipboard, self._files = page, clipboard, files
        self._service: ft.Share | None = None

    def _origin(self) -> ft.Offset:
        return ft.Offset((self._page.width or 0) / 2, (self._page.height or 0) / 2)  # an iPad's popover needs a place

    async def text(self, text: str) -> str:
        """Hand over text."""
        if self._page.web:
            return COPIED if await self._clipboard.copy(text) else DISMISSED
        self._service = self._service or ft.Share()
        return _outcome(await self._service.share_text(text, share_position_origin=self._origin()))

    async def file(self, name: str, data: bytes, mime: str, text: str = "") -> str:
        """Hand over a file with its caption."""
        if self._page.web:
            if text:
                await self._clipboard.copy(text)
            return SAVED if await self._files.save(name, data) else DISMISSED
        self._service = self._service or ft.Share()
        file = ft.ShareFile.from_bytes(data, mime_type=mime, name=name)
        answer = await self._service.share_files([file], text=text or None, share_position_origin=self._origin())
        return _outcome(answer)


def _outcome(result: ft.ShareResult) -> str:
    return DISMISSED if result.status is ft.ShareResultStatus.DISMISSED else SHARED


class FletPrefs:
    """Flet's shared preferences (a browser's local storage on the web)."""

    def __init__(self) -> None:
        self._service: ft.SharedPreferences | None = None

    def _open(self) -> ft.SharedPreferences:
        self._service = self._service or ft.SharedPreferences()
        return self._service

    async def get(self, name: str) -> str | None:
        """Return a setting, or None."""
        found = await self._open().get(f"daogou.{name}")
        return found if isinstance(found, str) else None

    async def set(self, name: str, value: str) -> None:
        """Keep a setting."""
        await self._open().set(f"daogou.{name}", value)


class FletConnectivity:
    """Flet's connectivity events."""

    def __init__(self) -> None:
        self._service: ft.Connectivity | None = None

    def watch(self, on_change: Callable[[bool], Any]) -> None:
        """Call `on_change(has_network)` at every change."""

        def changed(event: ft.ConnectivityChangeEvent) -> None:
            on_change(any(kind is not ft.ConnectivityType.NONE for kind in event.connectivity))

        self._service = ft.Connectivity(on_change=changed)


class FletDialer:
    """Flet's launcher of addresses."""

    def __init__(self) -> None:
        self._service: ft.UrlLauncher | None = None

    async def call(self, number: str) -> None:
        """Open the dialler."""
        self._service = self._service or ft.UrlLauncher()
        await self._service.launch_url(f"tel:{number}")


def flet_ports(page: ft.Page) -> Ports:
    """Return the ports of a session."""
    clipboard, files = FletClipboard(), FletFiles()
    return Ports(clipboard, files, FletShare(page, clipboard, files), FletPrefs(), FletConnectivity(), FletDialer())
