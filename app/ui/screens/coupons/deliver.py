"""Handing a ready message to the guide's messenger, and counting it only when it was handed over (rule 9.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from app.device.ports import COPIED, DISMISSED, SAVED
from app.domain.errors import Rejected
from app.mutations import make_share, mutate, refusal_to_contact
from app.mutations.mutate import call_of, new_id
from app.protocol.mutations import MarkSignal, RecordContact, RecordShare
from app.protocol.objects import Product
from app.ui import session as sessions
from app.ui.screens.share import content
from app.ui.screens.share.poster import Draft, hand_poster, message, record_of
from app.ui.screens.today.reasons import Prompt

CHANNELS = {COPIED: "copied", SAVED: "copied"}
CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was handed over: through which channel, and the share in it that is to be recorded, if any."""

    channel: str
    share: RecordShare | None = None


async def hand_over(
    client: Any, customer_id: str, text: str, product: Product | None = None, *, poster: bool = False
) -> Sent | None:
    """Give `text` to the share sheet, else the clipboard; None when it did not go.

    Args:
        client: The open client.
        customer_id: To whom.
        text: What is said, with the coupon's link if one goes along.
        product: Its signed link is added, so that a purchase counts for this guide.
        poster: Also make the product's poster and hand that over, the text beside it.

    Raises:
        Rejected: this customer may not be contacted now (rule 9). The screen asked before, but a device that slept
            shows an hour that is over.
        GuideError: the poster could not be drawn or written.
    """
    denied = refusal_to_contact(client, customer_id)
    if denied is not None:
        raise Rejected(denied.code, params=denied.params)
    ui = sessions.current()
    if product is None:
        how = await ui.ports.share.text(text)
        return None if how == DISMISSED else Sent(CHANNELS.get(how, "share_sheet"))
    draft = Draft(product, content.templates(client)[0], "", CHAT)
    if poster:
        made, how = await hand_poster(ui, replace(draft, caption=text), text)
    else:
        made = make_share(client, "product", product.no, CHAT)
        how = await ui.ports.share.text(message(text, made.link))
    share = record_of(draft, made, customer_id)
    return None if how == DISMISSED else Sent(CHANNELS.get(how, "share_sheet"), share)


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
