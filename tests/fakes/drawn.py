"""How many controls an interaction makes: the budgets of screens are counts, not times."""

from __future__ import annotations

import pytest
from flet.controls.id_counter import IdCounter


class Drawn:
    """Counts the controls that are made while it is open: what was built or drawn anew.

    Every control takes a number when it is made (each class keeps its own way of being made, so nothing else is met).
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        plain = IdCounter.next

        def counted(counter: IdCounter) -> int:
            self.count += 1
            return plain(counter)

        monkeypatch.setattr(IdCounter, "next", counted)

    def since(self) -> int:
        count, self.count = self.count, 0
        return count
