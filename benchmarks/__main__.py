"""`python -m benchmarks [--write] [name ...]`: run the named benchmarks, or all, and print one table.

With `--write` a whole run is kept in docs/benchmarks.md.
"""

from __future__ import annotations

import importlib
import sys
import traceback

from benchmarks import report
from benchmarks.measure import Figure, table

NAMES = (
    "first_sync", "delta", "live", "server", "commission", "replay", "ledger", "poster", "search", "memory",
    "ui.start", "ui.screens", "ui.cycles",
)  # fmt: skip


def main(args: list[str]) -> int:
    names = [arg for arg in args if arg != "--write"]
    unknown = set(names) - set(NAMES)
    if unknown:
        print(f"No such benchmark: {', '.join(sorted(unknown))}. There are: {', '.join(NAMES)}")
        return 2
    figures: list[Figure] = []
    failed: list[str] = []
    for name in names or NAMES:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        try:
            figures += importlib.import_module(f"benchmarks.{name}").figures()
        except Exception:  # what the others measured is not lost
            traceback.print_exc()
            failed.append(name)
    print(f"Measured {report.machine()}\n\n{table(figures)}")
    if failed:
        print(f"Not measured, see above: {', '.join(failed)}")
        return 1
    if "--write" in args and not names:
        report.write("Ours against their floors", "make bench", table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
