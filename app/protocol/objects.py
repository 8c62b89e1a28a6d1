"""Every object of the client view: key `<object>/<id>`, value = the fields of its dataclass here.

The same frozen dataclasses are what the phone's queries return. Instants are UTC text (see
`domain.instants`), money is whole fen, rates are basis points, days are `YYYY-MM-DD` of the
store's zone. Optional fields are absent or null on the wire. Unknown fields of a known object
are parked by the client, never dropped. One key has one value in every bucket.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from app.domain.follow_up import TakenPiece
from app.domain.instants import Instant
from app.domain.portrait import Fact

Fen = int
Bp = int


@dataclass(frozen=True, slots=True)
class Store:
    """A shop. Bucket `brand`. `hours`: "0".."6" (Monday first) to list of ["HH:MM","HH:MM"]."""

    OBJECT: ClassVar[str] = "store"
    id: str
    no: int
    name: str
    name_en: str
    city: str
    address: str
    zone: str
    hours: dict[str, list[list[str]]]


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff. Bucket `store:<store_id>` (HQ: `brand`). role: guide | manager | hq."""

    OBJECT: ClassVar[str] = "staff"
    id: str
    no: int
    staff_no: str
    name: str
    role: str
    store_id: str | None
    active: bool = True
    card_code: str | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A style in one colour. Bucket `brand`. `picture` is the sha256 of its JPEG blob."""

    OBJECT: ClassVar[str] = "product"
    id: str
    no: int
    style_no: str
    name: str
    name_en: str
    category: str
    series: str
    colour: str
    colour_en: str
    colour_hex: str
    sizes: list[str]
    list_price_fen: Fen
    price_fen: Fen
    picture: str
    description: str = ""
    description_en: str = ""
    private_only: bool = False
    released_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Stock:
    """Pieces of one product in one store. Id `<store_id>.<product_id>`. Bucket `store:<store_id>`."""

    OBJECT: ClassVar[str] = "stock"
    id: str
    store_id: str
    product_id: str
    sizes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a customer. kind: brand | personal | auto; an auto tag states its reason code."""

    name: str
    kind: str
    reason: str | None = None
    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of exactly one guide. Bucket `guide:<guide_id>`. The full phone is never here.

    `consents`: purpose (browse, marketing, wechat, sms; personal holds until a no) to bool. `birthday` is MM-DD.
    `sizes`: part (top, bottom, shoe) to text. `facts`: what the guide wrote (`domain.portrait` puts it all together).
    `stage` of `domain.follow_up.STAGES`, or empty. Figures count paid, not fully refunded orders; `spend_fen` is net
    of refunds. `referrals`: members who came by a link made for this customer (rule 6.4).
    """

    OBJECT: ClassVar[str] = "customer"
    id: str
    guide_id: str
    store_id: str
    name: str
    pinyin: str
    initials: str
    phone_masked: str
    phone_tail: str
    level: str
    joined_at: Instant
    gender: str = ""
    birthday: str | None = None
    note: str = ""
    note_private: bool = False
    sizes: dict[str, str] = field(default_factory=dict)
    likes: list[str] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    consents: dict[str, bool] = field(default_factory=dict)
    points: int = 0
    stored_value_fen: Fen = 0
    stored_value_topped_up_at: Instant | None = None
    spend_fen: Fen = 0
    order_count: int = 0
    order_days: int = 0
    first_order_at: Instant | None = None
    last_order_at: Instant | None = None
    bound_at: Instant | None = None
    protected_until: Instant | None = None
    bound_until: Instant | None = None
    source: str = ""
    stage: str = ""
    referrals: int = 0
    facts: list[Fact] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line: `paid_fen` is for all `qty` pieces after allocated discounts."""

    id: str
    product_id: str | None
    name: str
    qty: int
    price_fen: Fen
    discount_fen: Fen
    paid_fen: Fen
    size: str = ""
    colour: str = ""
    refunded_fen: Fen = 0
    refunded_qty: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """An order of one of my customers, from any channel. Bucket of the customer's guide.

    channel: store | miniprogram | marketplace | private | import. status: paid | part_refunded |
    refunded | cancelled. `reason` is the attribution reason code (rules 3.2, 3.4), `evidence` what
    it rests on. A historic order earns nothing.
    """

    OBJECT: ClassVar[str] = "order"
    id: str
    no: str
    customer_id: str
    store_id: str | None
    channel: str
    status: str
    created_at: Instant
    paid_at: Instant
    paid_fen: Fen
    refunded_fen: Fen
    lines: list[OrderLine]
    discount_fen: Fen = 0
    coupon_id: str | None = None
    closing_guide_id: str | None = None
    bound_guide_id: str | None = None
    reason: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    historic: bool = False


