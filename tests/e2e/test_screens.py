"""Pictures of every screen: a dozen at each run, all combinations by `make soak`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from app.domain.instants import to_text
from tests.e2e.browser import PHONE, TABLET, App
from tests.e2e.conftest import living
from tests.e2e.facts import Facts
from tests.e2e.shots import Camera, Look
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

PIN = "246810"
OF_CUSTOMERS = ("customers", "pick", "search", "profile", "portrait", "notes", "message", "coupon", "plan", "facts")
PHONE_ROOTS = ("/", "/today", "/customers", "/share", "/commission", "/me", "/team")
GUIDES = tuple(f"G0{store}0{n}" for n in range(1, 5) for store in range(1, 4))  # one phone each: leases are finite
MEMBER = """
    SELECT c.name FROM customer c JOIN staff s ON s.id = c.guide_id
    WHERE s.staff_no = ?
      AND (SELECT granted FROM consent k WHERE k.person_id = c.id AND k.purpose = 'marketing' ORDER BY at DESC LIMIT 1)
      AND NOT EXISTS (SELECT 1 FROM contact t WHERE t.customer_id = c.id AND t.at > ?)
      AND (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) >= 4
      AND (SELECT count(*) FROM customer d WHERE d.guide_id = c.guide_id AND d.name = c.name) = 1
    ORDER BY (SELECT count(*) FROM browse_event b WHERE b.customer_id = c.id AND b.at > ?) DESC, c.id LIMIT 1
"""
CLAIMED = """
    SELECT c.code FROM coupon c JOIN staff s ON s.id = c.guide_id
    WHERE s.staff_no = ? AND c.state = 'claimed' AND c.valid_until > ? ORDER BY c.valid_until DESC, c.id LIMIT 1
"""
FEW: dict[Look, tuple[str, ...]] = {
    Look("phone", "light", "zh"): ("today", "profile", "coupon", "commission", "redeem"),
    Look("phone", "dark", "en"): ("search", "product", "entry", "statement", "offline"),
    Look("tablet", "dark", "zh"): ("profile", "share"),
    Look("tablet", "light", "en"): ("today", "commission"),
}  # fmt: skip
ALL = [Look(s, d, e) for s in ("phone", "tablet") for d in ("light", "dark") for e in ("zh", "en")] + [
    Look(s, "light", e, 1.3) for s in ("phone", "tablet") for e in ("zh", "en")
]


@pytest.fixture(scope="module")
def brand(seeded_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One running product for all pictures: nothing here changes what the others see."""
    with living(seeded_home, tmp_path_factory.mktemp("screens") / "home") as world:
        yield world


