"""Request bodies: strict JSON, then strict shapes."""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.domain.errors import ProtocolFault, Rejected
from app.protocol.limits import PUSH_MAX_MUTATIONS, REVEAL_NOTE_MAX

Model = TypeVar("Model", bound=BaseModel)
DEPTH_MAX = 12


class Strict(BaseModel):
    """A body of our own: unknown fields are refused, nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Envelope(BaseModel):
    """An envelope of the sync protocol: unknown fields are ignored, nothing is coerced."""

    model_config = ConfigDict(extra="ignore", strict=True)


class LoginBody(Strict):
    """Who signs in, on which installation."""

    staff_no: str = Field(min_length=1, max_length=32)
    pin: str = Field(min_length=1, max_length=64)
    device_id: str = Field(min_length=8, max_length=48)
    device_name: str = Field(default="", max_length=200)


class RefreshBody(Strict):
    """A refresh token and the installation it was given to."""

    refresh_token: str = Field(min_length=1, max_length=200)
    device_id: str = Field(min_length=8, max_length=64)


class WipedBody(Strict):
    """The last access token of a revoked device that has erased itself."""

    access_token: str = Field(min_length=1, max_length=200)


class RevealBody(Strict):
    """Why a number is needed; `pin` when the server asked for it."""

    reason: str = Field(min_length=1, max_length=16)
    note: str = Field(default="", max_length=REVEAL_NOTE_MAX)
    pin: str | None = Field(default=None, min_length=1, max_length=64)


class RevokeBody(Strict):
    """`pin` when the server asked for it."""

    pin: str | None = Field(default=None, min_length=1, max_length=64)


class EraseBody(Strict):
    """Why a customer is erased; `pin` when the server asked for it."""

    reason: str = Field(min_length=1, max_length=16)
    pin: str | None = Field(default=None, min_length=1, max_length=64)


class BookBody(Strict):
    """Asking for the names of a guide's customers; `pin` when the server asked for it."""

    pin: str | None = Field(default=None, min_length=1, max_length=64)


class CouponCheckBody(Strict):
    """A coupon's QR text or typed code."""

    code: str = Field(min_length=1, max_length=200)


class OrderHookBody(Strict):
    """A batch of order events; each is judged on its own (`trade.event_body`)."""

    events: list[Any] = Field(min_length=1, max_length=200)


class MutationBody(Envelope):
    """One mutation of a push; `timestamp` is no clock and is ignored."""

    clientID: str = Field(min_length=1, max_length=64)
    id: int = Field(ge=1, lt=1 << 52)
    name: str = Field(min_length=1, max_length=64)
    args: Any = None


class PushBody(Envelope):
    """A push as the sync protocol sends it."""

    clientGroupID: str = Field(min_length=1, max_length=64)
    mutations: list[MutationBody] = Field(max_length=PUSH_MAX_MUTATIONS)
    pushVersion: int = 1
    schemaVersion: str = Field(max_length=64)


class PullBody(Envelope):
    """A pull as the sync protocol sends it."""

    clientGroupID: str = Field(min_length=1, max_length=64)
    cookie: Any = None
    pullVersion: int = 1
    schemaVersion: str = Field(max_length=64)


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that reads its body itself."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None) if model is not PushBody else schema.update(_inline(schema))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


async def read(request: Request, model: type[Model]) -> Model:
    """Return the body in its shape.

    Raises:
        ProtocolFault: `body_malformed`, it is no JSON object; the framework answers `body_too_large` itself.
        Rejected: `bad_arguments` with the first field that is wrong.
    """
    data = parse(await request.body())
    try:
        return model.model_validate(data)
    except ValidationError as exc:
        where = ".".join(str(part) for part in exc.errors()[0]["loc"])
        raise Rejected("bad_arguments", exc.errors()[0]["msg"], params={"field": where[:64] or "body"}) from exc


def parse(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`; duplicate names, NaN and deep nesting are refused.

    Raises:
        ProtocolFault: `body_malformed`.
    """
    try:
        data = json.loads(raw.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise ProtocolFault("body_malformed", type(exc).__name__) from exc
    if not isinstance(data, dict) or _depth(data) > DEPTH_MAX:
        raise ProtocolFault("body_malformed", "not an object, or too deep")
    return data


def _inline(schema: dict[str, Any]) -> dict[str, Any]:
    items = schema.pop("$defs")["MutationBody"]
    properties = {**schema["properties"]}
    properties["mutations"] = {**properties["mutations"], "items": items}
    return {"properties": properties}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _depth(value: Any) -> int:
    """Return how deep a value nests, level by level so that no depth can exhaust the stack."""
    depth, level = 0, [value]
    while level and depth <= DEPTH_MAX:
        depth += 1
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
    return depth
