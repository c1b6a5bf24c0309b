"""What holds for every watch and every diary: no look ahead, no order, numbers and never words."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.chart import Chart
from clinical.finding import Severity, Tier
from clinical.mania import ACTIVATION, detect_activation
from clinical.misuse import SIGNAL, detect_signal
from clinical.silence import BROKEN_HABIT, detect_broken_habit
from clinical.worse import WORSE, detect_worse
from tests.clinical.charts import after, chart, days, entry, infusion
from tests.clinical.watched import CHARTS, SPAN, Rule, cut, told_by, when_over

EVERY_WATCH: Callable[[Callable[..., None]], Callable[..., None]] = pytest.mark.parametrize(
    ("rule", "name"),
    [
        (detect_activation, ACTIVATION),
        (detect_broken_habit, BROKEN_HABIT),
        (detect_signal, SIGNAL),
        (detect_worse, WORSE),
    ],
    ids=["mania", "silence", "misuse", "worse"],
)


@EVERY_WATCH
@settings(max_examples=60)
@given(whole=CHARTS, day=st.integers(*SPAN))
def test_no_finding_rests_on_a_day_after_it(rule: Rule, name: str, whole: Chart, day: int) -> None:
    known = cut(whole, after(day))

    assert told_by(rule, known, after(day)) == told_by(rule, whole, after(day))


@EVERY_WATCH
@settings(max_examples=60)
@given(whole=CHARTS, day=st.integers(*SPAN))
def test_a_finding_is_made_as_soon_as_its_day_is_over(
    rule: Rule, name: str, whole: Chart, day: int
) -> None:
    then = replace(cut(whole, after(day)), as_of=when_over(after(day)).as_of)

    assert told_by(rule, then, after(day)) == told_by(rule, whole, after(day))


@EVERY_WATCH
@settings(max_examples=60)
@given(whole=CHARTS, chance=st.randoms(use_true_random=False), copies=st.integers(1, 2))
def test_order_and_repetition_change_nothing(
    rule: Rule, name: str, whole: Chart, chance: object, copies: int
) -> None:
    entries, infusions = [*whole.entries] * copies, [*whole.infusions] * copies
    weekly = [*whole.weekly_scores] * copies
    for each in (entries, infusions, weekly):
        chance.shuffle(each)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    shaken = replace(whole, entries=entries, infusions=infusions, weekly_scores=weekly)

    assert list(rule(shaken)) == list(rule(whole))


@EVERY_WATCH
@settings(max_examples=60)
@given(whole=CHARTS)
def test_each_finding_has_a_period_a_day_and_numbers_of_its_own(
    rule: Rule, name: str, whole: Chart
) -> None:
    found = list(rule(whole))

    assert {each.rule for each in found} <= {name}
    assert len({each.period for each in found}) == len(found)
    assert all(0 <= each.period < 2**31 for each in found)
    assert all(str(each.local_date) in each.because and each.numbers for each in found)


@EVERY_WATCH
@settings(max_examples=40)
@given(whole=CHARTS)
def test_a_watch_is_never_an_emergency_nor_a_confirmation(
    rule: Rule, name: str, whole: Chart
) -> None:
    found = list(rule(whole))

    assert Severity.EMERGENCY not in {each.severity for each in found}
    assert {each.tier for each in found} <= {Tier.WATCH, Tier.LIKELY}


@EVERY_WATCH
def test_an_empty_chart_says_nothing(rule: Rule, name: str) -> None:
    assert list(rule(chart([]))) == []
    assert list(rule(replace(chart([]), infusions=()))) == []


ILL = [
    *days(after(-29), *[3] * 14),
    *[entry(after(day), 9, answers={"activation": 9, "craving": 8}) for day in range(2, 9)],
]


@EVERY_WATCH
def test_every_watch_speaks_of_a_patient_who_has_it_all(rule: Rule, name: str) -> None:
    of = chart(ILL, more_infusions=[infusion(7, after(30))])

    assert [each.rule for each in rule(of)][:1] == [name]
    assert all(one.local_date <= two.local_date for one, two in pairwise(rule(of)))
