"""Signing in, unlocking, signing out. The session is sealed beside the store."""

from app.account.books import names_of_book
from app.account.devices import KnownDevice, known_devices, revoke_device
from app.account.lease import LeaseGuard
from app.account.reveal import REASONS as REVEAL_REASONS
from app.account.reveal import reveal_phone
from app.account.session import Session, StaffInfo
from app.account.sign_in import Opened, finish_wipes, login_online, unlock_offline
from app.account.sign_out import SignedOut, sign_out
from app.account.tokens import SessionKeeper
from app.account.unsent import export_unsent, import_unsent

__all__ = [
    "REVEAL_REASONS",
    "KnownDevice",
    "LeaseGuard",
    "Opened",
    "Session",
    "SessionKeeper",
    "SignedOut",
    "StaffInfo",
    "export_unsent",
    "finish_wipes",
    "import_unsent",
    "known_devices",
    "login_online",
    "names_of_book",
    "reveal_phone",
    "revoke_device",
    "sign_out",
    "unlock_offline",
]
