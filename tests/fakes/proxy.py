"""A TCP proxy that a test can cut or make bad: what stands between the phone and the server.

proxy = CutProxy(port).start()
proxy.line = Line(latency_s=0.2)                 # both ways, each piece
proxy.line = Line(piece=1, latency_s=0.05)       # answers trickle in
proxy.line = Line(reset_after=2_000)             # RST in the middle of an answer, once
proxy.line = Line(swallow_after=0)               # half-open: taken and never delivered, never closed
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass


@dataclass
class Line:
    """How bad the line is: counted in bytes of answers, over all connections. Down is from the server to the phone."""

    latency_s: float = 0.0
    piece: int = 65536
    reset_after: int | None = None
    swallow_after: int | None = None


class CutProxy:
    """Forwards 127.0.0.1:`port` to 127.0.0.1:`target` until `cut()`; `mend()` lets it through again.

    While cut, open connections are reset and new ones are closed before a byte passes.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.line = Line()
        self.down = 0  # bytes of answers that were let through
        self.resets = 0
        self._cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> CutProxy:
        self._thread.start()
        self._ready.wait(10)
        return self

    def cut(self) -> None:
        asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result(10)

    def mend(self) -> None:
        self._cut = False

    def stop(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _drop(self) -> None:
        self._cut = True
        for writer in list(self._writers):
            writer.transport.abort()
        self._writers.clear()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, up_writer}
        await asyncio.gather(self._pump(reader, up_writer, down=False), self._pump(up_reader, writer, down=True))
        self._writers -= {writer, up_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, down: bool) -> None:
        with suppress(OSError):  # a cut connection ends here; that is what the proxy is for
            while data := await reader.read(self.line.piece if down else 65536):
                await asyncio.sleep(self.line.latency_s)
                if down and not self._lets_through(data, writer):
                    continue
                writer.write(data)
                await writer.drain()
        with suppress(OSError):
            writer.close()

    def _lets_through(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        line = self.line
        if line.swallow_after is not None and self.down + len(data) > line.swallow_after:
            return False
        if line.reset_after is not None and self.down + len(data) > line.reset_after:
            line.reset_after = None
            self.resets += 1
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST instead of FIN
            writer.transport.abort()
            return False
        self.down += len(data)
        return True