@dataclass(frozen=True, slots=True)
class BrowseEvent:
    """One consented product view, or a check-out begun. Bucket of the customer's guide. Kept 180 days.

    kind: view | checkout (a member came to the check-out with the product; an order of it says that it was finished).
    """

    OBJECT: ClassVar[str] = "browse_event"
    id: str
    customer_id: str
    product_id: str
    session_id: str
    at: Instant
    dwell_s: int
    share_id: str | None = None
    channel: str = ""
    kind: str = "view"


@dataclass(frozen=True, slots=True)
class CouponTemplate:
    """What a coupon promises (rules 1.1). Bucket `brand`. kind: amount_off | percent_off | exchange | free_shipping.

    `pay_bp`: of percent_off, what is paid (8500 = 15 % off). `scope`: {"kind": "all" | "products" |
    "categories" | "stores", "ids": [...]}. `validity`: {"kind": "fixed", "from": instant, "until": instant}
    | {"kind": "days", "n": N} | {"kind": "hours", "n": N} (a multiple of 24). channel: online | store | both.
    Quotas null = without limit.
    """

    OBJECT: ClassVar[str] = "coupon_template"
    id: str
    no: int
    name: str
    name_en: str
    kind: str
    scope: dict[str, Any]
    validity: dict[str, Any]
    face_fen: Fen = 0
    pay_bp: Bp = 10000
    cap_fen: Fen | None = None
    threshold_fen: Fen = 0
    threshold_base: str = "after_promotions"
    channel: str = "both"
    stack_group: str = "default"
    exclusive: bool = False
    total: int | None = None
    per_guide: int | None = None
    per_customer: int | None = None
    per_day: int | None = None
    purpose: str = "gift"
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Coupon:
    """One coupon of a block leased to one device (rule 1.4). Bucket `guide:<guide_id>`, once handed out the one of
    the customer's guide: after a hand-over the next guide sees it, `guide_id` stays who handed it out.

    state: allotted | issued | claimed | reserved | redeemed | returned | expired | voided; `opened_at`
    says that the customer saw it. `rules` is the template's snapshot (rule 1.3) as in CouponTemplate.
    `code` is the typed code (13 characters without dashes), `qr` the signed `GC1:` text; `product_id` what it was sent
    for.
    """

    OBJECT: ClassVar[str] = "coupon"
    id: str
    template_id: str
    lease_id: str
    device_id: str
    guide_id: str
    code: str
    qr: str
    state: str
    rules: dict[str, Any]
    lease_until: Instant
    customer_id: str | None = None
    issued_at: Instant | None = None
    opened_at: Instant | None = None
    claimed_at: Instant | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    order_id: str | None = None
    redeemed_at: Instant | None = None
    voided_at: Instant | None = None
    product_id: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """One share link made by a guide, and its funnel. Bucket `guide:<guide_id>`.

    kind: product | card | pack_entry. channel: chat | moments | group | print. `customer_id` when it
    was made for one customer, as long as they are this guide's.
    """

    OBJECT: ClassVar[str] = "share"
    id: str
    code: str
    guide_id: str
    kind: str
    item_id: str
    channel: str
    created_at: Instant
    caption: str = ""
    customer_id: str | None = None
    opened: int = 0
    viewed: int = 0
    claimed: int = 0
    bought: int = 0


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact that counts against the budget (rule 9.2). Bucket of the customer's guide.

    kind: message | coupon | poster | call | visit. by: guide | colleague | hq | ip. The text itself is not kept.
    """

    OBJECT: ClassVar[str] = "contact"
    id: str
    customer_id: str
    guide_id: str
    kind: str
    channel: str
    at: Instant
    by: str = "guide"
    coupon_id: str | None = None
    share_id: str | None = None
    signal: str | None = None
    transactional: bool = False


@dataclass(frozen=True, slots=True)
class ContactHolder:
    """Which device of the guide may contact offline: the one that last pulled (rule 9.2). Id = guide id, its bucket."""

    OBJECT: ClassVar[str] = "contact_holder"
    id: str
    device_id: str
    since: Instant


@dataclass(frozen=True, slots=True)
class SignalMark:
    """What the guide did with a signal. Bucket of the customer's guide. action: done | later | not_interested."""

    OBJECT: ClassVar[str] = "signal_mark"
    id: str
    customer_id: str
    signal: str
    subject: str
    action: str
    at: Instant
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A reminder, an appointment in the store, or a home visit. Bucket of the customer's guide.

    kind: reminder | appointment | visit. state: open | done | cancelled. `guide_id`: who is to do it, or did. The note
    of a `private` one is deleted at a hand-over. `pieces`: what a visit takes along, and what was kept.
    """

    OBJECT: ClassVar[str] = "follow_up"
    id: str
    guide_id: str
    customer_id: str
    kind: str
    at: Instant
    state: str
    created_at: Instant
    note: str = ""
    private: bool = False
    closed_at: Instant | None = None
    pieces: list[TakenPiece] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CommissionRule:
    """One version of a commission rule (rule 4.2). Bucket `brand`.

    level: brand | store | category | product | campaign.

    Exactly one of `rate_bp` and `fixed_fen` (per piece) is set. `closing_bp`: the closing guide's part when
    closing and bound differ (rule 3.3). `tiers`: [[from_fen, rate_bp], ...] progressive, or empty.
    `store_share_bp`: the franchisee's or store's part of the commission.
    """

    OBJECT: ClassVar[str] = "commission_rule"
    id: str
    version: int
    name: str
    name_en: str
    level: str
    target_id: str | None
    from_at: Instant
    until_at: Instant | None = None
    rate_bp: Bp | None = None
    fixed_fen: Fen | None = None
    tiers: list[list[int]] = field(default_factory=list)
    closing_bp: Bp = 7000
    store_share_bp: Bp = 0


@dataclass(frozen=True, slots=True)
class CommissionEntry:
    """One posting of commission to one guide (rules 4.3 to 4.9). Bucket `guide:<guide_id>`.

    kind: accrual | refund | tier. role: closing | bound | sole | tail. state: pending | confirmed | settled.
    `steps`: [{"op": code, "params": {...}, "fen": running amount}, ...]; evaluating them gives `amount_fen`.
    Holds no customer data: `label` is the product's name, `order_no` the receipt's number.
    """

    OBJECT: ClassVar[str] = "commission_entry"
    id: str
    guide_id: str
    order_id: str
    order_no: str
    line_id: str
    label: str
    kind: str
    role: str
    state: str
    base_fen: Fen
    amount_fen: Fen
    rule_id: str
    rule_version: int
    steps: list[dict[str, Any]]
    event_id: str
    created_at: Instant
    confirm_at: Instant | None = None
    confirmed_at: Instant | None = None
    statement_id: str | None = None
    reason: str | None = None
    sleep: bool = False


@dataclass(frozen=True, slots=True)
class Goal:
    """Sales targets of one guide. Id = guide id. Bucket `guide:<id>`."""

    OBJECT: ClassVar[str] = "goal"
    id: str
    day_fen: Fen
    month_fen: Fen


@dataclass(frozen=True, slots=True)
class Setting:
    """The brand's settings the phone needs. Id `brand`. Bucket `brand`.

    contact: {"day": 1, "week": 2, "month": 4, "quiet": ["21:00","09:00"]}; attribution: {"default_days": 14,
    "chat": 7, "print": 30}; after_sales_days: 7; signal: {"views": 3, "days": 14, "stored_low_fen": 20000,
    "cart_hours": 1, "cart_days": 3}; dormant_days: 365; rewards (rule 4.10): {"new_member": fen, "referral": fen,
    "hold_days": 14, "per_day": 20}.
    """

    OBJECT: ClassVar[str] = "setting"
    id: str
    brand: str
    brand_en: str
    contact: dict[str, Any]
    attribution: dict[str, Any]
    after_sales_days: int
    signal: dict[str, Any]
    dormant_days: int
    rewards: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pack:
    """A published content pack. Bucket `brand`. Bytes are fetched by digest and verified before use (rule 7.2)."""

    OBJECT: ClassVar[str] = "pack"
    id: str
    version: int
    manifest: str
    signature: str
    key_id: str
    published_at: Instant
    recalled: bool = False


@dataclass(frozen=True, slots=True)
class GuideDay:
    """One guide's day for the manager's board. Id `<guide_id>.<date>`. Bucket `manager:<store_id>`."""

    OBJECT: ClassVar[str] = "guide_day"
    id: str
    guide_id: str
    store_id: str
    date: str
    sales_fen: Fen = 0
    orders: int = 0
    shares: int = 0
    visits: int = 0
    contacts: int = 0
    redeemed: int = 0
    bindings: int = 0


@dataclass(frozen=True, slots=True)
class RejectedMutation:
    """A mutation the rules refused. Id `<client_id>/<mutation_id>`. Bucket `guide:<id>` of who sent it.

    Rendered from `code` and `params`; `subject` is the key of what it was about.
    """

    OBJECT: ClassVar[str] = "rejected"
    id: str
    client_id: str
    mutation_id: int
    name: str
    code: str
    params: dict[str, Any]
    at: Instant
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A closed month of one guide; it never changes again (rule 4.8). Bucket `guide:<guide_id>`.

    Id `<guide_id>.<YYYY-MM>`. Its lines are the commission entries with this `statement_id`; `digest` is
    `domain.statement.digest` over them.
    """

    OBJECT: ClassVar[str] = "statement"
    id: str
    guide_id: str
    month: str
    opening_fen: Fen
    closing_fen: Fen
    entries: int
    digest: str
    closed_at: Instant


