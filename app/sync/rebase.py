"""Applying a page in one transaction: rewind, patch, prune the outbox, replay what is still pending."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from app.domain.errors import LocalFault
from app.protocol.objects import Erasure
from app.store import WriteTx, erase, indexes, outbox, patch, refused, undo
from app.sync.wire import Page, order_of

log = logging.getLogger(__name__)
Replay = Callable[[WriteTx, str, Mapping[str, Any]], None]


def apply_page(tx: WriteTx, page: Page, sent_cookie: Any, replay: Replay) -> bool:
    """Take a page in; return False when it is stale and was left out.

    Stale is: another pull moved the cookie meanwhile, the order runs back, or it confirms less than we know.
    The outbox is pruned in the same transaction: pruned later, a confirmed mutation would be replayed over rows that
    hold it already; earlier, its effect would vanish until the next pull.
    """
    client_id = outbox.identity(tx).client_id
    confirmed = page.confirmed.get(client_id)
    if _is_stale(tx, page, sent_cookie, confirmed):
        return False
    if page.cookie == sent_cookie and not page.patch:
        return True
    undo.rewind(tx)
    if page.begins and page.more and page.total >= indexes.MANY_ROWS:
        indexes.put_aside(tx)
    patch.apply(tx, page.patch)
    if confirmed is not None:
        refused.keep(tx, client_id, confirmed)
        outbox.prune(tx, confirmed)
        tx.set_meta("confirmed", confirmed)
    erased = erase.erased_in(page.patch) if Erasure.OBJECT in tx.touched else frozenset()
    if erased:
        erase.forget(tx, erased, page.server_time or "")
    replay_pending(tx, replay)
    if not page.more:
        indexes.bring_back(tx)
        refused.sweep(tx)
    tx.set_meta("cookie", page.cookie)
    return True


def _is_stale(tx: WriteTx, page: Page, sent_cookie: Any, confirmed: int | None) -> bool:
    if tx.meta("cookie") != sent_cookie or order_of(page.cookie) < order_of(sent_cookie):
        return True
    return confirmed is not None and confirmed < int(tx.meta("confirmed") or 0)


def replay_pending(tx: WriteTx, replay: Replay) -> None:
    """Run every pending mutation's local effect again, each in its own savepoint.

    One that throws stays pending with no local effect: whatever its reason, downloads go on (hazard 15).
    """
    for one in outbox.pending(tx):
        tx.conn.execute("SAVEPOINT replay")
        try:
            tx.local = True
            replay(tx, one.name, one.args)
        except LocalFault:
            raise
        except Exception as exc:
            tx.conn.execute("ROLLBACK TO replay")
            log.info("pending mutation %s %s has no local effect now: %s", one.id, one.name, type(exc).__name__)
        finally:
            tx.local = False
            tx.conn.execute("RELEASE replay")
