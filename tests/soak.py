"""The long proofs: `python -m tests.soak [name ...]` runs them and writes what it saw to docs/proof.md.

Each proof is a command that exits with 0 or fails the run; the report keeps its date, its time and its last line.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "docs/proof.md"
HEAD = """# Proof

What `make soak` saw, newest run of each proof. Nothing here is written by hand.

| proof | says | date (UTC) | minutes | result |
|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Proof:
    """One long command; `times` repeats it, every time must pass."""

    name: str
    says: str
    args: tuple[str, ...]
    times: int = 1
    env: dict[str, str] = field(default_factory=dict)


PROOFS = (
    Proof("loop", "the loop in Chromium, 10 times in a row, each in a fresh copy of the brand",
          ("-x", "--keep-duplicates", *["tests/e2e/test_loop.py"] * 10)),
    Proof("screens", "every screen and address, phone and tablet, light and dark, zh and en, in sheets; no text "
          "cut or over another, no button small or nameless, in pseudo-language, at 320 px and twice the text",
          ("-n", "2", "tests/e2e/test_screens.py", "tests/e2e/test_layout.py", "-m", "soak")),
    Proof("properties", "every rule marked P, 50,000 examples", ("-n", "2", "tests/unit/domain", "tests/unit/protocol"),
          env={"HYPOTHESIS_PROFILE": "soak"}),
    Proof("schemathesis", "5,000 made-up requests to the API, 10,000 made-up mutations: no server error",
          ("-n", "2", "tests/security/test_schemathesis.py"), env={"DAOGOU_CASES": "15000"}),
    Proof("money", "60 seeded months of twelve guides: phones, statements, parties and recomputing agree to the fen",
          ("-n", "2", "tests/sim_money"), env={"DAOGOU_MONEY_SEEDS": "60"}),
    Proof("coupons", "10,000 interleavings of leases, sends, uses in two offline stores and refunds; all flips of a QR",
          ("-n", "2", "tests/sim_coupons", "tests/unit/client/test_scanning.py"),
          env={"DAOGOU_COUPON_SEEDS": "10000", "HYPOTHESIS_PROFILE": "soak"}),
    Proof("postgres", "hazards 1 to 3 of sync.md on PostgreSQL, 20 times the writes of make test",
          ("tests/integration/server/test_postgres.py",), env={"DAOGOU_POSTGRES_SIZE": "20"}),
    Proof("sim", "10,000 interleavings of whole phones and the whole server, 500 of them on PostgreSQL too: none lost, "
          "none twice, no foreign row, all the same; every planted bug found",
          ("-n", "2", "tests/sim", "tests/regressions"),
          env={"DAOGOU_SIM_SEEDS": "10000", "DAOGOU_SIM_SEEDS_POSTGRES": "500"}),
    Proof("kills", "500 kills of the app, 100 of the server on SQLite, 100 on PostgreSQL: nothing acknowledged is lost",
          ("tests/faults/test_kills.py",), env={"DAOGOU_CLIENT_KILLS": "500", "DAOGOU_SERVER_KILLS": "200"}),
    Proof("disk", "full disks, a log cut at 1,000 places, 1,000 files with flipped bits: whole, or repaired and said",
          ("tests/faults/test_disk.py",), env={"DAOGOU_CUTS": "1000", "DAOGOU_FLIPS": "1000"}),
    Proof("outage", "200 phones come back at once: 0 lost, nobody before the server said",
          ("tests/faults/test_outage.py",), env={"DAOGOU_PHONES": "200"}),
    Proof("offline", "72 hours of 5,000 changes, 27 days in a drawer, two versions behind",
          ("tests/faults/test_long_offline.py",), env={"DAOGOU_OFFLINE_TAPS": "5000"}),
)  # fmt: skip


def run(proof: Proof) -> tuple[bool, str]:
    """Run one proof; return whether every repetition passed, and the row of the report."""
    began = time.monotonic()
    last, passed = "", 0
    for _ in range(proof.times):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *proof.args],
            cwd=ROOT, env=os.environ | proof.env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        lines = [line for line in done.stdout.splitlines() if re.search(r"\d+ (passed|failed|error)", line)]
        last = lines[-1].strip("= ") if lines else f"exit {done.returncode}"
        if done.returncode != 0:
            print(done.stdout[-40_000:], done.stderr[-2_000:])
            break
        passed += 1
        print(f"{proof.name}: {passed} of {proof.times}: {last}", flush=True)
    minutes = (time.monotonic() - began) / 60
    result = f"{passed} of {proof.times} runs green; {last}"
    row = f"| {proof.name} | {proof.says} | {datetime.now(UTC):%Y-%m-%d %H:%M} | {minutes:.1f} | {result} |"
    return passed == proof.times, row


def write_row(name: str, row: str) -> None:
    """Replace this proof's row in the report and leave the others."""
    rows = [r for r in REPORT.read_text("utf-8").splitlines() if r.startswith("| ")][1:] if REPORT.exists() else []
    kept = {r.split("|")[1].strip(): r for r in rows}
    kept[name] = row
    REPORT.write_text(HEAD + "\n".join(kept[p.name] for p in PROOFS if p.name in kept) + "\n", "utf-8")


def main(names: list[str]) -> int:
    """Run the named proofs, or all; return the exit status."""
    unknown = set(names) - {p.name for p in PROOFS}
    if unknown:
        print(f"No such proof: {', '.join(sorted(unknown))}. There are: {', '.join(p.name for p in PROOFS)}")
        return 2
    failed = []
    for proof in PROOFS:
        if names and proof.name not in names:
            continue
        green, row = run(proof)
        write_row(proof.name, row)
        print(row, flush=True)
        if not green:
            failed.append(proof.name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
