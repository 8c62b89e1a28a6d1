"""The authorization matrix: every route and mutation x eight actors x own, other and missing object; 0 leaks.

What the policy says is the only source of who may; what somebody else's object and one that is not there answer is
declared here, one row for every route and mutation, and both must answer the same.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import insert

from app.domain import instants
from app.domain.errors import Rejected
from app.protocol.mutations import MUTATIONS
from app.protocol.objects import OBJECTS
from server_stub import policy
from server_stub import tables as t
from server_stub.trade import hooks
from tests.fakes.server import PIN
from tests.security.matrix_world import (
    ACTORS,
    CUSTOMER,
    GUIDES,
    STAFF_ID,
    STAFF_NO,
    STORE,
    TARGETS,
    World,
    first_answer,
    matrix_world,
)

SIGNED_IN = tuple(actor for actor in ACTORS if actor not in ("anonymous", "revoked device"))
MISSING = "01939a00-0000-7000-8000-000000000000"


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with matrix_world(tmp_path / "home") as made:
        yield made


# --- mutations ---------------------------------------------------------------------------------------------------

Args = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """How a mutation names its object, and what another's and a missing one answer (`own` is always applied).

    `tells`: object kinds of the sender's own view that may change although the object is another's.
    """

    args: Callable[[World, str, str | None], Args]
    elsewhere: str
    tells: tuple[str, ...] = ()


def customer_of(guide: str | None) -> str:
    return CUSTOMER[guide] if guide else MISSING


def about_customer(**more: Any) -> Callable[[World, str, str | None], Args]:
    def args(world: World, actor: str, guide: str | None) -> Args:
        made = {name: value() if callable(value) else value for name, value in more.items()}
        return {"customer_id": customer_of(guide), **made}

    return args


COUNT = itertools.count(1)


def fresh() -> str:
    return f"fresh-{next(COUNT):08d}"


def sharing(world: World, actor: str, guide: str | None) -> Args:
    staff = STAFF_ID[actor]
    code = world.share_code(staff, world.phones[actor]) if staff in GUIDES else "0" * 32
    now = instants.to_text(world.server.clock.now())
    about = {"share_id": fresh(), "code": code, "kind": "product", "item_id": "p1", "channel": "chat"}
    return about | {"created_at": now, "customer_id": customer_of(guide)}


def issuing(world: World, actor: str, guide: str | None) -> Args:
    coupon = world.leased(guide)["id"]
    return {"coupon_id": coupon, "customer_id": "c2" if guide == "g1" else customer_of(guide)}


def order_no(world: World, guide: str | None) -> str:
    found = world.rows(t.orders, t.orders.c.idempotency_key.like(f"%paid-{guide}")) if guide else []
    return str(found[0]["no"]) if found else "20990101000001"


def redeeming(world: World, actor: str, guide: str | None) -> Args:
    code = world.given(guide)["code"]
    at = instants.to_text(world.server.clock.now())
    store = STORE.get(STAFF_ID[actor], "s1")
    return {"redemption_id": fresh(), "code": code, "form": "typed", "store_id": store, "redeemed_at": at}


def rejected_of(world: World, actor: str, guide: str | None) -> Args:
    mine = STAFF_ID[actor]
    whose = mine if guide == world.guide(actor, "own") else "g2" if mine == "g1" else "g1"
    found = world.rows(t.rejected, t.rejected.c.staff_id == whose) if guide else []
    return {"rejected_id": min((row["id"] for row in found), default=f"{MISSING}/1")}


def named(field: str, kind: str, **more: Any) -> Callable[[World, str, str | None], Args]:
    return lambda world, actor, guide: {field: f"{kind}-{guide}" if guide else MISSING, **more}


def handing_over(world: World, actor: str, guide: str | None) -> Args:
    """A colleague of the sender's store takes a customer no other row needs."""
    to = {"g1": "g2", "g2": "g1", "g3": "g4"}.get(STAFF_ID[actor], "g2")
    customer = "c3" if guide == "g1" and STAFF_ID[actor] == "g1" else customer_of(guide)
    return {"handover_id": fresh(), "customer_id": customer, "to_guide_id": to, "words": "likes linen"}


