"""The world of the matrix: eight actors, and of every kind one object for each guide and store."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from app.protocol import share_code
from server_stub import tables as t
from server_stub.hq.packs import store_blob
from server_stub.people import auth, books
from server_stub.trade import orders
from server_stub.trade.drafts import DraftLine, OrderDraft
from tests.fakes.server import SECRETS, Phone, Server, running

ACTORS = (
    "anonymous", "guide A", "guide B", "guide other store", "manager own", "manager other", "hq", "revoked device",
)  # fmt: skip
STAFF_NO = {
    "guide A": "G0101", "guide B": "G0102", "guide other store": "G0201", "manager own": "M01",
    "manager other": "M02", "hq": "H01", "revoked device": "G0101",
}  # fmt: skip
STAFF_ID = {
    "guide A": "g1", "guide B": "g2", "guide other store": "g3", "manager own": "m1", "manager other": "m2",
    "hq": "h1", "revoked device": "g1",
}  # fmt: skip
ROLE = {"g": "guide", "m": "manager", "h": "hq"}
CUSTOMER = {"g1": "c1", "g2": "c5", "g3": "c6"}
STORE = {"g1": "s1", "g2": "s1", "g3": "s2", "m1": "s1", "m2": "s2"}
GUIDE_NO = {"g1": 11, "g2": 12, "g3": 21}
GUIDES = tuple(CUSTOMER)
AT = "2026-11-20T02:00:00Z"
TARGETS = ("own", "other", "missing")


@dataclass
class World:
    """The server, a phone for each signed-in actor, and the picture everybody may load."""

    server: Server
    phones: dict[str, Phone]
    blob: str
    draws: Any
    gifts: dict[str, dict[str, Any]]
    spare: str = ""  # the refresh token of somebody who stays out of it

    def role(self, actor: str) -> str | None:
        return ROLE[STAFF_ID[actor][0]] if actor in STAFF_ID else None

    def headers(self, actor: str) -> dict[str, str]:
        return self.phones[actor].headers if actor in self.phones else {}

    def guide(self, actor: str, target: str) -> str | None:
        """Return whose object the target is, seen from the actor: theirs or their store's, another's, nobody's."""
        staff = STAFF_ID.get(actor, "g1")
        mine = staff if staff in CUSTOMER else {"m1": "g1", "m2": "g3", "h1": "g1"}[staff]
        others = {"g1": "g2", "g2": "g1", "g3": "g1", "m1": "g3", "m2": "g1", "h1": "g3"}
        return {"own": mine, "other": others[staff], "missing": None}[target]

    def rows(self, table: Any, *where: Any) -> list[dict[str, Any]]:
        with self.server.db.read() as conn:
            return [dict(row) for row in conn.execute(select(table).where(*where)).mappings()]

    def view(self) -> dict[tuple[str, str], str]:
        """Return everything every client view holds, by bucket and key."""
        c = t.sync_row.c
        return {(row["bucket"], row["key"]): row["value"] for row in self.rows(t.sync_row, c.value.is_not(None))}

    def leased(self, guide: str | None) -> dict[str, Any]:
        """Return a coupon the guide's phone may hand out; one nobody has for no guide."""
        if guide is None:
            return {"id": "0" * 36, "code": "0" * 13}
        devices = [
            f"{GUIDE_NO[guide]}.{_install(self.phones[actor])}" for actor, who in STAFF_ID.items() if who == guide
        ]
        mine = t.coupon.c.device_id == devices[0]  # the revoked device had a lease too
        found = self.rows(t.coupon, mine, t.coupon.c.state == "allotted", t.coupon.c.template_id == "t1")
        return min(found, key=lambda row: row["id"])

    def given(self, guide: str | None) -> dict[str, Any]:
        """Return the coupon the guide's customer got before the matrix began."""
        return self.gifts[guide] if guide else {"id": "0" * 36, "code": "0" * 13}

    def share_code(self, guide: str, phone: Phone) -> str:
        """Make a code with the phone's own key, as the phone does."""
        install, key_no = phone.session["device"]["id"], phone.session["device"]["share_key_no"]
        key = share_code.derive_share_key(SECRETS.share_master, f"{GUIDE_NO[guide]}.{install}", key_no)
        return share_code.encode(
            key, key_no=key_no, guide_no=GUIDE_NO[guide], kind="product", item_no=1, channel="chat",
            at=self.server.clock.now(), random20=next(self.draws),
        )  # fmt: skip


