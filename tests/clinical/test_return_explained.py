"""What a finding of a return says: every number a clinician checks, and no more days than that."""

from datetime import date

import pytest

from clinical.finding import Tier
from clinical.return_track import statistic_by_day
from clinical.return_watch import IMPROVEMENT_LOST
from tests.clinical.charts import FIRST, after, infusion, phq9
from tests.clinical.test_return_watch import WELL, course, told


def test_weekly_scores_without_a_diary_say_that_there_is_no_level() -> None:
    weeks = tuple(phq9(after(7 * n), points) for n, points in enumerate((3, 3, 24, 24), start=1))
    finding = told(course(weekly=weeks))[-1]

    assert finding.because.startswith("no daily level since the course; at its best ")
    assert "level" not in finding.numbers
    assert finding.numbers["telling_days"] == "none"


def test_because_holds_every_number_it_rests_on() -> None:
    weeks = (phq9(FIRST, 22), phq9(after(7), 4), phq9(after(14), 3), phq9(after(17), 8))
    finding = told(course(*WELL, 4, 5, 5, weekly=weeks))[-1]
    numbers = finding.numbers
    share = (numbers["level"] - numbers["good_level"]) / numbers["full_return"]  # type: ignore[operator] # numbers, all three

    assert (finding.rule, finding.tier, finding.local_date) == (
        IMPROVEMENT_LOST,
        Tier.LIKELY,
        after(18),
    )
    assert numbers["share_lost"] == pytest.approx(share, abs=0.01)
    assert numbers["full_return"] == pytest.approx(
        0.97 * 8 - float(numbers["good_level"]), abs=0.01
    )
    assert {name: numbers[name] for name in numbers if name not in _WORKED_OUT} == {
        "level": 5,
        "level_day": after(18).isoformat(),
        "before_treatment": 8,
        "before_known_from": "diary",
        "days_since_infusion": 18,
        "infusion_number": 6,
        "weekly_score": 2.96,
        "weekly_best": 1.11,
        "answered_of_14_days": 14,
        "telling_days": f"{after(16)} (4.0), {after(17)} (5.0), {after(18)} (5.0)",
        "threshold": 0.5,
        "tier": "likely",
        "nominal_false_alarms": 0.17,
        "realised_false_alarms": "not yet known here (0 blocks)",
        "calibration": "shipped-1",
    }
    for part in (
        f"level 5.0 on {after(18)}, {numbers['share_lost']:.0%} of the improvement lost",
        f"at its best {numbers['good_level']:.1f}, before treatment 8.0 (diary)",
        "18 days after infusion 6",
        "weekly score 3.0 of 10, best since the course 1.1",
        f"days that say most: {numbers['telling_days']}",
        "14 of 14 days answered",
        f"L {numbers['statistic']:.2f}, likely from 0.50 on",
        "false alarms: not yet known here (0 blocks)",
        "symptom_return.improvement_lost, calibration shipped-1",
    ):
        assert part in finding.because.split("; ")


_WORKED_OUT = {"statistic", "good_level", "full_return", "share_lost"}


def test_the_statistic_told_is_that_of_the_day() -> None:
    of = course(*WELL, 8, 8, 8)
    by_day = dict(statistic_by_day(of))

    for finding in told(of):
        assert finding.numbers["statistic"] == round(by_day[finding.local_date], 2)


def test_at_most_five_days_are_named_and_they_are_the_worst() -> None:
    finding = told(course(*[2] * 10, 5, 3, 5, 4, 5, 3, 5, 5))[-1]

    assert finding.local_date == after(18)
    assert finding.numbers["telling_days"] == ", ".join(
        f"{after(day)} (5.0)" for day in (11, 13, 15, 17, 18)
    )


def test_days_before_the_last_infusion_say_nothing_of_what_came_after() -> None:
    levels: list[int | None] = [*WELL, *[8] * 5, None, *[8] * 4]
    finding = told(course(*levels, more=(infusion(7, after(21)),)))[-1]

    named = str(finding.numbers["telling_days"]).split(", ")

    assert finding.numbers["days_since_infusion"] == (finding.local_date - after(21)).days
    assert all(date.fromisoformat(each[:10]) > after(21) for each in named)


def test_answered_days_are_those_of_the_last_fourteen() -> None:
    gaps: list[int | None] = [None] * 9
    finding = told(course(*WELL, *gaps, 8, 8, 8))[-1]

    assert (
        finding.numbers["answered_of_14_days"]
        == (after(15) - finding.local_date).days + 14 + (finding.local_date - after(24)).days
    )


def test_without_a_baseline_a_finding_says_so() -> None:
    (first, *_) = told(course(*WELL, 8, 8, before=[]))

    assert first.numbers["before_known_from"] == "no personal baseline"
    assert "before treatment 6.6 (no personal baseline)" in first.because
