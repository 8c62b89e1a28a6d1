"""Me: who I am, my card, how I like the app, and the way out."""

from app.ui.screens.me.about import AboutScreen
from app.ui.screens.me.card import CardScreen
from app.ui.screens.me.devices import DevicesScreen
from app.ui.screens.me.me import MeBeside, MeScreen
from app.ui.screens.me.privacy import PrivacyScreen

__all__ = ["AboutScreen", "CardScreen", "DevicesScreen", "MeBeside", "MeScreen", "PrivacyScreen"]