@asynccontextmanager
async def matrix_world(home: Path) -> AsyncIterator[World]:
    """Yield the world of the matrix over ASGI."""
    async with running(home) as server:
        phones = {actor: await server.sign_in(number) for actor, number in STAFF_NO.items()}
        made = World(server, phones, store_blob(server.db.settings, b"a picture")[0], itertools.count(1), {})
        for actor, phone in phones.items():
            if actor != "revoked device":
                await phone.pull_all()
        for guide in GUIDES:
            await asyncio.to_thread(_fill, server, guide)
        await asyncio.to_thread(_colleagues, server)
        for actor in ("guide A", "guide B", "guide other store"):
            guide = STAFF_ID[actor]
            made.gifts[guide] = made.leased(guide)
            issued = await phones[actor].do(
                "issue_coupon", coupon_id=made.gifts[guide]["id"], customer_id=CUSTOMER[guide]
            )
            assert issued["status"] == "applied"
        for phone in phones.values():  # everybody has a refusal of their own to dismiss
            assert (await phone.do("unheard_of"))["status"] == "rejected"
        with server.db.begin() as tx:
            auth.revoke_device(tx, f"11.{phones['revoked device'].session['device']['id']}")
        server.clock.forward(days=1)
        for actor in phones:
            if actor != "revoked device":
                phones[actor].session = (await server.sign_in(STAFF_NO[actor], _install(phones[actor]))).session
        made.spare = (await server.sign_in("H01")).session["refresh_token"]
        yield made


def _install(phone: Phone) -> str:
    return str(phone.session["device"]["id"])


def _fill(server: Server, guide: str) -> None:
    """Insert one object of every kind that hangs on this guide's customer or store."""
    customer, store = CUSTOMER[guide], STORE[guide]
    with server.db.begin() as tx:
        orders.place(tx, OrderDraft(f"paid-{guide}", customer, "private", (DraftLine("p1", 1, "S"),)))
        for kind, table, row in (
            ("browse_event", t.browse_event, {"customer_id": customer, "product_id": "p1", "session_id": guide,
             "at": AT, "dwell_s": 9}),
            ("contact", t.contact, {"customer_id": customer, "guide_id": guide, "kind": "message", "channel": "copied",
             "at": "2026-11-01T02:00:00Z"}),
            ("signal_mark", t.signal_mark, {"customer_id": customer, "signal": "dormant", "subject": "",
             "action": "done", "at": AT}),
            ("dispute", t.dispute, {"guide_id": guide, "store_id": store, "order_no": f"asked-{guide}",
             "state": "asked", "asked_at": AT, "text": f"why {guide}", "evidence": {}}),
            ("action_reward", t.action_reward, {"guide_id": guide, "store_id": store, "kind": "new_member",
             "amount_fen": 500, "state": "held", "made_at": AT, "customer_id": customer, "phone_key": f"k-{guide}",
             "flags": ["burst"], "reason": "flagged"}),
            ("redemption", t.redemption, {"by_id": guide, "store_id": store, "at": AT, "decided_at": AT,
             "form": "typed", "state": "refused", "code_tail": "ABCDE", "reason": "coupon_unknown"}),
            ("erasure", t.erasure, {"customer_id": f"forgotten-{guide}", "guide_id": guide, "at": AT}),
            ("statement", t.statement, {"guide_id": guide, "month": "2026-10", "closed_at": AT}),
        ):  # fmt: skip
            tx.conn.execute(insert(table).values(id=f"{kind}-{guide}", **row))
            tx.touch(kind, f"{kind}-{guide}")
            if f"team_{kind}" in ("team_dispute", "team_redemption"):
                tx.touch(f"team_{kind}", f"{kind}-{guide}")
        tx.touch("team_reward", f"action_reward-{guide}")
        for place in ("", "-close", "-off"):
            row = {"kind": "visit", "at": AT, "state": "open", "created_at": AT, "note": f"bring {guide}"}
            row |= {"guide_id": guide, "customer_id": customer, "pieces": [{"product_id": "p1", "size": "M"}]}
            tx.conn.execute(insert(t.follow_up).values(id=f"follow_up-{guide}{place}", **row))
            tx.touch("follow_up", f"follow_up-{guide}{place}")


def _colleagues(server: Server) -> None:
    """Give the other store a second guide, count the books, and let one customer have come from the other store."""
    with server.db.begin() as tx:
        one = {"no": 22, "staff_no": "G0202", "name": "一人", "role": "guide", "store_id": "s2", "created_at": AT}
        tx.conn.execute(insert(t.staff).values(id="g4", pin_hash="", **one))
        row = {"customer_id": "c2", "from_guide_id": "g3", "to_kind": "guide", "to_guide_id": "g1", "store_id": "s1"}
        tx.conn.execute(insert(t.handover).values(id="handover-g1", at=AT, cause="leaver", words="", **row))
        tx.touch("staff", "g4")
        tx.touch("handover", "handover-g1")
        tx.touch("handed_over", "handover-g1")
        books.recount(tx, (*GUIDES, "g4"))


async def first_answer(app: Any, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """Return the status and the first bytes of a route whose answer may never end; then hang up."""
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": raw,
        "client": ("127.0.0.1", 9150), "server": ("server.test", 80),
    }  # fmt: skip
    status, body, heard = 0, b"", asyncio.Event()
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await heard.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, body
        status = message.get("status", status)
        body += message.get("body", b"")
        if message.get("body"):
            heard.set()

    await asyncio.wait_for(app(scope, receive, send), 20)
    return status, body
