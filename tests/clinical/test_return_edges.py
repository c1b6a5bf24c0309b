"""When symptoms count as returned: each threshold from both sides, and what must not matter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.chart import Chart, Entry
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

WELL = [*baseline(), *days(after(1), 2, 2, 2, 2, 2)]
"""Level 8 before, 2 after: half is lost from 5 on."""


def found(of: Chart) -> list[Finding]:
    return list(detect_half_lost_twice(of))


def told(*entries: Entry) -> list[Finding]:
    return found(chart([*WELL, *entries]))


def exactly(day: int, level: float) -> Entry:
    """Make an entry whose level is a quarter of points: four items, whole numbers."""
    whole = [int(level * 4) // 4 + (n < int(level * 4) % 4) for n in range(4)]
    items = ("low_mood", "anhedonia", "hopelessness", "fatigue")
    return entry(after(day), answers=dict(zip(items, whole, strict=True)))


@pytest.mark.parametrize("level", [0, 2, 4, 4.5, 4.75, 5, 5.25, 7, 10])
def test_the_limit_is_half_of_the_improvement_to_a_quarter_of_a_point(level: float) -> None:
    assert bool(told(exactly(20, level), exactly(27, level))) is (level >= 5)


@pytest.mark.parametrize("before", range(4, 11))
@pytest.mark.parametrize("good", range(3))
def test_the_limit_follows_the_persons_own_levels(before: int, good: int) -> None:
    limit = (before + good) / 2
    own = [*baseline(before, 14), *days(after(1), *[good] * 5)]
    responded = before - good >= 0.4 * before
    for level in (limit - 0.25, limit):
        looks = [exactly(20, level), exactly(27, level)]
        expected = level >= limit and responded

        assert bool(found(chart([*own, *looks]))) is expected


@pytest.mark.parametrize("gap", range(1, 22))
def test_two_looks_confirm_each_other_five_to_fifteen_days_apart(gap: int) -> None:
    looks = (entry(after(20), 7), entry(after(20 + gap), 7))

    assert bool(told(*looks)) is (5 <= gap <= 15)


@pytest.mark.parametrize("count", range(6))
def test_a_baseline_needs_three_days_with_a_level(count: int) -> None:
    own = [*baseline(count=count), *days(after(1), 2, 2, 2, 2, 2)]
    looks = [entry(after(20), 7), entry(after(27), 7)]

    assert bool(found(chart([*own, *looks]))) is (count >= 3)


def test_three_entries_of_one_day_are_one_day_of_baseline() -> None:
    day = FIRST - timedelta(days=2)
    same = [entry(day, 8, hour=hour) for hour in (8, 14, 20)]
    looks = [entry(after(20), 7), entry(after(27), 7)]

    assert found(chart([*same, *days(after(1), 2, 2, 2), *looks])) == []


@pytest.mark.parametrize("count", range(6))
def test_a_good_level_needs_three_days_after_the_course(count: int) -> None:
    own = [*baseline(), *days(after(1), *[2] * count)]
    looks = [entry(after(20), 7), entry(after(27), 7)]

    assert bool(found(chart([*own, *looks]))) is (count >= 3)


@pytest.mark.parametrize(("start", "counts"), [(8, True), (9, False)], ids=["tenth", "eleventh"])
def test_the_good_level_is_read_within_ten_days(start: int, *, counts: bool) -> None:
    own = [*baseline(), *days(after(start), 2, 2, 2)]
    looks = [entry(after(30), 7), entry(after(37), 7)]

    assert bool(found(chart([*own, *looks]))) is counts


def test_the_good_level_is_read_from_the_first_five_days() -> None:
    own = [*baseline(), *days(after(1), 2, 2, 2, 2, 2, 9, 9, 9, 9, 9)]
    (finding,) = found(chart([*own, entry(after(20), 6)]))

    assert finding.numbers["good_level"] == 2
    assert finding.numbers["limit"] == 5


@pytest.mark.parametrize(("good", "fires"), [(1, True), (2, False)], ids=["2 points", "1 point"])
def test_an_improvement_under_a_point_and_a_half_is_noise(good: int, *, fires: bool) -> None:
    own = [*baseline(3), *days(after(1), *[good] * 5)]
    looks = [entry(after(20), 9), entry(after(27), 9)]

    assert bool(found(chart([*own, *looks]))) is fires


@pytest.mark.parametrize("missing", range(1, 7))
def test_missing_days_between_the_looks_do_not_matter(missing: int) -> None:
    levels: list[int | None] = [7] * 8
    levels[missing] = None

    assert told(*days(after(20), *levels))


@pytest.mark.parametrize(
    ("between", "fires"),
    [([7, 7, 2], True), ([7, 2, 2], True), ([2, 2, 2], False), ([4, 4, 4], False)],
    ids=str,
)
def test_the_middle_of_the_days_between_must_be_lost_too(
    between: list[int], *, fires: bool
) -> None:
    looks = [entry(after(20), 7), *days(after(22), *between), entry(after(27), 7)]
    lowest = sorted([7, *between, 7])[len(between) // 2 + 1]

    assert bool(told(*looks)) is fires is (lowest >= 5)


@pytest.mark.parametrize("day", range(20, 29))
def test_an_infusion_from_after_the_first_look_to_the_second_parts_them(day: int) -> None:
    looks = [entry(after(20), 7), entry(after(27), 7)]
    booster = infusion(7, after(day))
    parts = day <= 27

    assert bool(found(chart([*WELL, *looks], more_infusions=[booster]))) is not parts


def test_entries_on_infusion_days_never_confirm() -> None:
    more = [infusion(7 + n, after(20 + 7 * n)) for n in range(4)]
    looks = [entry(after(20 + 7 * n), 10) for n in range(4)]

    assert found(chart([*WELL, *looks], more_infusions=more)) == []


def test_two_entries_of_one_day_count_by_their_mean() -> None:
    up_and_down = [entry(after(20), 10, hour=8), entry(after(20), 0), entry(after(27), 9)]
    worse = [entry(after(20), 9, hour=8), entry(after(20), 3), entry(after(27), 9)]

    assert told(*up_and_down)[0].numbers["first_level"] == 5
    assert told(*worse)[0].numbers["first_level"] == 6


def test_skipped_items_are_not_zero() -> None:
    half = [entry(after(day), answers={"low_mood": 8, "fatigue": 8}) for day in (20, 27)]
    quarter = [entry(after(day), answers={"low_mood": 10}) for day in (20, 27)]

    assert told(*half)[0].numbers["first_level"] == 8
    assert told(*quarter) == []


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_the_night_the_clocks_change_is_a_night_like_any_other(zone: str) -> None:
    there = ZoneInfo(zone)
    shift = timedelta(days=(datetime(2026, 3, 29, tzinfo=UTC).date() - after(20)).days)

    def moved(each: Entry) -> Entry:
        day = each.local_date + shift
        local = datetime(day.year, day.month, day.day, 20, tzinfo=there)
        return replace(each, local_date=day, occurred_at=local.astimezone(UTC))

    whole = chart([])
    late = [
        replace(
            each,
            local_date=each.local_date + shift,
            started_at=each.started_at + shift,
        )
        for each in whole.infusions
    ]
    noted = [moved(each) for each in [*WELL, entry(after(18), 7), entry(after(23), 7)]]
    findings = found(replace(whole, infusions=late, entries=noted))

    assert [finding.local_date for finding in findings] == [after(23) + shift]


@pytest.mark.parametrize("points", range(10, 17))
def test_weekly_scores_lose_half_from_thirteen_on(points: int) -> None:
    weekly = [
        phq9(FIRST, 22),
        phq9(after(7), 4),
        phq9(after(21), points),
        phq9(after(28), points),
    ]

    assert bool(found(chart(WELL, weekly=weekly))) is (points >= 13)


@pytest.mark.parametrize("gap", [3, 4, 5, 7, 14, 15, 16, 30])
def test_weekly_scores_must_be_five_to_fifteen_days_apart(gap: int) -> None:
    weekly = [
        phq9(FIRST, 22),
        phq9(after(7), 4),
        phq9(after(21), 20),
        phq9(after(21 + gap), 20),
    ]

    assert bool(found(chart(WELL, weekly=weekly))) is (5 <= gap <= 15)


def test_an_infusion_between_weekly_scores_parts_them() -> None:
    weekly = [phq9(FIRST, 22), phq9(after(7), 4), phq9(after(21), 20), phq9(after(28), 20)]
    booster = infusion(7, after(25))

    assert found(chart(WELL, weekly=weekly, more_infusions=[booster])) == []


def test_of_two_weekly_scores_on_one_day_the_higher_counts() -> None:
    weekly = [
        phq9(FIRST, 22),
        phq9(after(7), 4),
        *[phq9(after(21), points) for points in (20, 3)],
        phq9(after(28), 20),
    ]

    assert found(chart(WELL, weekly=weekly)) == found(chart(WELL, weekly=weekly[::-1]))
    assert found(chart(WELL, weekly=weekly))[0].numbers["first_level"] == pytest.approx(7.41)


def test_because_holds_every_number_it_rests_on() -> None:
    (finding,) = told(entry(after(20), 6), entry(after(27), 7))

    assert finding.rule == HALF_LOST_TWICE
    assert finding.because == (
        f"diary level 6.0 on {after(20)} and 7.0 on {after(27)}; half of the improvement is lost "
        "from 5.0 on (before treatment 8.0, good level 2.0); 27 days after infusion 6"
    )
    assert finding.numbers == {
        "measured": "diary level",
        "first_day": after(20).isoformat(),
        "last_day": after(27).isoformat(),
        "first_level": 6,
        "last_level": 7,
        "limit": 5,
        "before_treatment": 8,
        "good_level": 2,
        "days_since_infusion": 27,
        "infusion_number": 6,
    }


def test_a_return_that_was_treated_since_is_routine() -> None:
    looks = [entry(after(20), 7), entry(after(27), 7)]
    open_now = found(chart([*WELL, *looks]))
    treated = found(chart([*WELL, *looks], more_infusions=[infusion(7, after(28))]))

    assert [each.severity for each in open_now] == [Severity.URGENT]
    assert [each.severity for each in treated] == [Severity.ROUTINE]


@pytest.mark.parametrize("at", range(1, 6))
def test_staff_may_say_when_the_course_ended(at: int) -> None:
    own = [
        *baseline(),
        *days(COURSE[at] + timedelta(days=1), 2, 2),
        *days(END + timedelta(1), 2, 2),
    ]
    fixed = replace(chart(own), course_end=COURSE[at])

    assert fixed.end_of_course() == COURSE[at]


LEVELS = st.lists(st.none() | st.integers(0, 10), min_size=8, max_size=25)


@settings(max_examples=60)
@given(LEVELS, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(levels: list[int | None], chance: object) -> None:
    noted = [*WELL, *days(after(15), *levels)]
    shuffled = [*noted, *noted]
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random

    assert found(chart(shuffled)) == found(chart(noted))


@settings(max_examples=60)
@given(LEVELS, st.integers(0, 24))
def test_a_worse_day_never_takes_a_return_back(levels: list[int | None], at: int) -> None:
    worse = [10 if n == at and level is not None else level for n, level in enumerate(levels)]
    before = found(chart([*WELL, *days(after(15), *levels)]))
    later = found(chart([*WELL, *days(after(15), *worse)]))

    assert not before or (later and later[0].local_date <= before[0].local_date)


@settings(max_examples=60)
@given(LEVELS)
def test_each_stretch_between_infusions_is_told_once(levels: list[int | None]) -> None:
    noted = [*WELL, *days(after(15), *levels)]
    periods = [each.period for each in found(chart(noted, more_infusions=[infusion(7, after(25))]))]

    assert len(periods) == len(set(periods))
    assert set(periods) <= {6, 7}
