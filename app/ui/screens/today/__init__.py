"""Today: what to do now, and why."""

from app.ui.screens.today.day import TodayBeside, TodayScreen

__all__ = ["TodayBeside", "TodayScreen"]
