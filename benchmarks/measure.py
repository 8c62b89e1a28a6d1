"""Timing two things in turn, so that a drift of the machine's speed touches both; medians and their ratio."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True)
class Figure:
    """One row of the table: ours and the baseline in milliseconds (or as `unit` says), and the bound of the ratio.

    `note` stands beside ours: the spread, or the CPU of it.
    """

    name: str
    ours: float
    baseline: float | None
    baseline_name: str
    bound: str
    unit: str = "ms"
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.baseline if self.baseline else None


def peak_mb() -> float:
    """Return this process's peak memory in MB (Linux; `ru_maxrss` would count the parent's of before the exec)."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("this system does not tell the peak memory of a process")


def timed(work: Callable[[], object]) -> float:
    """Return how many milliseconds `work` took."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


class Spent(NamedTuple):
    """What a piece of work took, in milliseconds: by the clock, and of the CPU in all threads of the process."""

    ms: float
    cpu: float


@contextmanager
def spending() -> Iterator[Callable[[], Spent]]:
    """Yield what tells how much was spent in the block so far."""
    began, used = time.perf_counter(), time.process_time()
    yield lambda: Spent((time.perf_counter() - began) * 1_000, (time.process_time() - used) * 1_000)


def beside(
    name: str, mine: Sequence[Spent], base: Sequence[Spent], baseline: str, bound: str,
    by: Callable[[list[float]], float] = statistics.median,
) -> Figure:  # fmt: skip
    """Return both by the clock (the median or what `by` takes); the least CPU too, for the clock tells of others."""
    ms, base_ms = (by([one.ms for one in some]) for some in (mine, base))
    cpu, base_cpu = (min(one.cpu for one in some) for some in (mine, base))
    return Figure(name, ms, base_ms, baseline, bound, note=f"CPU {cpu:,.1f} ms, {cpu / base_cpu:.2f} times")


def pair(ours: Callable[[], object], baseline: Callable[[], object], *, rounds: int = 7) -> tuple[float, float]:
    """Run both in turn after one warm-up; return the medians in milliseconds."""
    ours()
    baseline()
    mine, theirs = [], []
    for _ in range(rounds):
        mine.append(timed(ours))
        theirs.append(timed(baseline))
    return statistics.median(mine), statistics.median(theirs)


def spread(values: list[float]) -> str:
    """Return the least and the most of some values as text."""
    return f"{min(values):,.0f}–{max(values):,.0f}"


def table(figures: list[Figure]) -> str:
    """Render the figures as a Markdown table."""
    head = "| what | ours | baseline | ratio | wanted |\n|---|---|---|---|---|\n"
    rows = []
    for f in figures:
        base = f"{f.baseline:,.1f} {f.unit} ({f.baseline_name})" if f.baseline is not None else f.baseline_name
        ratio = f"{f.ratio:.2f}" if f.ratio is not None else ""
        ours = f"{f.ours:,.1f} {f.unit}" + (f" ({f.note})" if f.note else "")
        rows.append(f"| {f.name} | {ours} | {base} | {ratio} | {f.bound} |")
    return head + "\n".join(rows)