def follow_up(place: str = "", **more: Any) -> Callable[[World, str, str | None], Args]:
    """One visit for what goes on with it, others (`place`) for what ends it: all in one world."""

    def args(world: World, actor: str, guide: str | None) -> Args:
        made = {name: value() if callable(value) else value for name, value in more.items()}
        one = f"follow_up-{guide}{place}" if guide else MISSING
        return {"follow_up_id": one, "customer_id": customer_of(guide)} | made

    return args


SOON = "2026-12-01T02:00:00Z"
MATRIX: dict[str, Row] = {
    "edit_note": Row(about_customer(note="x"), "not_yours"),
    "add_tag": Row(about_customer(tag="x"), "not_yours"),
    "remove_tag": Row(about_customer(tag="x"), "not_yours"),
    "record_contact": Row(about_customer(contact_id=fresh, kind="message", channel="copied"), "not_yours"),
    "mark_signal": Row(about_customer(mark_id=fresh, signal="dormant", subject="", action="done"), "not_yours"),
    "set_stage": Row(about_customer(stage="considering"), "not_yours"),
    "set_fact": Row(about_customer(kind="size", name="top", value="M"), "not_yours"),
    "remove_fact": Row(about_customer(kind="size", name="top"), "not_yours"),
    "plan_follow_up": Row(about_customer(follow_up_id=fresh, kind="visit", due_at=SOON), "not_yours"),
    "move_follow_up": Row(follow_up(due_at=SOON), "not_yours"),
    "take_piece": Row(follow_up(product_id="p1", size="S"), "not_yours"),
    "close_follow_up": Row(follow_up("-close", kept=[["p1", "M"]]), "not_yours"),
    "cancel_follow_up": Row(follow_up("-off"), "not_yours"),
    "reopen_follow_up": Row(follow_up("-off"), "not_yours"),
    "unmark_signal": Row(
        lambda w, a, g: {"customer_id": customer_of(g), "mark_id": f"signal_mark-{g}"}, "not_yours", ("signal_mark",)
    ),
    "record_share": Row(sharing, "not_yours", ("share", "guide_day")),
    "issue_coupon": Row(issuing, "not_yours"),
    "undo_coupon": Row(lambda w, a, g: {"coupon_id": w.given(g)["id"]}, "not_yours"),
    "dismiss_rejected": Row(rejected_of, "applied"),
    "answer_flag": Row(named("reward_id", "action_reward", text="they came in"), "not_yours"),
    "decide_reward": Row(named("reward_id", "action_reward", pay=False), "not_found"),
    "decide_dispute": Row(named("dispute_id", "dispute", accept=False), "not_found"),
    "hand_over_customer": Row(handing_over, "not_yours"),
    "hand_over_book": Row(lambda w, a, g: {"guide_id": g or MISSING, "to_guides": [], "leaves": True}, "not_found"),
    # Who holds a code may use it, whoever gave it: another's coupon is as good as one's own, none is a refused row.
    "redeem_coupon": Row(redeeming, "applied", ("redemption", "team_redemption", "coupon", "guide_day")),
    # Asking is always heard; what the answer may say of another's order is the same as of none (see below).
    "ask_about_order": Row(
        lambda w, a, g: {"dispute_id": fresh(), "order_no": order_no(w, g)}, "applied", ("dispute", "team_dispute")
    ),
}


def test_every_mutation_has_a_row_in_the_policy_and_in_the_matrix() -> None:
    assert MATRIX.keys() == policy.MUTATIONS.keys() == MUTATIONS.keys()


# One world for many rows; these would spend what another needs: the day's contact, the coupon, the customer.
APART = (("issue_coupon",), ("record_contact", "redeem_coupon"), ("hand_over_customer", "hand_over_book"))


