"""One seeded brand for all browser tests: seeded once, copied for each world."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as PlaywrightError

from tests.e2e.browser import chromium
from tests.e2e.world import World, next_tuesday_half_past_ten


@pytest.fixture(scope="session")
def seeded_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seed the demo brand as it is on a Tuesday at 10:30."""
    home = tmp_path_factory.mktemp("brand")
    world = World(home)
    world.set_clock(next_tuesday_half_past_ten())
    world.command("seed")
    return home


@contextmanager
def living(seeded_home: Path, home: Path, **env: str) -> Iterator[World]:
    """Run a copy of the brand with the week's pack published, for a whole module of tests that change nothing."""
    shutil.copytree(seeded_home, home)
    world = World(home)
    world.set_clock(next_tuesday_half_past_ten())
    try:
        world.command("pack", "publish", "assets/demo/packs/week")
        world.start_server()
        world.start_app(**env)
        yield world
    finally:
        world.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep a picture of every open page beside the logs when a browser test fails."""
    report = yield
    browser, folder = item.funcargs.get("browser"), item.funcargs.get("tmp_path")  # type: ignore[attr-defined]
    if report.when == "call" and report.failed and browser and folder:
        pages = [page for context in browser.contexts for page in context.pages]
        said = [_picture(page, folder / f"failed-{n}.png") for n, page in enumerate(pages)]
        report.sections.append(("pictures", "\n".join(said)))
    return report


def _picture(page: Page, path: Path) -> str:
    """Take a picture of a page and say where it is; a page that hangs must not hide why the test failed."""
    try:
        page.screenshot(path=path)
    except PlaywrightError as error:
        return f"none of {page.url}: {error.message.splitlines()[0]}"
    return str(path)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(autouse=True)
def no_page_left_open(browser: Browser) -> Iterator[None]:
    """Close what a test opened: an app left behind would reconnect for ever and slow the next test."""
    yield
    for context in browser.contexts:
        context.close()


@pytest.fixture
def world(seeded_home: Path, tmp_path: Path) -> Iterator[World]:
    """A copy of the brand with its processes; the clock stands at Tuesday 10:30 again."""
    home = tmp_path / "home"
    shutil.copytree(seeded_home, home)
    world = World(home)
    world.set_clock(next_tuesday_half_past_ten())
    try:
        yield world
    finally:
        world.stop()
