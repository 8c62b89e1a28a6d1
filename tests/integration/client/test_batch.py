"""A batch made with no network, seen by the server; killed half-way and continued."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.batch import HELD
from app.domain.errors import LocalFault
from app.mutations import batch, make_share, mutate, sending
from app.mutations.mutate import call_of, new_id
from app.protocol.mutations import RecordContact, RecordShare, UndoCoupon
from app.store.queries import coupons, customers, products, shares, work
from tests.fakes.device import Device
from tests.integration.client.conftest import Lab

TEMPLATE, NOW, LONG_AGO = "t1", "2026-11-24T02:30:00Z", "2026-01-01T00:00:00Z"
EVERYBODY = ("c1", "c2", "c3", "c4")


def waiting(phone: Device) -> tuple[str, ...]:
    return phone.store.query(coupons.to_hand_out, phone.session.device_id, LONG_AGO, NOW)


def planned(phone: Device) -> Any:
    return batch.plan_batch(phone.store.read, TEMPLATE, EVERYBODY, call_of(phone))


async def served(lab: Lab) -> dict[str, str]:
    """What another phone of the guide hears from the server: customer to state."""
    other = await lab.synced()
    return {c.customer_id: c.state for c in other.store.query(coupons.coupons_sent, "all", NOW)}


async def test_rule_1_4_a_batch_offline_reaches_the_server_and_who_was_left_out_has_none(lab: Lab) -> None:
    phone = await lab.synced()
    await phone.engine.set_work_offline(True)
    plan = planned(phone)
    assert plan.gets == ("c1", "c2", "c3")
    assert [(group.code, group.customer_ids) for group in plan.out] == [("no_marketing_consent", ("c4",))]
    issued = await batch.issue_batch(phone, TEMPLATE, EVERYBODY)
    assert len(issued.coupon_ids) == 3 and issued.out == plan.out
    assert waiting(phone) == issued.coupon_ids
    assert planned(phone).gets == ()
    assert {group.code for group in planned(phone).out} == {"no_marketing_consent", HELD}
    await phone.engine.set_work_offline(False)
    await phone.sync()
    assert phone.store.query(work.rejected) == []
    assert await served(lab) == {"c1": "issued", "c2": "issued", "c3": "issued"}


async def test_rule_9_2_only_a_hand_over_counts_as_a_contact(lab: Lab) -> None:
    phone = await lab.synced()
    issued = await batch.issue_batch(phone, TEMPLATE, EVERYBODY)
    assert phone.store.query(coupons.handed_out, LONG_AGO) == 0
    first, second, third = (phone.store.query(coupons.coupon_by_id, one) for one in issued.coupon_ids)
    await mutate(
        phone, RecordContact(new_id(call_of(phone)), first.customer_id, "coupon", "copied", coupon_id=first.id)
    )
    await mutate(phone, UndoCoupon(second.id))
    assert waiting(phone) == (third.id,)
    assert phone.store.query(coupons.handed_out, LONG_AGO) == 1
    await phone.sync()
    assert phone.store.query(work.rejected) == []
    assert sorted((await served(lab)).values()) == ["issued", "issued", "voided"]


async def test_killed_half_way_and_continued_nobody_gets_two(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = await lab.synced()
    monkeypatch.setattr(batch, "PIECE", 1)
    write, pieces = phone.store.write, 0

    async def dies(change: Any, **options: Any) -> Any:
        nonlocal pieces
        pieces += 1
        if pieces == 3:
            raise LocalFault("disk_full")
        return await write(change, **options)

    monkeypatch.setattr(phone.store, "write", dies)
    with pytest.raises(LocalFault):
        await batch.issue_batch(phone, TEMPLATE, ("c1", "c2", "c3"))
    monkeypatch.undo()
    rest = phone.store.query(coupons.unfinished_batch)
    assert rest == coupons.Unfinished(TEMPLATE, ("c3",)) and len(waiting(phone)) == 2
    await batch.issue_batch(phone, TEMPLATE, ("c1", "c2", "c3"))  # even who starts all over
    assert len(waiting(phone)) == 3 and phone.store.query(coupons.unfinished_batch) is None
    await phone.sync()
    assert phone.store.query(work.rejected) == []
    assert await served(lab) == {"c1": "issued", "c2": "issued", "c3": "issued"}


async def test_a_lease_too_small_serves_the_first_and_the_rest_may_be_given_up(lab: Lab) -> None:
    phone = await lab.synced()
    while coupons.leases_left(phone.store.read, phone.session.device_id, NOW)[TEMPLATE].left > 2:
        spare = coupons.next_allotted(phone.store.read, TEMPLATE, phone.session.device_id, NOW)
        await phone.store.write(lambda tx, spare=spare: tx.update(type(spare), spare.id, state="voided"))
    plan = planned(phone)
    assert plan.gets == ("c1", "c2")
    assert ("no_lease", ("c3",)) in [(group.code, group.customer_ids) for group in plan.out]
    await phone.store.write(lambda tx: tx.set_meta(batch.META, {"template_id": TEMPLATE, "customer_ids": ["c3"]}))
    await batch.forget_batch(phone)
    assert phone.store.query(coupons.unfinished_batch) is None


async def send_one(phone: Device, customer_id: str) -> str:
    """Hand a product to one of the list, as the page does; return the code of its link."""
    product = phone.store.query(products.products)[0]
    made = make_share(phone, "product", product.no, "chat")
    record = RecordShare(
        made.share_id, made.code, "product", product.id, "chat", made.created_at, "好看", customer_id=customer_id
    )
    await sending.sent_one(phone, sending.contact_of(phone, customer_id, made.share_id, "copied"), record)
    return made.code


async def test_rule_3_1_9_2_a_product_sent_one_by_one_offline_is_a_share_and_a_contact_each(lab: Lab) -> None:
    phone = await lab.synced()
    await phone.engine.set_work_offline(True)
    plan = sending.plan_reach(phone.store.read, EVERYBODY, call_of(phone))
    assert plan.gets == ("c1", "c2", "c3") and plan.out[0].customer_ids == ("c4",)
    await sending.start_sending(phone, phone.store.query(products.products)[0].id, plan.gets, "link", "warm")
    codes = {await send_one(phone, "c1"), await send_one(phone, "c2")}
    left = phone.store.query(shares.sending)
    assert left is not None and (left.customer_ids, left.done) == (("c3",), 2)
    again = sending.plan_reach(phone.store.read, EVERYBODY, call_of(phone))
    assert again.gets == ("c3",) and {g.code for g in again.out} == {"no_marketing_consent", "contact_budget_used"}
    await phone.engine.set_work_offline(False)
    await phone.sync()
    assert phone.store.query(work.rejected) == []
    other = await lab.synced()
    heard = {one: other.store.query(shares.shares_for, one) for one in EVERYBODY}
    assert {one.code for found in heard.values() for one in found} == codes
    for one in ("c1", "c2"):
        (contact,) = other.store.query(customers.contacts_of, one)
        assert (contact.kind, contact.share_id) == ("poster", heard[one][0].id)
    assert other.store.query(shares.sending) is None  # the list is of the device it was made on
