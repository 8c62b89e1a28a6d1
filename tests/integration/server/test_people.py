"""Members: codes, consent, joining views, binding, retention."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.domain.errors import Rejected
from server_stub import tables as t
from server_stub.people import customers, phones, views
from tests.fakes.server import SECRETS, Server

PHONE = "139 0000 1234"


def one(server: Server, table: Any, row_id: str) -> Any:
    with server.db.read() as conn:
        return conn.execute(select(table).where(table.c.id == row_id)).mappings().one()


async def test_a_code_signs_in_once_and_makes_a_member_with_a_sealed_phone(server: Server) -> None:
    with server.db.begin() as tx:
        code = customers.start_sign_in(tx, PHONE, "1.2.3.4")
        assert not customers.check_code(tx, PHONE, f"{(int(code) + 1) % 1_000_000:06d}")
        assert customers.check_code(tx, "+86 13900001234", code)
        assert not customers.check_code(tx, PHONE, code)
        made = customers.sign_in(tx, PHONE, name="王小雨")
        again = customers.sign_in(tx, PHONE)
    assert made.new_member and not again.new_member and made.customer_id == again.customer_id
    row = one(server, t.customer, made.customer_id)
    assert (row["phone_masked"], row["phone_tail"], row["pinyin"], row["initials"]) == (
        "139****1234", "1234", "wangxiaoyu", "wxy",
    )  # fmt: skip
    assert b"13900001234" not in row["phone_sealed"]
    assert phones.unseal(SECRETS, row["id"], row["phone_sealed"]) == "13900001234"


async def test_a_code_dies_of_five_tries_or_five_minutes(server: Server) -> None:
    with server.db.begin() as tx:
        code = customers.start_sign_in(tx, PHONE)
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        assert [customers.check_code(tx, PHONE, wrong) for _ in range(5)] == [False] * 5
        assert not customers.check_code(tx, PHONE, code)
        late = customers.start_sign_in(tx, PHONE)
    server.clock.forward(minutes=5)
    with server.db.begin() as tx:
        assert not customers.check_code(tx, PHONE, late)


async def test_a_phone_gets_five_codes_in_ten_minutes(server: Server) -> None:
    with server.db.begin() as tx:
        for _ in range(5):
            customers.start_sign_in(tx, PHONE)
        with pytest.raises(Rejected, match="rate_limited"):
            customers.start_sign_in(tx, PHONE)
        with pytest.raises(Rejected, match="bad_arguments"):
            customers.start_sign_in(tx, "12345")


async def test_views_are_written_under_consent_only_and_joined_at_sign_in(server: Server) -> None:
    with server.db.begin() as tx:
        visitor = views.new_visitor(tx)
        view = {"product_id": "p1", "session_id": "one", "visitor_id": visitor}
        assert views.record_view(tx, **view, dwell_s=5) is None
        customers.record_consent(tx, "visitor", visitor, "browse", True, wording="v1")
        seen = views.record_view(tx, **view, dwell_s=5)
        assert views.record_view(tx, **view, dwell_s=70) == seen
    with server.db.begin() as tx:
        assert views.join_visitor(tx, visitor, "c1") == 1
        assert views.join_visitor(tx, visitor, "c2") == 0
    phone = await server.sign_in("G0101")
    event = (await phone.pull_all())[f"browse_event/{seen}"]
    assert (event["customer_id"], event["dwell_s"]) == ("c1", 70)
    with server.db.begin() as tx:
        customers.record_consent(tx, "customer", "c1", "browse", False)
        assert views.record_view(tx, product_id="p1", session_id="two", customer_id="c1") is None
    assert (await phone.pull_all())["customer/c1"]["consents"]["browse"] is False


async def test_joining_takes_the_last_fourteen_days_only(server: Server) -> None:
    with server.db.begin() as tx:
        visitor = views.new_visitor(tx)
        customers.record_consent(tx, "visitor", visitor, "browse", True)
        views.record_view(tx, product_id="p1", session_id="old", visitor_id=visitor)
    server.clock.forward(days=15)
    with server.db.begin() as tx:
        fresh = views.record_view(tx, product_id="p2", session_id="new", visitor_id=visitor)
        assert views.join_visitor(tx, visitor, "c1") == 1
    assert one(server, t.browse_event, fresh)["customer_id"] == "c1"


async def test_views_older_than_180_days_go_from_the_server_and_the_phone(server: Server) -> None:
    with server.db.begin() as tx:
        for n in range(3):
            views.record_view(tx, product_id="p1", session_id=f"s{n}", customer_id="c1")
    phone = await server.sign_in("G0101")
    await phone.pull_all()
    server.clock.forward(days=180, seconds=1)
    with server.db.begin() as tx:
        assert (views.sweep(tx), views.sweep(tx)) == (3, 0)
    phone.session = (await server.sign_in("G0101", phone.session["device"]["id"])).session
    assert not any(key.startswith("browse_event/") for key in await phone.pull_all())


async def test_a_members_first_card_binds_and_protection_holds(server: Server) -> None:
    with server.db.begin() as tx:
        member = customers.create_member(tx, PHONE, name="新客", source="page")
        assert customers.bind(tx, member, "g1", new_member=True) == "bound"
        assert customers.bind(tx, member, "g1") == "kept"
        with pytest.raises(Rejected, match="binding_protected"):
            customers.bind(tx, member, "g2")
    phone = await server.sign_in("G0101")
    assert (await phone.pull_all())[f"customer/{member}"]["bound_at"] == "2026-11-24T02:30:00Z"
    server.clock.forward(days=100)
    with server.db.begin() as tx:
        assert customers.bind(tx, member, "g2") == "rebound"
        open_rows = (
            select(func.count())
            .select_from(t.binding)
            .where(t.binding.c.customer_id == member, t.binding.c.until_at.is_(None))
        )
        assert tx.conn.execute(open_rows).scalar_one() == 1
    assert one(server, t.customer, member)["guide_id"] == "g2"


@pytest.mark.parametrize("private", [True, False])
async def test_rule_2_6_a_private_note_does_not_travel_with_the_customer(server: Server, private: bool) -> None:
    old, new = await server.sign_in("G0101"), await server.sign_in("G0102")
    done = await old.do("edit_note", customer_id="c1", note="between us", private=private)
    assert done["status"] == "applied"
    assert (await old.pull_all())["customer/c1"]["note_private"] is private
    with server.db.begin() as tx:
        far = "2026-01-01T00:00:00Z"
        tx.conn.execute(update(t.binding).where(t.binding.c.customer_id == "c1").values(protected_until=far))
        assert customers.bind(tx, "c1", "g2") == "rebound"
    told = (await new.pull_all())["customer/c1"]
    assert (told["note"], told["note_private"]) == ("" if private else "between us", False)
    assert "customer/c1" not in await old.pull_all()


async def test_rule_2_3_staff_and_disabled_guides_are_never_bound(server: Server) -> None:
    digest = phones.phone_hash(SECRETS, "13900001234")
    with server.db.begin() as tx:
        tx.conn.execute(update(t.staff).where(t.staff.c.id == "g2").values(phone_hash=digest))
        member = customers.create_member(tx, PHONE, name="同事", source="page")
        for guide, code in (("g2", "binding_self"), ("g1", "binding_staff")):
            with pytest.raises(Rejected, match=code):
                customers.bind(tx, member, guide)
        tx.conn.execute(update(t.staff).where(t.staff.c.id == "g3").values(active=False))
        other = customers.create_member(tx, "13900005678", name="客", source="page")
        with pytest.raises(Rejected, match="binding_disabled_guide"):
            customers.bind(tx, other, "g3")


async def test_a_paid_order_renews_both_clocks(server: Server) -> None:
    with server.db.begin() as tx:
        member = customers.create_member(tx, PHONE, name="客", source="page")
        customers.bind(tx, member, "g1", new_member=True)
    before = one(server, t.customer, member)
    with server.db.begin() as tx:
        customers.renew_binding(tx, member, tx.now + timedelta(days=10))
    after = one(server, t.customer, member)
    assert after["protected_until"] > before["protected_until"] and after["bound_until"] > before["bound_until"]


@pytest.mark.parametrize("phone", ["1390000123\uff14", "139\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667"])
def test_a_phone_in_foreign_digits_is_no_second_person(phone: str) -> None:
    with pytest.raises(Rejected) as no:
        phones.normalise(phone)
    assert (no.value.code, no.value.params) == ("bad_arguments", {"field": "phone"})
