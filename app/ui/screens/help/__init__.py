"""Help: short answers with a way to the place itself, and the report of a problem; all of it without a network."""

from app.ui.screens.help.answers import HelpScreen
from app.ui.screens.help.report import ReportScreen

__all__ = ["HelpScreen", "ReportScreen"]
