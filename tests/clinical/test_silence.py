"""A diary that falls silent: by the patient's own habit, in days that are over, sooner in worry."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import chain, pairwise, repeat
from math import ceil, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.chart import Entry
from clinical.finding import Finding, Severity, Tier
from clinical.silence import BROKEN_HABIT, broken_habits, detect_broken_habit
from tests.clinical.charts import after, at, chart, entry

LAST = after(40)
"""The last day with an entry, where a test does not say otherwise."""
LONG_AFTER = at(after(100))


def written(*gaps: int, until: date = LAST) -> list[Entry]:
    """Make entries with so many days missed between them, the last one on a day."""
    days = [until]
    for gap in reversed(gaps):
        days.append(days[-1] - timedelta(days=gap + 1))
    return [entry(day, 3) for day in days]


def found(entries: list[Entry], as_of: datetime = LONG_AFTER) -> list[Finding]:
    return list(detect_broken_habit(chart(entries, as_of=as_of)))


def worried(entries: list[Entry], as_of: datetime = LONG_AFTER) -> list[Finding]:
    return list(broken_habits(chart(entries, as_of=as_of), worried_on=lambda _: True))


def run_days(entries: list[Entry]) -> int:
    """Say after how many days the last silence is told."""
    return (found(entries)[-1].local_date - LAST).days


EARLY = written(*[0] * 9)
"""Ten days in a row: the usual chances, hardly moved; five days of silence are told."""
HABIT = written(*chain.from_iterable(repeat([*[0] * 17, 2], 4)))
"""Eighty days at the rates of the published diaries: one run of two days in twenty."""


@pytest.mark.parametrize("entries", [HABIT, EARLY], ids=["published rates", "ten days"])
def test_at_the_published_rates_a_silence_is_told_after_five_days(entries: list[Entry]) -> None:
    assert run_days(entries) == 5


def by_the_day(entries: list[Entry]) -> int:
    """Work the run out anew: day by day, and with logarithms instead of a search."""
    days = {each.local_date for each in entries}
    span = [min(days) + timedelta(days=n) for n in range((max(days) - min(days)).days + 1)]
    pairs = Counter((one in days, two in days) for one, two in pairwise(span))
    stops = (0.056 * 20 + pairs[True, False]) / (20 + pairs[True, False] + pairs[True, True])
    stays = (0.55 * 20 + pairs[False, False]) / (20 + pairs[False, False] + pairs[False, True])
    runs = 30 * (1 - stops / (stops + 1 - stays)) * stops
    return max(2, 1 + ceil(log(0.15 / runs) / log(stays)))


@settings(max_examples=100)
@given(st.lists(st.integers(0, 3), min_size=6, max_size=80))
def test_the_run_follows_from_the_chances_of_the_patients_own_days(gaps: list[int]) -> None:
    assert run_days(written(*gaps)) == by_the_day(written(*gaps))


@pytest.mark.parametrize(("days", "told"), [(3, False), (4, False), (5, True), (60, True)], ids=str)
def test_only_days_that_are_over_count(days: int, *, told: bool) -> None:
    over = at(LAST + timedelta(days=days + 1), 12)

    assert bool(found(EARLY, as_of=over)) is told


def test_a_day_is_not_over_before_it_is_over_everywhere() -> None:
    sixth = LAST + timedelta(days=6)
    westernmost = timezone(timedelta(hours=-12))
    midnight_there = datetime(sixth.year, sixth.month, sixth.day, tzinfo=westernmost)

    assert found(EARLY, as_of=midnight_there)
    assert not found(EARLY, as_of=midnight_there - timedelta(seconds=1))
    assert found(EARLY, as_of=midnight_there.astimezone(UTC)) == found(EARLY, midnight_there)


@pytest.mark.parametrize("start", [date(2026, 3, 24), date(2026, 10, 20)], ids=["spring", "autumn"])
def test_the_night_the_clocks_change_is_one_night(start: date) -> None:
    entries = written(*[0] * 9, until=start)
    (finding,) = found(entries, as_of=at(start + timedelta(days=30)))

    assert finding.local_date == start + timedelta(days=5)


@pytest.mark.parametrize(("missed", "told"), [(4, False), (5, True), (6, True)], ids=str)
def test_a_silence_that_has_ended_was_one_all_the_same(missed: int, *, told: bool) -> None:
    entries = written(*[0] * 9, missed)
    last = LAST - timedelta(days=missed + 1)

    days = [each.local_date for each in found(entries, as_of=at(LAST))]

    assert days == ([last + timedelta(days=5)] if told else [])


def test_somebody_who_often_pauses_is_given_longer() -> None:
    often = written(*[0, 0, 3] * 8)
    rarely = written(*[0] * 32)

    assert run_days(rarely) < run_days(EARLY) < run_days(often)


def test_a_single_missed_day_is_never_a_silence() -> None:
    reliable = written(*[0] * 600)

    assert run_days(reliable) == 2


@pytest.mark.parametrize(("count", "told"), [(1, False), (6, False), (7, True)], ids=str)
def test_a_habit_needs_seven_days_with_an_entry(count: int, *, told: bool) -> None:
    assert bool(found(written(*[0] * (count - 1)))) is told


@pytest.mark.parametrize(("extra", "told"), [(0, True), (1, False)], ids=["28 days", "29 days"])
def test_a_habit_is_seven_days_of_the_last_four_weeks(extra: int, *, told: bool) -> None:
    sparse = written(3, 3, 3, 4, 4, 4 + extra)

    assert (sparse[0].local_date - sparse[-1].local_date).days == 27 + extra
    assert bool(found(sparse)) is told


def test_several_entries_of_a_day_are_one_day_of_the_habit() -> None:
    same = [entry(LAST - timedelta(days=n % 3), 3, hour=8 + n) for n in range(9)]

    assert found(same) == []


def test_each_silence_is_told_once_under_its_own_period() -> None:
    entries = [*written(*[0] * 9, until=after(10)), *written(*[0] * 9, until=LAST)]
    first, second = found(entries)

    assert first.numbers["last_entry"] == str(after(10))
    assert second.numbers["last_entry"] == str(LAST)
    assert first.period < second.period


def test_the_next_silence_is_told_although_the_last_one_turns_out_to_be_none() -> None:
    """A phone that was offline fills the days in later: the period must not be used again."""
    before = found(written(*[0] * 9, until=after(10)), as_of=at(after(20)))
    filled = found(written(*[0] * 39))

    assert [len(before), len(filled)] == [1, 1]
    assert before[0].period != filled[0].period


def test_a_late_entry_from_before_the_silence_does_not_tell_it_again() -> None:
    late = entry(LAST - timedelta(days=2), 9)
    whole = found([*EARLY, late])

    assert [each.period for each in whole] == [each.period for each in found(EARLY)]


def test_what_is_learnt_ends_with_the_last_entry() -> None:
    (short,) = found(EARLY, as_of=at(after(50)))
    (long,) = found(EARLY, as_of=at(after(400)))

    assert short == long


def positive(answer: int | str, days_before: int) -> list[Entry]:
    asked = entry(LAST - timedelta(days=days_before), answers={"si_daily": answer})
    return [*HABIT, asked]


@pytest.mark.parametrize(
    ("answer", "sooner"), [(0, False), (1, True), (2, True), (3, True), ("prefer_not", False)]
)
def test_a_positive_answer_about_suicide_shortens_the_run(answer: int, *, sooner: bool) -> None:
    (finding,) = found(positive(answer, 0))[-1:]

    assert finding.numbers["shortened_by"] == ("suicidality" if sooner else "no")
    assert run_days(HABIT) - run_days(positive(answer, 0)) == (2 if sooner else 0)


@pytest.mark.parametrize(("days_before", "sooner"), [(11, True), (12, False)], ids=str)
def test_it_does_so_for_fourteen_days_up_to_the_day_it_is_told(
    days_before: int, *, sooner: bool
) -> None:
    (finding,) = found(positive(2, days_before))[-1:]
    told = run_days(positive(2, days_before))

    assert (finding.numbers["shortened_by"] == "suicidality") is sooner
    assert not sooner or told + days_before == 14


def test_an_answer_after_the_silence_does_not_make_it_worse_afterwards() -> None:
    entries = written(*[0] * 9, 6)
    later = [*entries[1:], entry(LAST, answers={"si_daily": 3})]

    assert found(later, as_of=at(LAST)) == found(entries, as_of=at(LAST))


def test_another_watchs_worry_shortens_the_run_as_well() -> None:
    (finding,) = worried(EARLY)

    assert finding.numbers["shortened_by"] == "tier"
    assert finding.local_date == found(EARLY)[0].local_date - timedelta(days=2)


def test_a_silence_of_two_days_is_told_where_two_are_unusual() -> None:
    reliable = written(*[0] * 600, 2)

    assert len(found(reliable, as_of=at(LAST))) == 1
    assert found(written(*[0] * 600, 1), as_of=at(LAST)) == []


def test_a_silence_before_there_was_a_habit_is_none() -> None:
    assert found(written(0, 0, 12, *[0] * 20), as_of=at(LAST)) == []


def test_the_other_watch_is_asked_with_the_day_of_the_last_entry() -> None:
    asked: list[date] = []

    def worried_on(day: date) -> bool:
        asked.append(day)
        return False

    told = list(broken_habits(chart(EARLY, as_of=LONG_AFTER), worried_on=worried_on))

    assert asked == [LAST]
    assert told == found(EARLY)


def test_the_shortened_run_is_never_shorter_than_two_days() -> None:
    reliable = written(*[0] * 600)

    assert [each.local_date for each in worried(reliable)] == [LAST + timedelta(days=2)]


def test_a_silence_is_shown_and_in_worry_an_alert() -> None:
    (calm,), (worse,) = found(EARLY), worried(EARLY)

    assert (calm.rule, calm.severity, calm.tier) == (BROKEN_HABIT, Severity.NOTICE, Tier.WATCH)
    assert (worse.rule, worse.severity, worse.tier) == (
        BROKEN_HABIT,
        Severity.URGENT,
        Tier.LIKELY,
    )


def test_worry_that_comes_to_light_later_is_told_although_the_silence_was_shown() -> None:
    assert found(EARLY)[0].period != worried(EARLY)[0].period


def test_says_why_in_numbers() -> None:
    (finding,) = found(written(0, 0, 0, 1, 0, 0, 0))

    assert finding.because == (
        f"no entry for 6 days up to {LAST + timedelta(days=6)}, the last on {LAST}; in this habit "
        "6 days in a row come up at most 0.15 times in 30 days (missed after an entry 0.08, after "
        "a missed day 0.52); told after 6"
    )
    assert finding.numbers["missed_after_entry"] == pytest.approx((20 * 0.056 + 1) / 27, abs=1e-3)
    assert finding.numbers["missed_after_miss"] == pytest.approx(20 * 0.55 / 21, abs=1e-3)


def test_the_reason_names_what_shortened_it() -> None:
    assert worried(EARLY)[0].because.endswith("told after 3, 2 sooner because of tier")
    assert worried(written(*[0] * 600))[0].because.endswith("0 sooner because of tier")


def test_a_diary_in_the_future_is_no_silence() -> None:
    assert found(EARLY, as_of=at(LAST - timedelta(days=5))) == []


@settings(max_examples=80)
@given(st.lists(st.integers(0, 8), min_size=7, max_size=60))
def test_more_worry_never_means_later(gaps: list[int]) -> None:
    calm = {each.numbers["last_entry"]: each for each in found(written(*gaps))}
    sooner = {each.numbers["last_entry"]: each for each in worried(written(*gaps))}

    assert set(calm) <= set(sooner)
    assert all(sooner[last].local_date <= each.local_date for last, each in calm.items())


@settings(max_examples=80)
@given(st.lists(st.integers(0, 8), min_size=7, max_size=60), st.integers(0, 80))
def test_time_alone_adds_findings_and_takes_none_back(gaps: list[int], wait: int) -> None:
    early = found(written(*gaps), as_of=at(LAST + timedelta(days=wait)))

    assert found(written(*gaps))[: len(early)] == early
