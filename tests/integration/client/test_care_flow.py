"""Caring for a customer with a real phone and a real server: on screen, offline first, then everything arrives."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.mutations import mutate
from app.protocol.mutations import SetFact, SetStage, TakePiece
from app.store.queries import customers, work
from app.store.queries import followups as fq
from app.ui.screens.customers import FollowUpPage, PlanPage
from server_stub import tables as t
from tests.fakes.ui import FakeUi
from tests.integration.client.conftest import Lab


def rows(lab: Lab) -> list[dict[str, Any]]:
    with lab.server.db.read() as conn:
        return [dict(row) for row in conn.execute(select(t.follow_up).order_by(t.follow_up.c.kind)).mappings()]


async def test_a_reminder_planned_offline_arrives_and_a_home_visit_ends_with_what_was_kept(lab: Lab) -> None:
    phone = await lab.synced()
    await phone.engine.set_work_offline(True)
    ui = await FakeUi.screen(phone, PlanPage, "c1")
    await ui.press("安排在 明天 10:30")
    await ui.until(lambda: phone.store.query(work.outbox_count) == 1)
    plan = await FakeUi.screen(phone, PlanPage, "c1")
    await plan.press("上门搭配")
    await plan.press("安排在")
    await plan.until(lambda: phone.store.query(work.outbox_count) == 2)
    visit = next(one for one in phone.store.query(fq.open_of, "c1") if one.kind == "visit")
    assert rows(lab) == [], "nothing has left the phone"
    await phone.engine.set_work_offline(False)
    await phone.sync()
    assert [(row["kind"], row["state"], row["at"]) for row in rows(lab)] == [
        ("reminder", "open", "2026-11-25T02:30:00Z"), ("visit", "open", "2026-11-25T02:30:00Z")
    ]  # fmt: skip
    other = await lab.synced()  # the guide's second device takes the coat along and notes a size at the same time
    await mutate(other, TakePiece(visit.id, "c1", "p1", "M"))
    await mutate(phone, TakePiece(visit.id, "c1", "p2", "S"))
    await mutate(other, SetFact("c1", "size", "top", "M"))
    await mutate(phone, SetFact("c1", "size", "shoe", "37"))
    await mutate(phone, SetStage("c1", "appointment"))
    for one in (other, phone, other):
        await one.sync()
    for one in (other, phone):
        found = one.store.query(customers.customer_by_id, "c1")
        assert found and {fact.name: fact.value for fact in found.facts} == {"top": "M", "shoe": "37"}
        assert found.stage == "appointment"
    page = await FakeUi.screen(phone, FollowUpPage, "c1", visit.id)
    await page.press("风衣 1 雾蓝 M")
    await page.press("结束上门，留下 1 件")
    await page.until(lambda: phone.store.query(work.outbox_count) == 1)
    await phone.sync()
    (ended,) = [row for row in rows(lab) if row["kind"] == "visit"]
    kept = {(piece["product_id"], piece["size"]): piece["kept"] for piece in ended["pieces"]}
    assert (ended["state"], kept) == ("done", {("p1", "M"): True, ("p2", "S"): False})
