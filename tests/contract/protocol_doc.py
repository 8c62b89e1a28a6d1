"""Writes the generated parts of docs/protocol.md: `python -m tests.contract.protocol_doc`, or `make protocol`.

Tables come from the dataclasses, the policy, the limits and the catalogue; examples are what the real server
answered, with secrets and random parts shortened to "…".
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import json
import re
import tempfile
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
from babel.messages.pofile import read_po

from app.protocol import codes, limits
from app.protocol.mutations import MUTATIONS
from app.protocol.objects import OBJECTS
from server_stub import policy
from tests.fakes.server import PIN, Server, running

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/protocol.md"
LOCALE = ROOT / "assets/locale/en"
DEVICE = "dev-0123456789abcdef"
GROUP, CLIENT = "group-1", "client-1"
MIDS = ("01935b2e-1c00-7000-8000-000000000001", "01935b2e-1c00-7000-8000-000000000002")
SECRET = frozenset({"access_token", "refresh_token", "share_key", "t", "lease"})
ROLES = {"guide": "guide", "manager": "manager", "hq": "headquarters"}


def render() -> str:
    """Return the page as it should be."""
    page = PAGE.read_text("utf-8")
    for name, text in asyncio.run(_parts()).items():
        begin, end = f"<!-- generated: {name} -->\n", f"<!-- end: {name} -->"
        assert page.count(begin) == page.count(end) == 1, name
        head, _, rest = page.partition(begin)
        page = head + begin + "\n" + text.strip() + "\n\n" + end + rest.partition(end)[2]
    return page


async def _parts() -> dict[str, str]:
    return {
        "routes": _routes(), "limits": _limits(), "objects": _objects(), "mutations": _mutations(), "codes": _codes(),
    } | await _examples()  # fmt: skip


# --- tables --------------------------------------------------------------------------------


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines)


def _who(roles: Iterable[str] | None) -> str:
    return "everybody" if roles is None else ", ".join(name for role, name in ROLES.items() if role in roles)


def _routes() -> str:
    return _table(("route", "who"), ((f"`{m} {path}`", _who(roles)) for (m, path), roles in policy.ROUTES.items()))


def _limits() -> str:
    named = {k: v for k, v in vars(limits).items() if k.isupper()}
    said = dict(re.findall(r"^([A-Z_]+) = .*?  # (.+)$", inspect.getsource(limits), re.M))
    return _table(("limit", "value", ""), ((f"`{k}`", f"{v:,}" if isinstance(v, int) else str(v), said.get(k, ""))
                                           for k, v in named.items()))  # fmt: skip


def _objects() -> str:
    parts: dict[type, None] = {}
    blocks = []
    for name, kind in OBJECTS.items():
        blocks.append(_block(f"`{name}`", kind))
        parts |= dict.fromkeys(_inner(kind))
    blocks += [_block(f"`{kind.__name__}`, a part of others", kind) for kind in parts]
    return "\n\n".join(blocks)


def _inner(kind: type) -> list[type]:
    found = [arg for hint in typing.get_type_hints(kind).values() for arg in typing.get_args(hint)]
    return [one for one in found if dataclasses.is_dataclass(one) and isinstance(one, type)]


def _mutations() -> str:
    return "\n\n".join(_block(f"`{n}` ({_who(policy.MUTATIONS[n])})", kind) for n, kind in MUTATIONS.items())


def _block(title: str, kind: type) -> str:
    said = " ".join(inspect.cleandoc(kind.__doc__ or "").split())
    fields = ", ".join(_field(one) for one in dataclasses.fields(kind))
    return f"**{title}** – {said}\n<br>{fields}"


def _field(field: dataclasses.Field[Any]) -> str:
    hint = str(field.type).replace("dict[str, Any]", "object").replace("str", "text").replace("bool", "yes/no")
    hint = hint.replace("Instant", "instant").replace("Fen", "fen").replace("Bp", "bp").replace(" | None", " or null")
    free = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
    return f"`{field.name}`{'?' if free else ''} {hint}"


def _codes() -> str:
    texts: dict[str, str] = {}
    for file in sorted(LOCALE.glob("*.po")):
        with file.open("rb") as lines:
            catalogue = read_po(lines)
        texts |= {str(one.id): str(one.string) for one in catalogue if isinstance(one.id, str) and one.string}
    on_wire = codes.CODES - codes.LOCAL - codes.CONTENT
    return _table(
        ("code", "sentence"),
        ((f"`{code}`", texts[code].replace("\n", " ")) for code in sorted(on_wire)),
    )


# --- examples ------------------------------------------------------------------------------


async def _examples() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder) / "home") as server:
            return {f"example {name}": text for name, text in (await _captured(server)).items()}


async def _captured(server: Server) -> dict[str, str]:
    http = server.http
    login = await http.post("/api/auth/login", json={
        "staff_no": "G0101", "pin": PIN, "device_id": DEVICE, "device_name": "reader",
    })  # fmt: skip
    http.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
    first = await _pull(http, None)
    push = _push(1, "edit_note", MIDS[0], customer_id="c1", note="prefers camel")
    wrong = _push(2, "add_tag", MIDS[1], customer_id="c5", tag="commuter")
    both = {**push, "mutations": [*push["mutations"], *wrong["mutations"]]}
    pushed = await http.post("/api/sync/push", json=both)
    second = await _pull(http, first.json()["cookie"])
    gap = await http.post("/api/sync/push", json=_push(9, "edit_note", MIDS[0], customer_id="c1", note="x"))
    version = await _pull(http, None, schemaVersion="99")
    found = {
        "login": _exchange(login), "first pull": _exchange(first, "customer/c1"),
        "push": _exchange(pushed), "second pull": _exchange(second), "gap": _exchange(gap),
        "version": _exchange(version),
    }  # fmt: skip
    http.headers["Authorization"] = "Bearer no-more"
    return found | {"401": _exchange(await _pull(http, None))}


async def _pull(http: httpx.AsyncClient, cookie: Any, **changes: Any) -> httpx.Response:
    body = {"clientGroupID": GROUP, "cookie": cookie, "pullVersion": 1, "schemaVersion": "1", **changes}
    return await http.post("/api/sync/pull", json=body)


def _push(number: int, name: str, mid: str, **args: Any) -> dict[str, Any]:
    made = {"mid": mid, "at": "2026-11-24T02:30:00Z", **args}
    mutation = {"clientID": CLIENT, "id": number, "name": name, "args": made}
    return {"clientGroupID": GROUP, "mutations": [mutation], "pushVersion": 1, "schemaVersion": "1"}


def _exchange(answer: httpx.Response, only: str = "") -> str:
    """Return a request and its answer as text; of a long patch the `clear` and the row `only`."""
    request, body = answer.request, answer.json()
    if only:
        body["patch"] = [op for op in body["patch"] if op["op"] == "clear" or op["key"] == only]
    said = json.loads(request.content)
    kind = answer.headers["content-type"]
    return "\n".join((
        "```", f"{request.method} {request.url.path}", _short(said), "",
        f"{answer.status_code} {answer.reason_phrase} · {kind}", _short(body), "```",
    ))  # fmt: skip


def _short(body: Any) -> str:
    text = json.dumps(_shorten(body), ensure_ascii=False, indent=1)
    # Small objects and lists stand on one line.
    while (tight := re.sub(r"([\[{])\n\s+([^\[\]{}]{0,110}?)\n\s*([\]}])", _on_one_line, text)) != text:
        text = tight
    return text


def _on_one_line(found: re.Match[str]) -> str:
    opening, inner, closing = found.groups()
    return f"{opening}{re.sub(chr(92) + 's*' + chr(92) + 'n' + chr(92) + 's*', ' ', inner)}{closing}"


def _shorten(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {k: _sum_of(v) if name == "sums" else _shorten(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_shorten(one, name) for one in value]
    if name in SECRET:
        return "…"
    return value


def _sum_of(sums: list[int]) -> list[Any]:
    return [sums[0], "…"]


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(), "utf-8")


if __name__ == "__main__":
    main()
