"""What `make demo` decides before anything runs: clock, ports, addresses, content."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from app.posters.template import load_template
from server_stub.demo import brand, pictures, run
from server_stub.hq import packs
from tests.integration.demo.conftest import World


def test_in_quiet_hours_the_clock_moves_to_the_next_half_past_ten(tmp_path: Path) -> None:
    said: list[str] = []
    night = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)  # 22:05 in the stores
    run.report_clock(tmp_path / "clock", night, said.append)
    offset = float((tmp_path / "clock").read_text("ascii"))
    assert offset == 12 * 3600 + 25 * 60
    assert "2026-11-25 10:30" in said[0]


def test_by_day_the_clock_is_left_and_an_earlier_offset_never_goes_back(tmp_path: Path) -> None:
    day = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    run.report_clock(tmp_path / "clock", day, print)
    assert float((tmp_path / "clock").read_text("ascii")) == 0
    (tmp_path / "clock").write_text("7200", "ascii")
    run.report_clock(tmp_path / "clock", day, print)
    assert float((tmp_path / "clock").read_text("ascii")) == 7200


def test_tomorrow_is_half_past_ten_of_the_next_day_from_where_the_demo_stands(tmp_path: Path) -> None:
    wall, said = datetime(2026, 11, 24, 3, 0, tzinfo=UTC), list[str]()  # 11:00 in the stores
    with pytest.raises(run.DemoError, match="make demo"):
        run.tomorrow(tmp_path / "clock", wall, said.append)
    (tmp_path / "clock").write_text("86400", "ascii")
    run.tomorrow(tmp_path / "clock", wall, said.append)
    assert said == ["It is 2026-11-26 10:30 in the stores."]
    assert float((tmp_path / "clock").read_text("ascii")) == 2 * 86_400 - 1_800


def test_a_taken_port_is_one_clear_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(run.DemoError, match=f"port {port} is taken.*DAOGOU_APP_PORT"):
            run.check_port("127.0.0.1", port, "DAOGOU_APP_PORT")


def test_the_ready_line_names_both_addresses_and_the_logins(world: World) -> None:
    first = run.ready_lines(world.db.settings)[0]
    assert first.startswith("Ready")
    for part in ("http://127.0.0.1:8550", "http://127.0.0.1:8000", "G0101", "M01", "H01", brand.PIN):
        assert part in first


def test_the_sample_pack_publishes_and_names_real_products(world: World) -> None:
    with world.db.begin() as tx:
        made = packs.publish(tx, run.WEEK)
    assert (made.id, made.version) == ("week", 1)
    source = json.loads((run.WEEK / "pack.json").read_text("utf-8"))
    assert len(source["calendar"]) == 7 and {one["tone"] for one in source["captions"]} == {"warm", "plain", "lively"}
    for poster in source["posters"]:
        assert load_template(run.WEEK / poster["file"]).id == poster["id"]


def test_a_picture_is_a_portrait_jpeg_and_the_drawing_is_scaled_at_most_1_6_times(tmp_path: Path) -> None:
    style = brand.STYLES[0]
    made = [pictures.render(style, colour) for colour in style.colours]
    assert made[0] == pictures.render(style, style.colours[0])
    assert min(pictures.difference(one, other) for one, other in pairwise(made)) > 40
    (tmp_path / "one.jpg").write_bytes(made[0])
    with Image.open(tmp_path / "one.jpg") as picture:
        assert picture.size == (900, 1200) and picture.format == "JPEG"
    assert all(15_000 < len(one) < 90_000 for one in made)
    for one in brand.STYLES:
        with Image.open(pictures.FOLDER / f"{one.art}.webp") as source:
            drawn = source.convert("RGBA")
            box = drawn.getbbox()
        assert box is not None
        assert pictures.drawing_size(one.art)[0] <= (box[2] - box[0]) * 1.6 + 1


def test_the_brand_is_whole() -> None:
    assert len(brand.STYLES) == 24 and all(len(set(style.colours)) == 3 for style in brand.STYLES)
    assert len([one for one in brand.PEOPLE if one.role == "guide"]) == 12
    assert {style.category for style in brand.STYLES} <= set(brand.CATEGORIES)
