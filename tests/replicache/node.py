"""A Node process with real Replicache clients in it, spoken to by lines of JSON."""

from __future__ import annotations

import asyncio
import itertools
import json
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ANSWER_S = 90.0
LINE_BYTES = 1 << 26


class Node:
    """One process of `harness.js`."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._ids = itertools.count(1)

    async def start(self) -> Node:
        self._process = await asyncio.create_subprocess_exec(
            "node", "harness.js", cwd=HERE, stdin=PIPE, stdout=PIPE, limit=LINE_BYTES
        )
        return self

    async def call(self, command: str, **args: Any) -> Any:
        """Run one command and return its answer; a fault in the client fails the test with its words."""
        assert self._process is not None and self._process.stdin is not None and self._process.stdout is not None
        number = next(self._ids)
        self._process.stdin.write(json.dumps({"id": number, "command": command, **args}).encode() + b"\n")
        line = await asyncio.wait_for(self._process.stdout.readline(), ANSWER_S)
        assert line, f"the Node process ended during {command}"
        answer = json.loads(line)
        assert answer["id"] == number and "fault" not in answer, answer
        return answer["ok"]

    async def kill(self) -> None:
        """End it as a phone's battery does."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._process is not None:
            transport = getattr(self._process, "_transport", None)
            if transport is not None:  # its pipes belong to a loop that ends with the test
                transport.close()
