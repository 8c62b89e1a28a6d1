"""Content from headquarters: packs and product pictures, verified and at hand with no network."""

from app.content.blobs import Blobs
from app.content.content import Content

__all__ = ["Blobs", "Content"]
