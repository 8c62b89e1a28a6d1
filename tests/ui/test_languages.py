"""Languages: what both catalogues say, how the pseudo-language is made, and that it never reaches a customer."""

from __future__ import annotations

import re

import pytest

from app.ui.strings import PSEUDO, Strings, catalogue, language_of, pseudo

FIELD = re.compile(r"\{[^{}]*\}")


def test_the_pseudo_language_is_longer_and_keeps_its_fields() -> None:
    english = catalogue("en")
    assert set(catalogue(PSEUDO)) == set(english)
    for key, forms in catalogue(PSEUDO).items():
        for form, plain in zip(forms, english[key], strict=True):
            assert form[0] == "[" and form[-1] == "]", key
            assert len(form) >= len(plain) * 1.4, key
            assert FIELD.findall(form) == FIELD.findall(plain), key


def test_the_pseudo_language_fills_and_counts_as_english_does() -> None:
    strings = Strings(PSEUDO)
    assert "3" in strings.t("common.days_ago", n=3)
    assert strings.money(123400) == Strings("en").money(123400)
    assert pseudo("Save {n} now") == "[Sàvè {n} ńöw ēxtrà]"


def test_production_does_not_speak_the_pseudo_language(monkeypatch: pytest.MonkeyPatch) -> None:
    assert language_of(PSEUDO, "zh") == PSEUDO
    monkeypatch.setenv("DAOGOU_ENV", "production")
    assert language_of(PSEUDO, "en-US") == "en"
    with pytest.raises(ValueError, match="tests only"):
        Strings(PSEUDO)
