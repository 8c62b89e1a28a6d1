"""No text cut, none over another, nothing out of the window, every button named and large enough: on every page.

The pages are those of `routes.PAGES`, opened by their addresses in a window tall enough to lay all of them out; the
pseudo-language, text of twice the size and a phone of 320 pixels show what is too tight.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError

from app.domain.instants import to_text
from app.ui import routes
from tests.e2e.audit import NODES, audit, nodes
from tests.e2e.browser import App
from tests.e2e.conftest import living
from tests.e2e.facts import Facts
from tests.e2e.sheets import make_sheet
from tests.e2e.shots import FOLDER, Camera, Look
from tests.e2e.test_screens import ALL, MEMBER, PIN
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

GUIDE, MANAGER = "G0101", "M01"
TALL = 2400
GO = """path => {
    history.pushState(null, '', path);
    dispatchEvent(new PopStateEvent('popstate', {state: null}));
}"""
GALLERY = tuple(f"/gallery/{kind}" for kind in ("buttons", "rows", "cards", "fields", "progress", "states"))
FEW = ("/today", "/customers", "/customers/:customer_id", "/gallery/rows", "/gallery/cards", "/gallery/buttons")
TIGHT = [
    Look("narrow", "light", "pseudo"), Look("phone", "light", "pseudo"), Look("tablet", "light", "pseudo"),
    Look("phone", "light", "pseudo", 1.3), Look("narrow", "light", "zh", 2.0), Look("phone", "light", "en", 2.0),
    Look("phone", "light", "zh", 2.0), Look("tablet", "light", "en", 2.0), Look("narrow", "light", "en"),
    Look("side", "light", "zh"),
]  # fmt: skip
VISIT = (
    "SELECT {column} FROM follow_up f JOIN staff s ON s.id = f.guide_id WHERE s.staff_no = '{{guide}}'"
    " AND f.kind = 'visit' AND f.state = 'open' ORDER BY f.id LIMIT 1"
)
IDS = {
    "product_id": "SELECT id FROM product ORDER BY id LIMIT 1",
    "template_id": "SELECT id FROM coupon_template ORDER BY no LIMIT 1",
    "coupon_id": "SELECT c.id FROM coupon c JOIN staff s ON s.id = c.guide_id WHERE s.staff_no = '{guide}'"
    " AND c.issued_at IS NOT NULL ORDER BY c.id LIMIT 1",
    "month": "SELECT t.month FROM statement t JOIN staff s ON s.id = t.guide_id WHERE s.staff_no = '{guide}'"
    " ORDER BY t.month DESC LIMIT 1",
    "order_no": "SELECT e.order_no FROM commission_entry e JOIN staff s ON s.id = e.guide_id"
    " WHERE s.staff_no = '{guide}' ORDER BY e.created_at DESC, e.id LIMIT 1",
    "entry_id": "SELECT e.id FROM commission_entry e JOIN staff s ON s.id = e.guide_id WHERE s.staff_no = '{guide}'"
    " ORDER BY e.created_at DESC, e.id LIMIT 1",
    "reward_id": "SELECT r.id FROM action_reward r JOIN staff s ON s.id = r.guide_id WHERE s.staff_no = '{guide}'"
    " ORDER BY r.state, r.id LIMIT 1",
    "guide_id": "SELECT id FROM staff WHERE staff_no = '{guide}'",
    "dispute_id": "SELECT coalesce((SELECT id FROM dispute ORDER BY id LIMIT 1), 'none')",
    "topic": "SELECT 'contact'",
    "follow_up_id": VISIT.format(column="f.id"),
}


@pytest.fixture(scope="module")
def brand(seeded_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One running product whose app shows every text to the audit."""
    with living(seeded_home, tmp_path_factory.mktemp("layout") / "home", DAOGOU_INSPECT="1") as world:
        yield world


def paths_of(world: World, role: str) -> dict[str, str]:
    """Return every address a guide can be at, by its pattern; of a manager those a guide has not."""
    facts = Facts(world.home)
    recent = to_text(world.now() - timedelta(days=14))
    name = facts.one(MEMBER, GUIDE, recent, recent)
    member = facts.one(
        "SELECT c.id FROM customer c JOIN staff s ON s.id = c.guide_id WHERE s.staff_no = ? AND c.name = ?", GUIDE, name
    )
    ids = {key: str(facts.one(sql.format(guide=GUIDE))) for key, sql in IDS.items()} | {"customer_id": str(member)}
    host = str(facts.one(VISIT.format(column="f.customer_id").format(guide=GUIDE)))
    roots = {root.name for root in routes.roots_of(role)}
    found = {f"/{root}": f"/{root}" for root in roots}
    for page in routes.PAGES:
        if page.pattern.startswith("/gallery"):
            continue
        missing = {part[1:] for part in page.pattern.split("/") if part.startswith(":")} - ids.keys()
        assert not missing, f"{page.pattern} has parameters nobody gives here: {missing}"
        if page.root in roots:
            of = ids | {"customer_id": host} if ":follow_up_id" in page.pattern else ids
            found[page.pattern] = re.sub(r":(\w+)", lambda part, of=of: of[part[1]], page.pattern)
    if role == routes.GUIDE:
        return found | {path: path for path in GALLERY}
    return {pattern: path for pattern, path in found.items() if pattern not in paths_of(world, routes.GUIDE)}


