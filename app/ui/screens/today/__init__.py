"""Today: what to do now, and why."""

from app.ui.screens.today.day import TodayScreen

__all__ = ["TodayScreen"]
