"""Keys, sealing, wiping."""

from app.security.keyring import KeyRing
from app.security.keystore import FileKeyStore, KeyStore
from app.security.sealed import RowSealer
from app.security.wipe import unfinished, wipe

__all__ = ["FileKeyStore", "KeyRing", "KeyStore", "RowSealer", "unfinished", "wipe"]
