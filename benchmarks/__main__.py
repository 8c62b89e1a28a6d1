"""`python -m benchmarks [name ...]`: run the named benchmarks, or all, and print one table."""

from __future__ import annotations

import importlib
import sys
from datetime import UTC, datetime

from benchmarks.measure import Figure, table

NAMES = ("first_sync", "commission", "replay", "delta", "poster", "search", "ledger", "memory")


def main(names: list[str]) -> int:
    unknown = set(names) - set(NAMES)
    if unknown:
        print(f"No such benchmark: {', '.join(sorted(unknown))}. There are: {', '.join(NAMES)}")
        return 2
    figures: list[Figure] = []
    for name in names or NAMES:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        figures += importlib.import_module(f"benchmarks.{name}").figures()
    print(f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {sys.version.split()[0]}\n")
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
