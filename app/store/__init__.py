"""The local store: `Store`, its transactions, and the queries in `app.store.queries`."""

from app.store.read import Read, reads, tables_of
from app.store.repair import open_store
from app.store.store import SYNC, TAP, Store, look_over
from app.store.tx import WriteTx

__all__ = ["SYNC", "TAP", "Read", "Store", "WriteTx", "look_over", "open_store", "reads", "tables_of"]
