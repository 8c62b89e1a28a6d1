"""What a screen under test has put into threads and not got back yet: its queries, its writes, its pictures."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

_ALL: WeakKeyDictionary[Any, Flying] = WeakKeyDictionary()


class Flying:
    """Counts the work in threads of one loop and of the stores watched."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._at_work: set[Any] = set()
        self._watched: set[int] = set()
        self.limit_s = 2.0
        self._see(loop, "run_in_executor")  # `asyncio.to_thread` and the store's reader

    @classmethod
    def of(cls, loop: AbstractEventLoop) -> Flying:
        """Return the one of a loop; screens of one test share it."""
        if loop not in _ALL:
            _ALL[loop] = cls(loop)
        return _ALL[loop]

    def watch(self, store: Any) -> None:
        """Count a store's writes from now on; a store of figures made up has none."""
        if hasattr(store, "submit") and id(store) not in self._watched:
            self._watched.add(id(store))
            self._see(store, "submit")

    async def landed(self, then: Callable[[], Any]) -> None:
        """Wait until no thread is at work, with `then` after each that was: what comes of it may begin more.

        After `limit_s` it is left: a test may hold a thread on purpose.
        """
        end = asyncio.get_running_loop().time() + self.limit_s
        while self._at_work and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.001)
            if not self._at_work:
                await then()

    def _see(self, owner: Any, name: str) -> None:
        begin = getattr(owner, name)

        def begun(*args: Any, **kwargs: Any) -> Any:
            future = begin(*args, **kwargs)
            self._at_work.add(future)
            future.add_done_callback(self._at_work.discard)
            return future

        setattr(owner, name, begun)
