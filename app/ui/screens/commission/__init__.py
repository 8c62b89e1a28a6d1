"""Commission: what I earned, in which state, and why each amount is what it is."""

from app.ui.screens.commission.entry import EntryPage
from app.ui.screens.commission.month import CommissionBeside, CommissionScreen

__all__ = ["CommissionBeside", "CommissionScreen", "EntryPage"]
