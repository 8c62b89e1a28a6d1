"""Our client and the floor, driven like a peer: one first sync per line on stdin, one JSON answer per line."""

from __future__ import annotations

import asyncio
import json
import sys

from app.security.sealed import RowSealer
from benchmarks.first_sync import OpenSealer, floor, ours
from benchmarks.measure import Spent, peak_mb


def _once(way: str, url: str, count: int) -> Spent:
    if way == "floor":
        return floor(url)
    return asyncio.run(ours(url, count, RowSealer(bytes(range(32))) if way == "sealed" else OpenSealer()))


def main(way: str, url: str, count: int) -> None:
    print(json.dumps({"idle": peak_mb()}), flush=True)
    for _line in sys.stdin:
        took = _once(way, url, count)
        print(json.dumps({"ms": took.ms, "cpu": took.cpu, "peak": peak_mb()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
