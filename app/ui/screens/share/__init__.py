"""Share: today's play, the goods, posters, and how my shares do."""

from app.ui.screens.share.catalogue import ShareScreen
from app.ui.screens.share.mine import SharesPage
from app.ui.screens.share.product import PosterPage, ProductPage

__all__ = ["PosterPage", "ProductPage", "ShareScreen", "SharesPage"]
