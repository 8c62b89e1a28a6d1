"""Every table of the server: one SQLAlchemy Core metadata for SQLite and PostgreSQL.

Instants are `domain.instants` text, money is whole fen, rates are basis points. Rows that a phone
sees are projected from here into `sync_row` (`server_stub.sync.projections`).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[str]:
    return Column("id", String(64), primary_key=True)


def _ref(name: str, target: str, *, null: bool = False, index: bool = False) -> Column[str]:
    return Column(name, String(64), ForeignKey(f"{target}.id"), nullable=null, index=index)


def _at(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, String(20), nullable=null)


def _text(name: str, default: str = "") -> Column[str]:
    return Column(name, Text, nullable=False, default=default)


def _fen(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=True) if null else Column(name, BigInteger, nullable=False, default=0)


def _int(name: str, default: int = 0) -> Column[int]:
    return Column(name, Integer, nullable=False, default=default)


def _flag(name: str, default: bool = False) -> Column[bool]:
    return Column(name, Boolean, nullable=False, default=default)


def _json(name: str, make: Any = dict) -> Column[Any]:
    return Column(name, JSON, nullable=False, default=make)


# --- brand, stores, staff ------------------------------------------------------------------

store = Table(
    "store", metadata, _id(),
    Column("no", Integer, nullable=False, unique=True),
    _text("name"), _text("name_en"), _text("city"), _text("address"), _text("zone", "Asia/Shanghai"), _json("hours"),
)  # fmt: skip

staff = Table(
    "staff", metadata, _id(),
    Column("no", Integer, nullable=False, unique=True),
    Column("staff_no", String(32), nullable=False, unique=True),
    _text("name"), Column("role", String(16), nullable=False), _ref("store_id", "store", null=True, index=True),
    _text("pin_hash"), _flag("active", True),
    Column("phone_hash", String(64)),  # to know purchases by staff (rule 3.3)
    Column("card_code", String(32), unique=True), _at("created_at", null=True),
    _flag("guide_enabled", True),
)  # fmt: skip

device = Table(
    "device", metadata, _id(),  # the id is the installation's own, unique with its staff member
    _ref("staff_id", "staff", index=True),
    Column("install_id", String(64), nullable=False),
    _text("name"),
    Column("share_key_no", Integer, nullable=False),  # 0..15 in rule 3.1, per guide
    _at("created_at"), _at("seen_at", null=True), _at("revoked_at", null=True), _at("leases_checked_at", null=True),
    _at("pin_at", null=True), _at("wiped_at", null=True),  # the PIN was last proved; a revoked one said it is erased
    UniqueConstraint("staff_id", "install_id"),
)  # fmt: skip

token = Table(
    "token", metadata, _id(),
    Column("family", String(64), nullable=False, index=True),
    _ref("staff_id", "staff"), _ref("device_id", "device", index=True),
    Column("access_hash", String(64), nullable=False, unique=True),
    Column("refresh_hash", String(64), nullable=False, unique=True),
    _at("access_until"), _at("refresh_until"), _at("created_at"),
    _at("used_at", null=True), _at("revoked_at", null=True),
)  # fmt: skip

login_try = Table(
    "login_try", metadata,
    Column("subject", String(80), primary_key=True),  # "staff:<no>" or "ip:<address>"
    Column("minute", BigInteger, primary_key=True), _int("tries"), _int("failures"),
)  # fmt: skip

# --- products ------------------------------------------------------------------------------

product = Table(
    "product", metadata, _id(),
    Column("no", Integer, nullable=False, unique=True),
    Column("style_no", String(32), nullable=False, index=True),
    _text("name"), _text("name_en"), Column("category", String(64), nullable=False, index=True), _text("series"),
    _text("colour"), _text("colour_en"), _text("colour_hex"), _json("sizes", list), _fen("list_price_fen"),
    _fen("price_fen"), _text("picture"), _text("description"), _text("description_en"), _flag("private_only"),
    _at("released_at", null=True), _flag("active", True),
)  # fmt: skip

stock = Table(
    "stock", metadata,
    Column("id", String(130), primary_key=True),  # <store_id>.<product_id>
    _ref("store_id", "store", index=True), _ref("product_id", "product", index=True), _json("sizes"),
)  # fmt: skip

# --- customers -----------------------------------------------------------------------------

customer = Table(
    "customer", metadata, _id(),
    Column("phone_sealed", LargeBinary), Column("phone_hash", String(64), unique=True),
    _text("phone_masked"), Column("phone_tail", String(4), nullable=False, default=""),
    _text("name"), _text("pinyin"), _text("initials"), _text("level"), _text("gender"), Column("birthday", String(5)),
    _text("note"), _flag("note_private"), _json("sizes"), _json("likes", list), _int("points"),
    _fen("stored_value_fen"), _at("stored_value_topped_up_at", null=True),
    _fen("spend_fen"), _int("order_count"), _int("order_days"), _at("first_order_at", null=True),
    _at("last_order_at", null=True), _at("joined_at"), _text("source"), _text("stage"),
    _int("referrals"),  # members who came by a link made for this customer (rule 6.4)
    Column("imported_source", String(64)), Column("imported_id", String(128)),
    _ref("guide_id", "staff", null=True, index=True), _ref("store_id", "store", null=True, index=True),
    _flag("no_guide"),  # they refused to have one (rule 2.5)
    _at("bound_at", null=True), _at("protected_until", null=True), _at("bound_until", null=True),
    _flag("staff_member"), _at("erased_at", null=True),
    UniqueConstraint("imported_source", "imported_id"),
)  # fmt: skip

customer_tag = Table(
    "customer_tag", metadata,
    _ref("customer_id", "customer"), Column("name", String(64), nullable=False),
    Column("kind", String(16), nullable=False, default="personal"), Column("reason", String(64)), _at("at", null=True),
    Column("by_staff", String(64)),
)  # fmt: skip
customer_tag.append_constraint(UniqueConstraint("customer_id", "kind", "name"))

customer_fact = Table(
    "customer_fact", metadata,  # what guides wrote of a portrait, one row a fact (feature A3)
    _ref("customer_id", "customer"), Column("kind", String(16), nullable=False),
    Column("name", String(64), nullable=False, default=""), _text("value"),
    Column("source", String(16), nullable=False, default="guide"), _at("at", null=True), Column("by_staff", String(64)),
)  # fmt: skip
customer_fact.append_constraint(UniqueConstraint("customer_id", "kind", "name"))

follow_up = Table(
    "follow_up", metadata, _id(),  # reminders, appointments and home visits (feature A11)
    _ref("guide_id", "staff"), _ref("customer_id", "customer", index=True),
    Column("kind", String(16), nullable=False), _at("at"), Column("state", String(16), nullable=False),
    _at("created_at"), _text("note"), _flag("private"), _at("closed_at", null=True), _json("pieces", list),
)  # fmt: skip

binding = Table(
    "binding", metadata, _id(),
    _ref("customer_id", "customer", index=True), _ref("guide_id", "staff", index=True),
    _ref("store_id", "store", null=True), _at("from_at"), _at("until_at", null=True),
    _text("mode"), _text("source"), _at("protected_until", null=True), _at("bound_until", null=True),
    _text("end_reason"),
)  # fmt: skip
Index(
    "uq_binding_open", binding.c.customer_id, unique=True,
    sqlite_where=text("until_at IS NULL"), postgresql_where=text("until_at IS NULL"),
)  # fmt: skip

handover = Table(
    "handover", metadata, _id(),  # each time a customer went from one to another, only added to (rule 2.5)
    _ref("customer_id", "customer", index=True), _ref("from_guide_id", "staff", null=True, index=True),
    Column("to_kind", String(8), nullable=False),  # guide | store | ip
    _ref("to_guide_id", "staff", null=True), _ref("store_id", "store", null=True), _at("at"),
    Column("cause", String(16), nullable=False),  # colleague | leaver | refused
    _text("reason"), _text("words"), Column("by_id", String(64)), _int("share_bp"), _at("tail_until", null=True),
)  # fmt: skip

guide_book = Table(
    "guide_book", metadata, _id(),  # the id is the guide's: what a manager may know of a book (people.books)
    _ref("guide_id", "staff"), _ref("store_id", "store", index=True), _int("customers"), _json("categories"),
    _json("skills", list), _at("counted_at"),
)  # fmt: skip

consent = Table(
    "consent", metadata, _id(),
    Column("person_kind", String(8), nullable=False),  # customer | visitor
    Column("person_id", String(64), nullable=False),
    Column("purpose", String(16), nullable=False),  # browse | marketing | wechat | sms
    _flag("granted"), _at("at"), _text("source"), _text("wording"),
)  # fmt: skip
Index("ix_consent_person", consent.c.person_kind, consent.c.person_id, consent.c.purpose, consent.c.at)

visitor = Table(
    "visitor", metadata, _id(),
    _at("created_at"), _at("seen_at", null=True), _ref("customer_id", "customer", null=True, index=True),
    _at("joined_at", null=True),
)  # fmt: skip

signin_code = Table(
    "signin_code", metadata, _id(),
    Column("phone_hash", String(64), nullable=False, index=True), Column("code_hash", String(64), nullable=False),
    _at("created_at"), _at("until"), _int("tries"), _at("used_at", null=True), Column("ip", String(64)),
)  # fmt: skip

member_session = Table(
    "member_session", metadata, _id(),
    Column("token_hash", String(64), nullable=False, unique=True),
    _ref("customer_id", "customer", index=True), _at("created_at"), _at("until"), _at("ended_at", null=True),
)  # fmt: skip

# --- privacy -------------------------------------------------------------------------------

reveal = Table(
    "reveal", metadata, _id(),  # full numbers shown; without a customer: the hour's limit was met
    _ref("staff_id", "staff"), Column("device_id", String(64)), Column("customer_id", String(64), index=True),
    Column("reason", String(16), nullable=False), _text("note"), _at("at"),
)  # fmt: skip
Index("ix_reveal_staff_at", reveal.c.staff_id, reveal.c.at)

erasure = Table(
    "erasure", metadata,
    Column("id", String(130), primary_key=True),  # <customer id>.<guide id>: one for each guide who ever had them
    Column("customer_id", String(64), nullable=False, index=True), _ref("guide_id", "staff"), _at("at"),
)  # fmt: skip

erasure_receipt = Table(
    "erasure_receipt", metadata,
    Column("erasure_id", String(130), ForeignKey("erasure.id"), primary_key=True),
    Column("device_id", String(64), ForeignKey("device.id"), primary_key=True),
    _at("erased_at", null=True),  # when the device came back with a cookie behind the erasure
)  # fmt: skip
Index("ix_erasure_receipt_open", erasure_receipt.c.device_id, erasure_receipt.c.erased_at)

# --- shares, views, coupons ----------------------------------------------------------------

share = Table(
    "share", metadata, _id(),
    Column("code", String(40), nullable=False, unique=True), _ref("guide_id", "staff", index=True),
    Column("device_id", String(64)), _text("kind"), _text("item_id"), _text("channel"), _at("created_at"),
    _text("caption"), _ref("customer_id", "customer", null=True, index=True),
    _int("opened"), _int("viewed"), _int("claimed"), _int("bought"),
    _flag("synced"),  # false while the server knows it only from its code
)  # fmt: skip

touch = Table(
    "touch", metadata, _id(),
    Column("person_kind", String(8), nullable=False), Column("person_id", String(64), nullable=False),
    _ref("share_id", "share", index=True), _ref("guide_id", "staff"), _text("channel"), _at("at"),
    Column("session_id", String(64)),
)  # fmt: skip
Index("ix_touch_person_at", touch.c.person_kind, touch.c.person_id, touch.c.at)

browse_event = Table(
    "browse_event", metadata, _id(),
    _ref("customer_id", "customer", null=True), _ref("visitor_id", "visitor", null=True),
    _ref("product_id", "product"), Column("session_id", String(64), nullable=False), _at("at"), _int("dwell_s"),
    Column("share_id", String(64)), _text("channel"),
    Column("kind", String(12), nullable=False, default="view", server_default="view"),  # view | checkout
)  # fmt: skip
Index("ix_browse_event_customer", browse_event.c.customer_id, browse_event.c.product_id, browse_event.c.at)
Index("ix_browse_event_visitor", browse_event.c.visitor_id, browse_event.c.at)
Index("ix_browse_event_at", browse_event.c.at)

coupon_template = Table(
    "coupon_template", metadata, _id(),
    Column("no", Integer, nullable=False, unique=True),
    _text("name"), _text("name_en"), Column("kind", String(16), nullable=False), _json("scope"), _json("validity"),
    _fen("face_fen"), _int("pay_bp", 10000), _fen("cap_fen", null=True), _fen("threshold_fen"),
    _text("threshold_base", "after_promotions"), _text("channel", "both"), _text("stack_group", "default"),
    _flag("exclusive"), Column("total", Integer), Column("per_guide", Integer), Column("per_customer", Integer),
    Column("per_day", Integer), _text("purpose", "gift"), _flag("stopped"), _text("cost_bearer", "brand"),
    _int("lease_size", 20),
)  # fmt: skip

lease = Table(
    "lease", metadata, _id(),
    _ref("template_id", "coupon_template"), _ref("device_id", "device"), _ref("guide_id", "staff", index=True),
    _int("size"), _at("from_at"), _at("until_at"), _at("released_at", null=True),
)  # fmt: skip
Index("ix_lease_open", lease.c.template_id, lease.c.device_id, lease.c.released_at)

coupon = Table(
    "coupon", metadata, _id(),
    _ref("template_id", "coupon_template"), _ref("lease_id", "lease", index=True), Column("device_id", String(64)),
    _ref("guide_id", "staff"), Column("code", String(16), nullable=False, unique=True), _text("qr"),
    Column("state", String(16), nullable=False), _json("rules"), _at("lease_until"),
    _ref("customer_id", "customer", null=True, index=True), _at("issued_at", null=True), _at("opened_at", null=True),
    _at("claimed_at", null=True), _at("valid_from", null=True), _at("valid_until", null=True),
    Column("order_id", String(64), index=True), _at("redeemed_at", null=True), _at("voided_at", null=True),
    Column("signal", String(64)), Column("product_id", String(64)),
    Column("earned_order_id", String(64), index=True),  # the order that brought it as a gift
)  # fmt: skip
Index("ix_coupon_guide_state", coupon.c.guide_id, coupon.c.state)
Index("ix_coupon_template_state", coupon.c.template_id, coupon.c.state)

coupon_event = Table(
    "coupon_event", metadata, _id(),
    _ref("coupon_id", "coupon", index=True), Column("idempotency_key", String(128), nullable=False, unique=True),
    _text("event"), _text("from_state"), _text("to_state"), _at("at"), Column("order_id", String(64)), _json("params"),
)  # fmt: skip

# --- orders and commission -----------------------------------------------------------------

orders = Table(
    "orders", metadata, _id(),
    Column("no", String(64), nullable=False, unique=True), _ref("customer_id", "customer"),
    _ref("store_id", "store", null=True), Column("channel", String(16), nullable=False),
    Column("status", String(16), nullable=False), _at("created_at"), _at("paid_at"), _fen("paid_fen"),
    _fen("refunded_fen"), _fen("discount_fen"), Column("coupon_id", String(64)),
    _ref("closing_guide_id", "staff", null=True), _ref("bound_guide_id", "staff", null=True),
    Column("reason", String(64)), _json("evidence"), _json("flags", list), _flag("historic"),
    Column("idempotency_key", String(128), unique=True),
)  # fmt: skip
Index("ix_orders_customer_paid", orders.c.customer_id, orders.c.paid_at)
Index("ix_orders_closing_paid", orders.c.closing_guide_id, orders.c.paid_at)

order_line = Table(
    "order_line", metadata, _id(),
    _ref("order_id", "orders", index=True), _int("position"), _ref("product_id", "product", null=True, index=True),
    _text("name"), _int("qty", 1), _fen("price_fen"), _fen("discount_fen"), _fen("paid_fen"), _text("size"),
    _text("colour"), _fen("refunded_fen"), _int("refunded_qty"),
    _fen("list_fen", null=True), Column("category", String(64)),  # as sold, for refunds and recomputing
)  # fmt: skip

refund = Table(
    "refund", metadata, _id(),
    Column("event_id", String(128), nullable=False), _ref("order_id", "orders", index=True),
    _ref("line_id", "order_line"), _int("qty"), _fen("paid_fen"), _fen("lost_discount_fen"), _at("at"), _text("reason"),
    UniqueConstraint("event_id", "line_id"),
)  # fmt: skip

commission_rule = Table(
    "commission_rule", metadata, _id(),
    Column("version", Integer, nullable=False, default=1), _text("name"), _text("name_en"),
    Column("level", String(16), nullable=False), Column("target_id", String(64)), _at("from_at"),
    _at("until_at", null=True), Column("rate_bp", Integer), _fen("fixed_fen", null=True), _json("tiers", list),
    _int("closing_bp", 7000), _int("store_share_bp"),
)  # fmt: skip

commission_entry = Table(
    "commission_entry", metadata, _id(),
    _ref("guide_id", "staff"), _ref("order_id", "orders", index=True), _text("order_no"),
    Column("line_id", String(64), nullable=False), _text("label"), Column("kind", String(16), nullable=False),
    Column("role", String(16), nullable=False), Column("state", String(16), nullable=False), _fen("base_fen"),
    _fen("amount_fen"), _text("rule_id"), _int("rule_version"), _json("steps", list),
    Column("event_id", String(128), nullable=False), _at("created_at"), _at("confirm_at", null=True),
    _at("confirmed_at", null=True), Column("statement_id", String(64)), Column("reason", String(64)), _flag("sleep"),
    UniqueConstraint("rule_id", "rule_version", "line_id", "role", "event_id"),
)  # fmt: skip
Index("ix_commission_entry_guide", commission_entry.c.guide_id, commission_entry.c.created_at)
Index("ix_commission_entry_due", commission_entry.c.state, commission_entry.c.confirm_at)

statement = Table(
    "statement", metadata, _id(),
    _ref("guide_id", "staff"), Column("month", String(7), nullable=False), _fen("opening_fen"), _fen("closing_fen"),
    _at("closed_at"), _text("digest"), _int("entries"), UniqueConstraint("guide_id", "month"),
)  # fmt: skip

store_entry = Table(
    "store_entry", metadata, _id(),  # the store's or franchisee's part of commission: nobody's phone shows it
    _ref("store_id", "store", index=True), _ref("order_id", "orders", index=True),
    Column("line_id", String(64), nullable=False), Column("kind", String(16), nullable=False), _fen("base_fen"),
    _fen("amount_fen"), _text("rule_id"), _int("rule_version"), _json("steps", list),
    Column("event_id", String(128), nullable=False), _at("created_at"),
    UniqueConstraint("rule_id", "rule_version", "line_id", "event_id"),
)  # fmt: skip

order_event = Table(
    "order_event", metadata,  # what other systems told us, each event once (feature G5)
    Column("event_id", String(128), primary_key=True), Column("source", String(64), nullable=False),
    Column("order_no", String(64), nullable=False, index=True), Column("kind", String(16), nullable=False),
    Column("body_hash", String(64), nullable=False), _at("at"), _at("received_at"),
    Column("state", String(16), nullable=False),  # applied | waiting (came before its order) | refused
    Column("code", String(64)), _json("body"), _json("answer"),
)  # fmt: skip
Index("ix_order_event_waiting", order_event.c.state, order_event.c.order_no)

redemption = Table(
    "redemption", metadata, _id(),
    _ref("by_id", "staff", index=True), Column("device_id", String(64)), _ref("store_id", "store"), _at("at"),
    _at("decided_at"), Column("form", String(8), nullable=False), Column("state", String(16), nullable=False),
    _text("code_tail"), _ref("coupon_id", "coupon", null=True, index=True), _text("name"), _text("name_en"),
    _fen("face_fen"), Column("reason", String(64)), _json("params"), _int("contested"), _json("contest"),
    _flag("skewed"), _text("order_no"), Column("order_id", String(64)),
    _text("mark"),
)  # fmt: skip

dispute = Table(
    "dispute", metadata, _id(),
    _ref("guide_id", "staff", index=True), _ref("store_id", "store"), Column("order_no", String(64), nullable=False),
    Column("order_id", String(64)), Column("state", String(16), nullable=False), _at("asked_at"), _text("text"),
    _json("evidence"), _at("decided_at", null=True), Column("decided_by", String(64)), _text("answer"),
)  # fmt: skip

action_reward = Table(
    "action_reward", metadata, _id(),
    _ref("guide_id", "staff", index=True), _ref("store_id", "store"), Column("kind", String(16), nullable=False),
    _fen("amount_fen"), Column("state", String(16), nullable=False, index=True), _at("made_at"),
    _ref("customer_id", "customer", null=True, index=True), Column("phone_key", String(64), nullable=False, index=True),
    Column("device_key", String(64), nullable=False, default=""), _at("held_until", null=True), _text("reason"),
    _json("flags", list), _text("answer"), _at("decided_at", null=True), Column("decided_by", String(64)),
    _at("deleted_at", null=True), _json("near", list),
)  # fmt: skip

# --- contact, signals, settings, content ---------------------------------------------------

contact = Table(
    "contact", metadata, _id(),
    _ref("customer_id", "customer"), Column("guide_id", String(64), nullable=False), _text("kind"), _text("channel"),
    _at("at"), _text("by", "guide"), Column("coupon_id", String(64)), Column("share_id", String(64)),
    Column("signal", String(64)), _flag("transactional"),
)  # fmt: skip
Index("ix_contact_customer_at", contact.c.customer_id, contact.c.at)

contact_holder = Table("contact_holder", metadata, _id(), _ref("device_id", "device"), _at("since"))

signal_mark = Table(
    "signal_mark", metadata, _id(),
    _ref("customer_id", "customer", index=True), _text("signal"), _text("subject"), _text("action"), _at("at"),
    _at("until", null=True), Column("by_staff", String(64)),
)  # fmt: skip

goal = Table("goal", metadata, _id(), _fen("day_fen"), _fen("month_fen"))

setting = Table(
    "setting", metadata, _id(),
    _text("brand"), _text("brand_en"), _json("contact"), _json("attribution"), _int("after_sales_days", 7),
    _json("signal"), _int("dormant_days", 365), _json("binding"), _json("rewards"),
)  # fmt: skip

pack = Table(
    "pack", metadata, _id(),
    _int("version"), _text("manifest"), _text("signature"), _text("key_id"), _at("published_at"), _flag("recalled"),
)  # fmt: skip

blob = Table(
    "blob", metadata,
    Column("sha256", String(64), primary_key=True), _int("size"), _text("media_type"), _at("created_at"),
)  # fmt: skip

guide_day = Table(
    "guide_day", metadata,
    Column("id", String(80), primary_key=True),  # <guide_id>.<date>
    _ref("guide_id", "staff"), _ref("store_id", "store"), Column("date", String(10), nullable=False),
    _fen("sales_fen"), _int("orders"), _int("shares"), _int("visits"), _int("contacts"), _int("redeemed"),
    _int("bindings"),
)  # fmt: skip
Index("ix_guide_day_store_date", guide_day.c.store_id, guide_day.c.date)

import_identity = Table(
    "import_identity", metadata,
    Column("source", String(64), primary_key=True), Column("row_hash", String(64), primary_key=True),
    Column("nth", Integer, primary_key=True), _text("kind"), Column("object_id", String(64)),
)  # fmt: skip

audit = Table(
    "audit", metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True), _at("at"), Column("staff_id", String(64)),
    Column("device_id", String(64)), Column("action", String(64), nullable=False), _text("object"), _json("fields"),
    Column("prev_hash", String(64), nullable=False), Column("hash", String(64), nullable=False),
)  # fmt: skip

# --- sync ----------------------------------------------------------------------------------

bucket = Table(
    "bucket", metadata,
    Column("id", String(96), primary_key=True), Column("ver", BigInteger, nullable=False, default=0),
    Column("horizon", BigInteger, nullable=False, default=0),  # tombstones up to this version were purged
    _int("rows"), Column("sum32", BigInteger, nullable=False, default=0),  # of live rows (protocol.sync_sums)
)  # fmt: skip

sync_row = Table(
    "sync_row", metadata,
    Column("bucket", String(96), primary_key=True), Column("key", String(200), primary_key=True),
    Column("ver", BigInteger, nullable=False),
    Column("value", Text),  # compact JSON; NULL = deleted
    _at("at"), _int("projection", 1),
)  # fmt: skip
Index("ix_sync_row_bucket_ver", sync_row.c.bucket, sync_row.c.ver, unique=True)
Index("ix_sync_row_key", sync_row.c.key)
Index(
    "ix_sync_row_tombstone", sync_row.c.at,
    sqlite_where=sync_row.c.value.is_(None), postgresql_where=sync_row.c.value.is_(None),
)  # fmt: skip

client_group = Table(
    "client_group", metadata, _id(), _ref("staff_id", "staff"), Column("device_id", String(64)), _at("created_at"),
    Column("ver", BigInteger, nullable=False, default=0), _at("pulled_at", null=True), _at("floor_at", null=True),
)  # fmt: skip

client = Table(
    "client", metadata, _id(),
    _ref("group_id", "client_group", index=True), Column("lmid", BigInteger, nullable=False, default=0),
    Column("ver", BigInteger, nullable=False, default=0), _at("seen_at", null=True),
)  # fmt: skip

seen_mutation = Table(
    "seen_mutation", metadata,
    Column("client_id", String(64), primary_key=True), Column("mutation_id", BigInteger, primary_key=True),
    Column("mid", String(64)), Column("args_hash", String(64), nullable=False),
    Column("name", String(64), nullable=False), Column("staff_id", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("code", String(64)), _at("at"),
)  # fmt: skip
Index("ix_seen_mutation_mid", seen_mutation.c.staff_id, seen_mutation.c.mid)
Index("ix_seen_mutation_at", seen_mutation.c.at)

rejected = Table(
    "rejected", metadata,
    Column("id", String(100), primary_key=True),  # <client id>/<mutation id>
    _ref("staff_id", "staff"), Column("client_id", String(64), nullable=False), Column("mutation_id", BigInteger),
    _text("name"), _text("code"), _json("params"), Column("subject", String(200)), _at("at"),
)  # fmt: skip

counter = Table(
    "counter", metadata, Column("name", String(64), primary_key=True),
    Column("value", BigInteger, nullable=False, default=0),
)  # fmt: skip

meta = Table("meta", metadata, Column("name", String(64), primary_key=True), Column("value", Text, nullable=False))
