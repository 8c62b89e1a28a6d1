"""The operating system's keystore behind `security.KeyStore`'s port."""

from __future__ import annotations

from flet_secure_storage import AndroidOptions, IOSOptions, KeychainAccessibility, MacOsOptions, SecureStorage

_PREFIX = "daogou."


class OsKeyStore:
    """Keychain or Keystore; never reset on an error, never in a backup or on another device."""

    demonstration = False

    def __init__(self) -> None:
        keep = KeychainAccessibility.FIRST_UNLOCK_THIS_DEVICE
        self._service = SecureStorage(
            ios_options=IOSOptions(accessibility=keep, synchronizable=False),
            macos_options=MacOsOptions(accessibility=keep, synchronizable=False),
            android_options=AndroidOptions(reset_on_error=False),
        )

    async def get(self, name: str) -> str | None:
        """Return the secret, or None."""
        found = await self._service.get(_PREFIX + name)
        return found if isinstance(found, str) else None

    async def set(self, name: str, value: str) -> None:
        """Keep the secret."""
        await self._service.set(_PREFIX + name, value)

    async def delete(self, name: str) -> None:
        """Forget the secret."""
        await self._service.remove(_PREFIX + name)
