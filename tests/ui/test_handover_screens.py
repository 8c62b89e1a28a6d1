"""Hand-over on screen: a guide gives a customer away and takes it back, a manager splits a book; queued offline."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.domain.instants import to_text
from app.protocol.objects import Customer, GuideBook, HandedOver, Handover, Staff
from app.store import WriteTx, outbox
from app.store.queries import brand, customers, handovers
from app.ui.screens.customers import CustomerPage, HandedPage, HandOverPage
from app.ui.screens.team import BooksPage, SplitPage
from app.ui.strings import Strings
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, NOW, customers=20)
    made.installation = SimpleNamespace(clock=made.clock, known_staff=lambda: ())
    yield made
    made.store.close()


def guides(sample: Any) -> list[Staff]:
    return brand.guides_of(sample.store.read, sample.staff.store_id)


def someone(sample: Any) -> Customer:
    return min(sample.store.query(customers.all_customers), key=lambda one: one.id)


def waiting(sample: Any) -> list[outbox.Pending]:
    return sample.store.query(outbox.pending)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_a_guide_hands_a_customer_over_and_takes_it_back_while_it_waits(sample: Any, language: str) -> None:
    who, other, t = someone(sample), guides(sample)[1], Strings(language).t
    ui = await FakeUi.screen(sample, HandOverPage, who.id, language=language)
    assert who.name in " ".join(ui.texts()) and not [text for text in ui.texts() if text.startswith("handover.")]
    assert t("handover.give") not in ui.buttons(), "nobody is chosen yet"
    await ui.press(other.name)
    await ui.type(t("handover.words"), "likes linen")
    await ui.press(t("handover.give"))
    await ui.until(lambda: len(waiting(sample)) == 1)
    assert waiting(sample)[0].args | {"mid": "", "at": "", "handover_id": ""} == {
        "mid": "", "at": "", "handover_id": "", "customer_id": who.id, "to_guide_id": other.id, "words": "likes linen"
    }  # fmt: skip
    profile = await FakeUi.screen(sample, CustomerPage, who.id, language=language)
    assert profile.shows(t("handover.waiting", name=other.name))
    assert t("profile.act_coupon") not in profile.texts(), "what would be refused is not offered"
    await profile.press(t("common.undo"))
    await profile.until(lambda: not waiting(sample))
    await profile.until(lambda: t("profile.act_coupon") in profile.texts())
    assert sample.store.query(customers.customer_by_id, who.id) == who
    assert not ui.reports and not profile.reports


@pytest.mark.parametrize("root", ["customers", "today"])
@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_handing_over_leads_back_to_the_list_and_its_undo_tells_the_truth(
    sample: Any, root: str, language: str
) -> None:
    who, other, t = someone(sample), guides(sample)[1], Strings(language).t
    ui = await FakeUi.app(sample, language=language)
    said = t("handover.given", customer=who.name, name=other.name)
    assert who.name in said and other.name in said

    async def give() -> None:
        ui.ui.go(root)
        ui.ui.open(f"/customers/{who.id}")
        ui.ui.open(f"/customers/{who.id}/handover")
        await ui.press(other.name)
        await ui.fire([one for name, one in ui._pressables() if name == t("handover.give")][-1], "click")
        await ui.sees(said)
        assert ui.ui.nav.root == root and ui.ui.nav.stack() == ()

    await give()
    await ui.press(t("common.undo"))
    await ui.sees(t("handover.taken_back"))
    assert not waiting(sample)
    await give()
    number = waiting(sample)[0].id
    await sample.store.write(lambda tx: outbox.withdraw(tx, number))  # it left
    await ui.fire([one for name, one in ui._pressables() if name == t("common.undo")][-1], "click")
    await ui.sees(t("handover.too_late"))
    assert not ui.reports


async def test_the_next_guide_reads_the_words_and_both_see_the_share(sample: Any) -> None:
    who, other = someone(sample), guides(sample)[1]
    until = to_text(NOW + timedelta(days=30))

    def came(tx: WriteTx) -> None:
        both = {"at": to_text(NOW), "cause": "colleague", "share_bp": 3_000, "tail_until": until}
        mine = {"id": "h1", "customer_id": who.id, "from_guide_id": other.id, "to_guide_id": sample.staff.id}
        tx.put(Handover, both | mine | {"words": "喜欢亚麻"})
        tx.put(HandedOver, both | {"id": "h2", "from_guide_id": sample.staff.id, "to_kind": "guide",
                                   "to_guide_id": other.id})  # fmt: skip

    await sample.store.write(came)
    profile = await FakeUi.screen(sample, CustomerPage, who.id)
    assert profile.shows("喜欢亚麻") and profile.shows("30%") and profile.shows(other.name)
    page = await FakeUi.screen(sample, HandedPage)
    assert page.shows(other.name) and page.shows("30%") and not page.shows(who.name)
    sample.clock.at += timedelta(days=31)
    assert not (await FakeUi.screen(sample, HandedPage)).shows("30%")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_a_manager_previews_a_split_and_sends_it(sample: Any, language: str) -> None:
    sample.session = sample.manager
    leaver, *others = guides(sample)

    def books(tx: WriteTx) -> None:
        for number, one in enumerate([leaver, *others]):
            mine = {"customers": 10 * number or 9, "categories": {"shoes": 5, "": 4} if not number else {}}
            skills = ["shoes"] if number == 1 else []
            tx.put(GuideBook, {"id": one.id, "guide_id": one.id, "store_id": "s", "skills": skills} | mine)

    await sample.store.write(books)
    t = Strings(language).t
    lists = await FakeUi.screen(sample, BooksPage, width=1180, height=820, language=language)
    assert lists.shows(t("team.customers", n=9)) and not lists.reports
    ui = await FakeUi.screen(sample, SplitPage, leaver.id, width=1180, height=820, language=language)
    assert not [text for text in ui.texts() if text.startswith("team.")]
    assert t("team.now_then", now=10, then=19) in ui.texts(), "shoes to who sells them, the rest to the least load"
    await ui.press(others[0].name)
    assert t("team.now_then", now=20, then=29) in ui.texts()
    await ui.toggle(t("team.leaves"), True)
    await ui.press(t("team.handover_do", n=9))
    await ui.until(lambda: len(waiting(sample)) == 1)
    args = waiting(sample)[0].args
    assert (args["guide_id"], args["to_guides"], args["leaves"]) == (leaver.id, [one.id for one in others[1:]], True)
    await ui.until(lambda: ui.shows(t("team.handover_waiting")))
    assert sample.store.query(handovers.book_waiting, leaver.id) is not None
    assert not ui.reports and ui.count() <= 300
