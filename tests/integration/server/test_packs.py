"""Publishing content packs: signed, content-addressed, refused whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import Refused
from app.protocol import manifest
from server_stub.config import public_bytes
from server_stub.hq import packs
from tests.fakes.server import NOW, SECRETS, Server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "week"
    (made / "posters").mkdir(parents=True)
    (made / "posters" / "plain.json").write_text('{"layers": []}')
    day = {"title": "上新", "title_en": "New", "text": "发海报", "text_en": "Share", "products": [1], "poster": "plain"}
    document = {
        "id": "week", "days": 7, "target": {"stores": [], "roles": []},
        "calendar": [{"day": 0, **day}, {"day": 6, **day}],
        "captions": [{"id": "warm-1", "tone": "warm", "zh": "你好", "en": "Hello", "product": 2}],
        "posters": [{"id": "plain", "file": "posters/plain.json"}],
    }  # fmt: skip
    (made / "pack.json").write_text(json.dumps(document), "utf-8")
    return made


def publish(server: Server, folder: Path) -> packs.Published:
    with server.db.begin() as tx:
        return packs.publish(tx, folder)


async def test_a_published_pack_reaches_the_phone_and_verifies(server: Server, folder: Path) -> None:
    assert publish(server, folder).version == 1
    again = publish(server, folder)
    assert (again.version, again.files, again.new_bytes) == (2, 1, 0)
    phone = await server.sign_in("G0101")
    pack = (await phone.pull_all())["pack/week"]
    keys = {SECRETS.pack_kid: public_bytes(SECRETS.pack_key())}
    made = manifest.parse_and_verify(pack["manifest"].encode(), pack["signature"], keys, held_version=1, now=NOW)
    assert [entry.day for entry in made.calendar] == ["2026-11-24", "2026-11-30"]
    assert made.valid_from.isoformat() == "2026-11-23T16:00:00+00:00" and made.version == 2
    digest = made.files["posters/plain.json"].sha256
    assert (await server.http.get(f"/api/blob/{digest}", headers=phone.headers)).text == '{"layers": []}'
    with server.db.begin() as tx:
        packs.recall(tx, "week")
    assert (await phone.pull_all())["pack/week"]["recalled"] is True


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"days": 0}, "pack_malformed"), ({"id": 5}, "pack_malformed"), ({"calendar": "x"}, "pack_malformed"),
        ({"posters": [{"id": "x", "file": "gone.json"}]}, "pack_malformed"),
        ({"captions": [{"id": "a", "tone": "warm", "zh": "x", "en": "x", "product": 999}]}, "pack_malformed"),
    ],
)  # fmt: skip
async def test_a_bad_pack_changes_nothing(server: Server, folder: Path, change: dict[str, Any], code: str) -> None:
    document = json.loads((folder / "pack.json").read_text("utf-8")) | change
    (folder / "pack.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(Refused, match=code):
        publish(server, folder)
    assert "pack/week" not in await (await server.sign_in("G0101")).pull_all()


async def test_links_and_odd_names_are_refused(server: Server, folder: Path) -> None:
    (folder / "secret.json").symlink_to("/etc/hostname")
    with pytest.raises(Refused, match="pack_path"):
        publish(server, folder)
    (folder / "secret.json").unlink()
    (folder / "run me.sh").write_text("x")
    with pytest.raises(Refused, match="pack_path"):
        publish(server, folder)
