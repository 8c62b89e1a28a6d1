"""Sending the next coupon of a template: the pick and the issue in one transaction."""

from __future__ import annotations

from app.domain.errors import Rejected
from app.mutations.client import MutationClient
from app.mutations.contacting import require_contact
from app.mutations.mutate import call_of, kick, perform
from app.protocol.mutations import IssueCoupon
from app.protocol.objects import Coupon
from app.store import WriteTx
from app.store.queries import coupons


async def send_coupon(
    client: MutationClient,
    template_id: str,
    customer_id: str,
    *,
    signal: str | None = None,
    product_id: str | None = None,
) -> Coupon:
    """Issue the next coupon of this device's block to a customer and return it as it stands now.

    The ready message with `coupon_link` goes to the share sheet next; then `RecordContact` with `coupon_id`.

    Raises:
        Rejected: consent, quiet hours, budget, holder, `no_lease`, or a limit said no; nothing changed.
    """
    call = call_of(client)

    def change(tx: WriteTx) -> Coupon:
        require_contact(tx, customer_id, call)
        found = coupons.next_allotted(tx, template_id, call.device_id, call.at)
        if found is None:
            raise Rejected("no_lease", "this device holds no coupon of the template")
        perform(tx, IssueCoupon(found.id, customer_id, signal, product_id), call)
        return tx.must(Coupon, found.id)

    sent = await client.store.write(change)
    kick(client)
    return sent


def coupon_link(client: MutationClient, coupon: Coupon) -> str:
    """Return the customer's page of a coupon."""
    return f"{client.session.public_url.rstrip('/')}/c/{coupon.code}"
