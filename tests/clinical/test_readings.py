"""A chart as days: what counts twice, what is off the scale, and when a course was over."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from clinical.chart import Chart, Infusion
from clinical.readings import ONE_DAY, course_ends, infusion_number, readings_of, weekly_levels
from tests.clinical.charts import COURSE, END, FIRST, after, at, chart, days, entry, infusion, phq9


def given(*offsets: int, end: date | None = None) -> Chart:
    """Make a chart of infusions so many days after the first."""
    course: list[Infusion] = [
        infusion(number, FIRST + timedelta(days=offset))
        for number, offset in enumerate(offsets, start=1)
    ]
    return replace(chart([]), infusions=course, course_end=end)


def ends(of: Chart) -> list[int]:
    return [(end.day - FIRST).days for end in course_ends(of, readings_of(of))]


def over_on(of: Chart, day: int) -> list[int]:
    """List the ends, counted from the first infusion, that are held for sure on a day."""
    on = FIRST + timedelta(days=day)
    return [(end.day - FIRST).days for end in course_ends(of, readings_of(of)) if end.holds_on(on)]


def test_days_come_in_order_whatever_the_order_of_the_rows() -> None:
    mixed = chart(
        [entry(after(9), 4), entry(after(2), 3)],
        weekly=[phq9(after(8), 10), phq9(after(1), 5)],
        more_infusions=[infusion(8, after(30)), infusion(7, after(20))],
    )
    readings = readings_of(mixed)

    assert list(readings.levels) == [after(2), after(9)]
    assert list(readings.weekly) == [after(1), after(8)]
    assert readings.infusions == (*COURSE, after(20), after(30))
    assert readings.noted == (after(1), after(2), after(8), after(9))


def test_an_entry_without_a_level_is_a_noted_day() -> None:
    readings = readings_of(chart([entry(after(4))]))

    assert (readings.levels, readings.noted) == ({}, (after(4),))


def test_the_same_entry_twice_counts_once_beside_another_of_the_day() -> None:
    morning, evening = entry(after(2), 4, hour=8), entry(after(2), 6)

    assert readings_of(chart([morning, evening])).levels == {after(2): 5}
    assert readings_of(chart([morning, evening, morning])).levels == {after(2): 5}


def test_two_entries_that_happen_to_agree_are_two() -> None:
    noted = [entry(after(2), 4, hour=8), entry(after(2), 4, hour=9), entry(after(2), 7)]

    assert readings_of(chart(noted)).levels == {after(2): 5}


def test_an_infusion_recorded_twice_is_one_day() -> None:
    assert readings_of(given(0, 3, 3)).infusions == (FIRST, FIRST + 3 * ONE_DAY)


@pytest.mark.parametrize(("level", "kept"), [(-4, 0), (0, 0), (10, 10), (1000, 10)])
def test_a_level_off_the_scale_counts_as_its_end(level: int, kept: float) -> None:
    assert readings_of(chart([entry(after(2), level)])).levels == {after(2): kept}


def test_a_score_above_its_maximum_counts_as_the_maximum() -> None:
    assert readings_of(chart([], weekly=[phq9(after(2), 40)])).weekly == {after(2): 10}


def test_a_number_that_is_none_is_missing() -> None:
    broken = entry(after(2), answers={"low_mood": 3})
    odd = replace(broken, answers=dict.fromkeys(broken.answers, float("nan")))
    whole = replace(broken, answers={"low_mood": float("inf"), "fatigue": 2})

    assert readings_of(chart([odd, whole])).levels == {}


def test_of_two_scores_of_a_day_the_higher_counts() -> None:
    both = [phq9(after(2), 27), phq9(after(2), 0)]

    assert weekly_levels(chart([], weekly=both)) == {after(2): 10}
    assert weekly_levels(chart([], weekly=both[::-1])) == {after(2): 10}


def test_an_end_that_staff_fixed_is_the_only_one_and_holds_from_the_next_day() -> None:
    fixed = given(0, 3, 6, 9, end=FIRST + 6 * ONE_DAY)

    assert ends(fixed) == [6]
    assert [over_on(fixed, day) for day in (5, 6, 7, 200)] == [[], [], [6], [6]]


@pytest.mark.parametrize("before", [1, 40])
def test_an_end_before_the_first_infusion_ends_no_course(before: int) -> None:
    assert ends(given(0, 3, end=FIRST - before * ONE_DAY)) == []


def test_a_course_of_one_infusion_ends_on_its_day() -> None:
    assert ends(given(0, 3, end=FIRST)) == [0]


def test_without_infusions_no_course_has_ended() -> None:
    assert ends(given()) == []
    assert ends(given(end=FIRST)) == []


@pytest.mark.parametrize(("last", "expected"), [(28, [0, 3, 28]), (29, [0, 3])])
def test_each_infusion_of_four_weeks_was_the_last_one_for_a_while(
    last: int, expected: list[int]
) -> None:
    assert ends(given(0, 3, last)) == expected


def test_the_last_of_the_ends_is_the_one_the_chart_tells() -> None:
    for offsets in ([0], [0, 3, 6], [0, 10, 28, 40]):
        of = given(*offsets)

        assert course_ends(of, readings_of(of))[-1].day == of.end_of_course()


@pytest.mark.parametrize(("day", "over"), [(9, []), (13, []), (14, [6]), (60, [6])])
def test_a_course_nobody_closed_is_over_a_week_after_its_last_infusion(
    day: int, over: list[int]
) -> None:
    assert over_on(given(0, 3, 6), day) == over


@pytest.mark.parametrize(("day", "over"), [(27, []), (28, []), (29, [26])])
def test_and_at_the_latest_four_weeks_after_its_first(day: int, over: list[int]) -> None:
    assert over_on(given(0, 7, 14, 20, 26), day) == over


@pytest.mark.parametrize(("day", "over"), [(12, [3]), (14, [3]), (15, []), (22, []), (23, [15])])
def test_a_course_that_goes_on_after_a_pause_was_over_until_then(day: int, over: list[int]) -> None:
    assert over_on(given(0, 3, 15), day) == over


@pytest.mark.parametrize(("day", "number"), [(-1, 0), (0, 1), (2, 1), (3, 2), (500, 3)])
def test_the_number_is_that_of_the_last_infusion_up_to_the_day(day: int, number: int) -> None:
    assert infusion_number(given(0, 3, 6), FIRST + timedelta(days=day)) == number


def test_entries_of_an_infusion_day_give_no_level_and_are_noted() -> None:
    readings = readings_of(chart(days(END, 9, 3)))

    assert readings.levels == {after(1): 3}
    assert readings.noted == (END, after(1))


def test_as_of_plays_no_part() -> None:
    noted = days(after(1), 2, 3)

    assert readings_of(chart(noted, as_of=at(after(1)))) == readings_of(chart(noted))
