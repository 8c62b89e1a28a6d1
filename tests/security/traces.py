"""Every way a value may stand in bytes: plain, UTF-16, base64 at each of three offsets, JSON escapes, URL-encoded."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote


def forms(value: str) -> set[bytes]:
    """Return the bytes to look for."""
    plain = value.encode()
    found = {plain, value.encode("utf-16-le"), value.encode("utf-16-be"), quote(value).encode()}
    found.add(json.dumps(value)[1:-1].encode())
    for raw in (plain, value.encode("utf-16-le")):
        for shift in range(3):  # a value in the middle of a longer text: leave out what its neighbours share
            text = base64.b64encode(b"\0" * shift + raw)
            found.add(text[(0, 2, 3)[shift] : len(text) - (0 if (shift + len(raw)) % 3 == 0 else 4)])
    return {one for one in found if len(one) >= 6}


def traces(content: bytes, values: Iterable[str]) -> list[str]:
    """Return the values of which some form stands in `content`."""
    return [value for value in values if any(form in content for form in forms(value))]


def traces_in(folder: Path, values: Iterable[str]) -> list[tuple[str, str]]:
    """Return (file, value) for every value some file or file name of a folder holds."""
    wanted = list(values)
    found = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        content = path.read_bytes() + str(path.relative_to(folder)).encode()
        found += [(str(path.relative_to(folder)), value) for value in traces(content, wanted)]
    return found
