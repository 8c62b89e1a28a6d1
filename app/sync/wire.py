"""The bodies of push and pull as sync.md section 1 has them, checked before anything is believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.device import heap
from app.domain.errors import ProtocolFault, Unavailable
from app.domain.instants import Instant, from_text
from app.protocol.limits import SCHEMA_VERSION
from app.store.json_text import loads
from app.store.outbox import Identity, Pending


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a pull. `sums` only when the pull is complete."""

    cookie: Mapping[str, Any] | None
    confirmed: Mapping[str, int]
    patch: Sequence[Mapping[str, Any]]
    more: bool
    done: int
    total: int
    server_time: Instant | None
    sums: Mapping[str, list[int]] | None
    lease: str = ""

    @property
    def begins(self) -> bool:
        """Whether everything comes anew, from this page on."""
        return bool(self.patch) and self.patch[0].get("op") == "clear"


def pull_body(who: Identity, cookie: Any, profile: str) -> dict[str, Any]:
    """Return the body of a pull."""
    return {
        "profileID": profile,
        "clientGroupID": who.group_id,
        "cookie": cookie,
        "pullVersion": 1,
        "schemaVersion": SCHEMA_VERSION,
    }


def push_body(who: Identity, batch: Sequence[Pending], profile: str) -> dict[str, Any]:
    """Return the body of a push."""
    mutations = [
        {"id": one.id, "name": one.name, "args": one.args, "timestamp": 0, "clientID": who.client_id} for one in batch
    ]
    return {
        "profileID": profile,
        "clientGroupID": who.group_id,
        "mutations": mutations,
        "pushVersion": 1,
        "schemaVersion": SCHEMA_VERSION,
    }


def read_body(content: bytes) -> dict[str, Any]:
    """Return the object an answer holds.

    Raises:
        Unavailable: `server_fault`, cut off or not ours: try again later.
        ProtocolFault: the two error bodies of the protocol.
    """
    try:
        body = loads(content)
    except ValueError as exc:
        raise Unavailable("server_fault", "the answer is not JSON") from exc
    if not isinstance(body, dict):
        raise Unavailable("server_fault", "the answer is not an object")
    if body.get("error") == "ClientStateNotFound":
        raise ProtocolFault("mutation_gap", "the server does not know this client group")
    if body.get("error") == "VersionNotSupported":
        raise ProtocolFault("version_too_old", str(body.get("versionType")))
    return body


def read_page(content: bytes) -> Page:
    """Return a checked page.

    Raises:
        Unavailable, ProtocolFault: as `read_body`.
    """
    with heap.still():
        body = read_body(content)
    try:
        progress = body.get("progress") or {}
        page = Page(
            cookie=body["cookie"],
            confirmed={str(k): _whole(v) for k, v in body["lastMutationIDChanges"].items()},
            patch=body["patch"],
            more=bool(body.get("more")),
            done=_whole(progress.get("done", 0)),
            total=_whole(progress.get("total", 0)),
            server_time=body.get("serverTime"),
            sums=body.get("sums"),
            lease=str(body.get("lease") or ""),
        )
        if page.server_time is not None:
            from_text(page.server_time)
        _check(page)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise Unavailable("server_fault", "the answer to a pull is not as agreed") from exc
    return page


def _check(page: Page) -> None:
    if not isinstance(page.patch, list) or not all(isinstance(op, dict) for op in page.patch):
        raise TypeError("patch")
    if page.cookie is not None and not isinstance(page.cookie, dict | int | str):
        raise TypeError("cookie")


def _whole(found: Any) -> int:
    if isinstance(found, bool) or not isinstance(found, int):
        raise TypeError("not a whole number")
    return found


def order_of(cookie: Any) -> int:
    """Return the order of a cookie, -1 for none."""
    order = cookie.get("order") if isinstance(cookie, dict) else cookie
    return order if isinstance(order, int) else -1
