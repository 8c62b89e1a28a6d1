"""A phone of the simulation: rows as last pulled, an outbox, and the real rules of a phone at the counter."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from app.domain import coupon as rules
from app.domain import ids, instants
from app.domain.errors import Rejected
from app.mutations.redeeming import Known, Scanned, judge
from app.protocol import coupon_code
from app.protocol.objects import Coupon, Redemption
from server_stub.config import public_bytes
from server_stub.db import Actor
from server_stub.sync.push import Incoming, push
from server_stub.trade import routes
from tests.sim_coupons.brand import Brand

ZONE = ZoneInfo("Asia/Shanghai")
KINDS = ("coupon", "redemption")
STANDING = ("pending", "accepted")


class SimPhone:
    """`made` are the ids of redemptions its owner was told were kept; `said` what the server said of codes."""

    def __init__(self, brand: Brand, actor: Actor, random: Random) -> None:
        self.brand, self.actor, self.random = brand, actor, random
        self.keys = {brand.db.settings.secrets.coupon_kid: public_bytes(brand.db.settings.secrets.coupon_key())}
        self.coupons: dict[str, Coupon] = {}
        self.uses: dict[str, Redemption] = {}
        self.outbox: list[Incoming] = []
        self.next_id = 1
        self.made: dict[str, str] = {}
        self.said: dict[str, Any] = {}
        self.client = f"client-{actor.device_id}"

    # --- what its owner does, with or without a network ----------------------------------------------------------
    def send(self, customer_id: str) -> str | None:
        """Hand the next coupon of the block to a customer; return its id, None when the rules here say no."""
        now = self.now()
        mine = self.actor.device_id.partition(".")[2]
        block = [c for c in self.coupons.values() if (c.state, c.device_id) == ("allotted", mine)]
        found = next((c for c in sorted(block, key=lambda c: (c.lease_until, c.id))), None)
        if found is None:
            return None
        snapshot = rules.CouponRules.from_wire(found.rules)
        had = sum(c.customer_id == customer_id for c in self.coupons.values())
        given = sum(c.issued_at is not None for c in self.coupons.values())
        try:
            rules.check_limits(snapshot, to_customer=had, by_guide=given, today=0)
            begins, ends = rules.validity_at_issue(snapshot, now, ZONE)
            event = rules.CouponEvent("issue", "k", now, customer_id=customer_id, valid_from=begins, valid_until=ends)
            rules.apply(rules.CouponState("allotted", instants.from_text(found.lease_until)), event)
        except Rejected:
            return None
        self._queue("issue_coupon", coupon_id=found.id, customer_id=customer_id)
        self._show(found, state="issued", customer_id=customer_id, issued_at=instants.to_text(now),
                   valid_from=instants.to_text(begins), valid_until=instants.to_text(ends))  # fmt: skip
        return found.id

    def undo(self, coupon_id: str) -> None:
        found = self.coupons.get(coupon_id)
        if found is not None and found.state == "issued" and found.opened_at is None:
            self._queue("undo_coupon", coupon_id=coupon_id)
            self._show(found, state="voided")

    def scan(self, text: str) -> Scanned:
        return judge(text, self.keys, self._known, now=self.now(), store_id=self.actor.store_id)

    def redeem(self, text: str, order_no: str = "") -> bool:
        """Use a coupon at the counter if this phone says yes."""
        said = self.scan(text)
        if said.refusal is not None:
            return False
        number = ids.uuid7(self.now(), self.random.randbytes(10))
        at = instants.to_text(self.now())
        self._queue("redeem_coupon", redemption_id=number, code=text if said.form == "qr" else said.code,
                    form=said.form, store_id=self.actor.store_id, redeemed_at=at, order_no=order_no)  # fmt: skip
        self.uses[number] = Redemption(
            number, self.actor.staff_id, str(self.actor.store_id), at, said.form, "pending", said.code[-5:],
            mark=coupon_code.mark_of(said.code),
        )  # fmt: skip
        if said.coupon is not None:
            self._show(said.coupon, state="redeemed", redeemed_at=at)
        self.made[number] = said.code
        return True

    def ask(self, text: str) -> None:
        """Ask the server about a code, as a phone with a network does."""
        try:
            said = routes.check(self.brand.db, self.actor, text)
        except Rejected:  # too many tries in this minute
            return
        self.said[said["code"]] = said if said["usable"] else None

    # --- the network ---------------------------------------------------------------------------------------------
    def push(self, fault: str) -> list[dict[str, Any]]:
        """Send what waits; `lost` loses the answer, `twice` the network repeats the request, `half` cuts the batch."""
        batch = self.outbox[: max(1, len(self.outbox) // 2)] if fault == "half" else list(self.outbox)
        results = []
        for _ in range(2 if fault == "twice" else 1):
            results += push(self.brand.db, self.actor, f"group-{self.actor.device_id}", batch)
        if fault != "lost":
            self.outbox = self.outbox[len(batch) :]
        return [one.to_wire() for one in results]

    def pull(self) -> None:
        """Take what the server shows this member of staff, then do again what it has not confirmed."""
        bucket = f"guide:{self.actor.staff_id}"
        with self.brand.db.read() as conn:
            mine = "SELECT key, value FROM sync_row WHERE bucket = ? AND value IS NOT NULL"
            rows = conn.exec_driver_sql(mine, (bucket,)).all()
            lmid = conn.exec_driver_sql("SELECT lmid FROM client WHERE id = ?", (self.client,)).scalar() or 0
        values = [(kind, json.loads(value)) for key, value in rows if (kind := key.partition("/")[0]) in KINDS]
        self.coupons = {v["id"]: Coupon(**v) for kind, v in values if kind == "coupon"}
        self.outbox = [one for one in self.outbox if one.id > lmid]
        waiting = {one.args["redemption_id"] for one in self.outbox if one.name == "redeem_coupon"}
        pending = {number: use for number, use in self.uses.items() if number in waiting}
        self.uses = pending | {v["id"]: Redemption(**v) for kind, v in values if kind == "redemption"}
        for one in self.outbox:
            self._again(one)

    def _again(self, one: Incoming) -> None:
        found = self.coupons.get(one.args.get("coupon_id", ""))
        if one.name == "redeem_coupon":
            code = self.made[one.args["redemption_id"]]
            found = next((c for c in self.coupons.values() if c.code == code), None)
            if found is not None and found.state in ("issued", "claimed", "returned"):
                self._show(found, state="redeemed", redeemed_at=one.args["redeemed_at"])
        elif one.name == "issue_coupon" and found is not None and found.state == "allotted":
            snapshot = rules.CouponRules.from_wire(found.rules)
            begins, ends = rules.validity_at_issue(snapshot, instants.from_text(one.args["at"]), ZONE)
            self._show(found, state="issued", customer_id=one.args["customer_id"], issued_at=one.args["at"],
                       valid_from=instants.to_text(begins), valid_until=instants.to_text(ends))  # fmt: skip
        elif one.name == "undo_coupon" and found is not None and found.state == "issued":
            self._show(found, state="voided")

    # --- small things --------------------------------------------------------------------------------------------
    def now(self) -> datetime:
        return self.brand.clock.now()

    def _known(self, code: str) -> Known:
        mark = coupon_code.mark_of(code)
        use = next((u for u in self.uses.values() if u.mark == mark and u.state in STANDING), None)
        row = next((c for c in self.coupons.values() if c.code == code), None)
        return Known(row, use, self.said.get(code))

    def _show(self, found: Coupon, **fields: Any) -> None:
        self.coupons[found.id] = dataclasses.replace(found, **fields)

    def _queue(self, name: str, **args: Any) -> None:
        common = {"mid": ids.uuid7(self.now(), self.random.randbytes(10)), "at": instants.to_text(self.now())}
        self.outbox.append(Incoming(self.client, self.next_id, name, {**common, **args}))
        self.next_id += 1
