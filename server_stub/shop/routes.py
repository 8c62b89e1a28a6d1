"""The customer's pages as one router without prefix; it needs `app.state.db`, and takes `app.state.code_sender`."""

from __future__ import annotations

from fastapi import APIRouter

from server_stub.shop import beacon, checkout_pages, coupon_pages, files, member_pages, product_pages, signin

router = APIRouter()
router.include_router(files.router)
for part in (product_pages, coupon_pages, signin, member_pages, checkout_pages, beacon):
    router.include_router(part.page.router)
