"""An automatic tag says the same as the day's reason."""

from __future__ import annotations

import pytest

from app.domain.auto_tag import AutoTag
from app.ui.screens.customers import tag_words


@pytest.mark.parametrize(("left", "key"), [(0, "autotag.stored_value_empty"), (1, "autotag.stored_value_low")])
def test_a_card_without_money_is_not_called_low(monkeypatch: pytest.MonkeyPatch, left: int, key: str) -> None:
    monkeypatch.setattr(tag_words, "t", lambda name, **_: name)
    monkeypatch.setattr(tag_words, "money", str)
    assert tag_words.tag_name(AutoTag("stored_value_low", "2026-11-01T00:00:00Z", {"left_fen": left})) == key
