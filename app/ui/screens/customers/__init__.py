"""The customer book: the list, and one customer's profile."""

from app.ui.screens.customers.book import CustomersScreen
from app.ui.screens.customers.handover import HandedPage, HandOverPage
from app.ui.screens.customers.profile import CustomerPage

__all__ = ["CustomerPage", "CustomersScreen", "HandOverPage", "HandedPage"]
