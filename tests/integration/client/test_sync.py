"""The whole way: tap, outbox, push, server's rules, pull, rows; against the real server."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime

import httpx
import pytest

from app.domain.errors import Rejected, Unauthorized, Unavailable
from app.mutations import make_share, mutate, send_coupon
from app.protocol.mutations import AddTag, EditNote, IssueCoupon, RecordContact, RecordShare, UndoCoupon
from app.protocol.objects import Coupon
from app.store import outbox
from app.store.queries import coupons, customers, products, shares, work
from app.sync import State
from tests.fakes.device import TestClock
from tests.integration.client.conftest import Lab

TEMPLATE = "t1"


async def test_first_sync_brings_my_customers_and_not_my_colleagues(lab: Lab) -> None:
    phone = await lab.synced("G0101")
    assert {c.id for c in phone.store.query(customers.all_customers)} == {"c1", "c2", "c3", "c4"}
    assert [p.id for p in phone.store.query(products.products)] == ["p1", "p2", "p3", "p4"]
    assert phone.engine.status.state is State.ONLINE
    assert phone.engine.status.last_sync_at is not None
    assert not phone.engine.status.partial
    assert phone.store.query(work.problems) == []


async def test_a_note_taken_offline_arrives_once_and_shows_at_once(lab: Lab) -> None:
    phone = await lab.synced()
    await phone.engine.set_work_offline(True)
    await mutate(phone, EditNote("c1", "喜欢驼色"))
    assert phone.store.query(customers.customer_by_id, "c1").note == "喜欢驼色"
    with pytest.raises(Unavailable, match="offline"):
        await phone.sync()
    assert phone.store.query(work.outbox_count) == 1
    await phone.engine.set_work_offline(False)
    await phone.sync()
    assert phone.store.query(work.outbox_count) == 0
    assert phone.store.query(customers.customer_by_id, "c1").note == "喜欢驼色"
    other = await lab.synced()
    assert other.store.query(customers.customer_by_id, "c1").note == "喜欢驼色"


async def test_a_coupon_sent_offline_is_issued_by_the_server_with_the_same_validity(lab: Lab) -> None:
    phone = await lab.synced()
    left = phone.store.query(coupons.leases_left, phone.device_id, "2026-11-24T02:30:00Z")[TEMPLATE].left
    sent = await send_coupon(phone, TEMPLATE, "c1", signal="repeated_view", product_id="p1")
    assert (sent.state, sent.customer_id) == ("issued", "c1")
    await phone.sync()
    confirmed = phone.store.query(coupons.coupon_by_id, sent.id)
    assert (confirmed.state, confirmed.valid_until) == ("issued", sent.valid_until)
    assert phone.store.query(work.rejected) == []
    after = phone.store.query(coupons.leases_left, phone.device_id, "2026-11-24T02:30:00Z")[TEMPLATE].left
    assert after in (left - 1, left)  # the server may have topped the block up again


async def test_a_coupon_can_be_taken_back_until_it_is_opened(lab: Lab) -> None:
    phone = await lab.synced()
    sent = await send_coupon(phone, TEMPLATE, "c1")
    await mutate(phone, UndoCoupon(sent.id))
    await phone.sync()
    assert phone.store.query(coupons.coupon_by_id, sent.id).state == "voided"
    again = await send_coupon(phone, TEMPLATE, "c2")
    await phone.store.write(lambda tx: tx.update(Coupon, again.id, opened_at="2026-11-24T02:31:00Z"))
    with pytest.raises(Rejected) as seen:
        await mutate(phone, UndoCoupon(again.id))
    assert seen.value.code == "coupon_opened"


async def test_a_customer_without_consent_is_refused_before_anything_changes(lab: Lab) -> None:
    phone = await lab.synced()
    with pytest.raises(Rejected) as no:
        await send_coupon(phone, TEMPLATE, "c4")
    assert no.value.code == "no_marketing_consent"
    assert phone.store.query(work.outbox_count) == 0
    assert phone.store.query(coupons.coupons_sent, "all", "2026-11-24T02:30:00Z") == ()


async def test_what_the_server_refuses_comes_back_as_a_row_and_the_local_effect_goes(lab: Lab) -> None:
    phone = await lab.synced()
    coupon = phone.store.query(coupons.next_allotted, TEMPLATE, phone.device_id, "2026-11-24T02:30:00Z")
    args = {"coupon_id": coupon.id, "customer_id": "c5", "signal": None, "product_id": None, "mid": "m-1"}
    args["at"] = "2026-11-24T02:30:00Z"
    await phone.store.write(lambda tx: outbox.append(tx, IssueCoupon.NAME, args, "customer/c5"))
    await mutate(phone, AddTag("c1", "爱穿裙"))
    await phone.sync()
    (refusal,) = phone.store.query(work.rejected)
    assert (refusal.name, refusal.subject) == ("issue_coupon", "customer/c5")
    assert phone.store.query(work.outbox_count) == 0
    assert phone.store.query(coupons.coupon_by_id, coupon.id).state == "allotted"
    assert [tag.name for tag in phone.store.query(customers.customer_by_id, "c1").tags] == ["爱穿裙"]


async def test_a_share_made_offline_is_recorded(lab: Lab) -> None:
    phone = await lab.synced()
    await phone.engine.set_work_offline(True)
    product = phone.store.query(products.product_by_id, "p1")
    made = make_share(phone, "product", product.no, "chat")
    await mutate(phone, RecordShare(made.share_id, made.code, "product", "p1", "chat", made.created_at, "看看这件"))
    await mutate(phone, RecordContact("contact-1", "c1", "poster", "chat", share_id=made.share_id))
    await phone.engine.set_work_offline(False)
    await phone.sync()
    assert phone.store.query(work.rejected) == []
    assert [(s.id, s.caption) for s in phone.store.query(shares.my_shares)] == [(made.share_id, "看看这件")]
    assert [c.share_id for c in phone.store.query(customers.contacts_of, "c1")] == [made.share_id]


async def test_two_devices_of_one_guide_converge(lab: Lab) -> None:
    one, two = await lab.synced(), await lab.synced()
    await mutate(one, EditNote("c1", "one"))
    await mutate(two, EditNote("c1", "two"))
    await mutate(two, AddTag("c2", "通勤"))
    for phone in (one, two, one):
        await phone.sync()
    assert one.store.query(customers.customer_by_id, "c1").note == two.store.query(customers.customer_by_id, "c1").note
    assert [t.name for t in one.store.query(customers.customer_by_id, "c2").tags] == ["通勤"]


async def test_a_revoked_device_is_told_once_and_wiped(lab: Lab) -> None:
    wiped = []

    async def wipe() -> None:
        wiped.append(True)

    phone = await lab.synced(on_revoked=wipe)
    from sqlalchemy import select

    from server_stub import tables as t
    from server_stub.people import auth

    with lab.server.db.begin() as tx:
        for device in tx.conn.execute(select(t.device.c.id)).scalars().all():
            auth.revoke_device(tx, device)
    with pytest.raises(Unauthorized) as gone:
        await phone.sync()
    assert gone.value.code == "device_revoked"
    assert phone.engine.status.state is State.REVOKED
    assert wiped == [True]


async def test_pages_go_on_where_a_cut_left_them(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from server_stub.sync import pull as server_pull

    whole = server_pull.pull
    monkeypatch.setattr(server_pull, "pull", lambda *args: whole(*args, page_rows=7))

    class Cut(httpx.AsyncBaseTransport):
        answers = 0

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/api/sync/pull":
                Cut.answers += 1
                if Cut.answers == 3:
                    raise httpx.ReadError("cut")
            return await lab.transport.handle_async_request(request)

    phone = await lab.phone(transport=Cut())
    with pytest.raises(Unavailable):
        await phone.sync()
    held = len(phone.store.query(products.products))
    assert phone.engine.status.partial
    await mutate_if_there(phone)
    await phone.sync()
    assert {c.id for c in phone.store.query(customers.all_customers)} == {"c1", "c2", "c3", "c4"}
    assert held <= 4
    assert not phone.engine.status.partial
    assert phone.store.query(work.problems) == []


async def mutate_if_there(phone: object) -> None:
    """A first sync under way takes work too: it is kept and replayed."""
    if phone.store.query(customers.customer_by_id, "c1") is not None:  # type: ignore[attr-defined]
        await mutate(phone, EditNote("c1", "meanwhile"))  # type: ignore[arg-type]


async def test_the_switch_turned_while_an_answer_arrives_stays_shown_as_offline(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = await lab.synced()
    turning: list[asyncio.Task[None]] = []
    heard = phone.clock.heard

    def arrives(at: datetime) -> float:
        phone.store.submit(lambda tx: time.sleep(0.1))  # the writer is busy, so the tap overtakes the page
        turning.append(asyncio.create_task(phone.engine.set_work_offline(True)))
        return heard(at)

    monkeypatch.setattr(phone.clock, "heard", arrives)
    await phone.sync()
    await asyncio.gather(*turning)
    assert (phone.engine.status.work_offline, phone.engine.status.state) == (True, State.OFFLINE)


# --- the counted check ---------------------------------------------------------------------


class Deaf(httpx.AsyncBaseTransport):
    """Takes no push while `deaf`; `cookies` are those of the pulls."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.deaf = False
        self.cookies: list[object] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.deaf and request.url.path == "/api/sync/push":
            return httpx.Response(503, json={"code": "server_fault"})
        if request.url.path == "/api/sync/pull":
            self.cookies.append(json.loads(await request.aread())["cookie"])
        return await self._inner.handle_async_request(request)


