"""Me: who I am, my card, how I like the app, and the way out."""

from app.ui.screens.me.about import AboutScreen
from app.ui.screens.me.card import CardScreen
from app.ui.screens.me.me import MeScreen

__all__ = ["AboutScreen", "CardScreen", "MeScreen"]
