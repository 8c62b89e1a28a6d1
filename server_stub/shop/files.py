"""What pages load: product pictures, the style and the script; no cookies, no language, kept by browsers for ever."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from server_stub.db import Database
from server_stub.shop import pages, queries

KEEP = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
_PICTURE = re.compile(r"([0-9a-f]{64})\.jpg")
router = APIRouter(include_in_schema=False)


@router.get("/media/{name}")
def picture(request: Request, name: str) -> Response:
    """Serve a product's picture, and no other blob."""
    db: Database = request.app.state.db
    found = _PICTURE.fullmatch(name)
    if found is None:
        return Response(status_code=404)
    digest = found[1]
    path = db.settings.blobs / digest[:2] / digest
    with db.read() as conn:
        public = queries.is_product_picture(conn, digest)
    if not public or not path.is_file():
        return Response(status_code=404)
    return FileResponse(path, media_type="image/jpeg", headers=KEEP)


@router.get("/shop-static/{name}")
def static(name: str) -> Response:
    """Serve the one style, the one script, the icon and the font for who has no Chinese letters."""
    body = pages.static(name)
    if body is None:
        return Response(status_code=404)
    return Response(body, media_type=pages.media_type(name), headers=KEEP)
