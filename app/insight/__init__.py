"""What the device finds out by itself: the customer index and today's signals."""

from app.insight.board import SignalBoard
from app.insight.index import CustomerIndex, CustomerRow
from app.insight.today import TodaySignal, signals_for_today, signals_of_customer

__all__ = ["CustomerIndex", "CustomerRow", "SignalBoard", "TodaySignal", "signals_for_today", "signals_of_customer"]