@pytest.mark.parametrize("names", [sorted(MUTATIONS.keys() - {*sum(APART, ())}), *APART], ids="-".join)
async def test_each_mutation_by_each_actor_on_each_object(world: World, names: Sequence[str]) -> None:
    for name in names:
        await check_mutation(world, name)


async def check_mutation(world: World, name: str) -> None:
    for actor in ACTORS:
        answers = {}
        for target in TARGETS:
            before = world.view()
            args = MATRIX[name].args(world, "guide A" if actor == "anonymous" else actor, world.guide(actor, target))
            answers[target] = await send(world, actor, name, args)
            check_reach(world, actor, name, target, before)
        expected = expected_answers(world, actor, name)
        assert {target: one[:2] for target, one in answers.items()} == expected, (actor, name)
        if expected["other"][1] != "applied":
            assert answers["other"] == answers["missing"], f"{actor} can tell another's object from none"


async def send(world: World, actor: str, name: str, args: Args) -> tuple[int, str, str]:
    """Push one mutation; return the status, what became of it and all else the answer says."""
    phone = world.phones["guide A" if actor == "anonymous" else actor]
    mutation = phone.mutation(name, **args)
    headers = world.headers(actor)
    body = {"clientGroupID": phone.group, "mutations": [mutation], "pushVersion": 1, "schemaVersion": "1"}
    answer = await world.server.http.post("/api/sync/push", json=body, headers=headers)
    if answer.status_code != 200:
        phone.next_id -= 1
        return answer.status_code, answer.json()["code"], answer.text
    (result,) = answer.json()["results"]
    return 200, result.get("code") or result["status"], json.dumps(result.get("params"))


def expected_answers(world: World, actor: str, name: str) -> dict[str, tuple[int, str]]:
    if actor == "anonymous":
        return dict.fromkeys(TARGETS, (401, "session_expired"))
    if actor == "revoked device":
        return dict.fromkeys(TARGETS, (403, "device_revoked"))
    if world.role(actor) not in policy.MUTATIONS[name]:
        return dict.fromkeys(TARGETS, (200, "forbidden"))
    return {"own": (200, "applied"), "other": (200, MATRIX[name].elsewhere), "missing": (200, MATRIX[name].elsewhere)}


def check_reach(world: World, actor: str, name: str, target: str, before: dict[tuple[str, str], str]) -> None:
    """Nothing but the sender's own refusals may change when the object is not theirs, or they may not."""
    after = world.view()
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    if actor in ("anonymous", "revoked device"):
        assert not changed, (actor, name, changed)
        return
    may = world.role(actor) in policy.MUTATIONS[name]
    mine = f"guide:{STAFF_ID[actor]}"
    kinds = MATRIX[name].tells if may else ()
    strange = {
        (bucket, key)
        for bucket, key in changed
        if not (bucket == mine and key.startswith("rejected/")) and key.partition("/")[0] not in kinds
    }
    assert not strange or (may and target == "own"), (actor, name, target, strange)


async def test_asking_about_anothers_order_says_what_it_says_of_none(world: World) -> None:
    phone = world.phones["guide A"]
    for number, asked in (("other", order_no(world, "g3")), ("missing", order_no(world, None))):
        done = await phone.do("ask_about_order", dispute_id=f"ask-{number}-order", order_no=asked)
        assert done["status"] == "applied"
    view = await phone.pull_all()
    told = [view[f"dispute/ask-{number}-order"] | {"id": "", "order_no": ""} for number in ("other", "missing")]
    assert told[0] == told[1] and told[0].get("order_id") is None


# --- what a pull holds -------------------------------------------------------------------------------------------


def everybody(world: World, actor: str, value: Args) -> bool:
    return True


def own_guide(world: World, actor: str, value: Args) -> bool:
    return value["guide_id"] == STAFF_ID[actor]


def own_customer(world: World, actor: str, value: Args) -> bool:
    mine = CUSTOMER.get(STAFF_ID[actor])
    return value["customer_id"] in ({mine, "c2", "c3", "c4"} if mine == "c1" else {mine})


