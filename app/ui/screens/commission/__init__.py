"""Commission: what I earned, in which state, why each amount is what it is, and what was not counted."""

from app.ui.screens.commission.entry import EntryPage
from app.ui.screens.commission.ledger import LedgerPage
from app.ui.screens.commission.month import CommissionBeside, CommissionScreen
from app.ui.screens.commission.orders import OrderPayPage, UncountedPage
from app.ui.screens.commission.rewards import RewardPage, RewardsPage
from app.ui.screens.commission.statements import StatementPage, StatementsPage

__all__ = [
    "CommissionBeside",
    "CommissionScreen",
    "EntryPage",
    "LedgerPage",
    "OrderPayPage",
    "RewardPage",
    "RewardsPage",
    "StatementPage",
    "StatementsPage",
    "UncountedPage",
]
