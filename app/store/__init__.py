"""The local store: `Store`, its transactions, and the queries in `app.store.queries`."""

from app.store.read import Read, reads, tables_of
from app.store.repair import open_store
from app.store.store import SYNC, TAP, Store
from app.store.tx import WriteTx

__all__ = ["SYNC", "TAP", "Read", "Store", "WriteTx", "open_store", "reads", "tables_of"]
