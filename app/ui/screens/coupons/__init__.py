"""Coupons: sending one with its message, what I hold and sent, one coupon's way; a product to several."""

from app.ui.screens.coupons.batch import BatchPage
from app.ui.screens.coupons.compose import MessagePage, SendCouponPage
from app.ui.screens.coupons.handout import HandOutPage
from app.ui.screens.coupons.held import CouponsScreen
from app.ui.screens.coupons.one import CouponPage
from app.ui.screens.coupons.redeem import RedeemPage
from app.ui.screens.coupons.sending import SendGoodsPage
from app.ui.screens.coupons.template import TemplatePage

__all__ = [
    "BatchPage",
    "CouponPage",
    "CouponsScreen",
    "HandOutPage",
    "MessagePage",
    "RedeemPage",
    "SendCouponPage",
    "SendGoodsPage",
    "TemplatePage",
]
