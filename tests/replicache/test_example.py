"""The example in docs/examples is a program that runs: one page of JavaScript against the live server."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE
from pathlib import Path

from sqlalchemy import select

from server_stub import tables as t
from tests.fakes.server import PIN
from tests.replicache.lab import Lab

ROOT = Path(__file__).parents[2]
LINE_S = 30


async def test_the_example_client_pulls_pushes_and_is_woken(lab: Lab) -> None:
    program = await asyncio.create_subprocess_exec(
        "node", ROOT / "docs/examples/client.js", lab.server.base, "G0101", PIN, "from JavaScript", stdout=PIPE
    )
    assert program.stdout is not None

    async def line() -> str:
        return (await asyncio.wait_for(program.stdout.readline(), LINE_S)).decode().strip()

    try:
        pushed = await line()
        assert pushed.startswith("push [{") and '"status":"applied"' in pushed
        ready = await line()
        assert ready == f"rows {len(lab.server.truth('g1', 's1'))} note from JavaScript"
        with lab.server.db.begin() as tx:
            noted = t.customer.c.note == "from JavaScript"
            mine = tx.conn.execute(select(t.customer.c.id).where(noted)).scalar_one()
            tx.conn.execute(t.customer.update().where(noted).values(note="changed elsewhere"))
            tx.touch("customer", mine)
        while (woken := await line()) == ready:  # a poke of what happened before
            pass
        assert woken.endswith("note changed elsewhere")
    finally:
        program.kill()
        await program.wait()