class Inspector:
    """Somebody signed in who looks at addresses one after the other and notes what is wrong."""

    def __init__(self, browser: Browser, world: World, look: Look, staff_no: str) -> None:
        self.look, self.world = look, world
        self.context = look.open(browser)
        self.app = App(self.context, world.app_url)
        self.camera = Camera(self.app.page, look)
        self.found: list[str] = []
        self.app.open()
        self.app.sees(look.strings.t("login.lead_first"))
        self.check("login")
        self.app.fill_in((look.strings.t("login.staff_no"), staff_no), (look.strings.t("login.pin"), PIN))
        self._enter(look.strings.t("login.sign_in"))
        self.app.page.wait_for_timeout(4000)  # the first sync

    def _enter(self, sign_in: str) -> None:
        """Tap until it took: a first tap may only end a hover. The address stays that of the login."""
        button = self.app.button(sign_in, exact=True)
        for _ in range(4):
            if button.is_visible() and button.is_enabled():
                self.app.press(button)
            try:
                button.wait_for(state="detached", timeout=20_000)
            except PlaywrightError:
                continue
            return
        raise AssertionError("no way in")

    def visit(self, name: str, path: str) -> None:
        self.app.page.set_viewport_size(self.look.window)
        self._to(path)
        tall = self.look.window["height"] if self.look.size == "side" else TALL
        self.app.page.set_viewport_size({"width": self.look.window["width"], "height": tall})
        self.check(name)

    def _to(self, path: str) -> None:
        """Open an address as the browser's Back and Forward do: the app stays up, the address alone moves."""
        page = self.app.page
        before = page.evaluate(NODES)
        page.evaluate(GO, path)
        for _ in range(40):
            page.wait_for_timeout(100)
            if page.evaluate(NODES) != before:
                return

    def shoot(self, name: str, path: str) -> None:
        """Take the picture of an address, as a person first sees it."""
        self._to(path)
        self.app.page.set_viewport_size(self.look.window)
        nodes(self.app.page, self.look.scale)
        safe = name.strip("/").replace("/", "_").replace(":", "")
        self.camera.shoot(f"at_{safe}")

    def check(self, name: str) -> None:
        wrong = audit(self.app.page, self.look.scale, pseudo=self.look.language == "pseudo")
        self.found.extend(f"{name} [{self.look}] {finding}" for finding in wrong)
        if wrong:
            FOLDER.mkdir(parents=True, exist_ok=True)
            safe = name.strip("/").replace("/", "_").replace(":", "")
            self.app.page.screenshot(path=FOLDER / f"audit-{safe}-{self.look}.png")

    def close(self) -> None:
        self.context.close()


def inspect(browser: Browser, world: World, look: Look, role: str, wanted: tuple[str, ...] | None = None) -> list[str]:
    one = Inspector(browser, world, look, MANAGER if role == routes.MANAGER else GUIDE)
    try:
        for name, path in paths_of(world, role).items():
            if wanted is None or name in wanted:
                one.visit(name, path)
    finally:
        one.close()
    return one.found


@pytest.mark.soak
@pytest.mark.parametrize("look", [TIGHT[0], TIGHT[4]], ids=str)
def test_a_few_pages_have_room_for_their_words(browser: Browser, brand: World, look: Look) -> None:
    assert inspect(browser, brand, look, routes.GUIDE, FEW) == []


@pytest.mark.soak
@pytest.mark.parametrize("look", TIGHT, ids=str)
def test_every_page_has_room_for_its_words(browser: Browser, brand: World, look: Look) -> None:
    found = inspect(browser, brand, look, routes.GUIDE)
    found += inspect(browser, brand, look, routes.MANAGER)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"audit-{look}.json").write_text(json.dumps(found, ensure_ascii=False, indent=1), "utf-8")
    assert found == []


@pytest.mark.soak
@pytest.mark.parametrize("look", ALL, ids=str)
def test_every_address_is_in_the_contact_sheet(browser: Browser, brand: World, look: Look) -> None:
    for role, staff_no in ((routes.GUIDE, GUIDE), (routes.MANAGER, MANAGER)):
        one = Inspector(browser, brand, look, staff_no)
        try:
            for name, path in paths_of(brand, role).items():
                if "none" not in path:  # the brand has none of it
                    one.shoot(name if role == routes.GUIDE else f"{role}_{name.strip('/')}", path)
        finally:
            one.close()
    assert make_sheet(look)