class Walk:
    """A guide or manager going through the app once, with a camera; each step is a screen of its own name."""

    def __init__(
        self, browser: Browser, world: World, look: Look, wanted: Collection[str] | None, staff_no: str = GUIDES[0]
    ) -> None:
        self.look, self.wanted, self.staff_no = look, wanted, staff_no
        self.t = look.strings.t
        self.context = look.open(browser)
        self.app = App(self.context, world.app_url)
        self.camera = Camera(self.app.page, look)
        recent = to_text(world.now() - timedelta(days=14))
        facts = Facts(world.home)
        self.member = facts.one(MEMBER, staff_no, recent, recent)
        self.claimed = str(facts.one(CLAIMED, staff_no, to_text(world.now())))

    def sign_in(self, staff_no: str) -> None:
        self.app.open()
        self.app.page.set_viewport_size(PHONE if self.look.is_phone else TABLET)  # whatever it took to wake Flutter
        self.app.sees(self.t("login.lead_first"))
        self.shoot("login")
        self.app.fill_in((self.t("login.staff_no"), staff_no), (self.t("login.pin"), PIN))
        self.app.tap(self.t("login.sign_in"), exact=True)

    def shoot(self, name: str) -> None:
        if self.wanted is None or name in self.wanted:
            self.camera.shoot(name)

    def sees(self, key: str) -> None:
        self.app.sees(self.t(key))

    def tap(self, key: str) -> None:
        self.app.tap(self.t(key), exact=True)

    def go(self, root: str) -> None:
        """Go to a root, back over the pages that hide a phone's bottom bar."""
        while self.look.is_phone and self.address not in PHONE_ROOTS:
            self.back()
        self.app.go(re.compile("^" + re.escape(self.t(f"common.root_{root}"))))  # "Me" is in "Customers" too
        self.app.page.wait_for_url(f"**/{root}", wait_until="commit")

    @property
    def address(self) -> str:
        return urlsplit(self.app.page.url).path

    def back(self) -> None:
        self.app.back(self.t("common.back"))

    def back_on_phone(self) -> None:
        if self.look.is_phone:  # beside a list there is nothing to go back to
            self.back()

    def wants(self, *names: str) -> bool:
        return self.wanted is None or not set(names).isdisjoint(self.wanted)

    def guide(self) -> None:
        """Walk a guide's screens, only as far as pictures are wanted."""
        self.sign_in(self.staff_no)
        self.sees("today.sales")
        self.sees("today.now")
        self.shoot("today")
        if self.wants(
            "customers", "pick", "search", "profile", "portrait", "notes", "message", "coupon", "plan", "facts"
        ):
            self._customers()
        if self.wants("share", "product", "poster", "shares"):
            self._share()
        if self.wants("commission", "entry", "order", "ledger", "statement", "uncounted", "rewards"):
            self._commission()
        if self.wants("me", "card", "help", "report", "devices", "privacy", "first", "about", "sync", "offline"):
            self._me()
        if self.wants("coupons", "sent", "preview", "template", "redeem"):
            self._coupons()

    def _customers(self) -> None:
        self.go("customers")
        self.sees("customers.sort_recent")
        self.shoot("customers")
        if self.wants("pick"):
            self.tap("customers.pick")
            self.app.sees(re.compile(re.escape(self.t("customers.send_all", n=0)).replace("0", r"\d+")))
            self.shoot("pick")
            self.tap("customers.pick_stop")
        row = re.compile(re.escape(self.member))
        self.app.type_into(re.compile(re.escape(self.t("customers.search"))), self.member, self.app.sign(row))
        self.shoot("search")
        self.app.tap(row)
        self.sees("profile.spend")
        if not self.look.is_phone:
            self.app.press(self.app.button(self.t("common.clear"), exact=True))  # the whole book beside the profile
            self.sees("customers.segment_all")
        self.shoot("profile")
        if self.wants("portrait", "notes", "facts"):
            self.app.tap(self.t("profile.tab_portrait"), exact=True)
            self.sees("facts.edit")
            self.shoot("portrait")
            self.app.tap(self.t("profile.act_note"), exact=True)
            self.sees("profile.note_save")
            self.shoot("notes")
            self.tap("common.close")
        if self.wants("facts"):
            self.app.tap(self.t("profile.tab_portrait"), exact=True)
            self.tap("facts.edit")
            self.sees("facts.sizes")
            self.shoot("facts")
            self.back()
        if self.wants("plan"):
            self.tap("profile.act_plan")
            self.sees("followup.day")
            self.shoot("plan")
            self.back()
        if self.wants("message"):
            self.app.tap(self.t("today.write"), exact=True)
            self.sees("message.tone_plain")
            self.shoot("message")
            self.back()
        if self.wants("coupon"):
            self.tap("profile.act_coupon")
            self.sees("message.coupon")
            self.shoot("coupon")
            self.back()

    def _coupons(self) -> None:
        if self.look.is_phone:
            self.go("share")
            self.tap("coupons.title")
        else:
            self.go("coupons")
        self.sees("coupons.mine")
        self.shoot("coupons")
        if self.wants("template"):
            self.app.tap(re.compile("¥50"))
            self.sees("coupons.terms")
            self.shoot("template")
            self.back_on_phone()
        if self.wants("redeem"):
            self._redeem()
        self.app.tap(re.compile("^" + re.escape(self.t("coupons.sent_title", n=0)).replace("0", r"\d+")))
        self.app.sees(re.compile(re.escape(self.t("today.chip_all")) + r" \d+"))
        self.shoot("sent")
        if self.wants("preview"):
            self.tap("coupons.batch_start")
            self.app.tap(re.compile("^" + re.escape(self.t("customers.segment_dormant"))))
            self.sees("coupons.what")
            self.app.tap(re.compile(r"¥50.*(?:\d left|剩 \d)", re.DOTALL))  # not one sent, in the list beside it
            self.sees("coupons.left_out")
            self.shoot("preview")
            self.back_on_phone()

    def _redeem(self) -> None:
        """Show the counter with nothing, with a coupon of this guide, and with a code that is nobody's."""
        self.tap("coupons.redeem")
        self.sees("coupons.redeem_hint")
        self.shoot("redeem")
        field = re.compile(re.escape(self.t("coupons.redeem_field")))
        self.app.type_into(field, self.claimed)
        self.sees("coupons.redeem_usable")
        self.shoot("redeem-found")
        self.app.type_into(field, "GC1:NOBODY")
        self.sees("coupons.redeem_no")
        self.shoot("redeem-refused")
        self.app.tap(self.t("common.clear"), exact=True)
        self.back_on_phone()

    def _share(self) -> None:
        self.go("share")
        self.sees("share.mine_month")
        self.shoot("share")
        if self.wants("product", "poster"):
            self.app.press(self.app.button(re.compile(r"¥")))
            self.sees("share.share_poster")
            self.shoot("product")
            if self.wants("poster"):
                self.app.press(self.app.scroll_to(self.app.button(self.t("share.larger"))))
                self.app.sees(re.compile(re.escape(self.t("share.preview", name=""))))
                self.shoot("poster")
                self.back()
            self.back()
        if self.wants("shares"):
            self.tap("share.mine")
            self.sees("share.mine_month")
            self.shoot("shares")
            self.back()

    def _commission(self) -> None:
        self.go("commission")
        self.sees("commission.ledger")
        self.shoot("commission")
        if self.wants("entry", "order"):
            self.app.press(self.app.button(re.compile(r"¥\d+\.\d\d")))
            self.sees("commission.why")
            self.shoot("entry")
            if self.wants("order"):
                self.app.press(self.app.scroll_to(self.app.button(self.t("commission.see_order"), exact=True)))
                self.sees("commission.order_paid_me")
                self.shoot("order")
                self.back()
            self.back_on_phone()
        if self.wants("ledger"):
            self.tap("commission.tile_ledger")
            self.sees("commission.search")
            self.shoot("ledger")
            self.back_on_phone()
        if self.wants("statement"):
            self.tap("commission.tile_statements")
            self.app.tap(re.compile(re.escape(self.t("commission.balance", amount="¥"))))
            self.sees("commission.check_checked")
            self.shoot("statement")
            self.back()
            self.back_on_phone()
        if self.wants("uncounted"):
            self.tap("commission.tile_uncounted")
            self.sees("commission.order_search")
            self.shoot("uncounted")
            self.back_on_phone()
        if self.wants("rewards"):
            self.tap("commission.tile_rewards")
            self.sees("commission.rewards_why")
            self.shoot("rewards")
            self.app.tap(re.compile(re.escape(self.t("commission.reward_held"))))
            self.sees("commission.answer_title")
            self.shoot("reward")

    def _me(self) -> None:
        self.go("me")
        self.sees("me.sync")
        self.shoot("me")
        if self.wants("card"):
            self.app.tap(re.compile("^" + re.escape(self.t("me.card"))))
            self.sees("me.card_copy")
            self.shoot("card")
            self.back_on_phone()
        for name, sees in (("help", "help.search"), ("report", "help.sent"), ("devices", "devices.mine"),
                           ("privacy", "privacy.never"), ("about", "me.storage")):  # fmt: skip
            if self.wants(name):
                self.app.press(self.app.scroll_to(self.app.button(self.t(f"me.{name}"), exact=True)))
                self.sees(sees)
                self.shoot(name)
                self.back_on_phone()
        if self.wants("first"):
            self._first()
        if self.wants("sync", "offline"):
            self.app.tap(re.compile(rf"^{re.escape(self.t('me.sync'))}"))
            self.sees("sync.last")
            self.shoot("sync")
            self.app.press(self.app.page.get_by_role("switch").first)
            self.sees("sync.state_work_offline")
            self.shoot("offline")

    def _first(self) -> None:
        """Show the three first steps, each as it is once its button was tapped."""
        self.app.press(self.app.scroll_to(self.app.button(self.t("me.help"), exact=True)))
        self.app.press(self.app.scroll_to(self.app.button(self.t("help.first_again"))))
        for step in ("see", "send", "poster"):
            self.sees(f"first.{step}_title")
            self.tap(f"first.{step}_do")
            self.sees({"see": "first.see_done", "send": "first.send_done_1", "poster": "first.poster_label"}[step])
            self.shoot("first" if step == "see" else f"first-{step}")
            self.tap("first.next")
        self.tap("first.start")
        self.back_on_phone()

    def manager(self) -> None:
        """Walk a manager's screens."""
        self.sign_in("M01")
        self.app.sees(re.compile("林悦"))
        self.shoot("team")
        if self.wants("month", "guide"):
            self.tap("team.month")
            self.app.sees(re.compile(r"¥[\d,]{5,}"))
            self.shoot("month")
        if self.wants("guide"):
            row = re.compile("林悦")
            self.app.press(self.app.button(row).or_(self.app.page.get_by_label(row)).first)
            self.sees("team.days")
            self.shoot("guide")
            self.back_on_phone()
        if self.wants("approvals"):
            self.app.to_top()
            self.app.press(self.app.scroll_to(self.app.button(re.compile(re.escape(self.t("team.approvals_why"))))))
            self.sees("team.rewards")
            self.shoot("approvals")
            self.app.tap(re.compile(re.escape(self.t("commission.flag_shared_device"))))
            self.sees("team.guides_answer")
            self.shoot("decide")

    def close(self) -> None:
        self.context.close()


