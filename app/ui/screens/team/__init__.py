"""Team: what each guide of the store did today and this month."""

from app.ui.screens.team.approvals import ApprovalsPage, DisputePage, TeamRewardPage
from app.ui.screens.team.board import TeamOverview, TeamScreen
from app.ui.screens.team.choosing import ChoosePage
from app.ui.screens.team.guide import GuidePage
from app.ui.screens.team.handover import BooksPage, SplitPage
from app.ui.screens.team.visits import VisitsPage

__all__ = [
    "ApprovalsPage", "BooksPage", "ChoosePage", "DisputePage", "GuidePage", "SplitPage", "TeamOverview",
    "TeamRewardPage", "TeamScreen", "VisitsPage",
]  # fmt: skip