async def test_when_counts_differ_everything_comes_again_once_a_day_it_is_said_and_what_waits_stays(lab: Lab) -> None:
    line = Deaf(lab.transport)
    phone = await lab.synced(transport=line)
    await mutate(phone, EditNote("c1", "bleibt"))
    line.deaf = True
    for resets in (1, 0):  # the second time on one day it is only said
        await phone.store.write(lambda tx: tx.conn.execute('UPDATE bucket SET "sum" = "sum" + 1'))
        line.cookies.clear()
        with pytest.raises(Unavailable):  # the push is stuck; downloads go on
            await phone.sync()
        assert line.cookies.count(None) == resets
    assert [one.code for one in phone.store.query(work.problems)] == ["sanity_mismatch"]
    assert phone.store.query(customers.customer_by_id, "c1").note == "bleibt"
    assert phone.store.query(work.outbox_count) == 1
    assert not phone.engine.status.partial
    line.deaf = False
    await phone.sync()
    assert phone.store.query(work.outbox_count) == 0


async def test_a_row_that_got_lost_here_is_missed_within_a_day_and_comes_again(lab: Lab) -> None:
    phone = await lab.synced()
    await phone.store.write(lambda tx: tx.conn.execute("DELETE FROM product WHERE id = 'p1'"))
    await phone.sync()
    assert phone.store.query(work.problems) == []
    lab.server.clock.forward(days=1)
    phone.device_clock.advance(86_400)
    await phone.sync()
    assert [p.id for p in phone.store.query(products.products)] == ["p1", "p2", "p3", "p4"]
    assert [one.code for one in phone.store.query(work.problems)] == ["sanity_mismatch"]
    await phone.sync()
    assert phone.store.query(work.problem_count) == 1


