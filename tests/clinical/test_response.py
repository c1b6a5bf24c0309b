"""The response gate: who counts as having responded, from when on, and what is told of it."""

from dataclasses import replace
from datetime import date, timedelta
from math import sqrt
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.baseline import levels_before
from clinical.chart import Chart, Entry, Infusion
from clinical.finding import Finding, Severity, Tier
from clinical.readings import course_ends, readings_of
from clinical.response import (
    NO_RESPONSE,
    Around,
    Response,
    detect_no_response,
    judged,
    last_to_tell,
    no_clear_response,
    response_on,
)
from tests.clinical.charts import COURSE, END, after, baseline, chart, days, entry, infusion, phq9
from tests.clinical.watched import CHARTS

BEFORE = baseline(8, 14)


def course(entries: list[Entry], *more: Infusion) -> Chart:
    """Make a chart whose course staff closed with the sixth infusion."""
    return replace(chart(entries, more_infusions=more), course_end=END)


def known_on(day: date, of: Chart) -> Response:
    readings = readings_of(of)
    (end,) = course_ends(of, readings)
    return response_on(judged(readings, levels_before(of, readings.levels), end), day)


def told(of: Chart) -> list[Finding]:
    return list(detect_no_response(of))


@pytest.mark.parametrize(
    ("after_course", "none"), [(6.4, False), (6.5, False), (6.6, True), (8, True)], ids=str
)
def test_a_fall_that_chance_could_bring_to_the_share_is_a_response(
    after_course: float, *, none: bool
) -> None:
    assert no_clear_response([8.0] * 14, [after_course] * 14) is none


@pytest.mark.parametrize(("count", "none"), [(2, False), (3, False), (4, True), (14, True)])
def test_fewer_days_leave_more_to_chance(count: int, *, none: bool) -> None:
    assert no_clear_response([8.0] * 14, [6.8] * count) is none


@given(
    st.lists(st.floats(0, 10), min_size=3, max_size=20),
    st.lists(st.floats(0, 10), min_size=3, max_size=14),
)
def test_the_gate_is_the_specifications_inequality_with_a_partial_response(
    b: list[float], c: list[float]
) -> None:
    chance = 1.4 * sqrt(1 / len(b) + 1 / len(c))

    assert no_clear_response(b, c) is (fmean(b) - fmean(c) + chance < 0.25 * fmean(b))


@pytest.mark.parametrize(
    ("day", "state"),
    [(1, Response.OPEN), (2, Response.OPEN), (3, Response.NONE), (9, Response.NONE)],
)
def test_it_is_judged_from_the_third_day_on(day: int, state: Response) -> None:
    assert known_on(after(day), course([*BEFORE, *days(after(1), *[8] * 20)])) is state


@pytest.mark.parametrize(
    ("noted", "day", "state"),
    [
        ((-4, -2, -1), 0, Response.OPEN),
        ((-3, -2, -1), 0, Response.NONE),
        ((8, 9, 10), 10, Response.NONE),
        ((8, 9, 11), 11, Response.ACTIVE),
    ],
    ids=str,
)
def test_days_from_three_before_the_end_to_ten_after_count(
    noted: tuple[int, ...], day: int, state: Response
) -> None:
    of = course([*BEFORE, *(entry(after(each), 8) for each in noted)])
    two = replace(of, infusions=[of.infusions[0], of.infusions[-1]])

    assert known_on(after(day), two) is state


@pytest.mark.parametrize(("day", "state"), [(9, Response.OPEN), (10, Response.ACTIVE)])
def test_without_enough_days_it_is_open_until_the_tenth_and_then_nobody_knows(
    day: int, state: Response
) -> None:
    assert known_on(after(day), course([*BEFORE, *days(after(1), 8, 8)])) is state


@pytest.mark.parametrize(
    ("count", "state"), [(2, Response.ACTIVE), (3, Response.NONE)], ids=["two", "three"]
)
def test_without_three_days_before_treatment_nobody_knows(count: int, state: Response) -> None:
    noted = [*baseline(8, count), *days(after(1), *[8] * 10)]

    assert known_on(after(10), course(noted)) is state


