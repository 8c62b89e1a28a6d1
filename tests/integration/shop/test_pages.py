"""What a customer meets: links, languages, refusals in one clear sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from server_stub import tables as t
from server_stub.shop import texts
from tests.integration.shop.conftest import NEW_PHONE, PHONE_OF_C1, Shop

SHOP = Path(texts.__file__).parent


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


def test_both_catalogues_say_the_same_things() -> None:
    chinese, english = (texts.load(language).sentences for language in texts.LANGUAGES)
    assert set(chinese) == set(english)
    assert all(chinese.values()) and all(english.values())
    assert {k: _placeholders(v) for k, v in chinese.items()} == {k: _placeholders(v) for k, v in english.items()}
    assert not [k for k, v in english.items() if re.search(r"[\u4e00-\u9fff]", v)]


def test_every_key_of_the_templates_is_in_the_catalogue() -> None:
    known = texts.load("en").sentences
    used = {
        key
        for file in (SHOP / "templates").glob("*.html")
        for key in re.findall(r"""\bt\(\s*["']([a-z_.]+)["']""", file.read_text(encoding="utf-8"))
    }
    assert len(used) > 60
    assert used <= set(known)


def test_catalogues_have_no_duplicate_keys() -> None:
    for language in texts.LANGUAGES:
        text = (SHOP / "locale" / f"{language}.po").read_text(encoding="utf-8")
        with (SHOP / "locale" / f"{language}.po").open("rb") as file:
            assert text.count("\nmsgid ") == len([m for m in read_po(file) if m.id]) + 1


@pytest.mark.parametrize(
    ("accept", "lang"), [("en-GB,en;q=0.9", "en"), ("zh-TW", "zh-CN"), ("fr, en;q=0.3", "en"), ("", "zh-CN")]
)
def test_language_comes_from_the_browser(shop: Shop, accept: str, lang: str) -> None:
    page = shop.browser().open("/p/1", **{"accept-language": accept})
    assert f'<html lang="{lang}">' in page


def test_language_by_link_is_kept_in_a_cookie(shop: Shop) -> None:
    browser = shop.browser()
    assert "Trench 1" in browser.open("/p/1?lang=en", **{"accept-language": "zh-CN"})
    assert "Trench 2" in browser.open("/p/2", **{"accept-language": "zh-CN"})
    assert "风衣 2" in browser.open("/p/2?lang=zh-CN")


def test_a_shared_product_names_its_guide_in_any_case(shop: Shop) -> None:
    code = shop.share()
    for path in (f"/s/{code}", f"/S/{code}", f"/s/{code.lower()}"):
        page = shop.browser().open(path, **{"accept-language": "zh"})
        assert "林知夏为你推荐" in page and "¥450" in page
    assert shop.rows(t.share)[0]["opened"] == 3


def test_only_people_count_as_opening(shop: Shop) -> None:
    browser = shop.browser()
    browser.open(f"/s/{shop.share()}", **{"sec-purpose": "prefetch;prerender"})
    browser.open(f"/s/{shop.share()}", **{"user-agent": "facebookexternalhit/1.1"})
    assert shop.rows(t.share)[0]["opened"] == 0


@pytest.mark.parametrize("place", [0, 5, 31])
def test_an_altered_share_code_credits_nobody(shop: Shop, place: int) -> None:
    code = shop.share()
    altered = code[:place] + ("A" if code[place] != "A" else "B") + code[place + 1 :]
    browser = shop.browser()
    page = browser.open(f"/s/{altered}", **{"accept-language": "en"})
    assert browser.page.status_code == 404
    assert "no guide is credited" in page
    assert not shop.rows(t.share)


def test_within_the_shop_the_share_stays(shop: Shop) -> None:
    browser = shop.browser()
    code = shop.share()
    browser.open(f"/s/{code}")
    assert f"/p/2?via={code}" in browser.open(f"/shop?via={code}")
    assert "林知夏为你推荐" in browser.open(f"/p/2?via={code}")
    assert "林知夏" not in browser.open(f"/p/2?via={'A' * 32}")


@pytest.mark.parametrize(
    "path", ["/p/999", "/p/abc", "/p/²", "/g/NOBODY", "/c/AAAA-AAAA-AAAAA", "/c/x", "/s/x", "/order/none"]
)
def test_what_is_not_there_says_so(shop: Shop, path: str) -> None:
    browser = shop.browser()
    browser.sign_in(PHONE_OF_C1)
    page = browser.open(path, **{"accept-language": "en"})
    assert browser.page.status_code == 404
    assert 'role="alert"' in page and "Traceback" not in page


def test_pages_may_load_nothing_from_elsewhere(shop: Shop) -> None:
    browser = shop.browser()
    page = browser.open(f"/s/{shop.share()}")
    assert "default-src 'self'" in browser.page.headers["content-security-policy"]
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert " style=" not in page and "<style" not in page and "onclick" not in page


def test_a_desktop_without_chinese_letters_gets_ours_and_a_phone_is_not_asked_to(shop: Shop) -> None:
    browser = shop.browser()
    script = browser.open("/shop-static/shop.js")
    path = re.search(r"url\((/shop-static/[^)]+)\)", script)
    assert path and "X11; Linux" in script and "@font-face" not in browser.open("/shop-static/shop.css")
    browser.open(path[1])
    assert browser.page.headers["content-type"] == "font/otf" and browser.page.content[:4] == b"OTTO"


def test_only_product_pictures_are_public(shop: Shop) -> None:
    folder = shop.db.settings.blobs
    for digest in ("0" * 64, "1" * 64):
        (folder / digest[:2]).mkdir(parents=True, exist_ok=True)
        (folder / digest[:2] / digest).write_bytes(b"\xff\xd8jpeg")
    browser = shop.browser()
    browser.open(f"/media/{'0' * 64}.jpg")
    assert browser.page.status_code == 200 and "immutable" in browser.page.headers["cache-control"]
    for name in (f"{'1' * 64}.jpg", "../secrets.json", "x.jpg"):
        assert browser.http.get(f"/media/{name}").status_code == 404


def test_a_form_of_another_site_is_refused(shop: Shop) -> None:
    browser = shop.browser()
    browser.open("/signin")
    form = browser.form("/signin")
    data = {**form.fields, "phone": NEW_PHONE}
    assert browser.http.post("/signin", data=data, headers={"origin": "https://evil.test"}).status_code == 403
    assert browser.http.post("/signin", data={"phone": NEW_PHONE}).status_code == 403
    assert not shop.rows(t.signin_code)


@pytest.mark.parametrize("target", ["https://evil.test", "//evil.test", "/\\evil.test", "javascript:alert(1)"])
def test_signing_in_never_leads_elsewhere(shop: Shop, target: str) -> None:
    browser = shop.browser()
    browser.open("/signin")
    browser.submit("/signin", phone=NEW_PHONE, next=target)
    code = re.search(r'demo-code">(\d{6})<', browser.page.text)
    assert code
    browser.submit("/signin/code", code=code[1], next=target)
    assert browser.page.url.path == "/shop"


def test_what_customers_type_is_never_markup(shop: Shop) -> None:
    page = shop.browser().open('/signin?next=/p/1"><script>alert(1)</script>')
    assert "<script>alert" not in page
    browser = shop.browser()
    browser.sign_in(NEW_PHONE, "/g/CARD11")
    page = browser.submit("/g/CARD11", name="<b>王</b>")
    assert "<b>王</b>" not in browser.open("/me") and "&lt;b&gt;" in browser.page.text
