"""How many controls an interaction makes: the budgets of screens are counts, not times."""

from __future__ import annotations

from typing import Any

import pytest
from flet.controls.base_control import BaseControl


class Drawn:
    """Counts the controls that are made while it is open: what was built or drawn anew."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        plain = BaseControl.__post_init__

        def counted(control: Any, *args: Any, **kwargs: Any) -> None:
            self.count += 1
            plain(control, *args, **kwargs)

        monkeypatch.setattr(BaseControl, "__post_init__", counted)

    def since(self) -> int:
        count, self.count = self.count, 0
        return count
