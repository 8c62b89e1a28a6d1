from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import follow_up as rules
from app.domain.errors import Rejected
from app.domain.follow_up import CANCELLED, DONE, OPEN, TakenPiece
from app.domain.instants import to_text
from tests.unit.domain.times import local

NOW = local("2026-11-24 10:30")
SOON = to_text(NOW + timedelta(days=1))
COAT, BAG = TakenPiece("p1", "M"), TakenPiece("p2", "")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"kind": "party"}, "bad_arguments"),
        ({"due_at": "tomorrow"}, "bad_arguments"),
        ({"due_at": to_text(NOW + timedelta(days=731))}, None),
        ({"due_at": to_text(NOW + timedelta(days=731, seconds=1))}, "follow_up_time"),
        ({"due_at": to_text(NOW - timedelta(days=366))}, None),
        ({"due_at": to_text(NOW - timedelta(days=366, seconds=1))}, "follow_up_time"),
        ({"note": "字" * 2_000}, None),
        ({"note": "字" * 2_001}, "note_too_long"),
        ({"note": "nul\0"}, "bad_arguments"),
        ({"kind": "reminder", "pieces": [["p1", "M"]]}, "follow_up_pieces"),
        ({"pieces": [["p1"]]}, "follow_up_pieces"),
        ({"pieces": ["p1"]}, "follow_up_pieces"),
        ({"pieces": [["", "M"]]}, "follow_up_pieces"),
        ({"pieces": [["p\ud800", "M"]]}, "follow_up_pieces"),
        ({"pieces": [["p\0", "M"]]}, "follow_up_pieces"),
        ({"pieces": [["p" * 65, "M"]]}, "follow_up_pieces"),
        ({"pieces": [["p1", "M" * 13]]}, "follow_up_pieces"),
        ({"pieces": [["p1", "\ud800"]]}, "follow_up_pieces"),
        ({"pieces": [[f"p{n}", "M"] for n in range(30)]}, None),
        ({"pieces": [[f"p{n}", "M"] for n in range(31)]}, "follow_up_pieces"),
    ],
)
def test_what_may_be_planned(change: dict[str, object], code: str | None) -> None:
    args = {"kind": "visit", "due_at": SOON, "note": "", "pieces": [], "now": NOW} | change
    if code is None:
        assert len(rules.check_plan(**args)) == len(args["pieces"])  # type: ignore[arg-type]
        return
    with pytest.raises(Rejected) as no:
        rules.check_plan(**args)  # type: ignore[arg-type]
    assert no.value.code == code


def test_a_piece_of_a_size_goes_along_once_and_can_be_left_here() -> None:
    one = rules.take("visit", OPEN, [], "p1", "M", taken=True)
    assert one == [COAT] == rules.take("visit", OPEN, one, "p1", "M", taken=True)
    both = rules.take("visit", OPEN, one, "p1", "L", taken=True)
    assert rules.take("visit", OPEN, both, "p1", "M", taken=False) == [TakenPiece("p1", "L")]
    assert rules.take("visit", OPEN, both, "p9", "M", taken=False) == both
    for state in (DONE, CANCELLED):
        with pytest.raises(Rejected, match="follow_up_closed"):
            rules.take("visit", state, both, "p1", "S", taken=True)


@pytest.mark.parametrize(
    ("state", "open_too", "close", "cancel"),
    [(OPEN, None, None, None), (DONE, "follow_up_closed", None, "follow_up_closed"),
     (CANCELLED, "follow_up_closed", "follow_up_closed", None)],
)  # fmt: skip
def test_what_may_be_done_in_which_state(
    state: str, open_too: str | None, close: str | None, cancel: str | None
) -> None:
    for act, code in (
        (lambda: rules.check_open(state), open_too),
        (lambda: rules.close(state, [COAT], []), close),
        (lambda: rules.check_cancel(state), cancel),
    ):
        if code is None:
            act()
        else:
            with pytest.raises(Rejected) as no:
                act()
            assert no.value.code == code


