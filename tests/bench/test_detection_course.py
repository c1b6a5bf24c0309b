"""The courses of made-up patients: infusions, returns as published, and shapes of return."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.random import default_rng

from bench.detection.course import FALL, LAST_JUDGED, Course, Event, Kind, draw_course
from bench.detection.regime import SLOW, STANDARD, SUDDEN, Group, Regime

DAYS = 230
PEOPLE = 1200


def drawn(regime: Regime, people: int = PEOPLE, days: int = DAYS) -> list[Course]:
    return [
        draw_course(default_rng((7, number)), regime, f"p{number}", days)
        for number in range(people)
    ]


@pytest.fixture(scope="module")
def courses() -> list[Course]:
    return drawn(STANDARD)


def returns(course: Course) -> list[Event]:
    return [each for each in course.events if each.kind is Kind.RETURN]


def share_returned(courses: list[Course], days: int) -> float:
    return float(
        np.mean(
            [
                any((each.return_day or 0) - course.last_ind <= days for each in returns(course))
                for course in courses
            ]
        )
    )


@pytest.mark.parametrize(
    ("days", "least", "most"),
    [(14, 0.10, 0.30), (28, 0.20, 0.50), (56, 0.40, 0.75), (180, 0.70, 0.95)],
    ids=["two weeks", "four weeks", "eight weeks", "six months"],
)
def test_responders_without_maintenance_return_as_published(
    courses: list[Course], days: int, least: float, most: float
) -> None:
    alone = [each for each in courses if each.responded and not each.maintained]

    assert least <= share_returned(alone, days) <= most


def test_maintenance_puts_returns_off(courses: list[Course]) -> None:
    kept = [each for each in courses if each.responded and each.maintained]
    alone = [each for each in courses if each.responded and not each.maintained]

    assert share_returned(kept, 56) < share_returned(alone, 56) - 0.1


def test_the_course_is_six_to_eight_infusions_in_two_to_three_weeks(courses: list[Course]) -> None:
    for course in courses:
        given = [day for day in course.infusions if day <= course.last_ind]

        assert course.first_inf == 15
        assert 6 <= len(given) <= 8
        assert 11 <= course.last_ind - course.first_inf <= 21
        assert min(after - day for day, after in pairwise(given)) >= 2


def test_every_group_is_there_in_its_share(courses: list[Course]) -> None:
    shares = [np.mean([course.group is group for course in courses]) for group in Group]

    assert shares == pytest.approx(STANDARD.groups, abs=0.04)


def test_the_level_falls_as_the_group_says(courses: list[Course]) -> None:
    for group in Group:
        falls = [
            1 - course.level[course.last_ind + 1 : course.last_ind + 4].mean() / course.baseline
            for course in courses
            if course.group is group
        ]
        low, high = FALL[group]

        assert low - 0.1 <= float(np.median(falls)) <= high + 0.1


def test_levels_stay_on_the_scale(courses: list[Course]) -> None:
    assert min(course.level.min() for course in courses) >= 0
    assert max(course.level.max() for course in courses) <= 10


def test_only_who_got_better_can_return(courses: list[Course]) -> None:
    for course in courses:
        kinds = {each.kind for each in course.events}

        assert (Kind.NON_RESPONDER in kinds) is not course.responded
        assert (Kind.PARTIAL in kinds) is (course.group is Group.PARTIAL)
        assert not (Kind.RETURN in kinds and Kind.NON_RESPONDER in kinds)


def test_a_return_rises_is_reached_and_ends_in_this_order(courses: list[Course]) -> None:
    for course in courses:
        for event in returns(course):
            assert event.return_day is not None
            assert course.last_ind < event.onset <= event.return_day < event.end <= DAYS
            assert event.return_day <= DAYS - LAST_JUDGED


def test_returns_of_one_patient_are_apart(courses: list[Course]) -> None:
    for course in courses:
        for one, other in pairwise(returns(course)):
            assert other.onset >= one.end + 3


def test_half_of_the_improvement_is_lost_from_the_return_day_on(courses: list[Course]) -> None:
    after = [
        (course.baseline - course.level[event.return_day : event.end + 1].mean())
        / course.improvement
        for course in courses
        if course.group is Group.RESPONDER
        for event in returns(course)
    ]

    assert float(np.percentile(after, 95)) < 0.5


def test_some_returns_are_answered_with_an_infusion_and_some_are_not(
    courses: list[Course],
) -> None:
    ended = [
        event.end + 1 in course.infusions
        for course in courses
        if not course.maintained
        for event in returns(course)
    ]

    assert 0.4 < float(np.mean(ended)) < 0.75


def test_a_booster_that_works_brings_the_level_down(courses: list[Course]) -> None:
    falls = [
        course.level[event.end - 3 : event.end + 1].mean()
        - course.level[event.end + 5 : event.end + 9].mean()
        for course in courses
        for event in returns(course)
        if course.group is Group.RESPONDER and event.end + 9 < DAYS
    ]

    assert float(np.median(falls)) > 1.5


def rise(course: Course) -> list[int]:
    return [(each.return_day or 0) - each.onset for each in returns(course)]


def test_a_sudden_return_takes_a_day_and_a_slow_one_weeks() -> None:
    sudden = [days for course in drawn(SUDDEN, 200) for days in rise(course)]
    slow = [days for course in drawn(SLOW, 200) for days in rise(course)]

    assert max(sudden) <= 1
    assert min(slow) >= 7
    assert 12 <= float(np.median(slow)) <= 25


def test_a_clinic_has_all_shapes_of_return(courses: list[Course]) -> None:
    days = [days for course in courses for days in rise(course)]

    assert np.mean([each <= 1 for each in days]) > 0.12
    assert np.mean([each >= 10 for each in days]) > 0.15
    assert np.mean([2 <= each < 10 for each in days]) > 0.3


def test_well_people_have_bad_days(courses: list[Course]) -> None:
    well = [each for each in courses if each.group is Group.RESPONDER and not returns(each)]
    bad = [
        float(np.mean(level > np.median(level) + 1.0))
        for level in (each.level[each.last_ind + 7 :] for each in well)
    ]

    assert 0.04 < float(np.mean(bad)) < 0.25


def test_some_feel_better_only_while_the_course_lasts(courses: list[Course]) -> None:
    lost = [
        course.level[course.last_ind + 8 : course.last_ind + 18].mean()
        - course.level[course.last_ind - 10 : course.last_ind - 4].mean()
        for course in courses
        if course.group is Group.NON_RESPONDER
    ]

    assert 0.12 < float(np.mean([each > 0.5 for each in lost])) < 0.35
