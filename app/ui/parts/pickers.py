"""Choosing a day or a time of day with the device's own dialogs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import flet as ft

from app.ui.strings import t

HALF_A_DAY = timedelta(hours=12)


def use_day_picker(
    shown: bool, day: date, first: date, last: date, on_pick: Callable[[date], Any], on_close: Callable[[], Any]
) -> None:
    """Show the calendar while `shown`; a picked day goes to `on_pick`, then `on_close` follows. A hook."""

    def picked(event: Any) -> None:
        on_pick(day_of_picker(event.control.value))
        on_close()

    dialog = None
    if shown:
        dialog = ft.DatePicker(
            value=_noon(day), first_date=_noon(first), last_date=_noon(last), current_date=_noon(first),
            cancel_text=t("common.cancel"), confirm_text=t("common.done"), on_change=picked,
            on_dismiss=lambda _event: on_close(),
        )  # fmt: skip
    ft.use_dialog(dialog)


def use_time_picker(shown: bool, at: time, on_pick: Callable[[time], Any], on_close: Callable[[], Any]) -> None:
    """Show the clock while `shown`; a picked time goes to `on_pick`, then `on_close` follows. A hook."""

    def picked(event: Any) -> None:
        on_pick(event.control.value.replace(second=0, microsecond=0))
        on_close()

    dialog = None
    if shown:
        dialog = ft.TimePicker(
            value=at, cancel_text=t("common.cancel"), confirm_text=t("common.done"), on_change=picked,
            hour_format=ft.TimePickerHourFormat.H24, on_dismiss=lambda _event: on_close(),
        )  # fmt: skip
    ft.use_dialog(dialog)


def day_of_picker(value: date | datetime) -> date:
    """Return the day a picker means: midnight where the device is, told as a plain date or in UTC.

    Midnight of a zone up to twelve hours off is within half a day of that day's noon in UTC.
    """
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        return value.date()
    return (value.astimezone(UTC) + HALF_A_DAY).date()


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12))