def test_only_what_was_taken_can_be_kept_and_closing_again_corrects_it() -> None:
    done = rules.close(OPEN, [COAT, BAG], [["p1", "M"]])
    assert [one.kept for one in done] == [True, False]
    assert [one.kept for one in rules.close(DONE, done, [["p2", ""]])] == [False, True]
    assert rules.reopened(done) == [COAT, BAG]
    for wrong in ([["p1", "L"]], [["p3", ""]], [["p1"]], ["p1"]):
        with pytest.raises(Rejected, match="follow_up_pieces"):
            rules.close(OPEN, [COAT, BAG], wrong)


@pytest.mark.parametrize(
    ("paid", "followed"),
    [(-0.1, False), (0, True), (2, True), (9, True), (9.001, False)],
)
def test_an_order_within_a_week_of_the_close_followed(paid: float, followed: bool) -> None:
    at, closed = NOW, NOW + timedelta(days=2)
    paid_at = to_text(NOW + timedelta(days=paid))
    assert rules.is_followed(to_text(at), to_text(closed), [paid_at]) is followed
    assert rules.is_followed(to_text(at), None, [paid_at]) is False
    early = to_text(at - timedelta(hours=1))
    assert rules.is_followed(to_text(at), early, [early]), "closed before its time"


def test_conversion_sums_pieces_and_visits() -> None:
    done = rules.close(OPEN, [COAT, BAG, TakenPiece("p3", "S")], [["p1", "M"]])
    found = rules.conversion([(done, True), ([], False)])
    assert (found.visits, found.taken, found.kept, found.ordered, found.kept_bp) == (2, 3, 1, 1, 3_333)
    assert rules.conversion([]).kept_bp == 0


@pytest.mark.parametrize(
    ("today", "weekend", "next_week"),
    [("2026-11-23", 28, 30), ("2026-11-27", 28, 30), ("2026-11-28", 29, 30), ("2026-11-29", 5, 30)],
)
def test_quick_days_are_days_to_come(today: str, weekend: int, next_week: int) -> None:
    day = date.fromisoformat(today)
    assert rules.quick_day("weekend", day).day == weekend and rules.quick_day("next_week", day).day == next_week
    for code in rules.QUICK_DAYS:
        assert day < rules.quick_day(code, day) <= day + timedelta(days=7)


def test_a_stage_is_one_of_a_few_or_none() -> None:
    assert [rules.check_stage(one) for one in ("", *rules.STAGES)] == ["", *rules.STAGES]
    assert rules.known_stage("member") == "" and rules.known_stage("bought") == "bought"
    with pytest.raises(Rejected):
        rules.check_stage("member")


KEYS = st.tuples(st.sampled_from(["p1", "p2", "p3"]), st.sampled_from(["S", "M", ""]))
STEPS = st.lists(
    st.tuples(st.sampled_from(["take", "leave", "close", "cancel", "reopen"]), st.lists(KEYS, min_size=1, max_size=3)),
    max_size=25,
)


@given(STEPS)
def test_any_steps_end_in_a_state_that_makes_sense(steps: list[tuple[str, list[tuple[str, str]]]]) -> None:
    state, pieces = OPEN, list[TakenPiece]()
    for step, keys in steps:
        try:
            if step in ("take", "leave"):
                pieces = rules.take("visit", state, pieces, *keys[0], taken=step == "take")
            elif step == "close":
                pieces, state = rules.close(state, pieces, keys), DONE
            elif step == "cancel":
                rules.check_cancel(state)
                state = CANCELLED
            else:
                pieces, state = rules.reopened(pieces), OPEN
        except Rejected:
            continue
        names = [(one.product_id, one.size) for one in pieces]
        assert len(names) == len(set(names)), "a piece goes along once"
        assert state == DONE or not any(one.kept for one in pieces), "only a done visit has kept pieces"


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.sampled_from(rules.QUICK_DAYS))
def test_a_quick_day_is_within_a_week(at: datetime, code: str) -> None:
    assert 1 <= (rules.quick_day(code, at.date()) - at.date()).days <= 7
