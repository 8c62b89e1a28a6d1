"""The application's walls: policy for everything, problems, limits, headers, blobs, the live channel."""

from __future__ import annotations

import asyncio
import gzip
import hashlib

import pytest
from fastapi.routing import APIRoute

from app.domain.errors import Rejected
from app.protocol.mutations import MUTATIONS
from server_stub import policy
from server_stub.hq.packs import store_blob
from server_stub.sync.push import handlers
from tests.fakes.server import Server


def every_route(routes) -> list[APIRoute]:
    found = []
    for route in routes:
        found += [route] if isinstance(route, APIRoute) else every_route(getattr(route, "routes", []))
    return found


async def test_every_route_and_mutation_has_a_row_in_the_policy(server: Server) -> None:
    routes = {(method, path) for path, methods in _paths(server).items() for method in methods}
    for method, path in routes:
        policy.is_open(method, path)
    assert len(routes) >= len(policy.ROUTES)
    assert policy.MUTATIONS.keys() == MUTATIONS.keys() == handlers().keys()
    with pytest.raises(Rejected):
        policy.is_open("GET", "/api/export")


def _paths(server: Server) -> dict[str, set[str]]:
    paths: dict[str, set[str]] = {}
    for path, about in server.app.openapi()["paths"].items():
        paths.setdefault(path, set()).update(method.upper() for method in about)
    for route in every_route(server.app.routes):
        paths.setdefault(route.path, set()).update(route.methods)
    return paths


async def test_nothing_but_the_open_routes_answers_without_a_token(server: Server) -> None:
    for (method, path), roles in policy.ROUTES.items():
        answer = await server.http.request(method, path.replace("{sha256}", "0" * 64), json={})
        assert (answer.status_code == 401) == (roles is not policy.OPEN), path
    bad = await server.http.post("/api/sync/pull", headers={"Authorization": "Bearer é".encode()}, json={})
    assert bad.status_code == 401


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "body_malformed"), (b"[]", 400, "body_malformed"), (b'{"a":1', 400, "body_malformed"),
        (b'{"cookie":NaN}', 400, "body_malformed"), (b'{"a":1,"a":2}', 400, "body_malformed"),
        (b"[" * 200_000, 400, "body_malformed"), (b'{"a":' * 40 + b"1" + b"}" * 40, 400, "body_malformed"),
        (b"{}", 422, "bad_arguments"), (b'{"clientGroupID":7,"schemaVersion":"1"}', 422, "bad_arguments"),
        (b" " * 1_000_001, 413, "body_too_large"),
    ],
)  # fmt: skip
async def test_bad_bodies_are_problems(server: Server, content: bytes, status: int, code: str) -> None:
    phone = await server.sign_in("G0101")
    answer = await server.http.post("/api/sync/pull", content=content, headers=phone.headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_endless_body_is_cut_and_a_compressed_one_refused(server: Server) -> None:
    phone = await server.sign_in("G0101")
    sent = 0

    async def endless():
        nonlocal sent
        for _ in range(200):
            sent += 100_000
            yield b" " * 100_000

    answer = await server.http.post("/api/sync/pull", content=endless(), headers=phone.headers)
    assert answer.status_code == 413 and sent <= 1_200_000
    packed = await server.http.post(
        "/api/sync/pull", content=gzip.compress(b"{}"), headers={**phone.headers, "Content-Encoding": "gzip"}
    )
    assert packed.status_code == 415


async def test_headers_forbid_caching_and_framing_and_big_answers_are_gzipped(server: Server) -> None:
    phone = await server.sign_in("G0101")
    answer = await phone.raw_pull()
    assert answer.headers["cache-control"] == "no-store" and answer.headers["content-encoding"] == "gzip"
    assert answer.headers["x-frame-options"] == "DENY" and answer.headers["x-content-type-options"] == "nosniff"


async def test_a_blob_is_for_the_signed_in_and_never_changes(server: Server) -> None:
    digest, new = store_blob(server.db.settings, b"picture")
    assert new and digest == hashlib.sha256(b"picture").hexdigest()
    phone = await server.sign_in("G0101")
    answer = await server.http.get(f"/api/blob/{digest}", headers=phone.headers)
    assert answer.content == b"picture" and "immutable" in answer.headers["cache-control"]
    for name in ("0" * 64, "..%2f..%2fsecrets.json", digest.upper()):
        assert (await server.http.get(f"/api/blob/{name}", headers=phone.headers)).status_code == 404


async def test_a_crash_is_a_code_for_the_reader_and_no_value_for_the_log(server: Server, monkeypatch, capsys) -> None:
    phone = await server.sign_in("G0101")

    def explode(*_args):
        raise RuntimeError("13800000001")

    monkeypatch.setattr("server_stub.sync.pull.pull", explode)
    answer = await phone.raw_pull()
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    logged = capsys.readouterr()
    assert "RuntimeError" in logged.out and "13800000001" not in logged.out + logged.err + answer.text


async def test_the_mutations_list_says_what_is_required(server: Server) -> None:
    phone = await server.sign_in("G0101")
    listed = (await server.http.get("/api/sync/mutations", headers=phone.headers)).json()["mutations"]
    by_name = {one["name"]: one["args"] for one in listed}
    assert by_name.keys() == MUTATIONS.keys()
    assert set(by_name["add_tag"]["required"]) == {"customer_id", "tag", "mid", "at"}
    assert by_name["mark_signal"]["additionalProperties"] is False


async def test_the_live_channel_names_changed_buckets_also_of_other_processes(server: Server) -> None:
    from server_stub.db import Database

    other_process = Database.open(server.db.settings, server.clock)
    events = server.app.state.live.stream(("brand", "guide:g1"), 20)
    assert (await anext(events)).startswith(":")
    await asyncio.sleep(0.05)  # the watcher takes its first look
    for database, kind, subject, told in (
        (server.db, "customer", "c1", "guide:g1"), (other_process, "product", "p1", "brand"),
    ):  # fmt: skip
        with database.begin() as tx:
            column = {"customer": "note", "product": "description"}[kind]
            tx.conn.exec_driver_sql(f"UPDATE {kind} SET {column} = 'changed' WHERE id = '{subject}'")
            tx.touch(kind, subject)
            tx.conn.exec_driver_sql("UPDATE customer SET note = 'unseen' WHERE id = 'c6'")
            tx.touch("customer", "c6")
        assert await asyncio.wait_for(anext(events), 3) == f"event: poke\ndata: {told}\n\n"
    await events.aclose()
    other_process.close()
