"""Where every screen lives: the roots of the shell and the pages pushed over them.

A screen is named `module:Component`, imported when first shown (a cold start imports one screen, not ten). To add a
page, add one `PageRoute`; its `:name` parts reach the component as keyword arguments.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

import flet as ft

GUIDE, MANAGER, HQ = "guide", "manager", "hq"
_SCREENS = "app.ui.screens."


@dataclass(frozen=True, slots=True)
class Root:
    """One of the places side by side in the shell; its title is the text `common.root_<name>`."""

    name: str
    screen: str
    icon: ft.IconData
    selected_icon: ft.IconData
    two_pane: bool = False  # on wide screens: this list at the left, `detail` pages at the right
    empty: str | None = None  # component of the right pane while nothing is chosen
    rail_only: bool = False  # no room in the phone's bar: there it is a pushed page

    @property
    def path(self) -> str:
        """Return the address of this root."""
        return f"/{self.name}"


@dataclass(frozen=True, slots=True)
class PageRoute:
    """A page over a root: `pattern` like `/customers/:customer_id`."""

    pattern: str
    screen: str
    root: str  # where a deep link to it starts
    cover: bool = False  # over everything, on wide windows too

    def match(self, path: str) -> dict[str, str] | None:
        """Return the parameters when `path` fits, else None."""
        found = _regex(self.pattern).fullmatch(path)
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


TODAY = Root(
    "today", "today:TodayScreen", ft.Icons.TODAY_OUTLINED, ft.Icons.TODAY, two_pane=True, empty="today:TodayBeside"
)
CUSTOMERS = Root(
    "customers",
    "customers:CustomersScreen",
    ft.Icons.PEOPLE_OUTLINE,
    ft.Icons.PEOPLE,
    two_pane=True,
)
SHARE = Root("share", "share.catalogue:ShareScreen", ft.Icons.IOS_SHARE_OUTLINED, ft.Icons.IOS_SHARE)
COUPONS = Root(
    "coupons", "coupons:CouponsScreen", ft.Icons.LOCAL_OFFER_OUTLINED, ft.Icons.LOCAL_OFFER, two_pane=True,
    rail_only=True,
)  # fmt: skip
COMMISSION = Root(
    "commission", "commission:CommissionScreen", ft.Icons.INSIGHTS_OUTLINED, ft.Icons.INSIGHTS, two_pane=True,
    empty="commission:CommissionBeside",
)  # fmt: skip
ME = Root("me", "me:MeScreen", ft.Icons.PERSON_OUTLINE, ft.Icons.PERSON, two_pane=True, empty="me:MeBeside")
TEAM = Root(
    "team", "team:TeamScreen", ft.Icons.GROUPS_OUTLINED, ft.Icons.GROUPS, two_pane=True, empty="team:TeamOverview"
)
CONTENT = Root("content", "content:ContentScreen", ft.Icons.CAMPAIGN_OUTLINED, ft.Icons.CAMPAIGN)

ROOTS: dict[str, tuple[Root, ...]] = {
    GUIDE: (TODAY, CUSTOMERS, SHARE, COUPONS, COMMISSION, ME),
    MANAGER: (TEAM, SHARE, ME),
    HQ: (CONTENT, ME),
}

PAGES: tuple[PageRoute, ...] = (
    PageRoute("/customers/filter", "customers:FilterPage", "customers"),
    PageRoute("/customers/send", "coupons:SendGoodsPage", "customers"),
    PageRoute("/today/all", "today:AllPage", "today"),
    PageRoute("/customers/:customer_id", "customers:CustomerPage", "customers"),
    PageRoute("/customers/:customer_id/coupon", "coupons:SendCouponPage", "customers"),
    PageRoute("/customers/:customer_id/message", "coupons:MessagePage", "customers"),
    PageRoute("/customers/:customer_id/share", "customers:ShareToPage", "customers"),
    PageRoute("/customers/:customer_id/handover", "customers:HandOverPage", "customers"),
    PageRoute("/customers/:customer_id/followups", "customers:FollowUpsPage", "customers"),
    PageRoute("/customers/:customer_id/followups/plan", "customers:PlanPage", "customers"),
    PageRoute("/customers/:customer_id/followups/:follow_up_id", "customers:FollowUpPage", "customers"),
    PageRoute("/customers/:customer_id/followups/:follow_up_id/pieces", "customers:PickPiecesPage", "customers"),
    PageRoute("/customers/:customer_id/facts", "customers:FactsPage", "customers"),
    PageRoute("/handed", "customers:HandedPage", "me"),
    PageRoute("/products/:product_id", "share.product:ProductPage", "share"),
    PageRoute("/products/:product_id/people", "customers:SuitsPage", "share"),
    PageRoute("/products/:product_id/poster", "share.product:PosterPage", "share"),
    PageRoute("/shares", "share.mine:SharesPage", "share"),
    PageRoute("/coupons", "coupons:CouponsScreen", "share"),
    PageRoute("/coupons/redeem", "coupons:RedeemPage", "coupons"),
    PageRoute("/coupons/batch", "coupons:BatchPage", "coupons"),
    PageRoute("/coupons/handout", "coupons:HandOutPage", "coupons"),
    PageRoute("/coupons/template/:template_id", "coupons:TemplatePage", "coupons"),
    PageRoute("/coupons/:coupon_id", "coupons:CouponPage", "coupons"),
    PageRoute("/commission/ledger", "commission:LedgerPage", "commission"),
    PageRoute("/commission/statements", "commission:StatementsPage", "commission"),
    PageRoute("/commission/statements/:month", "commission:StatementPage", "commission"),
    PageRoute("/commission/uncounted", "commission:UncountedPage", "commission"),
    PageRoute("/commission/orders/:order_no", "commission:OrderPayPage", "commission"),
    PageRoute("/commission/rewards", "commission:RewardsPage", "commission"),
    PageRoute("/commission/rewards/:reward_id", "commission:RewardPage", "commission"),
    PageRoute("/commission/:entry_id", "commission:EntryPage", "commission"),
    PageRoute("/team/approvals", "team:ApprovalsPage", "team"),
    PageRoute("/team/disputes/:dispute_id", "team:DisputePage", "team"),
    PageRoute("/team/rewards/:reward_id", "team:TeamRewardPage", "team"),
    PageRoute("/team/handover", "team:BooksPage", "team"),
    PageRoute("/team/handover/:guide_id", "team:SplitPage", "team"),
    PageRoute("/team/handover/:guide_id/choose", "team:ChoosePage", "team"),
    PageRoute("/team/visits", "team:VisitsPage", "team"),
    PageRoute("/team/:guide_id", "team:GuidePage", "team"),
    PageRoute("/sync", "sync:SyncScreen", "me"),
    PageRoute("/about", "me:AboutScreen", "me"),
    PageRoute("/card", "me:CardScreen", "me"),
    PageRoute("/devices", "me:DevicesScreen", "me"),
    PageRoute("/privacy", "me:PrivacyScreen", "me"),
    PageRoute("/first", "first:FirstSteps", "today", cover=True),
    PageRoute("/help", "help:HelpScreen", "me"),
    PageRoute("/help/report", "help:ReportScreen", "me"),
    PageRoute("/help/:topic", "help:HelpScreen", "me"),
)
if os.environ.get("DAOGOU_ENV") in ("dev", "test"):  # a device of production has no such page
    PAGES += (
        PageRoute("/gallery", "gallery:GalleryScreen", "me"),
        PageRoute("/gallery/:kind", "gallery:GalleryScreen", "me"),
    )


def roots_of(role: str) -> tuple[Root, ...]:
    """Return the roots of a role, the first shown at start."""
    return ROOTS.get(role, ROOTS[GUIDE])


def page_of(path: str) -> tuple[PageRoute, dict[str, str]] | None:
    """Return the page of `path` with its parameters, or None."""
    clean = urlsplit(path).path.rstrip("/") or "/"
    for route in PAGES:
        params = route.match(clean)
        if params is not None:
            return route, params
    return None


def covers(path: str) -> bool:
    """Return whether the page of `path` stands over everything."""
    found = page_of(path)
    return found is not None and found[0].cover


@cache
def component(screen: str) -> Callable[..., Any]:
    """Import and return the component named `module:Component` under `app.ui.screens`."""
    module, _, name = screen.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(_SCREENS + module), name)
    return found


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    parts = [f"(?P<{part[1:]}>[^/]+)" if part.startswith(":") else re.escape(part) for part in pattern.split("/")]
    return re.compile("/".join(parts))
