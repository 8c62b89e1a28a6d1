"""Languages: what both catalogues say, how the pseudo-language is made, and that it never reaches a customer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.ui import routes
from app.ui.strings import PSEUDO, Strings, catalogue, language_of, pseudo
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
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


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, NOW, customers=20)
    made.installation = SimpleNamespace(
        clock=made.clock, known_staff=lambda: (), version="0.1.0", settings=SimpleNamespace(home=tmp_path),
        device_id="device-1", keystore=SimpleNamespace(demonstration=True),
    )  # fmt: skip
    yield made
    made.store.close()


def only_in(language: str) -> set[str]:
    """Return the texts without parameters that only this language has."""
    own, other = ({form for forms in catalogue(one).values() for form in forms} for one in _pair(language))
    return {text for text in own - other if text and "{" not in text and len(text) > 1}


def _pair(language: str) -> tuple[str, str]:
    return ("zh_CN", "en") if language == "zh_CN" else ("en", "zh_CN")


PAGES = ("/sync", "/about", "/card", "/privacy", "/help", "/help/contact", "/help/report", "/first")


@pytest.mark.parametrize("place", [*(root.path for root in routes.ROOTS["guide"]), *PAGES])
async def test_a_change_of_language_draws_everything_anew(sample: Any, place: str) -> None:
    ui = await FakeUi.app(sample)
    ui.ui.deep_link(place)
    await ui.settle(wait_s=0.05)
    chinese = set(ui.texts())
    assert chinese & only_in("zh_CN") and not chinese & only_in("en")
    ui.ui.speak("en")
    await ui.settle(wait_s=0.05)
    english = set(ui.texts())
    assert english & only_in("en") and english & only_in("zh_CN") == set()
    chosen = ui.page.locale_configuration.current_locale
    assert (chosen.language_code, chosen.country_code) == ("en", "US"), "Flet's own widgets speak it too"
    ui.ui.speak("zh_CN")
    await ui.settle(wait_s=0.05)
    assert set(ui.texts()) & only_in("en") == set()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_plurals_have_the_forms_of_their_language(language: str) -> None:
    forms = {"zh_CN": 1, "en": 2}[language]
    for key, said in catalogue(language).items():
        other = catalogue("en" if language == "zh_CN" else "zh_CN")[key]
        if max(len(said), len(other)) > 1:
            assert len(said) == forms, f"{key} has {len(said)} forms"


def test_both_languages_fill_the_same_fields() -> None:
    english = catalogue("en")
    for key, said in catalogue("zh_CN").items():
        here = {name for form in said for name in FIELD.findall(form)}
        there = {name for form in english[key] for name in FIELD.findall(form)}
        assert here == there, key