@dataclass(frozen=True, slots=True)
class Redemption:
    """One try to use a coupon in a store, as the server judged it (rule 1.11). Bucket `guide:<by_id>`.

    form: qr | typed. state: accepted | refused, with `reason` a code and `params` who was first, where and when;
    returned after a refund of its order; pending on the device that made it, until the server has judged. `mark`
    tells that two tries were of one coupon (`coupon_code.mark_of`).
    `contested` counts later tries elsewhere, `contest` says the last: {"store": name, "by": name, "at": instant}.
    `skewed`: the device's clock was off by more than 5 minutes (rule 1.9). Holds no customer data.
    """

    OBJECT: ClassVar[str] = "redemption"
    id: str
    by_id: str
    store_id: str
    at: Instant
    form: str
    state: str
    code_tail: str
    coupon_id: str | None = None
    name: str = ""
    name_en: str = ""
    face_fen: Fen = 0
    reason: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    contested: int = 0
    contest: dict[str, Any] = field(default_factory=dict)
    skewed: bool = False
    order_no: str = ""
    order_id: str | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True)
class TeamRedemption:
    """What a manager sees of redemptions in the store: the contested and refused ones. Bucket `manager:<store_id>`."""

    OBJECT: ClassVar[str] = "team_redemption"
    id: str
    by_id: str
    store_id: str
    at: Instant
    form: str
    state: str
    code_tail: str
    name: str = ""
    name_en: str = ""
    face_fen: Fen = 0
    reason: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    contested: int = 0
    contest: dict[str, Any] = field(default_factory=dict)
    skewed: bool = False


