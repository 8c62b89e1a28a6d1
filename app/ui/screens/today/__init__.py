"""Today: what to do now, and why."""

from app.ui.screens.today.day import TodayEmpty, TodayScreen

__all__ = ["TodayEmpty", "TodayScreen"]
