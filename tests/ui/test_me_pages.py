"""The pages under Me: the card and who came by it, why data are held, the settings."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flet as ft
import pytest
import zxingcpp
from PIL import Image

from app.domain.instants import to_text
from app.domain.pii import FIELDS
from app.posters.card import CardSpec, make_card
from app.protocol.objects import Customer, Staff
from app.ui.screens.me import CardScreen, MeBeside, MeScreen, PrivacyScreen
from app.ui.screens.me.privacy import kinds, lines_of, purpose_key
from app.ui.strings import Strings, catalogue
from tests.fakes.client import fake_client
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, NOW, customers=20)
    me = made.store.read.get(Staff, made.staff.id)
    await made.store.write(lambda tx: tx.put(Staff, dataclasses.asdict(me) | {"card_code": "ABCDEF0123456789"}))
    made.installation = SimpleNamespace(
        clock=made.clock, known_staff=lambda: (), version="0.1.0", settings=SimpleNamespace(home=tmp_path)
    )
    yield made
    made.store.close()


def read_code(picture: bytes) -> str:
    with Image.open(io.BytesIO(picture)) as opened:
        codes = zxingcpp.read_barcodes(opened.convert("RGB"))
    assert len(codes) == 1
    return str(codes[0].text)


async def come(sample: Any, at: datetime, name: str = "新来的") -> Customer:
    one = sample.store.read.all(Customer, "1 ORDER BY id LIMIT 1")[0]
    new = dataclasses.replace(one, name=name, bound_at=to_text(at), joined_at=to_text(at))
    await sample.store.write(lambda tx: tx.put(Customer, dataclasses.asdict(new)))
    return new


# --- the card ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_the_card_says_what_a_scan_does_and_is_shared_and_kept_as_a_picture(sample: Any, language: str) -> None:
    t = Strings(language).t
    ui = await FakeUi.screen(sample, CardScreen, language=language)
    await ui.until(lambda: any(isinstance(c, ft.Image) for c in ui.walk()))
    assert ui.shows(sample.staff.name) and ui.shows(t("me.card_what")) and ui.count() <= 300
    await ui.press(t("me.card_share"))
    await ui.until(lambda: len(ui.device.shared) == 1)
    _, picture, mime, text = ui.device.shared[0]
    link = read_code(picture)
    assert mime == "image/png" and link in text and "/g/" in link
    await ui.press(t("me.card_save"))
    await ui.until(lambda: len(ui.device.saved) == 1)
    assert read_code(ui.device.saved[0][1]) == link
    await ui.press(t("me.card_copy"))
    await ui.settle()
    assert link in ui.device.copied[-1]


async def test_who_just_came_is_named_at_once_and_opened_with_a_tap(sample: Any) -> None:
    ui = await FakeUi.screen(sample, CardScreen)
    came = Strings().t("me.card_came", name="新来的")
    assert not ui.shows(came)
    one = await come(sample, NOW - timedelta(minutes=1))
    await ui.until(lambda: ui.shows(came))
    await ui.press(came)
    assert ui.ui.nav.stack()[-1] == f"/customers/{one.id}"


async def test_who_came_earlier_is_no_news(sample: Any) -> None:
    await come(sample, NOW - timedelta(minutes=11))
    ui = await FakeUi.screen(sample, CardScreen)
    assert not ui.shows(Strings().t("me.card_came", name="新来的"))


async def test_the_card_says_when_the_guide_will_see_who_registered(sample: Any) -> None:
    ui = await FakeUi.screen(sample, CardScreen)
    assert ui.shows(Strings().t("me.card_online"))
    await sample.engine.set_work_offline(True)
    ui = await FakeUi.screen(sample, CardScreen)
    assert ui.shows(Strings().t("me.card_offline"))


@pytest.mark.parametrize("name", ["喆", "A" * 200, "努尔买买提·阿卜杜热西提", "مريم", "👩🏽‍🎤小榆"])
def test_any_name_makes_a_card_that_is_read(name: str) -> None:
    link = "http://shop.test/g/ABCDEF0123456789"
    assert read_code(make_card(CardSpec(name, "店" * 60, "扫一扫", link))) == link


@pytest.mark.parametrize("role", ["manager", "hq"])
async def test_others_have_no_card(role: str) -> None:
    client = fake_client(role)
    ui = await FakeUi.screen(client, MeBeside)
    assert ui.shows(Strings().t("common.pick_me")) and not ui.shows(Strings().t("me.card_missing"))


# --- why we hold this --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_personal_field_has_plain_words(language: str) -> None:
    known = catalogue(language)
    wanted = {f"privacy.field_{field.kind}_{field.name}" for field in FIELDS}
    wanted |= {purpose_key(field.purpose) for field in FIELDS} | {f"privacy.kind_{kind}" for kind in kinds()}
    wanted |= {f"privacy.basis_{field.basis}" for field in FIELDS}
    assert wanted - set(known) == set(), "say what it is for in assets/locale/*/privacy.po"
    left = {key for key in known if key.startswith(("privacy.field_", "privacy.purpose_", "privacy.kind_"))} - wanted
    assert left == set(), "these fields are gone"


def test_every_field_stands_in_exactly_one_line() -> None:
    shown = [field for kind in kinds() for line in lines_of(kind) for field in line.fields]
    assert sorted(shown, key=repr) == sorted(FIELDS, key=repr)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_each_kind_opens_with_purpose_basis_and_term(sample: Any, language: str) -> None:
    strings = Strings(language)
    t = strings.t
    ui = await FakeUi.screen(sample, PrivacyScreen, language=language)
    assert ui.shows(t("privacy.purpose_bring_the_right_size")) and ui.shows(t("privacy.keep_relation"))
    assert ui.count() <= 300
    await ui.press(t("privacy.kind_browse_event"))
    assert ui.shows(t("privacy.keep_days", n=180)) and ui.shows(t("privacy.basis_consent"))
    assert not ui.shows(t("privacy.purpose_bring_the_right_size"))
    await ui.press(t("privacy.kind_coupon"))
    assert ui.shows(t("privacy.keep_years", n=3))


# --- me ----------------------------------------------------------------------------------------------------------


async def test_language_and_theme_change_at_once_and_are_kept(sample: Any) -> None:
    ui = await FakeUi.screen(sample, MeScreen, place="root")
    await ui.press("语言")
    await ui.press("English")
    await ui.until(lambda: ui.shows("Language"))
    assert ui.device.kept["language"] == "en" and ui.page.title == Strings("en").t("common.app_name")
    assert ui.page.locale_configuration.current_locale.language_code == "en"
    await ui.press("Appearance")
    await ui.press("Dark")
    await ui.settle()
    assert ui.device.kept["theme"] == "dark" and ui.page.theme_mode is ft.ThemeMode.DARK


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_me_leads_to_help_report_privacy_and_says_how_text_grows(sample: Any, language: str) -> None:
    t = Strings(language).t
    ui = await FakeUi.screen(sample, MeScreen, place="root", language=language)
    assert ui.count() <= 300
    await ui.press(t("me.text_size"))
    assert ui.shows(t("me.text_size_how"))
    await ui.press(t("common.close"))
    for row, path in (("help", "/help"), ("report", "/help/report"), ("privacy", "/privacy"), ("about", "/about")):
        await ui.press(t(f"me.{row}"))
        assert ui.ui.nav.stack()[-1] == path
