"""Ports for the processes of a test that nobody else can take between the question and the use."""

from __future__ import annotations

import itertools
import os
import random
import socket

# Below what the system gives to outgoing connections (32768 up), a part of it for each process that asks.
FIRST, LAST = 18_000, 32_000
_SHARE = 1_000
_ours = random.SystemRandom().randrange((LAST - FIRST) // _SHARE // 2) * 2
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 2
_next = itertools.cycle(range(FIRST + (_ours + _worker) * _SHARE, FIRST + (_ours + _worker + 1) * _SHARE))


def free_port() -> int:
    """Return a TCP port on which nobody listens; it is not given again before 1,000 others were."""
    for port in itertools.islice(_next, _SHARE):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no free port from {FIRST} to {LAST}")
