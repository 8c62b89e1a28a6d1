"""The commission of a 3-line order in this process, against the bare floor arithmetic of the same lines and split."""

from __future__ import annotations

from datetime import UTC, datetime

from app.domain.attribution import Attribution
from app.domain.commission import CommissionRule, SoldLine, SoldOrder, accrue
from benchmarks.measure import Figure, pair

TIMES = 200
NOW = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
RULES = [
    CommissionRule(f"0190f000-0000-7000-8000-00000000000{n}", 1, level, target, START, rate_bp=300 + n)
    for n, (level, target) in enumerate((("brand", None), ("store", "s1"), ("category", "coats"), ("product", "p9")))
]
LINES = tuple(SoldLine(f"line-{n}", f"p{n}", "coats" if n else "shoes", 1 + n, 45_001 * (n + 1)) for n in range(3))
ORDER = SoldOrder("order-1", "NO1", "s1", NOW, NOW, LINES)
SHARED = Attribution("g1", "g2", "s1", "closing_touch", {})


def _ours() -> None:
    for _ in range(TIMES):
        accrue(ORDER, SHARED, RULES, event_id="paid")


def _bare() -> None:
    for _ in range(TIMES):
        for line, rate in zip(LINES, (301, 302, 302), strict=True):
            fen = line.base_fen * rate // 10_000
            closing = fen * 7_000 // 10_000
            _ = (closing, fen - closing)


def figures() -> list[Figure]:
    ours, bare = (ms * 1000 / TIMES for ms in pair(_ours, _bare))
    return [Figure("commission of a 3-line order, split", ours, bare, "its floor arithmetic", "< 200 µs", "µs")]
