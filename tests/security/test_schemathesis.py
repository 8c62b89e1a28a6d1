"""Schemathesis against the API's own document: valid and broken requests to every operation, in-process.

About 300 cases in `make test`; `make soak` runs 15,000 (DAOGOU_CASES), of which 5,000 are the operations' own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NotSet
from schemathesis.specs.openapi import checks as c
from starlette.testclient import TestClient

from app.domain.errors import Unauthorized
from app.protocol.mutations import MUTATIONS
from server_stub.app import create_app
from server_stub.clock import FixedClock
from server_stub.sync.arguments import schemas
from server_stub.trade import hooks
from tests.fakes.server import NOW, PIN, open_world

CASES = int(os.environ.get("DAOGOU_CASES", "300"))
CHECKS = [
    not_a_server_error, c.status_code_conformance, c.content_type_conformance, c.response_headers_conformance,
    c.response_schema_conformance, c.negative_data_rejection, c.missing_required_header, c.unsupported_method,
    c.allow_header_conformance, c.ignored_auth, c.use_after_free, c.ensure_resource_availability,
]  # fmt: skip
LABELS = (
    "GET /healthz", "GET /api/meta", "POST /api/auth/login", "POST /api/auth/refresh", "POST /api/auth/logout",
    "POST /api/auth/wiped",
    "POST /api/sync/push", "POST /api/sync/pull", "GET /api/sync/live", "GET /api/sync/mutations",
    "GET /api/blob/{sha256}", "POST /api/coupon/check", "POST /api/hook/orders",
    "POST /api/customers/{customer_id}/reveal", "POST /api/customers/{customer_id}/erase",
    "POST /api/team/books/{guide_id}", "GET /api/devices", "POST /api/devices/{device_id}/revoke",
)  # fmt: skip
PLAIN = ("GET /healthz", "GET /api/meta")  # nothing to break
TAKES = (
    "login",
    "refresh",
    "push",
    "pull",
    "sha256",
    "check",
    "orders",
    "reveal",
    "erase",
    "books",
    "revoke",
)  # nothing else takes more than a token
POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
MODES = (POSITIVE, NEGATIVE)
TRIES = [(label, mode) for label in LABELS for mode in MODES if label not in PLAIN or mode is POSITIVE]
EACH = max(CASES // (2 * (len(TAKES) + len(MUTATIONS))), 5)
HERE = settings(
    max_examples=EACH, deadline=None, database=None, derandomize="DAOGOU_CASES" not in os.environ,
    phases=[Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip


@dataclass
class Api:
    """The application, its document, and a session that is always fresh."""

    app: Any
    schema: Any
    clock: FixedClock
    http: TestClient

    def token(self) -> str:
        self.clock.forward(minutes=1)  # tries of a minute are limited
        body = {"staff_no": "G0101", "pin": PIN, "device_id": "schemathesis"}
        return str(self.http.post("/api/auth/login", json=body).json()["access_token"])


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    clock = FixedClock(NOW)
    db = open_world(tmp_path_factory.mktemp("schemathesis") / "home", clock)
    app = create_app(db.settings, database=db)
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(hooks, "check", signed_by_anybody)
    endless = app.state.live.stream
    app.state.live.stream = lambda buckets, life: endless(buckets, 0)  # a case must end
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    yield Api(app, schema, clock, TestClient(app))
    monkeypatch.undo()
    db.close()


def signed_by_anybody(_settings: Any, headers: Mapping[str, str], _raw: bytes, _now: Any) -> str:
    """Stand in for the signature, which no generator can make: every header must be there."""
    if not all(headers.get(f"x-daogou-{name}") for name in ("source", "time", "signature")):
        raise Unauthorized("forbidden")
    return hooks.DEMO_SOURCE


def operation(api: Api, label: str) -> Any:
    method, path = label.split(" ", 1)
    return api.schema[path][method]


def test_every_documented_operation_is_tried(api: Api) -> None:
    assert {one.ok().label for one in api.schema.get_all_operations()} == {*LABELS}


@pytest.mark.parametrize(("label", "mode"), TRIES, ids=str)
def test_an_operation_answers_as_documented(api: Api, label: str, mode: GenerationMode) -> None:
    whole, token, tried = operation(api, label), api.token(), 0

    @HERE
    @given(case=whole.as_strategy(generation_mode=mode))
    def try_it(case: Any) -> None:
        nonlocal token, tried
        tried += 1
        if label.startswith("POST /api/auth/"):
            token = api.token()
        headers = {"Authorization": f"Bearer {token}"} if whole.definition.raw.get("security") else {}
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=CHECKS, headers=headers)

    try_it()
    assert tried >= (EACH if any(word in label for word in TAKES) else 1)


# --- what an operation cannot say: the arguments of a mutation -----------------------------------------------------

NOT_MADE_UP = {
    "customer_id": ("c1", "c4", "c5"), "reward_id": ("r1",), "dispute_id": ("d1-of-guide-1",), "order_no": ("1",),
    "share_id": ("share-of-g1",), "product_id": ("p1",), "store_id": ("s1", "s2"), "kind": ("message", "product"),
    "action": ("done", "later"), "form": ("qr", "typed"), "channel": ("chat", "copied"),
}  # fmt: skip


def as_json(body: Any) -> Any:
    """Return what was made as JSON can say it: raw bytes as text, no body as null."""
    if isinstance(body, bytes):
        return body.decode("latin-1")
    return None if isinstance(body, NotSet) else body


@pytest.fixture(scope="module")
def arguments() -> Any:
    """Return the arguments of every mutation as a document, so that the same generator makes them."""
    bodies = {
        f"/{name}": {"post": {
            "requestBody": {"required": True, "content": {"application/json": {"schema": about["args"]}}},
            "responses": {"200": {"description": "Done"}},
        }}
        for name, about in schemas().items()
    }  # fmt: skip
    info = {"title": "Mutations", "version": "1"}
    return schemathesis.openapi.from_dict({"openapi": "3.1.0", "info": info, "paths": bodies})


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_no_arguments_crash_a_mutation_or_stop_the_queue(
    api: Api, arguments: Any, name: str, mode: GenerationMode
) -> None:
    whole, token, sent = arguments[f"/{name}"]["post"], api.token(), 0
    group = f"group-{name}-{mode.name}"

    @HERE
    @given(case=whole.as_strategy(generation_mode=mode), real=st.randoms(use_true_random=False))
    def try_it(case: Any, real: Any) -> None:
        nonlocal sent
        args = as_json(case.body)
        if isinstance(args, dict):
            known = {field: real.choice(values) for field, values in NOT_MADE_UP.items() if field in args}
            args = args | {field: value for field, value in known.items() if real.random() < 0.7}
        sent += 1
        mutation = {"clientID": group, "id": sent, "name": name, "args": args}
        body = {"clientGroupID": group, "mutations": [mutation], "pushVersion": 1, "schemaVersion": "1"}
        raw = json.dumps(body)
        answer = api.http.post("/api/sync/push", content=raw, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 400:  # not JSON at all: nothing was consumed
            sent -= 1
            return
        assert answer.status_code == 200, (answer.text, raw)
        (result,) = answer.json()["results"]
        assert result["status"] in ("applied", "duplicate", "rejected") and result.get("code") != "internal", raw

    try_it()
