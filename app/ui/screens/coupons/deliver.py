"""Handing a ready message to the guide's messenger, and counting it only when it was handed over (rule 9.2)."""

from __future__ import annotations

from typing import Any

from app.device.ports import COPIED, DISMISSED
from app.domain.errors import Rejected
from app.mutations import mutate, refusal_to_contact
from app.mutations.mutate import call_of, new_id
from app.protocol.mutations import MarkSignal, RecordContact
from app.ui import session as sessions
from app.ui.screens.today.reasons import Prompt

CHANNELS = {COPIED: "copied"}


async def hand_over(client: Any, customer_id: str, text: str) -> str | None:
    """Give `text` to the share sheet, else the clipboard; return the contact's channel, None when it did not go.

    Raises:
        Rejected: this customer may not be contacted now (rule 9). The screen asked before, but a device that slept
            shows an hour that is over.
    """
    denied = refusal_to_contact(client, customer_id)
    if denied is not None:
        raise Rejected(denied.code, params=denied.params)
    how = await sessions.current().ports.share.text(text)
    return None if how == DISMISSED else CHANNELS.get(how, "share_sheet")


async def record(
    client: Any, customer_id: str, kind: str, channel: str, prompt: Prompt | None, coupon_id: str | None = None
) -> None:
    """Record the contact, and that the signal which prompted it is dealt with."""
    call = call_of(client)
    signal = prompt.kind if prompt else None
    await mutate(client, RecordContact(new_id(call), customer_id, kind, channel, coupon_id=coupon_id, signal=signal))
    if prompt:
        await mutate(client, MarkSignal(new_id(call), customer_id, prompt.kind, prompt.subject, "done"))
