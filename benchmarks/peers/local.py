"""Our client and the floor, driven like a peer: one first sync per line on stdin, one JSON answer per line."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from app.security.sealed import RowSealer
from benchmarks.first_sync import OpenSealer, floor, ours
from benchmarks.measure import peak_mb


def _once(way: str, url: str, count: int) -> float:
    if way == "floor":
        return floor(url)
    return asyncio.run(ours(url, count, RowSealer(bytes(range(32))) if way == "sealed" else OpenSealer()))


def main(way: str, url: str, count: int) -> None:
    print(json.dumps({"idle": peak_mb()}), flush=True)
    for _line in sys.stdin:
        before = time.process_time()
        took = _once(way, url, count)
        used = (time.process_time() - before) * 1_000
        print(json.dumps({"ms": took, "cpu": used, "peak": peak_mb()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