@dataclass(frozen=True, slots=True)
class Dispute:
    """A guide asks why an order was not counted (features E2, F4). Bucket `guide:<guide_id>`.

    state: asked | accepted | refused. `evidence` is what the server found: {"reason": code, "rule": "3.2",
    "order": {...figures without customer data}, "touches": [...]}; `answer` is the manager's words.
    """

    OBJECT: ClassVar[str] = "dispute"
    id: str
    guide_id: str
    store_id: str
    order_no: str
    state: str
    asked_at: Instant
    order_id: str | None = None
    text: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    decided_at: Instant | None = None
    decided_by: str | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class TeamDispute:
    """The same dispute for the managers of the guide's store. Bucket `manager:<store_id>`."""

    OBJECT: ClassVar[str] = "team_dispute"
    id: str
    guide_id: str
    store_id: str
    order_no: str
    state: str
    asked_at: Instant
    text: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    decided_at: Instant | None = None
    decided_by: str | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class ActionReward:
    """One action reward in its own ledger (rules 4.10, 8.1, 8.2). Bucket `guide:<guide_id>`.

    kind: new_member | referral. state: pending | held | payable | rejected, `reason` a code of `domain.action_reward`.
    `flags` are shown to the guide, who may answer once; the manager decides a flagged one. `near`: the ids of the
    guide's other rewards that its reason speaks of.
    """

    OBJECT: ClassVar[str] = "action_reward"
    id: str
    guide_id: str
    store_id: str
    kind: str
    amount_fen: Fen
    state: str
    made_at: Instant
    customer_id: str | None = None
    held_until: Instant | None = None
    reason: str = ""
    flags: list[str] = field(default_factory=list)
    answer: str = ""
    decided_at: Instant | None = None
    decided_by: str | None = None
    near: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TeamReward:
    """A flagged reward waiting for, or decided by, a manager; without the customer. Bucket `manager:<store_id>`."""

    OBJECT: ClassVar[str] = "team_reward"
    id: str
    guide_id: str
    store_id: str
    kind: str
    amount_fen: Fen
    state: str
    made_at: Instant
    held_until: Instant | None = None
    reason: str = ""
    flags: list[str] = field(default_factory=list)
    answer: str = ""
    decided_at: Instant | None = None
    decided_by: str | None = None
    near: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Handover:
    """How one of my customers came to me from a colleague (rule 2.5). Bucket of the customer's guide.

    `words`: what the colleague wrote about the customer. Until `tail_until` the colleague gets `share_bp` of what
    I would earn as the bound guide.
    """

    OBJECT: ClassVar[str] = "handover"
    id: str
    customer_id: str
    from_guide_id: str | None
    to_guide_id: str
    at: Instant
    cause: str
    words: str = ""
    share_bp: Bp = 0
    tail_until: Instant | None = None


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A customer who went from me to a colleague, the store or the brand's own account; not who. Bucket `guide:<from>`.

    to_kind: guide | store | ip. cause: colleague | leaver | refused. Until `tail_until` I get `share_bp` of what the
    next guide would earn.
    """

    OBJECT: ClassVar[str] = "handed_over"
    id: str
    from_guide_id: str
    to_kind: str
    to_guide_id: str | None
    at: Instant
    cause: str
    share_bp: Bp = 0
    tail_until: Instant | None = None


@dataclass(frozen=True, slots=True)
class GuideBook:
    """How many customers a guide has and what they buy most, for splitting a book. Bucket `manager:<store_id>`.

    Id = guide id. `categories`: category to number of customers ("" = nothing bought yet). `skills`: categories the
    guide sells most. Counted once a day and at each hand-over; names nobody.
    """

    OBJECT: ClassVar[str] = "guide_book"
    id: str
    guide_id: str
    store_id: str
    customers: int
    categories: dict[str, int] = field(default_factory=dict)
    skills: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Erasure:
    """A customer who is to be forgotten, by an id that names nobody. Bucket `guide:<guide_id>`.

    A client drops all that waits, was refused or is parked about `customer_id`, and what its files still hold.
    """

    OBJECT: ClassVar[str] = "erasure"
    id: str
    customer_id: str
    guide_id: str
    at: Instant


@dataclass(frozen=True, slots=True)
class TeamVisit:
    """An appointment or a home visit as the managers of its guide's store see it: no customer, note or product.

    Bucket `manager:<store_id>`; id of the follow-up. kind: appointment | visit. state: open | done | cancelled. An open
    one is here while its customer is still the guide's. `taken`, `kept`: pieces of a visit.
    """

    OBJECT: ClassVar[str] = "team_visit"
    id: str
    guide_id: str
    store_id: str
    kind: str
    at: Instant
    state: str
    closed_at: Instant | None = None
    taken: int = 0
    kept: int = 0


OBJECTS: dict[str, type] = {
    kind.OBJECT: kind
    for kind in (
        Store, Staff, Product, Stock, Customer, Order, BrowseEvent, CouponTemplate, Coupon, Share,
        Contact, ContactHolder, SignalMark, CommissionRule, CommissionEntry, Goal, Setting, Pack,
        GuideDay, RejectedMutation, Statement, Redemption, TeamRedemption, Dispute, TeamDispute,
        ActionReward, TeamReward, Handover, HandedOver, GuideBook, Erasure, FollowUp, TeamVisit,
    )
}  # fmt: skip


def key(kind: str, row_id: str) -> str:
    """Return the key of the client view for an object and its id."""
    return f"{kind}/{row_id}"


def split_key(text: str) -> tuple[str, str]:
    """Return (object, id) of a key; an id may itself hold slashes."""
    kind, _, row_id = text.partition("/")
    return kind, row_id
