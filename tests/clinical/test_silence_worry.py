"""A silence after the return watch has spoken: told sooner, for as long as the worry is fresh."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical import return_watch
from clinical.assess import RULES, assess, calibrated
from clinical.calibration import SHIPPED, Calibration
from clinical.chart import Chart, Infusion
from clinical.finding import Finding, Severity, Tier
from clinical.return_watch import detect_improvement_lost, watched
from clinical.silence import BROKEN_HABIT, detect_broken_habit
from tests.clinical.charts import after, at, baseline, chart, days, infusion

WELL, ILL = 2, 8
DEAF = replace(SHIPPED, cuts=tuple(replace(cut, threshold=99.0) for cut in SHIPPED.cuts))
"""Thresholds that no diary reaches."""


def silent_after(*levels: int, more: tuple[Infusion, ...] = ()) -> Chart:
    """Write every day since the course, and then no more."""
    entries = [*baseline(), *days(after(1), *levels)]
    return chart(entries, more_infusions=more, as_of=at(after(len(levels) + 40)))


def told(of: Chart, calibration: Calibration = SHIPPED) -> Finding:
    """Give the last silence."""
    return list(detect_broken_habit(of, calibration))[-1]


def shortened_by(of: Chart) -> str:
    return str(told(of).numbers["shortened_by"])


def missed(of: Chart) -> int:
    return int(told(of).numbers["missed_days"])


RETURNED = silent_after(*[WELL] * 25, *[ILL] * 5)
HOLDING = silent_after(*[WELL] * 30)


def test_a_silence_right_after_a_return_was_told_comes_two_days_sooner() -> None:
    assert (shortened_by(RETURNED), shortened_by(HOLDING)) == ("tier", "no")
    assert missed(HOLDING) - missed(RETURNED) == 2
    assert (told(RETURNED).severity, told(RETURNED).tier) == (Severity.URGENT, Tier.LIKELY)


def test_the_lowest_tier_rings_nobody_and_is_not_enough() -> None:
    watched_only = silent_after(*[WELL] * 30, 10)

    assert [each.tier for each in detect_improvement_lost(watched_only)] == [Tier.WATCH]
    assert shortened_by(watched_only) == "no"


def first_told(of: Chart) -> date:
    return min(each.local_date for each in detect_improvement_lost(of))


def last_told(of: Chart) -> date:
    return max(each.local_date for each in detect_improvement_lost(of))


@pytest.mark.parametrize(("on", "sooner"), [(14, True), (15, False)], ids=["fresh", "old"])
def test_a_tier_that_was_told_counts_for_fourteen_days(on: int, *, sooner: bool) -> None:
    told_after = (last_told(silent_after(*[WELL] * 25, *[ILL] * 30)) - after(0)).days
    of = silent_after(*[WELL] * 25, *[ILL] * (told_after + on - 25))

    assert last_told(of) == after(told_after)
    assert (shortened_by(of) == "tier") is sooner


@pytest.mark.parametrize(("calm", "sooner"), [(0, True), (9, False)], ids=["open", "calm"])
def test_an_episode_that_has_ended_shortens_nothing(calm: int, *, sooner: bool) -> None:
    of = silent_after(*[WELL] * 25, *[ILL] * 4, *[WELL] * calm)

    assert after(29 + calm) - last_told(of) < timedelta(days=14)
    assert (shortened_by(of) == "tier") is sooner


def test_an_infusion_takes_the_worry_away_until_the_watch_speaks_again() -> None:
    boosted = silent_after(
        *[WELL] * 25, *[ILL] * 4, ILL, WELL, WELL, more=(infusion(7, after(30)),)
    )

    assert after(32) - last_told(boosted) < timedelta(days=14)
    assert shortened_by(boosted) == "no"


def test_who_did_not_respond_cannot_be_worried_about_a_return() -> None:
    assert shortened_by(silent_after(*[ILL] * 30)) == "no"


def test_before_the_watch_spoke_a_silence_is_as_long_as_ever() -> None:
    entries = [*baseline(), *days(after(1), *[WELL] * 20, *[None] * 14, *[ILL] * 6)]
    first, second = detect_broken_habit(chart(entries, as_of=at(after(80))))

    assert first_told(chart(entries)) > first.local_date
    assert [each.numbers["shortened_by"] for each in (first, second)] == ["no", "tier"]


def test_without_a_course_there_is_no_watch_to_ask() -> None:
    nothing = replace(HOLDING, infusions=())

    assert told(nothing).numbers["shortened_by"] == "no"


def test_a_clinics_own_thresholds_are_those_that_count() -> None:
    own = assess(RETURNED, now=RETURNED.as_of, rules=calibrated(RULES, DEAF))
    shipped = assess(RETURNED, now=RETURNED.as_of)

    assert [silences(each) for each in (own, shipped)] == [["no"], ["tier"]]


def silences(found: list[Finding]) -> list[str]:
    return [str(each.numbers["shortened_by"]) for each in found if each.rule == BROKEN_HABIT]


def test_the_watch_is_worked_out_once_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    of = replace(RETURNED, course_end=after(0))
    first = list(detect_improvement_lost(of))
    monkeypatch.delattr(return_watch, "track_since")

    assert shortened_by(of) == "tier"
    assert list(detect_improvement_lost(of)) == first


def test_the_watch_under_other_thresholds_is_another() -> None:
    assert watched(RETURNED, SHIPPED) is watched(RETURNED, SHIPPED)
    assert watched(RETURNED, DEAF).findings == []
    assert watched(RETURNED, DEAF).standing == frozenset()


def test_an_episode_stands_from_the_day_it_was_told() -> None:
    standing = watched(RETURNED, SHIPPED).standing

    assert min(standing) == first_told(RETURNED)
    assert after(30) in standing


@settings(max_examples=60)
@given(st.lists(st.integers(0, 10), min_size=10, max_size=40))
def test_the_return_watch_never_makes_it_later(levels: list[int]) -> None:
    of = silent_after(*levels)

    assert told(of).local_date <= told(of, DEAF).local_date


@settings(max_examples=60)
@given(st.lists(st.integers(0, 10), min_size=20, max_size=40), st.integers(10, 40))
def test_what_is_written_later_does_not_change_how_the_watch_stood(
    levels: list[int], cut: int
) -> None:
    early = watched(silent_after(*levels[:cut]), SHIPPED).standing
    whole = watched(silent_after(*levels), SHIPPED).standing

    assert early == {day for day in whole if day <= after(min(cut, len(levels)))}
