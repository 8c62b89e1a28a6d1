"""Redeeming at the counter over a filled local store: what is said at once, what waits, what both sides see."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.instants import to_text
from app.mutations import replay_for, scan
from app.protocol import coupon_code
from app.protocol.coupon_code import CouponQr
from app.protocol.objects import Coupon, Redemption, TeamRedemption
from app.store import outbox
from app.store.queries import redemptions
from app.sync import OfflineSwitch, make_http
from app.ui.screens.coupons import RedeemPage
from app.ui.screens.coupons.redeem import fen_of
from app.ui.strings import Strings
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
FIELD, NOTHING, GO = "扫码或输入券码", "还没有核销过。", "核销这张券"
FOREIGN = coupon_code.new_code(b"elsewher")
RULES = {"kind": "amount_off", "name": "满减券", "name_en": "Autumn coupon", "face_fen": 5_000, "threshold_fen": 20_000}


class Headquarters:
    """Answers what a test says; None cuts the line."""

    def __init__(self) -> None:
        self.says: dict[str, Any] | None = None
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.content.decode())
        if self.says is None:
            raise httpx.ConnectError("no network")
        return httpx.Response(200, json=self.says)


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, NOW, customers=20)
    key = Ed25519PrivateKey.generate()
    made.key = key
    made.session = dataclasses.replace(made.session, coupon_keys={"1": key.public_key().public_bytes_raw()})
    made.manager = dataclasses.replace(made.manager, coupon_keys=made.session.coupon_keys)
    made.headquarters = Headquarters()
    made.http = make_http("http://hq.test", OfflineSwitch(httpx.MockTransport(made.headquarters)))
    made.installation = SimpleNamespace(clock=made.clock, known_staff=lambda: ())
    yield made
    await made.http.aclose()
    made.store.close()


def qr_of(sample: Any, code: str = FOREIGN, **changes: Any) -> str:
    fields = {"key_no": 1, "short_id": coupon_code.short_id_of(code), "not_before": NOW - timedelta(days=1),
              "expires_at": NOW + timedelta(days=700), "fen": 5_000, "guide_no": 9, **changes}  # fmt: skip
    return coupon_code.sign(CouponQr(**fields), sample.key)


def mine(sample: Any, state: str) -> Coupon:
    return next(c for c in sample.store.read.all(Coupon, "state = ?", (state,)))


async def wait_for(ui: FakeUi, text: str) -> None:
    await ui.until(lambda: ui.shows(text))


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_a_typed_code_of_this_device_is_redeemed_offline_and_waits(sample: Any, language: str) -> None:
    t = Strings(language).t
    coupon = mine(sample, "claimed")
    ui = await FakeUi.screen(sample, RedeemPage, language=language)
    assert ui.shows(t("coupons.redeem_none"))
    shown = coupon_code.display(coupon.code).lower().replace("0", "o")
    await ui.type(t("coupons.redeem_field"), shown[:9])
    half = f"{coupon.code[:4]}  {coupon.code[4:8]}  ·····"
    assert ui.shows(t("coupons.redeem_count", n=8, of=13)) and half in ui.texts(), "as it is printed, 4-4-5"
    assert ui.shows(t("coupons.redeem_hint")), "how to scan and type is not gone with the first letter"
    await ui.type(t("coupons.redeem_field"), f" {coupon.code[:4]} {coupon.code[4:8]}")
    assert half in ui.texts(), "blanks and dashes do not count"
    await ui.type(t("coupons.redeem_field"), f" {shown} ")
    assert not ui.shows(t("coupons.redeem_hint"))
    await wait_for(ui, t("coupons.redeem_offline"))
    assert ui.shows(coupon.rules["name" if language == "zh_CN" else "name_en"])
    assert ui.shows(t("coupons.redeem_usable"))
    await ui.type(t("coupons.redeem_order"), "XP-7")
    await ui.press(t("coupons.redeem_now"))
    await wait_for(ui, t("coupons.redeem_waits_why"))
    (use,) = redemptions.redemptions(sample.store.read)
    assert (use.state, use.coupon_id, use.order_no, use.at) == ("pending", coupon.id, "XP-7", to_text(NOW))
    assert sample.store.read.get(Coupon, coupon.id).state == "redeemed"
    (sent,) = sample.store.query(outbox.pending)
    assert (sent.name, sent.args["code"], sent.args["form"]) == ("redeem_coupon", coupon.code, "typed")
    assert not [text for text in ui.texts() if text.startswith("coupons.")] and not ui.reports
    await ui.type(t("coupons.redeem_field"), coupon.code)
    assert ui.shows(t("coupons.redeem_unusable")), "the same code again is refused here, at once"
    assert ui.count() <= 300


async def test_rule_1_11_a_typed_code_whose_row_is_elsewhere_needs_the_network(sample: Any) -> None:
    ui = await FakeUi.screen(sample, RedeemPage)
    await ui.type(FIELD, FOREIGN)
    await wait_for(ui, "要联网才能核对")
    assert GO not in ui.buttons()
    sample.headquarters.says = {"usable": True, "reason": None, "params": {}, "rules": RULES, "guide": "许念",
                                "valid_until": to_text(NOW + timedelta(days=3)), "code": FOREIGN}  # fmt: skip
    await ui.type(FIELD, "")
    await ui.type(FIELD, FOREIGN)
    await wait_for(ui, "满减券")
    assert ui.shows("许念") and ui.shows("立减 ¥50")
    await ui.type("本单适用商品金额（可不填）", "150.5")
    assert ui.shows("还差 ¥49.5")
    assert GO not in ui.buttons()
    await ui.type("本单适用商品金额（可不填）", "200")
    await ui.press(GO)
    await wait_for(ui, "待同步")
    (use,) = redemptions.redemptions(sample.store.read)
    assert (use.name, use.face_fen, use.coupon_id) == ("满减券", 5_000, None)


async def test_what_the_server_vouched_for_is_soon_forgotten(sample: Any) -> None:
    sample.headquarters.says = {"usable": True, "reason": None, "params": {}, "rules": RULES, "valid_until": None}
    ui = await FakeUi.screen(sample, RedeemPage)
    await ui.type(FIELD, FOREIGN)
    await wait_for(ui, "满减券")
    assert scan(sample, FOREIGN).refusal is None
    sample.clock.at += timedelta(minutes=11)
    assert scan(sample, FOREIGN).refusal.code == "needs_network"


async def test_a_coupon_used_elsewhere_says_who_where_and_when_before_the_button(sample: Any) -> None:
    params = {"by": "许念", "store": "静安寺店", "store_en": "Jing'an", "at": to_text(NOW - timedelta(hours=1))}
    sample.headquarters.says = {"usable": False, "reason": "coupon_used", "params": params, "rules": RULES}
    ui = await FakeUi.screen(sample, RedeemPage)
    await ui.type(FIELD, qr_of(sample))
    await wait_for(ui, "静安寺店由许念核销过了")
    assert GO not in ui.buttons()


async def test_rule_1_11_a_signed_qr_is_redeemed_offline_even_without_its_row(sample: Any) -> None:
    ui = await FakeUi.screen(sample, RedeemPage)
    text = qr_of(sample)
    await ui.type(FIELD, text)
    await wait_for(ui, "现在没有网络")
    assert ui.shows("立减 ¥50")
    await ui.press(GO)
    await wait_for(ui, "已核销，待同步")
    await ui.type(FIELD, text)
    assert ui.shows("已经核销过这张券") and GO not in ui.buttons()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"expires_at": NOW}, "已经过期"),
        ({"not_before": NOW + timedelta(hours=1)}, "还没到开始日期"),
        ({"key_no": 2}, "不是我们发的"),
    ],
)
async def test_rule_1_11_what_is_expired_early_or_not_ours_is_refused_offline(
    sample: Any, changes: dict[str, Any], says: str
) -> None:
    ui = await FakeUi.screen(sample, RedeemPage)
    await ui.type(FIELD, qr_of(sample, **changes))
    assert ui.shows(says) and GO not in ui.buttons()
    assert not sample.headquarters.asked


@pytest.mark.parametrize(
    ("state", "says"),
    [("allotted", "还没有发给客户"), ("redeemed", "已经用过"), ("expired", "已经过期"), ("voided", "已经作废")],
)
async def test_a_coupon_on_this_device_says_why_it_cannot_be_used(sample: Any, state: str, says: str) -> None:
    coupon = mine(sample, state if state in ("allotted", "redeemed") else "claimed")
    if state == "expired":
        await sample.store.write(lambda tx: tx.update(Coupon, coupon.id, valid_until=to_text(NOW)))
    elif state == "voided":
        await sample.store.write(lambda tx: tx.update(Coupon, coupon.id, state="voided"))
    ui = await FakeUi.screen(sample, RedeemPage)
    await ui.type(FIELD, f"http://shop.test/c/{coupon.code}")
    assert ui.shows(says), ui.texts()
    assert GO not in ui.buttons()


async def test_a_wrong_check_symbol_costs_no_question(sample: Any) -> None:
    ui = await FakeUi.screen(sample, RedeemPage)
    await ui.type(FIELD, FOREIGN[:-1] + ("0" if FOREIGN[-1] != "0" else "1"))
    assert ui.shows("券码不对") and not sample.headquarters.asked


async def test_refused_and_contested_uses_explain_themselves_to_both_and_to_the_manager(sample: Any) -> None:
    who = {"by": "许念", "store": "静安寺店", "store_en": "Jing'an", "at": to_text(NOW - timedelta(hours=2))}
    base = {"by_id": sample.staff.id, "store_id": sample.staff.store_id, "at": to_text(NOW), "form": "qr",
            "code_tail": "X7K2M", "name": "满减券", "face_fen": 5_000}  # fmt: skip
    lost = {"id": "r1", "state": "refused", "reason": "coupon_used", "params": who, **base}
    won = {"id": "r2", "state": "accepted", "contested": 1, "contest": who, **base}

    def put(tx: Any) -> None:
        for row in (lost, won):
            tx.put(Redemption, row)
            tx.put(TeamRedemption, row)

    await sample.store.write(put)
    ui = await FakeUi.screen(sample, RedeemPage)
    assert ui.shows("静安寺店由许念核销过了") and ui.shows("请告诉店长")
    assert ui.shows("静安寺店的许念又用这张券") and ui.shows("以你这次为准")
    assert ui.shows("未通过") and ui.shows("有人重复用")
    assert not ui.shows("店里要留意的核销")
    name = sample.staff.name
    sample.session = sample.manager
    boss = await FakeUi.screen(sample, RedeemPage)
    assert boss.shows("店里要留意的核销") and boss.shows(name)


async def test_a_replay_after_a_pull_shows_the_same_waiting_use(sample: Any) -> None:
    coupon = mine(sample, "claimed")
    ui = await FakeUi.screen(sample, RedeemPage)
    await ui.type(FIELD, coupon.code)
    await ui.until(lambda: GO in ui.buttons())
    await ui.press(GO)
    await wait_for(ui, "待同步")
    (use,) = redemptions.redemptions(sample.store.read)
    (sent,) = sample.store.query(outbox.pending)
    replay = replay_for(sample.staff.id, sample.session.device_id, sample.session.zone)
    await sample.store.write(lambda tx: tx.delete(Redemption, use.id))
    await sample.store.write(lambda tx: replay(tx, sent.name, sent.args))
    assert redemptions.redemptions(sample.store.read) == [use]


@pytest.mark.parametrize(
    ("text", "fen"), [("150", 15_000), ("¥1,150.5", 115_050), ("0.05", 5), ("", None), ("-1", None), ("1.234", None)]
)
def test_amounts_as_people_type_them(text: str, fen: int | None) -> None:
    assert fen_of(text) == fen
