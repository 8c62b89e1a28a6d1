"""The OpenAPI document: what the framework knows of the routes, and what it cannot know (tokens, problems, answers)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from server_stub import policy, problem

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
ANY_OBJECT: Schema = {"type": "object"}
INSTANT: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def _object(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


PROBLEM = _object(
    {"type": TEXT, "title": TEXT, "status": WHOLE, "code": TEXT, "params": ANY_OBJECT}, detail=TEXT, error=TEXT,
    wipe={"type": "boolean"},
)  # fmt: skip
TOKENS = {"access_token": TEXT, "refresh_token": TEXT, "expires_in": WHOLE}
NOT_SPOKEN = _object({"error": {"const": "VersionNotSupported"}, "versionType": {"enum": ["push", "pull", "schema"]}})
RESULT = _object(
    {"clientID": TEXT, "id": WHOLE, "status": {"enum": ["applied", "skipped", "duplicate", "rejected"]}},
    code=TEXT, params=ANY_OBJECT,
)  # fmt: skip
OPERATION = {
    "oneOf": [
        _object({"op": {"const": "clear"}}),
        _object({"op": {"const": "put"}, "key": TEXT, "value": ANY_OBJECT, "b": TEXT, "v": WHOLE}),
        _object({"op": {"const": "del"}, "key": TEXT}),
    ]
}
PULLED = _object(
    {
        "cookie": {}, "lastMutationIDChanges": {"type": "object", "additionalProperties": WHOLE},
        "serverTime": INSTANT, "more": {"type": "boolean"}, "progress": _object({"done": WHOLE, "total": WHOLE}),
        "patch": _list(OPERATION),
    },
    sums={"type": "object", "additionalProperties": _list(WHOLE)},
)  # fmt: skip
SIGNED_IN = _object(
    {**TOKENS, "staff": ANY_OBJECT, "device": ANY_OBJECT, "trust": ANY_OBJECT, "public_url": TEXT,
     "server_time": INSTANT, "zone": TEXT}
)  # fmt: skip

ANSWERS: dict[tuple[str, str], tuple[str, Schema]] = {
    ("GET", "/healthz"): ("application/json", _object({"status": {"const": "ok"}, "time": INSTANT})),
    ("GET", "/api/meta"): ("application/json", _object(
        {"api": WHOLE, "schema": TEXT, "min_app_version": TEXT, "server_time": INSTANT, "public_url": TEXT})),
    ("POST", "/api/auth/login"): ("application/json", SIGNED_IN),
    ("POST", "/api/auth/refresh"): ("application/json", _object(TOKENS)),
    ("POST", "/api/sync/push"): ("application/json", {"oneOf": [_object({"results": _list(RESULT)}), NOT_SPOKEN]}),
    ("POST", "/api/sync/pull"): ("application/json", {"oneOf": [PULLED, NOT_SPOKEN]}),
    ("GET", "/api/sync/live"): ("text/event-stream", TEXT),
    ("GET", "/api/sync/mutations"): ("application/json", _object(
        {"mutations": _list(_object({"name": TEXT, "summary": TEXT, "args": ANY_OBJECT}))})),
    ("GET", "/api/blob/{sha256}"): ("application/octet-stream", {"type": "string", "format": "binary"}),
    ("POST", "/api/coupon/check"): ("application/json", _object(
        {"code": TEXT, "usable": {"type": "boolean"}, "reason": {"type": ["string", "null"]}, "params": ANY_OBJECT})),
    ("POST", "/api/hook/orders"): ("application/json", _object({"results": _list(ANY_OBJECT)})),
}  # fmt: skip
REFUSALS = (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
HOOK_HEADERS = ("X-Daogou-Source", "X-Daogou-Time", "X-Daogou-Signature")


def document(app: FastAPI) -> Schema:
    """Return the document of `app`, the framework's with our answers, refusals and keys."""
    made = copy.deepcopy(app.openapi())
    made["components"] = {
        "schemas": {"Problem": PROBLEM},
        "securitySchemes": {"staff": {"type": "http", "scheme": "bearer"}},
    }
    for path, methods in made["paths"].items():
        for method, about in methods.items():
            _complete(method.upper(), path, about)
    return made


def _complete(method: str, path: str, about: Schema) -> None:
    if policy.ROUTES.get((method, path)) is not policy.OPEN:
        about["security"] = [{"staff": []}]
    good = next(one for one in about["responses"] if one.startswith("2"))
    answers: Schema = {good: {"description": "Done"}}
    if (method, path) in ANSWERS:
        media_type, schema = ANSWERS[method, path]
        answers[good]["content"] = {media_type: {"schema": schema}}
    refused = {problem.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answers |= {str(status): {"description": "Refused", "content": refused} for status in REFUSALS}
    about["responses"] = answers
    for one in about.get("parameters", ()):
        if one["name"] == "sha256":
            one["schema"] = SHA256
    if path.startswith("/api/hook/"):
        about["parameters"] = [
            {"name": name, "in": "header", "required": True, "schema": TEXT} for name in HOOK_HEADERS
        ]
