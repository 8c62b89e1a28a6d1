"""What the guide does about work that went wrong: try a refused mutation again, dismiss a problem of this device."""

from __future__ import annotations

from app.domain.errors import Rejected
from app.mutations.client import MutationClient
from app.mutations.mutate import call_of, kick, perform
from app.protocol.mutations import MUTATIONS, DismissRejected
from app.store import WriteTx, aside, refused


async def retry_refused(client: MutationClient, rejected_id: str) -> int:
    """Issue a refused mutation anew and take its refusal off the list, in one transaction; return the new number.

    It is a new mutation with a `mid` and time of its own, so the rules are asked again, here and at the server.

    Raises:
        Rejected: the rules on this device still say no, or `not_found`: its arguments are not here. Nothing changed.
        LocalFault: `disk_full` or `database_damaged`; nothing changed.
    """
    call = call_of(client)

    def change(tx: WriteTx) -> int:
        said = refused.arguments(tx, rejected_id)
        if said is None or said.name not in MUTATIONS:
            raise Rejected("not_found", "the arguments of this refusal are not on this device")
        fields = {name: value for name, value in said.args.items() if name not in ("mid", "at")}
        number = perform(tx, MUTATIONS[said.name](**fields), call)
        perform(tx, DismissRejected(rejected_id), call)
        return number

    number = await client.store.write(change)
    kick(client)
    return number


async def dismiss_problem(client: MutationClient, problem_id: str) -> None:
    """Take a local problem off the list; it is of this device only, so nothing is sent."""
    await client.store.write(lambda tx: aside.dismiss_problem(tx, problem_id))
