"""Half of the improvement lost twice: at the threshold, in time, and with too little to go by."""

from datetime import timedelta

import pytest

from clinical.chart import Chart, Infusion
from clinical.finding import Finding, Severity
from clinical.symptom_return import HALF_LOST_TWICE, detect_half_lost_twice
from tests.clinical.charts import (
    COURSE,
    END,
    FIRST,
    after,
    baseline,
    chart,
    days,
    entry,
    infusion,
    phq9,
)

GOOD = days(after(1), 2, 2, 2, 2, 2)
"""Level 8 before, 2 after the course: half of the improvement is lost from level 5 on."""


def found(of: Chart) -> list[Finding]:
    return list(detect_half_lost_twice(of))


def looks(first: int, last: int, level: int = 6, *more: Infusion) -> list[Finding]:
    """Look twice, so many days after the course, at one level."""
    entries = [*baseline(), *GOOD, entry(after(first), level), entry(after(last), level)]
    return found(chart(entries, more_infusions=more))


@pytest.mark.parametrize(
    ("level", "fires"), [(4, False), (5, True), (10, True)], ids=["one short", "at half", "all"]
)
def test_fires_at_half_of_the_personal_improvement(level: int, *, fires: bool) -> None:
    assert bool(looks(20, 27, level)) is fires


@pytest.mark.parametrize(
    ("gap", "fires"), [(4, False), (5, True), (15, True), (16, False)], ids=str
)
def test_the_two_looks_are_five_to_fifteen_days_apart(gap: int, *, fires: bool) -> None:
    assert bool(looks(20, 20 + gap)) is fires


def test_says_why_in_numbers_and_counts_from_the_last_infusion() -> None:
    (finding,) = looks(20, 27)

    assert (finding.rule, finding.severity) == (HALF_LOST_TWICE, Severity.URGENT)
    assert (finding.local_date, finding.period) == (after(27), 6)
    assert finding.numbers["limit"] == 5.0
    assert finding.numbers["days_since_infusion"] == 27
    assert "half of the improvement is lost from 5.0 on" in finding.because


def test_one_bad_day_is_no_return() -> None:
    assert found(chart([*baseline(), *GOOD, entry(after(20), 9)])) == []


def test_two_bad_days_with_good_ones_between_are_no_return() -> None:
    between = days(after(21), 2, 2, 2, 2, 2, 2)

    assert (
        found(
            chart([*baseline(), *GOOD, entry(after(20), 9), *between, entry(after(27), 9)]),
        )
        == []
    )


def test_an_infusion_between_the_two_looks_starts_anew() -> None:
    booster = infusion(7, after(23))

    assert looks(20, 27, 6, booster) == []


def test_a_return_after_a_booster_is_told_again_under_its_number() -> None:
    entries = [
        *[*baseline(), *GOOD],
        *[entry(after(20), 7), entry(after(26), 7)],
        *days(after(31), 2, 2, 2),
        *[entry(after(50), 7), entry(after(56), 7)],
    ]
    findings = found(chart(entries, more_infusions=[infusion(7, after(30))]))

    assert [finding.period for finding in findings] == [6, 7]
    assert [finding.severity for finding in findings] == [Severity.ROUTINE, Severity.URGENT]


def test_a_long_return_is_told_once() -> None:
    findings = found(chart([*baseline(), *GOOD, *days(after(15), *[7] * 40)]))

    assert [finding.local_date for finding in findings] == [after(20)]


@pytest.mark.parametrize(("count", "fires"), [(2, False), (3, True)])
def test_without_a_baseline_there_is_nothing_to_lose(count: int, *, fires: bool) -> None:
    entries = [*baseline(count=count), *GOOD, entry(after(20), 7), entry(after(27), 7)]

    assert bool(found(chart(entries))) is fires


def test_the_intake_score_stands_in_for_a_missing_baseline() -> None:
    entries = [*GOOD, entry(after(20), 6), entry(after(27), 6)]
    intake = phq9(FIRST - timedelta(days=7), 22)
    (finding,) = found(chart(entries, weekly=[intake]))

    assert finding.numbers["before_treatment"] == pytest.approx(22 / 2.7, abs=0.01)


def test_without_three_days_after_the_course_nothing_is_said() -> None:
    entries = [*baseline(), *GOOD[:2], entry(after(20), 9), entry(after(27), 9)]

    assert found(chart(entries)) == []


def test_somebody_who_never_responded_cannot_relapse() -> None:
    entries = [*baseline(8, 14), *days(after(1), *[7] * 10), *days(after(20), *[9] * 20)]

    assert found(chart(entries)) == []


def test_an_improvement_within_the_noise_is_no_improvement() -> None:
    entries = [*baseline(3), *days(after(1), 2, 2, 2), *days(after(20), *[4] * 20)]

    assert found(chart(entries)) == []


def test_before_the_course_ends_there_is_no_return() -> None:
    entries = [*baseline(), *days(COURSE[1] + timedelta(days=1), 9, 9)]

    assert found(chart(entries)) == []


def test_a_return_within_the_first_week_is_seen() -> None:
    entries = [*baseline(), *days(after(1), 2, 2, 2, 2, *[8] * 12)]
    (finding,) = found(chart(entries))

    assert finding.local_date == after(10)


def test_without_infusions_there_is_no_return() -> None:
    alone = chart(baseline())

    assert (
        found(
            Chart(
                as_of=alone.as_of,
                conditions=("trd",),
                primary_condition="trd",
                composite=alone.composite,
                entries=alone.entries,
            )
        )
        == []
    )


def test_entries_of_an_infusion_day_do_not_count() -> None:
    booster = infusion(7, after(27))
    entries = [*baseline(), *GOOD, entry(after(20), 9), entry(after(27), 9)]

    assert found(chart(entries, more_infusions=[booster])) == []


def test_the_night_after_an_infusion_does_not_count() -> None:
    late = infusion(7, after(19), hour=22)
    within_a_day = entry(after(20), 9, hour=21)
    entries = [*baseline(), *GOOD, within_a_day, entry(after(27), 9)]

    assert found(chart(entries, more_infusions=[late])) == []


@pytest.mark.parametrize(
    ("points", "fires"), [((12, 12), False), ((13, 13), True), ((13, 12), False)], ids=str
)
def test_two_weekly_scores_in_a_row_count_too(points: tuple[int, int], *, fires: bool) -> None:
    first, last = points
    weekly = [
        phq9(FIRST, 22),
        phq9(after(7), 4),
        phq9(after(21), first),
        phq9(after(28), last),
    ]
    findings = found(chart([*baseline(), *GOOD], weekly=weekly))

    assert bool(findings) is fires
    assert all(finding.numbers["measured"] == "weekly score" for finding in findings)


def test_weekly_scores_with_a_good_one_between_are_not_in_a_row() -> None:
    weekly = [
        phq9(FIRST, 22),
        phq9(after(7), 4),
        phq9(after(14), 15),
        phq9(after(21), 5),
        phq9(after(28), 15),
    ]

    assert found(chart([*baseline(), *GOOD], weekly=weekly)) == []


def test_the_end_of_the_course_can_be_fixed_by_staff() -> None:
    plain = chart([*baseline(), *GOOD])

    assert plain.end_of_course() == END
    assert chart([], more_infusions=[infusion(7, after(40))]).end_of_course() == END
