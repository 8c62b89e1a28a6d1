"""How long to wait after a failed round: doubling, with jitter, never less than the server asked for."""

from __future__ import annotations

from random import Random

FIRST_S = 1.0
MAX_S = 60.0


class Backoff:
    """Waits that grow with each failure; `reset` after a good round."""

    def __init__(self, random: Random, *, first_s: float = FIRST_S, max_s: float = MAX_S) -> None:
        self._random = random
        self._first_s = first_s
        self._max_s = max_s
        self._failures = 0

    def failed(self, retry_after_s: float | None = None) -> float:
        """Return the seconds to wait after one more failure: half to all of the doubled step."""
        step = min(self._max_s, self._first_s * float(1 << min(self._failures, 16)))
        self._failures += 1
        wait = step * (0.5 + self._random.random() / 2)
        if retry_after_s is None:
            return wait
        return max(wait, retry_after_s * (1 + self._random.random() / 2))

    def reset(self) -> None:
        """Begin again with the first step."""
        self._failures = 0
