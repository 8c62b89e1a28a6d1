"""A batch made with no network, seen by the server; killed half-way and continued."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.batch import HELD
from app.domain.errors import LocalFault
from app.mutations import batch, mutate
from app.mutations.mutate import call_of, new_id
from app.protocol.mutations import RecordContact, UndoCoupon
from app.store.queries import coupons, work
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
