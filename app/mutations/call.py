"""What surrounds one call of a mutation: who, on which device, when; and the shape every verb has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.instants import Instant, to_text
from app.store import WriteTx


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `now` is the estimated server time, fixed when the guide tapped and the same in every replay."""

    guide_id: str
    device_id: str
    zone: ZoneInfo
    now: datetime

    @property
    def at(self) -> Instant:
        """The time of the call as text."""
        return to_text(self.now)


@dataclass(frozen=True, slots=True)
class Verb:
    """One mutation on this device.

    `check` raises `Rejected` when the rules on this device already say no (at the tap only); `apply` is the local
    effect (at the tap and in every replay); `subject` is the key of what it is about.
    """

    check: Callable[[WriteTx, Any, Call], None]
    apply: Callable[[WriteTx, Any, Call], None]
    subject: Callable[[Any], str]

    @classmethod
    def of(cls, module: ModuleType) -> Verb:
        """Return the verb a module holds."""
        return cls(module.check, module.apply, module.subject)
