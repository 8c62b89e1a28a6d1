"""When what was put off comes back."""

from __future__ import annotations

import pytest

from app.domain.instants import to_text
from app.domain.put_off import choices
from tests.unit.domain.times import SHANGHAI, local


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-24 00:10", {"afternoon": "2026-11-24 15:00", "tomorrow": "2026-11-25 00:00"}),
        ("2026-11-24 13:59", {"afternoon": "2026-11-24 15:00", "tomorrow": "2026-11-25 00:00"}),
        ("2026-11-24 14:00", {"evening": "2026-11-24 18:00", "tomorrow": "2026-11-25 00:00"}),
        ("2026-11-24 17:00", {"tomorrow": "2026-11-25 00:00"}),
        ("2026-12-31 23:59", {"tomorrow": "2027-01-01 00:00"}),
    ],
)
def test_a_moment_of_today_or_a_later_day(now: str, expected: dict[str, str]) -> None:
    found = dict(choices(local(now), SHANGHAI))
    monday = found.pop("next_week")
    assert found == {name: to_text(local(at)) for name, at in expected.items()}
    assert monday == to_text(local("2026-11-30 00:00" if now < "2026-11-30" else "2027-01-04 00:00"))


def test_on_a_sunday_tomorrow_is_next_week() -> None:
    assert [name for name, _ in choices(local("2026-11-29 10:00"), SHANGHAI)] == ["afternoon", "tomorrow"]
    assert all(at > to_text(local("2026-11-29 10:00")) for _, at in choices(local("2026-11-29 10:00"), SHANGHAI))
