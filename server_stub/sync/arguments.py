"""A mutation's arguments: from JSON to its dataclass, strictly, and as a JSON Schema."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from app.domain import instants
from app.domain.errors import Rejected
from app.protocol.limits import TEXT_MAX
from app.protocol.mutations import MUTATIONS, Mutation

COMMON = ("mid", "at")
MID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ID_MAX = 64  # what the columns hold; PostgreSQL takes it at its word
_KEYS = re.compile(r"(?<!rejected)_id$|^(signal|order_no)$")
_INSTANT = re.compile(r"(^|_)(at|until)$")


@dataclass(frozen=True, slots=True)
class Sent:
    """A mutation with good arguments, its id for ever and when the device says it was made."""

    mutation: Mutation
    mid: str
    at: datetime


def parse(name: str, args: Any) -> Sent:
    """Return the mutation, every argument checked; unknown ones are refused.

    Raises:
        Rejected: `mutation_unknown` or `bad_arguments` with `field`.
    """
    kind = MUTATIONS.get(name)
    if kind is None:
        raise Rejected("mutation_unknown", params={"name": name[:64]})
    if not isinstance(args, dict):
        raise _bad("args")
    own = {key: value for key, value in args.items() if key not in COMMON}
    unknown = own.keys() - {one.name for one in dataclasses.fields(kind)}
    if unknown:
        raise _bad(min(unknown)[:64])
    _check_texts(args)
    try:
        made = msgspec.convert(own, kind, strict=True)
    except msgspec.ValidationError as exc:
        raise Rejected("bad_arguments", str(exc), params={"field": _field_of(str(exc))}) from exc
    return Sent(made, _mid(args), _instant(args, "at"))


def args_hash(name: str, args: Any) -> str:
    """Return the hash that tells whether a repeated id means the same mutation."""
    text = json.dumps([name, args], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """Return name -> {summary, schema} of every mutation, the schema in JSON Schema 2020-12."""
    return {
        name: {"summary": (kind.__doc__ or "").partition("\n")[0], "args": _schema(kind)}
        for name, kind in MUTATIONS.items()
    }


def _schema(kind: type) -> dict[str, Any]:
    _, parts = msgspec.json.schema_components([kind])
    made: dict[str, Any] = dict(parts[kind.__name__])
    properties = {name: _tight(name, dict(one)) for name, one in made["properties"].items()}
    properties["mid"] = {"type": "string", "pattern": f"^{MID.pattern}$"}
    properties["at"] = _tight("at", {"type": "string"})
    return {
        "type": "object",
        "properties": properties,
        "required": [*made.get("required", []), *COMMON],
        "additionalProperties": False,
    }


def _tight(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    schema["maxLength"] = _limit(name)
    if _INSTANT.search(name):
        schema["pattern"] = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
    return schema


def _check_texts(args: Mapping[str, Any]) -> None:
    for name, value in args.items():
        if isinstance(value, str):
            if len(value) > _limit(name) or "\0" in value or _has_surrogate(value):
                raise _bad(name)
            if _INSTANT.search(name):
                _instant(args, name)


def _limit(name: str) -> int:
    return ID_MAX if _KEYS.search(name) else TEXT_MAX


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def _mid(args: Mapping[str, Any]) -> str:
    mid = args.get("mid")
    if not isinstance(mid, str) or not MID.fullmatch(mid):
        raise _bad("mid")
    return mid


def _instant(args: Mapping[str, Any], name: str) -> datetime:
    try:
        return instants.from_text(args[name])
    except (KeyError, TypeError, ValueError) as exc:
        raise _bad(name) from exc


def _field_of(message: str) -> str:
    found = re.search(r"[`$.]([a-z_]+)`", message)
    return found.group(1) if found else "args"


def _bad(field: str) -> Rejected:
    return Rejected("bad_arguments", params={"field": field})
