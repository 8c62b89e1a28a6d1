"""Making a share link with no network (rule 3.1)."""

from __future__ import annotations

import os
from dataclasses import dataclass

from app.domain.instants import Instant
from app.mutations.client import MutationClient
from app.mutations.mutate import call_of, new_id
from app.protocol import share_code

RANDOM_BITS = 20


@dataclass(frozen=True, slots=True)
class MadeShare:
    """A signed link; give its fields to `RecordShare` once it left the phone. `qr_link` is in capitals, for paper."""

    share_id: str
    code: str
    link: str
    qr_link: str
    created_at: Instant


def make_share(client: MutationClient, kind: str, item_no: int, channel: str) -> MadeShare:
    """Return a new signed share link.

    Args:
        client: The open client; its share key signs.
        kind: product | card | pack_entry.
        item_no: The server-given number `no` of what is shared.
        channel: chat | moments | group | print | card.
    Raises:
        ValueError: kind, channel or number are not of a share code.
    """
    call, session = call_of(client), client.session
    code = share_code.encode(
        session.share_key,
        key_no=session.share_key_no,
        guide_no=session.staff.no,
        kind=kind,
        item_no=item_no,
        channel=channel,
        at=call.now,
        random20=int.from_bytes(os.urandom(3), "big") >> (24 - RANDOM_BITS),
    )
    paper = share_code.link(session.public_url, code, paper=True)
    return MadeShare(new_id(call), code, share_code.link(session.public_url, code), paper, call.at)
