"""The customer book: the list, one customer's profile, and the flows of caring for them."""

from app.ui.screens.customers.book import CustomersScreen
from app.ui.screens.customers.facts import FactsPage
from app.ui.screens.customers.filtering import FilterPage
from app.ui.screens.customers.followup import FollowUpPage, FollowUpsPage
from app.ui.screens.customers.handover import HandedPage, HandOverPage
from app.ui.screens.customers.planning import PlanPage
from app.ui.screens.customers.profile import CustomerPage
from app.ui.screens.customers.sharing import ShareToPage
from app.ui.screens.customers.suits import SuitsPage
from app.ui.screens.customers.visit import PickPiecesPage

__all__ = [
    "CustomerPage",
    "CustomersScreen",
    "FactsPage",
    "FilterPage",
    "FollowUpPage",
    "FollowUpsPage",
    "HandOverPage",
    "HandedPage",
    "PickPiecesPage",
    "PlanPage",
    "ShareToPage",
    "SuitsPage",
]
