"""Every personal field of the client view: purpose, basis, days kept, sealed or clear (trust.md 2)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PersonalField:
    """One personal field. basis: contract | consent | interest. `keep_days` None = while the relation lasts."""

    kind: str
    name: str
    purpose: str
    basis: str
    keep_days: int | None
    sealed: bool


RELATION = None
BROWSE_DAYS = 180
LEAD_DAYS = 30
LEGAL_DAYS = 3 * 365

_ROWS: tuple[tuple[str, str, str, str, int | None, bool], ...] = (
    ("customer", "name", "address the person by name", "contract", RELATION, True),
    ("customer", "pinyin", "find the person by name", "contract", RELATION, True),
    ("customer", "initials", "find the person by name", "contract", RELATION, True),
    ("customer", "phone_masked", "tell two people of one name apart", "contract", RELATION, False),
    ("customer", "phone_tail", "find the person at the counter", "contract", RELATION, False),
    ("customer", "gender", "address the person properly", "contract", RELATION, False),
    ("customer", "birthday", "birthday wishes, month and day only", "consent", RELATION, True),
    ("customer", "note", "remember what the person asked for", "interest", RELATION, True),
    ("customer", "note_private", "delete the note at a hand-over", "interest", RELATION, True),
    ("customer", "sizes", "bring the right size", "contract", RELATION, True),
    ("customer", "likes", "suggest what fits", "consent", RELATION, True),
    ("customer", "tags", "group customers for service", "interest", RELATION, True),
    ("customer", "consents", "prove and respect the person's choice", "contract", LEGAL_DAYS, False),
    ("customer", "level", "member benefits", "contract", RELATION, False),
    ("customer", "points", "member benefits", "contract", RELATION, False),
    ("customer", "stored_value_fen", "stored-value card", "contract", LEGAL_DAYS, False),
    ("customer", "stored_value_topped_up_at", "stored-value card", "contract", LEGAL_DAYS, False),
    ("customer", "spend_fen", "segments and levels", "contract", RELATION, False),
    ("customer", "order_count", "segments and levels", "contract", RELATION, False),
    ("customer", "order_days", "segments and levels", "contract", RELATION, False),
    ("customer", "first_order_at", "segments and levels", "contract", RELATION, False),
    ("customer", "last_order_at", "segments and levels", "contract", RELATION, False),
    ("customer", "joined_at", "welcome and binding clocks", "contract", RELATION, False),
    ("customer", "source", "know where the person came from", "interest", RELATION, False),
    ("customer", "stage", "follow up", "interest", RELATION, False),
    ("customer", "referrals", "thank who brings friends", "interest", RELATION, False),
    ("customer", "facts", "serve the person as they like", "interest", RELATION, True),
    ("order", "customer_id", "service, returns and commission", "contract", LEGAL_DAYS, False),
    ("order", "lines", "service, returns and commission", "contract", LEGAL_DAYS, False),
    ("order", "evidence", "explain who is paid for the order", "interest", LEGAL_DAYS, False),
    ("browse_event", "customer_id", "suggest what was looked at", "consent", BROWSE_DAYS, False),
    ("browse_event", "product_id", "suggest what was looked at", "consent", BROWSE_DAYS, False),
    ("browse_event", "session_id", "count visits once", "consent", BROWSE_DAYS, False),
    ("browse_event", "at", "suggest what was looked at", "consent", BROWSE_DAYS, False),
    ("browse_event", "dwell_s", "tell a look from a slip", "consent", BROWSE_DAYS, False),
    ("browse_event", "kind", "help with a purchase that was left", "consent", BROWSE_DAYS, False),
    ("browse_event", "share_id", "count what a share led to", "consent", BROWSE_DAYS, False),
    ("coupon", "product_id", "not to send a second one for it", "interest", LEGAL_DAYS, False),
    ("coupon", "customer_id", "give and honour a coupon", "contract", LEGAL_DAYS, False),
    ("share", "customer_id", "remember what was sent", "interest", BROWSE_DAYS, False),
    ("share", "caption", "remember what was sent", "interest", BROWSE_DAYS, True),
    ("contact", "customer_id", "keep the contact budget", "interest", BROWSE_DAYS, False),
    ("action_reward", "customer_id", "prove the reward was earned", "contract", LEGAL_DAYS, False),
    ("signal_mark", "customer_id", "not to suggest twice", "interest", BROWSE_DAYS, False),
    ("erasure", "customer_id", "forget the person on every device", "contract", LEGAL_DAYS, False),
    ("handover", "words", "go on where a colleague left off", "interest", RELATION, True),
    ("handover", "customer_id", "go on where a colleague left off", "interest", RELATION, False),
    ("follow_up", "customer_id", "keep what was agreed", "interest", RELATION, False),
    ("follow_up", "note", "keep what was agreed", "interest", RELATION, True),
    ("follow_up", "private", "delete the note at a hand-over", "interest", RELATION, True),
    ("follow_up", "pieces", "bring and settle what a visit takes along", "contract", RELATION, True),
    ("rejected", "name", "show a refused change so that it can be mended", "interest", LEAD_DAYS, True),
    ("rejected", "subject", "show a refused change so that it can be mended", "interest", LEAD_DAYS, True),
    ("rejected", "params", "show a refused change so that it can be mended", "interest", LEAD_DAYS, True),
)
FIELDS: tuple[PersonalField, ...] = tuple(PersonalField(*row) for row in _ROWS)


def sealed_fields(kind: str) -> frozenset[str]:
    """Return the fields of an object that are sealed at rest."""
    return frozenset(field.name for field in FIELDS if field.kind == kind and field.sealed)


def personal_fields(kind: str) -> frozenset[str]:
    """Return all personal fields of an object."""
    return frozenset(field.name for field in FIELDS if field.kind == kind)
