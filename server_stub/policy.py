"""Who may do what: one row for every route and every mutation; without a row the answer is no.

A page is open to everybody and knows people only by its own signed cookies.
"""

from __future__ import annotations

from app.domain.errors import Rejected, Unauthorized
from server_stub.db import Actor

GUIDE, MANAGER, HQ = "guide", "manager", "hq"
STAFF = frozenset({GUIDE, MANAGER, HQ})
OPEN: frozenset[str] | None = None

ROUTES: dict[tuple[str, str], frozenset[str] | None] = {
    ("GET", "/healthz"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/api/meta"): OPEN,
    ("POST", "/api/auth/login"): OPEN,
    ("POST", "/api/auth/refresh"): OPEN,
    ("POST", "/api/auth/wiped"): OPEN,  # no session is left: the token of a revoked device is in the body
    ("POST", "/api/auth/logout"): STAFF,
    ("POST", "/api/customers/{customer_id}/reveal"): frozenset({GUIDE, MANAGER}),
    ("POST", "/api/customers/{customer_id}/erase"): frozenset({MANAGER}),  # headquarters by command
    ("POST", "/api/team/books/{guide_id}"): frozenset({MANAGER}),
    ("GET", "/api/devices"): STAFF,
    ("POST", "/api/devices/{device_id}/revoke"): STAFF,
    ("POST", "/api/sync/push"): STAFF,
    ("POST", "/api/sync/pull"): STAFF,
    ("GET", "/api/sync/live"): STAFF,
    ("GET", "/api/sync/mutations"): STAFF,
    ("GET", "/api/blob/{sha256}"): STAFF,
    ("POST", "/api/hook/orders"): OPEN,  # no staff: the body's signature is checked in `trade.hooks`
    ("POST", "/api/coupon/check"): frozenset({GUIDE, MANAGER}),
}

# The customer's pages: everything the shop's router serves, told apart by its first path segment.
PAGES = frozenset({
    "s", "S", "c", "C", "g", "G", "p", "P", "me", "shop", "order", "checkout", "signin", "signout", "consent", "media",
    "shop-static", "",
})  # fmt: skip

MUTATIONS: dict[str, frozenset[str]] = {
    "edit_note": frozenset({GUIDE}),
    "add_tag": frozenset({GUIDE}),
    "remove_tag": frozenset({GUIDE}),
    "record_share": frozenset({GUIDE}),
    "issue_coupon": frozenset({GUIDE}),
    "undo_coupon": frozenset({GUIDE}),
    "redeem_coupon": frozenset({GUIDE, MANAGER}),
    "record_contact": frozenset({GUIDE}),
    "mark_signal": frozenset({GUIDE}),
    "unmark_signal": frozenset({GUIDE}),
    "dismiss_rejected": STAFF,
    "answer_flag": frozenset({GUIDE}),
    "decide_reward": frozenset({MANAGER}),
    "ask_about_order": frozenset({GUIDE}),
    "decide_dispute": frozenset({MANAGER}),
    "hand_over_customer": frozenset({GUIDE}),
    "hand_over_book": frozenset({MANAGER}),
    "plan_follow_up": frozenset({GUIDE}),
    "move_follow_up": frozenset({GUIDE}),
    "take_piece": frozenset({GUIDE}),
    "close_follow_up": frozenset({GUIDE}),
    "cancel_follow_up": frozenset({GUIDE}),
    "reopen_follow_up": frozenset({GUIDE}),
    "set_stage": frozenset({GUIDE}),
    "set_fact": frozenset({GUIDE}),
    "remove_fact": frozenset({GUIDE}),
}


def is_open(method: str, path: str) -> bool:
    """Say whether a route asks for no token.

    Raises:
        Rejected: `forbidden`, the route has no row.
    """
    if (method, path) in ROUTES:
        return ROUTES[method, path] is OPEN
    if path.strip("/").split("/", 1)[0] in PAGES:
        return True
    raise Rejected("forbidden", f"no policy for {method} {path}")


def check_route(method: str, path: str, actor: Actor) -> None:
    """Let this actor through a route that asks for a token.

    Raises:
        Unauthorized: `forbidden`.
    """
    roles = ROUTES.get((method, path))
    if roles is None or actor.role not in roles:
        raise Unauthorized("forbidden")


def check_mutation(name: str, actor: Actor) -> None:
    """Let this actor send a mutation.

    Raises:
        Rejected: `forbidden`.
    """
    if actor.role not in MUTATIONS.get(name, frozenset()):
        raise Rejected("forbidden", f"{actor.role} may not {name}")
