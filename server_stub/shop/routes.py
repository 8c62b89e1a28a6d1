"""The customer's pages as one router without prefix: shares, products, coupons, the guide's card, sign-in, orders."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
