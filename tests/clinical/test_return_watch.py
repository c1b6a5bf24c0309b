"""The improvement is being lost: tiers, episodes, re-arming, and what a finding says."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from clinical.calibration import SHIPPED, Calibration
from clinical.chart import Chart, Entry, Infusion, WeeklyScore
from clinical.finding import Finding, Severity, Tier, period_of
from clinical.return_track import statistic_by_day
from clinical.return_watch import (
    TIERS,
    detect_improvement_lost,
)
from tests.clinical.charts import END, FIRST, after, baseline, chart, days, entry, infusion, phq9

BEFORE = baseline(8, 14)
WELL: list[int | None] = [2] * 15
ALL = [Tier.WATCH, Tier.LIKELY, Tier.STRONG]


def course(
    *levels: int | None,
    more: tuple[Infusion, ...] = (),
    weekly: tuple[WeeklyScore, ...] = (),
    before: list[Entry] | None = None,
) -> Chart:
    """Make a chart of daily levels since a course that staff closed."""
    noted = [*(BEFORE if before is None else before), *days(after(1), *levels)]
    return replace(chart(noted, weekly=weekly, more_infusions=more), course_end=END)


def told(of: Chart, calibration: Calibration = SHIPPED) -> list[Finding]:
    return list(detect_improvement_lost(of, calibration))


def tiers(of: Chart) -> list[tuple[int, Tier]]:
    return [((each.local_date - END).days, each.tier) for each in told(of)]


def period(number: int, rearms: int, tier: Tier) -> int:
    return period_of(number, rearms) * 4 + [*ALL, Tier.CONFIRMED].index(tier)


def test_a_slow_return_climbs_through_the_tiers() -> None:
    assert tiers(course(*WELL, 4, 5, 5, 6, 7, 7)) == [
        (17, Tier.WATCH),
        (18, Tier.LIKELY),
        (18, Tier.STRONG),
    ]


def test_a_sudden_return_tells_every_tier_it_passed_on_one_day() -> None:
    assert tiers(course(*WELL, 7, 7, 7)) == [(17, Tier.WATCH), (17, Tier.LIKELY), (18, Tier.STRONG)]


def test_one_bad_day_among_good_ones_is_at_most_watched() -> None:
    assert tiers(course(*WELL, 8, 2, 2)) == [(16, Tier.WATCH)]
    assert tiers(course(*WELL, 8, 8)) == [(16, Tier.WATCH), (17, Tier.LIKELY), (17, Tier.STRONG)]


@pytest.mark.parametrize(
    ("levels", "weekly", "more", "less"),
    [
        ([8], (), (), 1.0),
        ([5, 8], (), (), 0.0),
        ([5, None, 8], (), (), 0.0),
        ([5, None, 8], (), (infusion(7, after(17)),), 1.0),
        ([3, 8], (), (), 1.0),
        ([8], (phq9(after(16), 22),), (), 0.0),
        ([8], (phq9(after(15), 22),), (), 1.0),
    ],
    ids=[
        "alone",
        "after half was lost",
        "and a gap",
        "and an infusion",
        "after less",
        "with a weekly score",
        "the day after one",
    ],
)
def test_a_bad_day_that_stands_alone_needs_more(
    levels: list[int | None],
    weekly: tuple[WeeklyScore, ...],
    more: tuple[Infusion, ...],
    less: float,
) -> None:
    of = course(*WELL, *levels, weekly=weekly, more=more)
    last, value = statistic_by_day(of)[-1]

    def speaks(threshold: float) -> bool:
        cut = replace(SHIPPED.cuts[0], threshold=threshold)
        own = Calibration(version="own", floor=SHIPPED.floor, cuts=(cut,))
        return last in {each.local_date for each in told(of, own)}

    assert speaks(value - less - 0.001)
    assert not speaks(value - less + 0.001)


@pytest.mark.parametrize(
    ("tier", "severity"),
    [
        (Tier.WATCH, Severity.NOTICE),
        (Tier.LIKELY, Severity.URGENT),
        (Tier.STRONG, Severity.URGENT),
    ],
)
def test_a_watch_is_shown_and_the_others_ring(tier: Tier, severity: Severity) -> None:
    found = {each.tier: each.severity for each in told(course(*WELL, 8, 8, 8))}

    assert found[tier] is severity


def test_holding_tells_nothing() -> None:
    assert told(course(*[2, 3, 1, 2] * 40)) == []


def test_a_long_return_is_told_once() -> None:
    assert [tier for _, tier in tiers(course(*WELL, *[8] * 60))] == ALL


@pytest.mark.parametrize("tier", ALL)
def test_a_tier_speaks_from_its_threshold_on(tier: Tier) -> None:
    of = course(*WELL, 4, 5, 5, 6, 7, 7)
    for cut in SHIPPED.cuts:
        odds = statistic_by_day(of)[15:]
        alone = [1.0, 1.0, *[0.0] * 4]
        above = [
            day
            for (day, value), less in zip(odds, alone, strict=True)
            if value - less >= cut.threshold
        ]
        first = next(each.local_date for each in told(of) if each.tier is cut.tier)

        assert first == above[0]
    assert tier in {each.tier for each in told(of)}


@pytest.mark.parametrize(("by", "expected"), [(0.001, []), (0, [Tier.WATCH])], ids=["under", "at"])
def test_the_threshold_itself_is_enough(by: float, expected: list[Tier]) -> None:
    of = course(*WELL, 6, 6)
    value = statistic_by_day(of)[-1][1]
    cut = replace(SHIPPED.cuts[0], threshold=value + by)
    own = Calibration(version="own", floor=SHIPPED.floor, cuts=(cut,))

    assert [each.tier for each in told(of, own)] == expected


@pytest.mark.parametrize(("count", "strong"), [(9, False), (10, True)], ids=["ninth", "tenth"])
def test_the_highest_tier_needs_ten_days_since_the_course(count: int, *, strong: bool) -> None:
    of = course(*[2] * (count - 4), *[8] * 4)

    assert (Tier.STRONG in {tier for _, tier in tiers(of)}) is strong


def test_days_without_an_answer_are_none_of_the_ten() -> None:
    gaps: list[int | None] = [None] * 10
    of = course(*[2] * 5, *gaps, *[8] * 4)

    assert [tier for _, tier in tiers(of)] == [Tier.WATCH, Tier.LIKELY]


def test_nobody_is_told_twice_about_a_wave_that_never_calmed() -> None:
    wave = [8, 8, 8, 5, 5, 8, 8]

    assert [tier for _, tier in tiers(course(*WELL, *wave))] == ALL


def test_two_calm_days_in_a_row_end_an_episode_and_the_next_has_periods_of_its_own() -> None:
    found = told(course(*WELL, 8, 8, 8, *[1] * 12, 8, 8, 8))

    assert [each.tier for each in found] == [*ALL, *ALL]
    assert [each.period for each in found] == [
        *(period(6, 0, tier) for tier in ALL),
        *(period(6, 1, tier) for tier in ALL),
    ]


def calm(of: Chart, since: int) -> list[bool]:
    """Say of each day after so many whether it was calm enough to end an episode."""
    limit = SHIPPED.threshold(Tier.LIKELY) - 0.5
    return [value <= limit for day, value in statistic_by_day(of) if day > after(since)]


@pytest.mark.parametrize(
    ("between", "quiet", "again"),
    [
        ((2,), [True], False),
        ((2, 2), [True, True], True),
        ((2, None, 2), [True, True, True], True),
        ((3, 8, 3), [True, False, True], False),
        ((2, None), [True, True], False),
    ],
    ids=["one", "two", "a gap between", "a bad day between", "a gap after"],
)
def test_an_episode_ends_with_two_calm_days_that_were_answered(
    between: tuple[int | None, ...], quiet: list[bool], *, again: bool
) -> None:
    assert calm(course(*WELL, 8, 8, 8, *between, 8), 18)[: len(quiet)] == quiet
    assert (len(told(course(*WELL, 8, 8, 8, *between, 8, 8, 8))) == 2 * len(ALL)) is again


def test_the_next_infusion_arms_again_under_its_number() -> None:
    levels: list[int | None] = [*WELL, *[8] * 10, None, *[8] * 6]
    found = told(course(*levels, more=(infusion(7, after(26)),)))

    assert {each.period for each in found} == {
        period(number, 0, tier) for number in (6, 7) for tier in ALL
    }
    assert min(each.local_date for each in found if each.period >= period(7, 0, ALL[0])) > after(26)


def test_the_count_of_episodes_starts_again_with_an_infusion() -> None:
    twice = [*WELL, 8, 8, 8, *[1] * 12, 8, 8, 8]
    found = told(course(*twice, None, *[1] * 10, *[8] * 4, more=(infusion(7, after(34)),)))

    assert [each.period for each in found[-3:]] == [period(7, 0, tier) for tier in ALL]


def test_a_booster_that_works_tells_nothing_more() -> None:
    levels: list[int | None] = [*WELL, *[8] * 6, None, *[2] * 30]

    assert len(told(course(*levels, more=(infusion(7, after(22)),)))) == len(ALL)


def test_who_never_responded_cannot_relapse() -> None:
    assert told(course(*[7] * 60)) == []


def test_before_the_third_day_nothing_is_told() -> None:
    weekly = (phq9(FIRST, 27), phq9(after(1), 27), phq9(after(2), 27))
    of = course(10, 10, 10, before=[], weekly=weekly)

    assert [value > SHIPPED.threshold(Tier.LIKELY) for _, value in statistic_by_day(of)][1:2] == [
        True
    ]
    assert {day for day, _ in tiers(of)} == {3}


@pytest.mark.parametrize("silent", [5, 21, 60, 150])
def test_a_good_day_after_a_long_silence_raises_nothing(silent: int) -> None:
    gap: list[int | None] = [None] * silent

    assert told(course(*WELL, *gap, 2)) == []


def test_a_day_that_speaks_against_a_return_tells_none_however_likely_time_has_made_it() -> None:
    """Level 4 before treatment, 2 after: half of a small return hides in the noise of days."""
    noisy = days(FIRST - timedelta(days=14), *[1, 7] * 7)
    gap: list[int | None] = [None] * 90
    of = course(*WELL, *gap, 2, before=noisy)

    assert statistic_by_day(of)[-1][1] > SHIPPED.threshold(Tier.WATCH)
    assert told(of) == []


def test_a_bad_day_after_a_long_silence_does() -> None:
    gap: list[int | None] = [None] * 60

    assert [tier for _, tier in tiers(course(*WELL, *gap, 7))] == ALL


def test_silence_itself_raises_nothing_and_an_entry_without_a_level_neither() -> None:
    of = course(*WELL)
    noted = [*of.entries, *(entry(after(day)) for day in range(16, 120))]

    assert told(replace(of, entries=noted)) == []


def test_weekly_scores_alone_can_tell_a_return() -> None:
    weeks = tuple(phq9(after(7 * n), points) for n, points in enumerate((3, 3, 20, 22), start=1))
    found = told(course(*[2, 2, 2], weekly=weeks))

    assert {each.tier for each in found} >= {Tier.WATCH, Tier.LIKELY}
    assert found[0].local_date in {after(21), after(28)}


def test_a_calibration_brings_its_floor_thresholds_and_name() -> None:
    of = course(*WELL, 5, 5, 6)
    own = replace(SHIPPED, version="clinic-7", floor=0.0)

    assert statistic_by_day(of, own) != statistic_by_day(of)
    assert {each.numbers["calibration"] for each in told(of, own)} == {"clinic-7"}


def test_every_day_since_the_course_has_a_statistic() -> None:
    gaps: list[int | None] = [None, 3, None, None, 4]
    by_day = statistic_by_day(course(*gaps))

    assert [day for day, _ in by_day] == [after(day) for day in range(1, 6)]


def test_who_never_responded_still_has_a_statistic() -> None:
    assert len(statistic_by_day(course(*[8] * 30))) == 30


@pytest.mark.parametrize("end", [None, END], ids=["open", "closed"])
def test_without_infusions_or_days_after_the_course_there_is_no_statistic(
    end: date | None,
) -> None:
    alone = replace(chart(days(after(1), 8, 8)), infusions=(), course_end=end)
    early = replace(chart(BEFORE), course_end=end)

    for of in (alone, early, replace(early, entries=())):
        assert statistic_by_day(of) == []
        assert told(of) == []


def test_a_course_nobody_closed_is_not_watched_for_its_first_week() -> None:
    levels = [*[2] * 5, 8, 8, 8, 8, 8]
    open_end = replace(course(*levels), course_end=None)

    assert tiers(course(*levels))[:2] == [(7, Tier.WATCH), (7, Tier.LIKELY)]
    assert tiers(open_end)[:2] == [(8, Tier.WATCH), (8, Tier.LIKELY)]


def test_a_return_in_a_pause_of_the_course_keeps_the_number_it_had_then() -> None:
    start = FIRST + timedelta(days=1)
    noted = [*BEFORE, *days(start, *[2] * 8, *[8] * 8)]
    of = replace(
        chart(noted), infusions=[infusion(1, FIRST), infusion(2, FIRST + timedelta(days=18))]
    )
    alone = replace(of, infusions=of.infusions[:1])

    assert told(of) == told(alone) != []
    assert {each.numbers["infusion_number"] for each in told(of)} == {1}


def test_the_order_of_tiers_in_kept_periods_is_fixed() -> None:
    assert TIERS == (Tier.WATCH, Tier.LIKELY, Tier.STRONG, Tier.CONFIRMED)
