"""What a chart works out once and keeps, and what the same entry received twice is."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.assess import RULES, assess
from clinical.chart import Chart, Entry, distinct
from clinical.instruments import SideEffect
from clinical.kept import once
from clinical.readings import readings_of, weekly_levels
from tests.clinical.charts import COURSE, FIRST, after, at, baseline, chart, days, entry, infusion
from tests.clinical.watched import CHARTS

OFFSETS = st.lists(st.integers(0, 40), max_size=8)
DAYS = st.integers(-5, 45).map(lambda day: FIRST + timedelta(days=day))


def treated(offsets: list[int]) -> Chart:
    given_on = [FIRST + timedelta(days=offset) for offset in offsets]
    return replace(chart([]), infusions=[infusion(n, day) for n, day in enumerate(given_on, 1)])


def test_what_is_asked_for_again_is_not_worked_out_again() -> None:
    asked: list[date | None] = []

    @once
    def number_of_entries(of: Chart) -> int:
        asked.append(of.course_end)
        return len(of.entries)

    one = chart(days(after(1), 2, 3))

    assert [number_of_entries(one), number_of_entries(one)] == [2, 2]
    assert len(asked) == 1
    assert number_of_entries(replace(one, entries=[])) == 0
    assert len(asked) == 2


def test_a_changed_chart_keeps_nothing_of_the_one_it_was_made_from() -> None:
    whole = chart([*baseline(), *days(after(1), 2, 3, 4)])
    assert readings_of(whole).levels[after(3)] == 4

    shorter = replace(whole, entries=whole.entries[:-1], infusions=[])

    assert after(3) not in shorter.levels()
    assert after(3) not in readings_of(shorter).levels
    assert (shorter.infusion_days(), shorter.first_infusion()) == ((), date.max)


def test_charts_are_the_same_whatever_was_asked_of_them() -> None:
    asked, fresh = (chart(days(after(1), 2, 3)) for _ in range(2))
    assess(asked, now=asked.as_of)

    assert asked.kept != fresh.kept
    assert asked == fresh
    assert repr(asked) == repr(fresh)


def test_what_is_kept_cannot_be_changed_by_who_asked() -> None:
    of = chart(days(after(1), 2, 3))

    for kept in (of.levels(), weekly_levels(of)):
        with pytest.raises(TypeError):
            kept[after(1)] = 9.0  # type: ignore[index] # that is what is tried


@given(offsets=OFFSETS, first=DAYS, last=DAYS)
def test_infusions_are_counted_by_day(offsets: list[int], first: date, last: date) -> None:
    of = treated(offsets)

    before = [each.number for each in of.infusions if each.local_date < last]
    so_far = [each.number for each in of.infusions if each.local_date <= last]
    between = [each for each in of.infusions if first < each.local_date <= last]

    assert of.number_before(last) == max(before, default=0)
    assert of.number_on(last) == max(so_far, default=0)
    assert of.infused_between(first, last) is bool(between)


def test_days_of_infusions_come_in_order_and_once() -> None:
    mixed = chart([], more_infusions=[infusion(8, after(30)), infusion(7, after(30), hour=7)])

    assert mixed.infusion_days() == (*COURSE, after(30))
    assert mixed.first_infusion() == FIRST


def test_entries_that_name_effects_keep_their_order() -> None:
    late, early = (entry(after(day), effects=[("nausea", 1)]) for day in (9, 2))

    assert chart([late, entry(after(3)), early]).with_effects == (late, early)


SAID = entry(after(2), 4, answers={"activation": 3})


@pytest.mark.parametrize(
    ("other", "count"),
    [
        (SAID, 1),
        (replace(SAID, side_effects=(SideEffect(id="nausea", severity=1),)), 1),
        (replace(SAID, occurred_at=at(after(2), 7)), 2),
        (replace(SAID, form="daily_pain@1"), 2),
        (entry(after(2), 4, answers={"activation": 4}), 2),
        (entry(after(3), 4, answers={"activation": 3}), 2),
    ],
    ids=["itself", "other effects", "another hour", "another form", "another answer", "next day"],
)
def test_the_same_entry_says_the_same_of_the_same_instant(other: Entry, count: int) -> None:
    assert len(distinct([SAID, other])) == count


def test_an_entry_received_twice_weighs_no_more_in_the_level_of_its_day() -> None:
    morning, evening = entry(after(2), 4, hour=8), entry(after(2), 6)

    assert chart([morning, evening, morning]).levels() == {after(2): 5}


def test_nor_in_what_is_usual_for_a_patient() -> None:
    usual = [entry(day, answers={"dissociation": 2}) for day in (FIRST - timedelta(days=1),)]
    odd = [entry(FIRST - timedelta(days=2), answers={"dissociation": 6})] * 5
    above = [entry(after(2), answers={"dissociation": 6})]

    told = assess(chart([*usual, *odd, *above]), now=at(after(9)))

    assert [finding.numbers["limit"] for finding in told] == [6]


@given(whole=CHARTS, chance=st.randoms(use_true_random=False))
def test_no_rule_finds_more_in_entries_that_arrive_twice(whole: Chart, chance: object) -> None:
    again = [each for each in whole.entries if chance.random() < 0.4]  # type: ignore[attr-defined] # hypothesis gives a random.Random
    mixed = [*whole.entries, *again]
    chance.shuffle(mixed)  # type: ignore[attr-defined] # the same

    assert assess(replace(whole, entries=mixed), now=whole.as_of) == assess(whole, now=whole.as_of)


@given(whole=CHARTS)
def test_a_rule_finds_the_same_on_a_chart_that_others_have_read(whole: Chart) -> None:
    together = assess(whole, now=whole.as_of)
    alone = [
        finding
        for rule in RULES
        for finding in assess(replace(whole), now=whole.as_of, rules=[rule])
    ]

    assert together == sorted(alone, key=lambda each: (each.local_date, each.rule, each.period))
