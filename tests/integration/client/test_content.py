"""Packs and pictures: verified, resumed, in force at once or not at all; against the real server."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from app.domain.errors import Refused, Unavailable
from app.store import packs
from app.store.queries import work
from server_stub import tables as t
from server_stub.hq.packs import publish, recall, store_blob
from tests.fakes.device import Device, TestClock
from tests.fakes.server import NOW
from tests.integration.client.conftest import Lab

DAY = date(2026, 11, 24)
NO_PICTURE = "0" * 64  # of the products: it never comes and is asked for again


def folder(root: Path, title: str = "换季", **changes: Any) -> Path:
    made = root / f"pack-{title}"
    (made / "posters").mkdir(parents=True)
    (made / "posters" / "letter.json").write_text(json.dumps({"id": "letter", "title": title}))
    source = {
        "id": "week", "days": 7, "target": {"stores": [], "roles": []},
        "calendar": [{"day": 0, "title": title, "title_en": "t", "text": "x", "text_en": "x", "products": [1],
                      "poster": "letter"}],
        "captions": [
            {"id": "a", "tone": "warm", "zh": "通用", "en": "any"},
            {"id": "b", "tone": "warm", "zh": "专用", "en": "own", "product": 2},
        ],
        "posters": [{"id": "letter", "file": "posters/letter.json"}],
    } | changes  # fmt: skip
    (made / "pack.json").write_text(json.dumps(source))
    return made


def published(lab: Lab, title: str = "换季", **changes: Any) -> None:
    with lab.server.db.begin() as tx:
        publish(tx, folder(lab.root, title, **changes))


async def take(phone: Device) -> None:
    await phone.sync()
    await phone.content.refresh()


async def test_a_published_pack_is_there_offline(lab: Lab) -> None:
    published(lab)
    phone = await lab.phone()
    await take(phone)
    await phone.engine.set_work_offline(True)
    assert phone.content.today(DAY).title == "换季"
    assert phone.content.today(DAY + timedelta(days=1)) is None
    assert [one.id for one in phone.content.captions(2)] == ["b", "a"]
    assert [one.id for one in phone.content.captions()] == ["a"]
    assert json.loads(phone.content.file("posters/letter.json").read_text())["title"] == "换季"
    assert phone.content.file("posters/other.json") is None


async def test_a_tampered_pack_is_refused_named_once_and_the_old_one_stays(lab: Lab) -> None:
    published(lab)
    phone = await lab.phone()
    await take(phone)
    published(lab, "第二版")
    with lab.server.db.begin() as tx:
        tx.conn.execute(update(t.pack).values(manifest=t.pack.c.manifest + " "))
        tx.touch("pack", "week")
    for _ in range(2):
        await take(phone)
    assert phone.content.today(DAY).title == "换季"
    (problem,) = phone.store.query(work.problems)
    assert problem.code == "pack_signature"


async def test_an_older_version_in_the_place_of_a_newer_is_refused(lab: Lab) -> None:
    published(lab)
    phone = await lab.phone()
    await take(phone)
    with lab.server.db.read() as conn:
        first = dict(conn.execute(t.pack.select()).mappings().one())
    published(lab, "第二版")
    await take(phone)
    with lab.server.db.begin() as tx:
        tx.conn.execute(update(t.pack).values(**first))
        tx.touch("pack", "week")
    await take(phone)
    assert phone.content.today(DAY).title == "第二版"
    assert [p.code for p in phone.store.query(work.problems)] == ["pack_rollback"]


async def test_recall_and_expiry_hide_a_pack(lab: Lab) -> None:
    published(lab)
    clock = TestClock(NOW)
    phone = await lab.phone(clock=clock)
    await take(phone)
    await phone.engine.set_work_offline(True)
    clock.advance(8 * 86_400)
    assert phone.content.active_manifest() is None  # over, with no network
    clock.advance(-8 * 86_400)
    await phone.engine.set_work_offline(False)
    with lab.server.db.begin() as tx:
        recall(tx, "week")
    told: list[frozenset[str]] = []
    for _ in range(2):
        await take(phone)
        phone.store.subscribe(told.append)
    assert phone.content.active_manifest() is None
    assert not any("pack" in one for one in told)  # withdrawn once, not at every look


async def test_a_pack_for_another_store_is_left_out(lab: Lab) -> None:
    published(lab, target={"stores": ["s2"], "roles": []})
    phone = await lab.phone()
    await take(phone)
    assert phone.content.active_manifest() is None
    assert phone.store.query(work.problems) == []


class Flaky(httpx.AsyncBaseTransport):
    """Cuts the first answer for each blob after some bytes, or gives other bytes; counts what was sent."""

    def __init__(self, inner: httpx.AsyncBaseTransport, cut: int | None = None, lie: bytes | None = None) -> None:
        self.inner, self.cut, self.lie, self.ranges = inner, cut, lie, list[str | None]()
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.inner.handle_async_request(request)
        if not request.url.path.startswith("/api/blob/"):
            return answer
        self.ranges.append(request.headers.get("Range"))
        self.asked.append(request.url.path.removeprefix("/api/blob/"))
        body = await answer.aread()
        size, self.cut = self.cut, None

        async def some() -> Any:
            yield (body if self.lie is None else self.lie)[:size]
            if size is not None:
                raise httpx.ReadError("cut")

        return httpx.Response(answer.status_code, content=some())


def picture(lab: Lab) -> str:
    data = b"\xff\xd8 a picture " * 5_000
    return store_blob(lab.server.db.settings, data)[0]


async def test_rule_7_3_what_two_packs_share_is_loaded_once(lab: Lab) -> None:
    published(lab)
    flaky = Flaky(lab.transport)
    phone = await lab.phone(transport=flaky)
    await take(phone)
    with lab.server.db.begin() as tx:
        publish(tx, lab.root / "pack-换季")
    await take(phone)
    assert phone.content.active_manifest().version == 2
    of_packs = [one for one in flaky.asked if one != NO_PICTURE]
    assert len(of_packs) == len(set(of_packs)) == 1


async def test_rule_7_3_a_cut_download_goes_on_where_it_was(lab: Lab) -> None:
    digest = picture(lab)
    flaky = Flaky(lab.transport, cut=20_000)
    phone = await lab.phone(transport=flaky)
    with pytest.raises(Unavailable):
        await phone.content._blobs.fetch(digest)
    found = await phone.content._blobs.fetch(digest)
    assert hashlib.sha256(found.read_bytes()).hexdigest() == digest
    assert flaky.ranges == [None, "bytes=20000-"]
    assert [path.name for path in found.parent.iterdir()] == [digest]


async def test_wrong_bytes_are_never_kept(lab: Lab) -> None:
    digest = picture(lab)
    phone = await lab.phone(transport=Flaky(lab.transport, lie=b"something else"))
    with pytest.raises(Refused, match="pack_digest"):
        await phone.content._blobs.fetch(digest)
    assert phone.content._blobs.path(digest) is None
    assert list(phone.content._blobs.folder.iterdir()) == []


async def test_rule_7_3_a_missing_file_keeps_the_pack_out_until_it_comes(lab: Lab) -> None:
    published(lab)
    with lab.server.db.read() as conn:
        digest = conn.execute(t.blob.select()).mappings().first()["sha256"]
    path = lab.server.db.settings.blobs / digest[:2] / digest
    data = path.read_bytes()
    path.unlink()
    phone = await lab.phone()
    await phone.sync()
    with pytest.raises(Exception, match="not_found"):
        await phone.content.refresh()
    assert phone.store.query(packs.installed) == []
    path.write_bytes(data)
    await phone.content.refresh()
    assert phone.content.today(DAY).title == "换季"