def test_the_decision_changes_with_each_day_up_to_the_tenth() -> None:
    slow = course([*BEFORE, *days(after(1), 8, 8, 8, 2, 1, 1, 1, 1, 1, 1)])

    assert known_on(after(3), slow) is Response.NONE
    assert known_on(after(10), slow) is Response.ACTIVE


def test_the_eleventh_day_changes_nothing_any_more() -> None:
    late = course([*BEFORE, *days(after(1), *[8] * 10), *days(after(11), *[0] * 30)])

    assert known_on(after(40), late) is Response.NONE


def test_the_next_infusion_is_judged_by_its_own_days() -> None:
    noted = [*BEFORE, *days(after(1), *[8] * 20), *days(after(21), *[4] * 20)]
    of = course(noted, infusion(7, after(20)))

    assert known_on(after(19), of) is Response.NONE
    assert known_on(after(21), of) is Response.NONE
    assert known_on(after(30), of) is Response.ACTIVE


def test_an_infusion_soon_after_the_course_is_judged_by_its_own_days_too() -> None:
    noted = [*BEFORE, *days(after(1), *[8] * 6), *days(after(7), *[1] * 20)]
    of = course(noted, infusion(7, after(6)))

    assert known_on(after(16), of) is Response.ACTIVE
    assert told(of) == []


def test_who_has_responded_is_never_judged_again() -> None:
    noted = [*BEFORE, *days(after(1), *[1] * 19), *days(after(21), *[8] * 20)]
    of = course(noted, infusion(7, after(20)))

    assert known_on(after(35), of) is Response.ACTIVE
    assert told(of) == []


def test_no_response_is_told_on_the_tenth_day_as_a_task() -> None:
    (finding,) = told(course([*BEFORE, *days(after(1), *[7] * 30)]))

    assert (finding.rule, finding.severity, finding.tier) == (
        NO_RESPONSE,
        Severity.ROUTINE,
        Tier.LIKELY,
    )
    assert (finding.local_date, finding.period) == (after(10), 6)


def test_because_holds_every_number_it_rests_on() -> None:
    (finding,) = told(course([*BEFORE, *days(after(1), *[7] * 30)]))

    assert finding.because == (
        "no clear response after the course: level 8.0 before treatment (14 days), 7.0 around "
        f"{END} (10 days); 1.0 points better, 2.0 expected, 0.6 of them given to chance; "
        "after infusion 6"
    )
    assert finding.numbers == {
        "before_treatment": 8,
        "days_before": 14,
        "level_after": 7,
        "days_after": 10,
        "improvement": 1,
        "expected": 2,
        "chance": 0.58,
        "judged_around": END.isoformat(),
        "infusion_number": 6,
    }


@pytest.mark.parametrize("last", range(1, 14))
def test_nothing_is_told_before_the_decision_is_final(last: int) -> None:
    assert bool(told(course([*BEFORE, *days(after(1), *[8] * last)]))) is (last >= 10)


def test_it_is_told_with_the_first_word_after_the_tenth_day() -> None:
    noted = [*BEFORE, *days(after(1), *[8] * 5), entry(after(23))]
    (finding,) = told(course(noted))

    assert finding.local_date == after(23)


def test_a_weekly_score_is_a_word_too() -> None:
    noted = chart([*BEFORE, *days(after(1), *[8] * 5)], weekly=[phq9(after(14), 20)])
    (finding,) = told(replace(noted, course_end=END))

    assert finding.local_date == after(14)


def test_an_infusion_before_that_word_leaves_it_unsaid() -> None:
    noted = [*BEFORE, *days(after(1), *[8] * 5), *days(after(21), *[1] * 12)]

    assert told(course(noted, infusion(7, after(20)))) == []


def test_a_word_on_the_day_of_that_infusion_leaves_it_unsaid_too() -> None:
    noted = [*BEFORE, *days(after(1), *[8] * 5), entry(after(20)), *days(after(21), *[1] * 12)]

    assert told(course(noted, infusion(7, after(20)))) == []


