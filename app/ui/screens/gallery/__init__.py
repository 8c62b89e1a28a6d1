"""The gallery: every part in every state, for whoever builds or checks the look; shown in dev and test only."""

from app.ui.screens.gallery.gallery import GalleryScreen

__all__ = ["GalleryScreen"]