def own_or_given_to_mine(world: World, actor: str, value: Args) -> bool:
    return own_guide(world, actor, value) if value.get("customer_id") is None else own_customer(world, actor, value)


def from_me(world: World, actor: str, value: Args) -> bool:
    return value["from_guide_id"] == STAFF_ID[actor]


def own_store(world: World, actor: str, value: Args) -> bool:
    return value["store_id"] == STORE.get(STAFF_ID[actor], "")


def managed_store(world: World, actor: str, value: Args) -> bool:
    return world.role(actor) == "manager" and own_store(world, actor, value)


def by_me(world: World, actor: str, value: Args) -> bool:
    return value["by_id"] == STAFF_ID[actor]


def my_id(world: World, actor: str, value: Args) -> bool:
    return value["id"] == STAFF_ID[actor]


def refused_me(world: World, actor: str, value: Args) -> bool:
    (row,) = world.rows(t.rejected, t.rejected.c.id == value["id"])
    return bool(row["staff_id"] == STAFF_ID[actor])  # on all devices of theirs


def colleague(world: World, actor: str, value: Args) -> bool:
    return value["store_id"] is None or own_store(world, actor, value)


SCOPE: dict[str, Callable[[World, str, Args], bool]] = {
    "store": everybody, "product": everybody, "coupon_template": everybody, "commission_rule": everybody,
    "setting": everybody, "pack": everybody, "staff": colleague, "stock": own_store, "customer": own_guide,
    "order": own_customer, "browse_event": own_customer, "coupon": own_or_given_to_mine, "share": own_guide,
    "contact": own_customer, "contact_holder": my_id, "signal_mark": own_customer, "commission_entry": own_guide,
    "goal": my_id, "guide_day": managed_store, "rejected": refused_me, "statement": own_guide, "redemption": by_me,
    "team_redemption": managed_store, "dispute": own_guide, "team_dispute": managed_store,
    "action_reward": own_guide, "team_reward": managed_store, "handover": own_customer, "handed_over": from_me,
    "guide_book": managed_store, "erasure": own_guide, "follow_up": own_customer, "team_visit": managed_store,
}  # fmt: skip


async def test_a_pull_holds_only_what_its_actor_may_see(world: World) -> None:
    assert SCOPE.keys() == OBJECTS.keys(), "every object needs a row"
    seen: set[str] = set()
    names = {row["id"]: row["name"] for row in world.rows(t.customer)}
    for actor in SIGNED_IN:
        phone = world.phones[actor]
        phone.cookie = None
        view = await phone.pull_all()
        for key, value in view.items():
            kind = key.partition("/")[0]
            seen.add(kind)
            assert SCOPE[kind](world, actor, value), (actor, key)
        text = json.dumps(view, ensure_ascii=False)
        mine = {row["id"] for row in world.rows(t.customer, t.customer.c.guide_id == STAFF_ID[actor])}
        foreign = [name for customer, name in names.items() if customer not in mine and name in text]
        assert not foreign, f"{actor} reads {foreign}"
        ids = [f'"{customer}"' for customer in names if customer not in mine and f'"{customer}"' in text]
        assert not ids, f"{actor} reads of {ids}"
        assert "1380000" not in text
    assert seen >= OBJECTS.keys() - {"pack", "share"}, "an object nobody has proves nothing"


def test_no_object_of_a_manager_names_a_customer() -> None:
    for kind, rule in SCOPE.items():
        if rule is managed_store:
            assert not {"customer_id", "phone_masked"} & {one.name for one in fields(OBJECTS[kind])}


# --- routes ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Route:
    """What a route is asked for a target, and the status an actor who may gets for own, other and missing."""

    ask: Callable[[World, str, str], dict[str, Any]]
    own: int
    other: int
    missing: int
    says: str = ""


def plain(_world: World, _actor: str, _target: str) -> dict[str, Any]:
    return {}