def shop_pages(browser: Browser, world: World, look: Look, wanted: Collection[str] | None = None) -> None:
    """Take pictures of a customer's pages: a shared product, a coupon on its way, a guide's card."""
    facts = Facts(world.home)
    code = facts.one("SELECT code FROM share WHERE kind = 'product' ORDER BY created_at DESC, id LIMIT 1")
    coupon = facts.one("SELECT code FROM coupon WHERE state = 'issued' ORDER BY issued_at DESC, id LIMIT 1")
    card = facts.one("SELECT code FROM share WHERE kind = 'card' ORDER BY created_at DESC, id LIMIT 1")
    context = look.open(browser)
    page = context.new_page()
    camera = Camera(page, look)
    pages = {"shop-product": f"/s/{code}", "shop-coupon": f"/c/{coupon}"}
    if card:
        pages["shop-card"] = f"/s/{card}"
    for name, path in pages.items():
        if wanted is None or name in wanted:
            answer = page.goto(world.shop + path, wait_until="load")
            assert answer is not None and answer.ok
            camera.shoot(name, words=page.locator("body").inner_text())
    context.close()


def walk(
    browser: Browser,
    world: World,
    look: Look,
    way: Callable[[Walk], None],
    wanted: Collection[str] | None,
    staff_no: str = GUIDES[0],
) -> None:
    one = Walk(browser, world, look, wanted, staff_no)
    try:
        way(one)
    finally:
        one.close()


@pytest.mark.parametrize("look", FEW, ids=str)
def test_screens_of_a_guide(browser: Browser, brand: World, look: Look) -> None:
    walk(browser, brand, look, Walk.guide, FEW[look])


def test_team_of_a_manager(browser: Browser, brand: World) -> None:
    walk(browser, brand, Look("tablet", "light", "zh"), Walk.manager, ("month",))


@pytest.mark.parametrize(
    ("look", "name"),
    [(Look("phone", "light", "zh"), "shop-product"), (Look("phone", "dark", "en"), "shop-coupon")],
    ids=str,
)
def test_pages_of_a_customer(browser: Browser, brand: World, look: Look, name: str) -> None:
    shop_pages(browser, brand, look, (name,))


@pytest.mark.soak
@pytest.mark.parametrize("look", ALL, ids=str)
def test_every_screen_in_every_look(browser: Browser, brand: World, look: Look) -> None:
    walk(browser, brand, look, Walk.guide, None, GUIDES[ALL.index(look)])
    walk(browser, brand, look, Walk.manager, ("team", "month", "guide", "approvals", "decide"))
    shop_pages(browser, brand, look)
