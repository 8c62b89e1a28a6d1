"""Coupons: sending one with its message, what I hold and sent, one coupon's way."""

from app.ui.screens.coupons.compose import MessagePage, SendCouponPage
from app.ui.screens.coupons.held import CouponPage, CouponsScreen

__all__ = ["CouponPage", "CouponsScreen", "MessagePage", "SendCouponPage"]
