"""Taking back a waiting mutation that has changed nothing here yet, such as a hand-over."""

from __future__ import annotations

from app.mutations.client import MutationClient
from app.store import outbox


async def withdraw(client: MutationClient, number: int) -> bool:
    """Drop waiting mutation `number`; False when it has left already: then the server decides.

    Raises:
        LocalFault: `disk_full` or `database_damaged`; nothing changed.
    """
    return await client.store.write(lambda tx: outbox.withdraw(tx, number))
