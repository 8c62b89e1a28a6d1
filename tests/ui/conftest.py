"""What all screens under test have in common."""

from __future__ import annotations

import pytest

from app.ui import hooks


@pytest.fixture(autouse=True)
def drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what waits for the first frame come with it: a test has no screen to wait for."""
    monkeypatch.setattr(hooks, "DRAWN_S", 0.0)
