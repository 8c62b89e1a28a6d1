"""What to say: ready texts in three tones, headquarters' words for the product first, then the app's own.

No text says that somebody was watched (rule 5.4), and none claims what is not known of the customer.
"""

from __future__ import annotations

from typing import Any

from app.insight.match import suggestions_for
from app.protocol.objects import Customer, Product
from app.ui import hooks
from app.ui import session as sessions
from app.ui.screens.customers.words import product_name, salutation
from app.ui.screens.share import content
from app.ui.screens.share.view import TONES
from app.ui.screens.today.reasons import SUGGESTED, Prompt
from app.ui.strings import Strings, current, t

GOODS = 3
WITHOUT = {"birthday": "birthday_wish", "dormant": "lapsing", "general": "hello"}  # what speaks of a coupon, without

__all__ = ["TONES", "ready_text", "ready_texts", "use_goods", "with_coupon_said"]


def ready_texts(customer: Customer, prompt: Prompt | None, tone: str, *, coupon: bool = True) -> tuple[str, ...]:
    """Return the ready messages of a tone, the most fitting first; at least one.

    Args:
        customer: To whom.
        prompt: What prompted it, None for a message out of the blue.
        tone: warm | plain | lively.
        coupon: Whether a coupon goes along: its texts speak of one.
    """
    strings, client = current(), sessions.current().client
    product = prompt.product if prompt else None
    kind = prompt.kind if prompt else "general"
    texts = [_own(customer, kind if coupon else WITHOUT.get(kind, kind), product, tone, client, strings)]
    if prompt and product is not None and prompt.kind in SUGGESTED:
        name = salutation(customer, strings)
        texts = [
            t("message.dear", name=name, text=one) for one in content.made_for(client, product, tone, strings)
        ] + texts
    return tuple(dict.fromkeys(texts))


def ready_text(customer: Customer, prompt: Prompt | None, tone: str, *, coupon: bool = True) -> str:
    """Return the first ready message of a tone."""
    return ready_texts(customer, prompt, tone, coupon=coupon)[0]


def with_coupon_said(text: str, prompt: Prompt | None, name: str) -> str:
    """Return a ready text that ends with the coupon's `name`, unless it offers a coupon already."""
    offers = (prompt.kind if prompt else "general") in WITHOUT and t("message.coupon_word") in text
    return text if offers else f"{text}{'' if current().is_chinese else ' '}{t('message.coupon_along', coupon=name)}"


def _own(customer: Customer, kind: str, product: Product | None, tone: str, client: Any, strings: Strings) -> str:
    key = f"message.{kind}.{tone}"
    if not strings.has(key) or (
        product is None and "{product}" in strings.t(key, product="{product}", name="", guide="")
    ):
        key = f"message.hello.{tone}"
    name, shown = salutation(customer, strings), product_name(product) if product else ""
    return strings.t(key, name=name, guide=client.staff.name, product=shown)


def use_goods(customer_id: str, first: Product | None) -> tuple[Product, ...] | None:
    """Return up to three products to send along, `first` first; None until they are found off the loop. A hook."""
    client, now = hooks.use_client(), hooks.use_now()
    store = client.staff.store_id
    task = hooks.use_task(
        lambda: client.store.query_in_thread(suggestions_for, customer_id, now, store, GOODS + 1),
        id(client), customer_id,
    )  # fmt: skip
    if task.value is None:
        return None
    found = [*([first] if first else []), *(one.product for one in task.value)]
    styles = {one.style_no or one.id: one for one in reversed(found)}
    return tuple(one for one in found if styles[one.style_no or one.id] is one)[:GOODS]
