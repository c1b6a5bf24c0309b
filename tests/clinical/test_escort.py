"""An infusion needs somebody to go home with: asked a day before, and two hours before."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.escort import (
    ASKED_BEFORE,
    MINUTE,
    SLOTS,
    UNCONFIRMED,
    Unescorted,
    detect_unconfirmed,
)
from clinical.finding import Finding, Severity

PLANNED = datetime(2026, 4, 7, 9, tzinfo=UTC)
VISIT = Unescorted(planned_at=PLANNED, local_date=date(2026, 4, 7))
SECOND = timedelta(seconds=1)


def before(left: timedelta, visit: Unescorted = VISIT) -> Finding | None:
    """Look at a visit so long before it."""
    return detect_unconfirmed(visit, now=visit.planned_at - left)


@pytest.mark.parametrize(
    ("left", "hours"),
    [
        (timedelta(days=3), None),
        (timedelta(hours=24) + SECOND, None),
        (timedelta(hours=24), 24),
        (timedelta(hours=2) + SECOND, 24),
        (timedelta(hours=2), 2),
        (SECOND, 2),
        (timedelta(), None),
        (-SECOND, None),
        (timedelta(days=-3), None),
    ],
    ids=str,
)
def test_it_is_told_from_a_day_before_and_from_two_hours_before(
    left: timedelta, hours: int | None
) -> None:
    found = before(left)

    assert (found and found.numbers["hours_before"]) == hours


def test_the_task_says_which_visit_and_how_little_time_is_left() -> None:
    found = before(timedelta(hours=23))

    assert found is not None
    assert (found.rule, found.severity, found.local_date) == (
        UNCONFIRMED,
        Severity.ROUTINE,
        date(2026, 4, 7),
    )
    assert found.because == (
        "no escort is confirmed, 24 hours or less before the visit of 2026-04-07"
    )


def test_the_two_times_are_told_apart() -> None:
    periods = {found.period for left in ASKED_BEFORE if (found := before(left))}

    assert len(periods) == len(ASKED_BEFORE) == SLOTS


LEFT = st.integers(1, 24 * 3600).map(lambda seconds: timedelta(seconds=seconds))
LATER = st.integers(-500_000, 500_000).map(lambda minutes: minutes * MINUTE)


@given(LEFT, LEFT)
def test_looking_more_often_tells_nothing_twice(one: timedelta, other: timedelta) -> None:
    first, second = before(one), before(other)

    assert first is not None
    assert second is not None
    same = (one <= ASKED_BEFORE[1]) is (other <= ASKED_BEFORE[1])
    assert (first == second) is (first.period == second.period) is same


@given(LATER, LATER, LEFT, LEFT)
def test_visits_of_different_minutes_are_never_one_task(
    one: timedelta, other: timedelta, left: timedelta, left_of_other: timedelta
) -> None:
    found = [
        before(time, Unescorted(planned_at=PLANNED + later, local_date=VISIT.local_date))
        for later, time in ((one, left), (other, left_of_other))
    ]

    first, second = found
    assert first is not None
    assert second is not None
    assert 0 <= first.period < 2**31
    if one != other:
        assert first.period != second.period


@given(LATER, st.sampled_from(["Europe/Madrid", "Asia/Kolkata", "America/St_Johns"]))
def test_the_zone_an_instant_is_written_in_changes_nothing(later: timedelta, zone: str) -> None:
    here = Unescorted(planned_at=PLANNED + later, local_date=VISIT.local_date)
    there = replace(here, planned_at=here.planned_at.astimezone(ZoneInfo(zone)))

    assert before(timedelta(hours=1), there) == before(timedelta(hours=1), here)
