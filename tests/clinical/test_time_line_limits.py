"""What a chart knows by an instant, and which days it reads: each limit on both sides."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.assess import RULE_IDS, RULES, assess
from clinical.chart import Chart, Entry, first_days, item_values
from clinical.finding import Finding
from clinical.instruments import registry, validate_answers
from clinical.instruments.form import Code
from clinical.symptom_return import HALF_LOST_TWICE
from tests.clinical.charts import (
    CORE,
    COURSE,
    END,
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

WELL = [*baseline(), *days(after(1), 2, 2, 2, 2, 2)]
RETURNED = [*WELL, entry(after(20), 7), entry(after(27), 7)]
WEEKLY = [phq9(FIRST, 22), phq9(after(7), 4), phq9(after(20), 20), phq9(after(27), 20)]
ALL = registry()


def known(of: Chart, now: datetime) -> list[Finding]:
    return assess(of, now=now)


@pytest.mark.parametrize(
    ("day", "told"), [(24, False), (25, False), (26, True), (27, True), (28, True)]
)
@pytest.mark.parametrize("source", ["diary", "weekly"])
def test_a_phone_may_be_a_day_ahead_and_no_more(source: str, day: int, *, told: bool) -> None:
    charts = {"diary": chart(RETURNED), "weekly": chart(WELL, weekly=WEEKLY)}

    found = known(charts[source], at(after(day), 23))
    assert (HALF_LOST_TWICE in {each.rule for each in found}) is told


@pytest.mark.parametrize(("seconds", "given"), [(-1, False), (0, True), (1, True)])
def test_an_infusion_counts_from_the_second_it_began(seconds: int, *, given: bool) -> None:
    booster = infusion(7, after(28))
    with_booster = chart(RETURNED, more_infusions=[booster])
    found = known(with_booster, booster.started_at + timedelta(seconds=seconds))

    (finding,) = (each for each in found if each.rule == HALF_LOST_TWICE)
    assert (finding.severity == "routine") is given


@settings(max_examples=40)
@given(st.lists(st.none() | st.integers(0, 10), min_size=5, max_size=30), st.integers(1, 40))
def test_a_chart_cut_at_an_instant_says_what_the_whole_one_said_then(
    levels: list[int | None], day: int
) -> None:
    noted = [*WELL, *days(after(6), *levels)]
    cut = [each for each in noted if each.local_date <= after(day + 1)]

    assert known(chart(noted), at(after(day))) == known(chart(cut), at(after(day)))


def test_every_rule_is_named_once() -> None:
    names = [name for rule in RULES for name in rule.ids]

    assert sorted(names) == list(RULE_IDS)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", sorted(ALL.forms))
def test_a_form_answered_to_its_last_item_is_taken(name: str) -> None:
    form = ALL.forms[name]
    answers: dict[str, Code] = {item: min(codes, key=str) for item, codes in form.allowed.items()}

    assert validate_answers(form, answers, effects=ALL.effects) == []


@pytest.mark.parametrize(("seconds", "settled"), [(-1, False), (0, True), (1, True), (3_600, True)])
def test_an_entry_settles_to_the_second_a_day_after_the_infusion(
    seconds: int, *, settled: bool
) -> None:
    day = END + timedelta(days=1)
    noted = replace(entry(day, 5), occurred_at=at(day, 9) + timedelta(seconds=seconds))

    assert (chart([noted]).levels() == {day: 5}) is settled
    assert bool(chart([noted]).settled) is settled


def test_the_latest_infusion_before_an_entry_decides_whether_it_settled() -> None:
    evening = infusion(7, after(10), hour=22)
    noted = entry(after(11), 5, hour=21)

    assert chart([noted]).levels() == {after(11): 5}
    assert chart([noted], more_infusions=[evening]).levels() == {}


@pytest.mark.parametrize(("days_later", "inside"), [(27, True), (28, True), (29, False)])
def test_the_induction_lasts_four_weeks_to_the_day(days_later: int, *, inside: bool) -> None:
    late = infusion(7, FIRST + timedelta(days=days_later))

    assert (chart([], more_infusions=[late]).end_of_course() == late.local_date) is inside


@settings(max_examples=40)
@given(st.integers(-5, 60))
def test_the_number_of_infusions_before_a_day_counts_them(offset: int) -> None:
    day = FIRST + timedelta(days=offset)

    assert chart([]).number_before(day) == sum(given < day for given in COURSE)


@settings(max_examples=40)
@given(st.integers(-5, 30), st.integers(0, 30))
def test_an_infusion_between_is_after_the_first_day_and_up_to_the_last(
    offset: int, length: int
) -> None:
    first = FIRST + timedelta(days=offset)
    last = first + timedelta(days=length)

    assert chart([]).infused_between(first, last) is any(first < day <= last for day in COURSE)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(CORE.items), st.integers(0, 10)))
def test_a_day_with_one_entry_has_the_mean_of_its_answers(answers: dict[str, int]) -> None:
    levels = chart([entry(after(3), answers={**answers})]).levels()

    assert levels == ({after(3): fmean(answers.values())} if len(answers) >= 2 else {})


@settings(max_examples=40)
@given(st.lists(st.integers(0, 10), min_size=1, max_size=5))
def test_a_day_with_several_entries_has_the_mean_of_them(levels: list[int]) -> None:
    noted = [entry(after(3), level, hour=8 + hour) for hour, level in enumerate(levels)]

    assert chart(noted).levels()[after(3)] == pytest.approx(fmean(levels))


@pytest.mark.parametrize(("points", "level"), [(0, 0), (27, 10), (13.5, 5), (2.7, 1)])
def test_a_total_is_told_as_its_share_of_ten(points: float, level: float) -> None:
    assert replace(phq9(END, 0), points=points).level == pytest.approx(level)


def runs(offsets: list[int], quiet: int) -> list[date]:
    told = first_days(chart([]), [after(day) for day in offsets], timedelta(days=quiet))
    return [day for day, _ in told]


@pytest.mark.parametrize(("gap", "count"), [(1, 1), (6, 1), (7, 1), (8, 2), (30, 2)])
def test_a_run_ends_when_more_than_the_quiet_time_passed(gap: int, count: int) -> None:
    assert len(runs([1, 1 + gap], 7)) == count


@settings(max_examples=40)
@given(st.lists(st.integers(1, 80), max_size=12), st.integers(1, 14))
def test_the_first_days_are_those_after_a_quiet_time(offsets: list[int], quiet: int) -> None:
    ordered = sorted(set(offsets))
    expected = [
        after(day)
        for place, day in enumerate(ordered)
        if place == 0 or day - ordered[place - 1] > quiet
    ]

    assert runs(offsets, quiet) == expected
    assert runs([*offsets, *offsets], quiet) == expected


@settings(max_examples=40)
@given(st.lists(st.none() | st.integers(0, 10) | st.sampled_from(["no", "yes"]), max_size=8))
def test_the_values_of_an_item_are_its_numbers_in_order(values: list[int | str | None]) -> None:
    noted: list[Entry] = [
        entry(after(1), answers={} if value is None else {"anxiety": value}) for value in values
    ]

    assert item_values(noted, "anxiety") == [each for each in values if isinstance(each, int)]
    assert item_values(noted, "fatigue") == []
