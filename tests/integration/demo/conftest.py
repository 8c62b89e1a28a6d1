"""A small brand (60 members a guide, pictures of a few bytes), seeded once and copied for every test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server_stub.app import open_database
from server_stub.clock import FixedClock
from server_stub.config import Secrets, Settings
from server_stub.db import Database
from server_stub.demo import brand, people, pictures, seed

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # a Tuesday, 10:30 in the stores
SECRETS = Secrets(*(bytes([n]) * 32 for n in range(1, 8)))


@dataclass
class World:
    """A seeded database with a clock that stands until it is moved."""

    db: Database
    clock: FixedClock


def open_world(home: Path, now: datetime = NOW) -> World:
    clock = FixedClock(now)
    made = open_database(Settings(home=home, env="test", secrets=SECRETS))
    return World(Database(made.engine, made.settings, clock), clock)


def small_brand(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(people, "PER_GUIDE", 60)
    patch.setattr(pictures, "render", _tiny)


def _tiny(style: brand.Style, colour_key: str) -> bytes:
    return f"{style.style_no}/{colour_key}".encode()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("demo") / "home"
    with pytest.MonkeyPatch.context() as patch:
        small_brand(patch)
        world = open_world(home)
        made = seed.seed(world.db, report=lambda _: None)
        world.db.close()
    assert made is not None and made.customers == 720
    return home


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    home = tmp_path / "home"
    shutil.copytree(template, home)
    world = open_world(home)
    yield world
    world.db.close()
