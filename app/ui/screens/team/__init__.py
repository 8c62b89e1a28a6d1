"""Team: what each guide of the store did today and this month."""

from app.ui.screens.team.board import TeamOverview, TeamScreen
from app.ui.screens.team.guide import GuidePage

__all__ = ["GuidePage", "TeamOverview", "TeamScreen"]
