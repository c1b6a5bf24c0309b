"""Infusions beside their plan: too soon, or not on record; a notice and no more."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.chart import Chart, InductionPlan, Infusion, PlannedVisit
from clinical.finding import Finding, Severity, Tier
from clinical.infusion_watch import EARLY, OVERDUE, detect_early, detect_overdue
from clinical.treatment import CLOSE, RECORD_EXPECTED
from tests.clinical.charts import FIRST, at, chart

SECOND = timedelta(seconds=1)
PLAN = InductionPlan(course=1, infusions=6, window_days=21)
PLAN_OVER = timedelta(days=21) + RECORD_EXPECTED


def course(*days: float, number: int = 1, course: int | None = 1) -> list[Infusion]:
    """Give infusions so many days after the first."""
    return [
        Infusion(
            number=place,
            started_at=at(FIRST, 9) + timedelta(days=day),
            local_date=(at(FIRST, 9) + timedelta(days=day)).date(),
            course=course,
        )
        for place, day in enumerate(days, start=number)
    ]


def treated(infusions: list[Infusion], **more: object) -> Chart:
    return replace(chart([]), infusions=infusions, **more)  # type: ignore[arg-type] # as named


def early(infusions: list[Infusion]) -> list[int]:
    return [each.period for each in detect_early(treated(infusions))]


def visit(days: float) -> PlannedVisit:
    planned_at = at(FIRST, 9) + timedelta(days=days)
    return PlannedVisit(planned_at=planned_at, local_date=planned_at.date())


def overdue(of: Chart) -> list[Finding]:
    return list(detect_overdue(of))


@pytest.mark.parametrize(
    ("gap", "told"),
    [(CLOSE, False), (CLOSE - SECOND, True), (SECOND, True), (timedelta(), False)],
    ids=["a day", "a second less", "at once", "the same"],
)
def test_a_second_infusion_within_a_day_is_early(gap: timedelta, *, told: bool) -> None:
    assert early(course(0, gap / timedelta(days=1))) == ([2] if told else [])


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ((0, 3), []),
        ((0, 7, 9), []),
        ((0, 5, 10, 13), []),
        ((0, 5, 10, 12.99), [4]),
        ((0, 3, 7, 10, 14, 18), []),
        ((0, 2, 4, 7, 9, 11), []),
        ((0, 3, 6, 30, 60, 90), []),
        ((0, 7, 14, 21, 24, 27), [5, 6]),
    ],
    ids=str,
)
def test_less_than_six_tenths_of_the_spacing_so_far_is_early(
    days: tuple[float, ...], told: list[int]
) -> None:
    assert early(course(*days)) == told


def test_another_course_has_a_spacing_of_its_own() -> None:
    maintained = course(0, 30, 60, 90)
    again = course(200, 203, 206, 209, number=5, course=2)

    assert early([*maintained, *again]) == []
    assert early([*maintained, *course(200, 203, number=5)]) == [6]


def test_where_nobody_says_which_course_it_was_only_a_day_counts() -> None:
    assert early(course(0, 7, 14, 16, 16.5, course=None)) == [5]


def test_a_notice_says_how_soon() -> None:
    [soon] = detect_early(treated(course(0, 0.5)))
    [short] = detect_early(treated(course(0, 7, 14, 17)))

    assert (soon.rule, soon.severity, soon.tier) == (EARLY, Severity.NOTICE, Tier.WATCH)
    assert soon.because == f"infusion 2 on {FIRST} came 12.0 hours after the one before"
    assert short.because == (
        f"infusion 4 on {FIRST + timedelta(days=17)} came 3.0 days after the one before, less "
        "than 0.6 of the usual spacing of this course"
    )
    assert short.local_date == FIRST + timedelta(days=17)


@pytest.mark.parametrize(
    ("late", "told"), [(timedelta(), False), (SECOND, True)], ids=["3 days", "and a second"]
)
def test_a_visit_without_its_infusion_is_overdue_after_three_days(
    late: timedelta, *, told: bool
) -> None:
    planned = visit(3)
    now = planned.planned_at + RECORD_EXPECTED + late

    found = overdue(treated(course(0), planned_visits=[planned], as_of=now))
    assert bool(found) is told
    for each in found:
        assert (each.rule, each.severity, each.tier) == (OVERDUE, Severity.NOTICE, Tier.WATCH)
        assert each.local_date == planned.local_date + timedelta(days=3)
        assert each.because == (
            f"no infusion is recorded on {each.local_date} for the visit planned for "
            f"{planned.local_date}"
        )


def test_each_planned_day_is_told_once() -> None:
    visits = [visit(3), visit(3.1), visit(6)]

    found = overdue(treated(course(0), planned_visits=visits))
    assert [each.local_date - FIRST for each in found] == [timedelta(days=6), timedelta(days=9)]
    assert len({each.period for each in found}) == len(found)


@pytest.mark.parametrize(
    ("late", "given_count", "told"),
    [(timedelta(), 5, False), (SECOND, 5, True), (SECOND, 6, False), (SECOND, 1, True)],
    ids=["in time", "over", "all given", "only one"],
)
def test_a_plan_is_overdue_three_days_after_its_window(
    late: timedelta, given_count: int, *, told: bool
) -> None:
    infusions = course(*range(0, 3 * given_count, 3))
    now = infusions[0].started_at + PLAN_OVER + late

    found = overdue(treated(infusions, induction_plan=PLAN, as_of=now))
    assert bool(found) is told
    for each in found:
        assert each.local_date == FIRST + PLAN_OVER
        assert each.numbers == {"given": given_count, "planned": 6}
        assert f"{given_count} of 6 infusions are recorded" in each.because


def test_infusions_of_another_course_fill_no_plan() -> None:
    infusions = [*course(*range(0, 30, 3)), *course(200, number=11, course=2)]
    plan = replace(PLAN, course=2)
    now = infusions[-1].started_at + PLAN_OVER + SECOND

    [found] = overdue(treated(infusions, induction_plan=plan, as_of=now))
    assert found.numbers["given"] == 1


def test_a_plan_without_a_first_infusion_and_no_plan_say_nothing() -> None:
    assert overdue(treated([], induction_plan=PLAN)) == []
    assert overdue(treated(course(0))) == []


def test_a_visit_and_a_plan_that_are_late_on_one_day_are_two_notices() -> None:
    now = at(FIRST, 9) + timedelta(days=60)
    of = treated(course(0), planned_visits=[visit(0)], induction_plan=PLAN, as_of=now)

    assert len({each.period for each in overdue(of)}) == 2


GAPS = st.lists(st.integers(1, 40), max_size=10)
VISITS = st.lists(st.integers(0, 60), max_size=8)


def _days(gaps: list[int]) -> list[int]:
    return [sum(gaps[:place]) for place in range(len(gaps) + 1)]


@given(GAPS, VISITS, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(
    gaps: list[int], visits: list[int], chance: object
) -> None:
    infusions, planned = course(*_days(gaps)), [visit(day) for day in visits]
    whole = treated(infusions, planned_visits=planned, induction_plan=PLAN)
    twice, more = [*infusions, *infusions], [*planned, *planned]
    for each in (twice, more):
        chance.shuffle(each)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    shaken = replace(whole, infusions=twice, planned_visits=more)

    for rule in (detect_early, detect_overdue):
        assert list(rule(shaken)) == list(rule(whole))


@given(GAPS, st.integers(0, 10))
def test_what_comes_later_makes_no_infusion_early(gaps: list[int], known: int) -> None:
    infusions = course(*_days(gaps))

    then = early(infusions[:known])
    assert then == [period for period in early(infusions) if period <= known]


@given(VISITS, st.integers(0, 80), st.integers(0, 80))
def test_time_that_passes_takes_no_overdue_visit_back(
    visits: list[int], one: int, other: int
) -> None:
    earlier, later = sorted((one, other))

    def told(day: int) -> set[int]:
        planned = [visit(each) for each in visits]
        now = at(FIRST) + timedelta(days=day)
        return {each.period for each in overdue(treated([], planned_visits=planned, as_of=now))}

    assert told(earlier) <= told(later)


@given(GAPS, VISITS)
def test_notices_are_of_days_that_have_come_and_ring_nobody(
    gaps: list[int], visits: list[int]
) -> None:
    planned = [visit(day) for day in visits]
    of = treated(course(*_days(gaps)), planned_visits=planned, induction_plan=PLAN)

    for each in [*detect_early(of), *detect_overdue(of)]:
        assert each.severity is Severity.NOTICE
        assert str(each.local_date) in each.because
        assert 0 <= each.period < 2**31
    assert all(each.local_date <= of.as_of.date() for each in overdue(of))