def test_it_is_told_once_in_a_course() -> None:
    noted = [*BEFORE, *days(after(1), *[8] * 60)]
    of = course(noted, infusion(7, after(20)), infusion(8, after(40)))

    assert [finding.local_date for finding in told(of)] == [after(10)]


def test_a_first_word_after_a_failed_infusion_keeps_the_courses_period() -> None:
    noted = [*BEFORE, *days(after(1), *[8] * 5), *days(after(21), *[8] * 12)]
    (finding,) = told(course(noted, infusion(7, after(20))))

    assert (finding.local_date, finding.period) == (after(30), 6)
    assert finding.numbers["judged_around"] == after(20).isoformat()


def test_without_a_course_there_is_nothing_to_respond_to() -> None:
    alone = replace(chart(days(after(1), *[8] * 30)), infusions=())

    assert told(alone) == []
    assert told(replace(alone, course_end=END)) == []


def test_an_end_nobody_fixed_is_judged_like_any_other() -> None:
    open_end = chart([*BEFORE, *days(after(1), *[8] * 12)])

    assert [finding.local_date for finding in told(open_end)] == [after(10)]


def test_three_infusions_and_a_pause_are_judged_before_the_course_goes_on() -> None:
    later = [infusion(n, COURSE[2] + timedelta(days=5 + 3 * n)) for n in (4, 5)]
    noted = [*BEFORE, *days(COURSE[2] + timedelta(days=1), *[8] * 40)]
    of = chart(noted)
    paused = replace(of, infusions=[*of.infusions[:3], *later])

    assert [finding.period for finding in told(paused)] == [3, 5]


LEVELS = st.lists(st.none() | st.integers(0, 10), max_size=45)
BOOSTERS = st.lists(st.integers(1, 45), max_size=3)


def any_course(levels: list[int | None], boosters: list[int], *, fixed: bool) -> Chart:
    more = [infusion(7 + n, after(day)) for n, day in enumerate(sorted(boosters))]
    of = chart([*BEFORE, *days(after(1), *levels)], more_infusions=more)
    return replace(of, course_end=END) if fixed else of


@given(LEVELS, BOOSTERS, st.booleans(), st.integers(1, 45))
def test_what_comes_later_changes_nothing_that_was_told(
    levels: list[int | None],
    boosters: list[int],
    fixed: bool,  # noqa: FBT001 # hypothesis gives it
    cut: int,
) -> None:
    whole = told(any_course(levels, boosters, fixed=fixed))
    known = [day for day in boosters if day <= cut]

    assert told(any_course(levels[:cut], known, fixed=fixed)) == [
        finding for finding in whole if finding.local_date <= after(cut)
    ]


@given(LEVELS, BOOSTERS, st.booleans(), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(
    levels: list[int | None],
    boosters: list[int],
    fixed: bool,  # noqa: FBT001 # hypothesis gives it
    chance: object,
) -> None:
    of = any_course(levels, boosters, fixed=fixed)
    mixed, given_twice = [*of.entries, *of.entries], [*of.infusions, *of.infusions]
    chance.shuffle(mixed)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    chance.shuffle(given_twice)  # type: ignore[attr-defined] # the same

    assert told(replace(of, entries=mixed, infusions=given_twice)) == told(of)


def spans_of(of: Chart) -> list[Around]:
    readings = readings_of(of)
    (end,) = course_ends(of, readings)
    return judged(readings, levels_before(of, readings.levels), end)


@pytest.mark.parametrize(
    ("level", "last"), [(8, after(10)), (3, date.max)], ids=["no response", "response"]
)
def test_who_has_not_responded_has_a_last_day_to_be_told_of(level: int, last: date) -> None:
    assert last_to_tell(spans_of(course([*BEFORE, *days(after(1), *[level] * 20)]))) == last


@given(whole=CHARTS)
def test_after_that_day_no_return_could_be_told(whole: Chart) -> None:
    spans = spans_of(replace(whole, course_end=END))
    last = last_to_tell(spans)

    later = [after(day) for day in range(1, 90) if after(day) > last]
    assert all(response_on(spans, day) is not Response.ACTIVE for day in later)