def login(world: World, actor: str, target: str) -> dict[str, Any]:
    number = {"own": STAFF_NO.get(actor, "G0101"), "other": "G0102", "missing": "G9999"}[target]
    world.server.clock.forward(minutes=2)  # five tries a minute and account are another test's
    pin = PIN if target == "own" else "000000"
    return {"json": {"staff_no": number, "pin": pin, "device_id": "matrix-device-1"}}


def refresh(world: World, actor: str, target: str) -> dict[str, Any]:
    phone = world.phones.get(actor) or world.phones["guide A"]
    token = {
        "own": phone.session["refresh_token"],
        "other": world.spare,
        "missing": "x" * 43,
    }[target]
    device = phone.session["device"]["id"] if actor in world.phones else "another-device"
    return {"json": {"refresh_token": token, "device_id": device}}


def syncing(kind: str) -> Callable[[World, str, str], dict[str, Any]]:
    def ask(world: World, actor: str, target: str) -> dict[str, Any]:
        other = world.phones["guide B" if actor != "guide B" else "guide A"].group
        mine = (world.phones.get(actor) or world.phones["guide A"]).group
        group = {"own": mine, "other": other, "missing": fresh()}[target]
        more = {"mutations": []} if kind == "push" else {"cookie": None}
        if kind == "push" and target == "other":
            more = {"mutations": [world.phones["guide A"].mutation("add_tag", customer_id="c1", tag="x")]}
        return {"json": {"clientGroupID": group, f"{kind}Version": 1, "schemaVersion": "1", **more}}

    return ask


def blob(world: World, actor: str, target: str) -> dict[str, Any]:
    return {"path": {"sha256": "0" * 64 if target == "missing" else world.blob}}


def checking(world: World, actor: str, target: str) -> dict[str, Any]:
    return {"json": {"code": world.given(world.guide(actor, target))["code"]}}


# A signed batch without an event is past the wall, and wrong.
def hooked(world: World, actor: str, target: str) -> dict[str, Any]:
    raw, at = b'{"events": []}', instants.to_text(world.server.clock.now())
    secret = {"own": hooks.sources(world.server.db.settings)["demo"], "other": "11" * 32, "missing": "00" * 32}[target]
    source = "nobody" if target == "missing" else "demo"
    signed = {"X-Daogou-Source": source, "X-Daogou-Time": at, "X-Daogou-Signature": hooks.sign(secret, at, raw)}
    return {"content": raw, "headers": signed}


def wiped(world: World, actor: str, target: str) -> dict[str, Any]:
    token = {"own": world.phones["revoked device"].session["access_token"], "missing": "x" * 43}
    other = world.phones["hq"].session["access_token"]  # nobody took that device away
    return {"json": {"access_token": token.get(target, other)}}


def about(reason: str) -> Callable[[World, str, str], dict[str, Any]]:
    def ask(world: World, actor: str, target: str) -> dict[str, Any]:
        customer = customer_of(world.guide(actor, target))
        return {"path": {"customer_id": customer}, "json": {"reason": reason}}  # all have just signed in

    return ask


def book(world: World, actor: str, target: str) -> dict[str, Any]:
    return {"path": {"guide_id": world.guide(actor, target) or MISSING}, "json": {}}


def lost(world: World, actor: str, target: str) -> dict[str, Any]:
    """Return a device nobody holds, of whom the target is; headquarters has its own only."""
    owner = STAFF_ID.get(actor, "g1") if world.role(actor) == "hq" and target == "own" else world.guide(actor, target)
    device_id = f"lost.{next(world.draws)}"
    if owner:
        row = {"id": device_id, "staff_id": owner, "install_id": device_id, "name": "lost", "share_key_no": 0}
        with world.server.db.begin() as tx:
            tx.conn.execute(insert(t.device).values(**row, created_at=tx.now_text))
    return {"path": {"device_id": device_id}, "json": {}}  # all have just signed in


