"""Named mutations: `await mutate(client, EditNote(...))`; one verb a module."""

from app.mutations.client import MutationClient
from app.mutations.local import dismiss_problem, retry_refused
from app.mutations.mutate import mutate
from app.mutations.redeeming import Scanned, ask_server, redeem, scan
from app.mutations.refusals import refusal_to_contact, refusal_to_issue
from app.mutations.send_coupon import coupon_link, send_coupon
from app.mutations.share import MadeShare, make_share
from app.mutations.verbs import replay_for

__all__ = [
    "MadeShare",
    "MutationClient",
    "Scanned",
    "ask_server",
    "coupon_link",
    "dismiss_problem",
    "make_share",
    "mutate",
    "redeem",
    "refusal_to_contact",
    "refusal_to_issue",
    "replay_for",
    "retry_refused",
    "scan",
    "send_coupon",
]