# --- clocks and texts ----------------------------------------------------------------------


@pytest.mark.parametrize("days", [-3, 3])
async def test_a_clock_three_days_off_and_a_restart_between_move_nothing_the_server_keeps(lab: Lab, days: int) -> None:
    """Hazard 13: the phone counts on from the server's time, the server bounds what it is told."""
    phone = await lab.synced()
    lab.server.clock.forward(hours=1)
    phone.device_clock.advance(3_600)
    phone.device_clock.skew_s = days * 86_400
    first = await send_coupon(phone, TEMPLATE, "c1")
    assert first.issued_at == "2026-11-24T03:30:00Z"
    await phone.close()
    clock = TestClock(phone.device_clock.true, days * 86_400)  # no unlock without a network: the lease does not hold
    again = await lab.phone(clock=clock, folder=phone.root, device_id=phone.device_id)
    second = await send_coupon(again, TEMPLATE, "c2")
    await again.sync()
    assert again.store.query(work.rejected) == []
    for sent in (first, second):
        kept = again.store.query(coupons.coupon_by_id, sent.id)
        assert kept.state == "issued"
        assert "2026-11-24T02:30:00Z" <= kept.issued_at <= "2026-11-24T03:30:00Z", sent


ODD = (
    "😀👩🏽‍🤝‍👩🏻",
    "e\u0301 é",
    "\u2028\u2029\ufeff",
    "שלום 100%",
    "'; DROP TABLE customer; --",
    "{t}%s\\n",
    "长" * 1_000,
)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
async def test_any_text_arrives_on_the_other_phone_as_it_was_typed(lab: Lab, text: str) -> None:
    """Hazard 19."""
    phone, other = await lab.synced(), await lab.synced()
    await mutate(phone, EditNote("c1", text))
    await phone.sync()
    await other.sync()
    assert phone.store.query(work.rejected) == []
    assert {one.store.query(customers.customer_by_id, "c1").note for one in (phone, other)} == {text}
    assert phone.store.query(work.problems) == []
