"""A customer with a phone browser of their own, on the real pages."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import PHONE, open_context

DWELL_S = 6


class Shopper:
    """One customer's browser; the page's clock is Playwright's, so a dwell of seconds takes none."""

    def __init__(self, browser: Browser) -> None:
        self.context = open_context(browser, PHONE)
        self.page: Page = self.context.new_page()
        self.page.clock.install()

    def open(self, link: str) -> None:
        answer = self.page.goto(link)
        assert answer is not None and answer.status == 200, f"{link} answered {answer and answer.status}"

    def press(self, name: str | re.Pattern[str]) -> None:
        button = self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name)).first
        button.click()

    def agree_to_browsing(self) -> None:
        """Accept that views are recorded; the page says what, why and for how long."""
        self.press(re.compile("^同意$"))
        self.page.wait_for_load_state()

    def sign_in(self, phone: str) -> None:
        """Sign in with phone and the code that the demo prints on the page."""
        self.page.get_by_role("link", name=re.compile("登录")).first.click()
        self.page.get_by_label("手机号").fill(phone)
        self.press("获取验证码")
        code = self.page.get_by_test_id("demo-code").inner_text()
        self.page.get_by_label("6 位验证码").fill(code.strip())
        self.press(re.compile("^登录$"))
        self.page.wait_for_load_state()

    def look_for(self, seconds: int = DWELL_S) -> None:
        """Stay on the page for `seconds`; the view must have reached the server before we go on."""
        with self.page.expect_response(lambda r: r.url.endswith("/shop/view") and r.ok):
            self.page.clock.run_for(seconds * 1000)

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()