# `other` of a content-addressed file is the file itself: who knows the digest has seen the manifest. A coupon's code
# is a bearer's. A client group nobody has is made for who asks; another's is refused.
ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/healthz"): Route(plain, 200, 200, 200),
    ("GET", "/openapi.json"): Route(plain, 200, 200, 200),
    ("GET", "/api/meta"): Route(plain, 200, 200, 200),
    ("POST", "/api/auth/refresh"): Route(refresh, 200, 401, 401, "session_expired"),
    ("POST", "/api/sync/push"): Route(syncing("push"), 200, 403, 200),
    ("POST", "/api/sync/pull"): Route(syncing("pull"), 200, 403, 200),
    ("GET", "/api/sync/live"): Route(plain, 200, 200, 200),
    ("GET", "/api/sync/mutations"): Route(plain, 200, 200, 200),
    ("GET", "/api/blob/{sha256}"): Route(blob, 200, 200, 404),
    ("POST", "/api/coupon/check"): Route(checking, 200, 200, 200),
    ("POST", "/api/hook/orders"): Route(hooked, 422, 403, 403, "forbidden"),
    ("POST", "/api/auth/wiped"): Route(wiped, 204, 401, 401, "session_expired"),
    ("POST", "/api/customers/{customer_id}/reveal"): Route(about("order"), 200, 404, 404, "not_found"),
    ("POST", "/api/customers/{customer_id}/erase"): Route(about("asked"), 200, 404, 404, "not_found"),
    ("POST", "/api/team/books/{guide_id}"): Route(book, 200, 404, 404, "not_found"),
    ("GET", "/api/devices"): Route(plain, 200, 200, 200),
    ("POST", "/api/devices/{device_id}/revoke"): Route(lost, 200, 404, 404, "not_found"),
    ("POST", "/api/auth/logout"): Route(plain, 204, 401, 401),
    ("POST", "/api/auth/login"): Route(login, 200, 401, 401, "wrong_pin"),
}


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    """Return every method and path the application answers, whatever router it came from."""
    found: set[tuple[str, str]] = set()

    def walk(routes: Any) -> Iterator[Any]:
        for route in routes:
            inner = getattr(route, "original_router", None)
            yield from walk(inner.routes) if inner is not None else (route,)

    for route in walk(app.routes):
        assert isinstance(route, APIRoute), f"{route} passes by the policy"
        found |= {(method, route.path) for method in route.methods}
    return found


async def test_every_route_has_a_row_in_the_policy_and_in_the_matrix(world: World) -> None:
    found = routes_of(world.server.app)
    assert len(found) > 50, "the route table is not read whole"
    for method, path in found:
        policy.is_open(method, path)
    pages = {(method, path) for method, path in found if (method, path) not in policy.ROUTES}
    assert found - pages == policy.ROUTES.keys() == ROUTES.keys()
    assert {path for _, path in pages} == PAGES.keys()


async def ask(world: World, actor: str, method: str, path: str, target: str) -> tuple[int, str, str]:
    request = ROUTES[method, path].ask(world, actor, target)
    url = path.format(**request.pop("path", {}))
    if path == "/api/sync/live":
        status, body = await first_answer(world.server.app, url, world.headers(actor))
        return status, "" if status == 200 else json.loads(body)["code"], ""
    headers = world.headers(actor) | request.pop("headers", {})
    answer = await world.server.http.request(method, url, headers=headers, **request)
    problem = answer.json() if answer.headers.get("content-type", "").endswith("problem+json") else {}
    return answer.status_code, problem.get("code", ""), json.dumps(problem)


async def test_each_route_by_each_actor_on_each_object(world: World) -> None:
    for method, path in ROUTES:  # the last two end the sessions of the others
        await check_route(world, method, path)


