"""Handing a ready message to the guide's messenger, and counting it only when it was handed over (rule 9.2)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from app.device.ports import COPIED, DISMISSED, SAVED
from app.domain.contact import store_day
from app.domain.errors import Rejected
from app.mutations import make_share, mutate, refusal_to_contact
from app.mutations.mutate import call_of, new_id
from app.protocol.mutations import MarkSignal, RecordContact, RecordShare
from app.protocol.objects import Product
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.screens.share import content
from app.ui.screens.share.poster import Draft, hand_poster, message, record_of
from app.ui.screens.today.reasons import Prompt
from app.ui.strings import t

CHANNELS = {COPIED: "copied", SAVED: "copied"}
CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was handed over: by which channel, its share that is to be recorded, the words as they went."""

    channel: str
    share: RecordShare | None = None
    text: str = ""


@dataclass
class Words:
    """What was handed over, never kept beyond the session: the plain words last given to each customer with their day
    of the store, and the words that went with each coupon.
    """

    last: dict[str, tuple[str, str]] = field(default_factory=dict)
    of_coupon: dict[str, str] = field(default_factory=dict)


def words_of_today(client: Any, customer_id: str) -> str | None:
    """Return the plain words that went to this customer today: giving them out again is no contact more (rule 9.2)."""
    day, text = sessions.current().slice(Words).last.get(customer_id, ("", ""))
    return text if day == _today(client) else None


def remember(client: Any, customer_id: str, text: str) -> None:
    """Keep the plain words that were handed over, for this session."""
    sessions.current().slice(Words).last[customer_id] = (_today(client), text)


def remember_coupon(coupon_id: str, text: str) -> None:
    """Keep the words that went with a coupon, its link among them, for this session."""
    sessions.current().slice(Words).of_coupon[coupon_id] = text


def words_with(coupon_id: str) -> str | None:
    """Return the words that went with a coupon in this session, as they went."""
    return sessions.current().slice(Words).of_coupon.get(coupon_id)


def _today(client: Any) -> str:
    call = call_of(client)
    return store_day(call.now, call.zone)[0]


async def give_again(client: Any, customer_id: str, text: str) -> None:
    """Hand today's words over once more; nothing is recorded.

    Raises:
        Rejected: consent, holder or quiet hours say no.
    """
    denied = refusal_to_contact(client, customer_id, again=True)
    if denied is not None:
        raise Rejected(denied.code, params=denied.params)
    if await sessions.current().ports.share.text(text) == DISMISSED:
        p.say(t("message.not_sent"), refused=True)
    else:
        p.say(t("message.copied_again"))


async def hand_over(
    client: Any,
    customer_id: str,
    text: str,
    product: Product | None = None,
    *,
    poster: bool = False,
    coupon_id: str | None = None,
) -> Sent | None:
    """Give `text` to the share sheet, else the clipboard; None when it did not go.

    Args:
        client: The open client.
        customer_id: To whom.
        text: What is said, with the coupon's link if one goes along.
        product: Its signed link is added, so that a purchase counts for this guide.
        poster: Also make the product's poster and hand that over, the text beside it.
        coupon_id: The coupon whose link stands in the text.

    Raises:
        Rejected: this customer may not be contacted now (rule 9). The screen asked before, but a device that slept
            shows an hour that is over.
        GuideError: the poster could not be drawn or written.
    """
    item_id = product.id if product else None
    denied = refusal_to_contact(client, customer_id, coupon_id=coupon_id, item_id=item_id)
    if denied is not None:
        raise Rejected(denied.code, params=denied.params)
    ui = sessions.current()
    if product is None:
        how = await ui.ports.share.text(text)
        return None if how == DISMISSED else Sent(CHANNELS.get(how, "share_sheet"), None, text)
    draft = Draft(product, content.templates(client)[0], "", CHAT)
    if poster:
        made, how = await hand_poster(ui, replace(draft, caption=text), text)
    else:
        made = make_share(client, "product", product.no, CHAT)
        how = await ui.ports.share.text(message(text, made.link))
    share = record_of(draft, made, customer_id)
    return None if how == DISMISSED else Sent(CHANNELS.get(how, "share_sheet"), share, message(text, made.link))


async def record(
    client: Any, customer_id: str, kind: str, sent: Sent, prompt: Prompt | None, coupon_id: str | None = None
) -> None:
    """Record the share, the contact, and that the signal which prompted it is dealt with."""
    call = call_of(client)
    signal = prompt.kind if prompt else None
    if sent.share is not None:
        await mutate(client, sent.share)
    share_id = sent.share.share_id if sent.share else None
    contact = RecordContact(
        new_id(call), customer_id, kind, sent.channel, coupon_id=coupon_id, share_id=share_id, signal=signal
    )
    await mutate(client, contact)
    if prompt:
        await mutate(client, MarkSignal(new_id(call), customer_id, prompt.kind, prompt.subject, "done"))
