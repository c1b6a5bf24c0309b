"""The daily level: averaged within a day, never filled in, and blind to the order of arrival."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.assess import RULE_IDS, RULES_VERSION, assess
from clinical.chart import Chart, first_days
from clinical.finding import period_of
from tests.clinical.charts import (
    COURSE,
    FIRST,
    after,
    at,
    baseline,
    chart,
    days,
    entry,
    infusion,
    phq9,
)

LEVELS = st.lists(st.none() | st.integers(0, 10), min_size=20, max_size=60)


def full(levels: list[int | None]) -> Chart:
    """Make a patient who got well, and then whatever these levels are."""
    return chart(
        [*baseline(), *days(after(1), 2, 2, 2, 2), *days(after(5), *levels)],
        weekly=[phq9(FIRST, 22), phq9(after(7), 5)],
    )


def test_two_entries_of_a_day_count_once_by_their_mean() -> None:
    day = after(3)
    levels = chart([entry(day, 2), entry(day, 6, hour=8)]).levels()

    assert levels == {day: 4}


def test_a_day_with_fewer_than_half_of_the_core_has_no_level() -> None:
    day = after(3)

    assert chart([entry(day, answers={"low_mood": 9})]).levels() == {}
    assert chart([entry(day, answers={"low_mood": 9, "fatigue": 5})]).levels() == {day: 7}


def test_answers_of_one_day_complete_each_other() -> None:
    day = after(3)
    halves = [entry(day, answers={"low_mood": 9}), entry(day, answers={"fatigue": 5}, hour=8)]

    assert chart(halves).levels() == {day: 7}


def test_infusion_days_have_no_level() -> None:
    assert chart([entry(day, 5) for day in COURSE]).levels() == {}


@pytest.mark.parametrize(
    ("hour", "counts"), [(8, False), (9, True)], ids=["within 24 h", "24 h later"]
)
def test_the_day_after_counts_from_24_hours_on(hour: int, *, counts: bool) -> None:
    day = after(1)

    assert bool(chart([entry(day, 5, hour=hour)]).levels()) is counts


def test_weekly_scores_are_told_on_the_same_scale() -> None:
    assert phq9(FIRST, 27).level == 10
    assert phq9(FIRST, 0).level == 0


def test_a_run_of_days_is_told_once_and_again_after_a_quiet_week() -> None:
    quiet = timedelta(days=7)
    bad = [after(2), after(5), after(12), after(20), after(22)]
    plain = chart([])

    assert list(first_days(plain, bad, quiet)) == [
        (after(2), period_of(6, 0)),
        (after(20), period_of(6, 1)),
    ]


def test_an_infusion_ends_a_run_of_days() -> None:
    treated = chart([], more_infusions=[infusion(7, after(4))])
    told = list(first_days(treated, [after(2), after(5)], timedelta(days=7)))

    assert told == [(after(2), period_of(6, 0)), (after(5), period_of(7, 0))]


def test_periods_never_meet() -> None:
    periods = {
        period_of(infusion, run, strong=strong)
        for infusion in range(20)
        for run in range(50)
        for strong in (False, True)
    }

    assert len(periods) == 20 * 50 * 2


@given(levels=LEVELS, seed=st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(levels: list[int | None], seed: object) -> None:
    whole = full(levels)
    shuffled = list(whole.entries)
    seed.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random

    assert assess(replace(whole, entries=shuffled), now=whole.as_of) == assess(
        whole, now=whole.as_of
    )


@given(levels=LEVELS, cut=st.integers(1, 60))
def test_what_is_told_does_not_depend_on_days_to_come(levels: list[int | None], cut: int) -> None:
    whole = full(levels)
    day = after(cut)
    known = replace(whole, entries=[each for each in whole.entries if each.local_date <= day])
    early = [each for each in assess(whole, now=whole.as_of) if each.local_date <= day]
    told = [each for each in assess(known, now=whole.as_of) if each.local_date <= day]

    if cut >= 10:
        assert told == early


@given(levels=LEVELS)
def test_a_finding_names_its_rule_and_holds_only_numbers_and_ids(
    levels: list[int | None],
) -> None:
    whole = full(levels)

    for finding in assess(whole, now=whole.as_of):
        assert finding.rule in RULE_IDS
        assert finding.because
        assert all(isinstance(value, int | float | str) for value in finding.numbers.values())


def test_nothing_after_now_is_looked_at() -> None:
    whole = full([8] * 30)
    early = assess(whole, now=at(after(10)))

    assert assess(whole, now=whole.as_of) != []
    assert all(finding.local_date <= after(11) for finding in early)


def test_every_rule_has_a_version() -> None:
    assert RULES_VERSION == (
        "dissociation.persistent@1,side_effect.severe@1,symptom_return.half_lost_twice@1,"
        "symptom_return.improvement_lost@1,no_response@1,worse_than_baseline@2,"
        "mania.activation@1,silence.broken_habit@2,misuse.signal@1,vitals.after_infusion@1,"
        "infusion.early@1,infusion.overdue@1"
    )
