"""Today: what to do now, and why."""

from app.ui.screens.today.day import AllPage, TodayBeside, TodayScreen

__all__ = ["AllPage", "TodayBeside", "TodayScreen"]
