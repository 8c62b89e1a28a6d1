"""Whom several things are done to at once: ticked customers, or a whole segment, and with which coupon."""

from __future__ import annotations

from dataclasses import dataclass

import flet as ft


@ft.observable
@dataclass
class Picking:
    """What is being put together for a batch; survives a change of tab.

    `on`: the list shows ticks. `ids`: ticked, in the order of the ticks. `segment`: all of a segment instead.
    What goes out is the coupon `template_id`, or the product `product_id`.
    """

    on: bool = False
    ids: tuple[str, ...] = ()
    segment: str | None = None
    template_id: str | None = None
    product_id: str | None = None

    @property
    def has_people(self) -> bool:
        """Whether it is said who gets it."""
        return bool(self.ids) or self.segment is not None

    def toggle(self, customer_id: str) -> None:
        """Tick or untick one."""
        gone = tuple(one for one in self.ids if one != customer_id)
        self.ids = gone if len(gone) < len(self.ids) else (*self.ids, customer_id)
        self.segment = None

    def start(self, *ids: str) -> None:
        """Show the ticks, with these set."""
        self.on, self.ids, self.segment = True, ids, None

    def stop(self) -> None:
        """Put everything away."""
        self.on, self.ids, self.segment, self.template_id, self.product_id = False, (), None, None, None