async def check_route(world: World, method: str, path: str) -> None:
    row, roles = ROUTES[method, path], policy.ROUTES[method, path]
    for actor in ACTORS:
        answers = {target: await ask(world, actor, method, path, target) for target in TARGETS}
        statuses = tuple(one[0] for one in answers.values())
        if roles is not policy.OPEN and actor in ("anonymous", "revoked device"):
            code = "session_expired" if actor == "anonymous" else "device_revoked"
            assert {one[:2] for one in answers.values()} == {(401 if actor == "anonymous" else 403, code)}, actor
        elif roles is not policy.OPEN and world.role(actor) not in roles:
            assert {one[:2] for one in answers.values()} == {(403, "forbidden")}, actor
        elif path == "/api/auth/refresh" and actor in ("anonymous", "revoked device"):
            assert set(statuses) <= {401, 403}, actor
        else:
            assert statuses == (row.own, row.other, row.missing), (actor, method, path)
            if row.says:
                assert answers["other"] == answers["missing"] and answers["other"][1] == row.says, (actor, path)


# --- pages -------------------------------------------------------------------------------------------------------

# A page knows nobody by a staff token. `link`: who holds the link sees the page. `member`: without a member's session
# another's object and none are the same page. `form`: nothing happens without the page's own signed form.
PAGES: dict[str, str] = {
    "/": "link", "/shop": "link", "/media/{name}": "link", "/shop-static/{name}": "link", "/signin": "link",
    "/s/{code}": "link", "/S/{code}": "link", "/p/{no}": "link", "/P/{no}": "link", "/g/{code}": "link",
    "/G/{code}": "link", "/c/{code}": "link", "/C/{code}": "link", "/me": "member", "/checkout": "member",
    "/order/{order_id}": "member", "/c/{code}/claim": "form", "/C/{code}/claim": "form", "/signin/code": "form",
    "/signout": "form", "/consent": "form", "/me/consent": "form", "/me/guide": "form", "/shop/view": "form",
}  # fmt: skip


async def test_a_staff_token_opens_no_page_of_a_customer(world: World) -> None:
    ours = str(world.rows(t.orders)[0]["id"])
    coupon = world.given("g1")["code"]
    before = {table.name: world.rows(table) for table in (t.orders, t.coupon, t.consent, t.member_session)}
    for method, path in sorted(routes_of(world.server.app) - ROUTES.keys()):
        answers = []
        for target in ("other", "missing"):
            code = coupon if target == "other" else "0" * 13
            there = {"code": code, "order_id": ours if target == "other" else MISSING, "no": "1", "name": "shop.css"}
            url = path.format(**there)
            told = [
                page_of(await world.server.http.request(method, url, headers=world.headers(one)), there)
                for one in ACTORS
            ]
            assert all(one == told[0] for one in told), f"{method} {path} tells actors apart"
            answers.append(told[0])
        kind = "form" if method == "POST" else PAGES[path]
        if kind != "link":
            assert answers[0] == answers[1], f"{method} {path} tells another's object from none"
        if kind == "form":
            assert answers[0][0] >= 303, f"{method} {path} took a form that is not ours"
    assert before == {table.name: world.rows(table) for table in (t.orders, t.coupon, t.consent, t.member_session)}


def page_of(answer: httpx.Response, there: dict[str, str]) -> tuple[int, str, str]:
    """Return an answer without what changes each time: the address asked for and the form's signature."""
    text = re.sub(r'name="csrf" value="[^"]*"', "", answer.text)
    where = answer.headers.get("location", "")
    for value in there.values():
        text, where = text.replace(value, "#"), where.replace(value, "#")
    return answer.status_code, where, text


# --- the matrix itself -------------------------------------------------------------------------------------------


async def test_a_planted_leak_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def anybodys(tx: Any, customer_id: str) -> Any:
        found = tx.conn.execute(t.customer.select().where(t.customer.c.id == customer_id)).mappings().first()
        if found is None:
            raise Rejected("not_yours")
        return found

    monkeypatch.setattr("server_stub.people.mutations.own_customer", anybodys)
    with pytest.raises(AssertionError):
        await check_mutation(world, "edit_note")
    monkeypatch.setattr("server_stub.sync.pull.buckets_of", lambda actor: ("brand", "guide:g1", "guide:g2"))
    with pytest.raises(AssertionError):
        await test_a_pull_holds_only_what_its_actor_may_see(world)
