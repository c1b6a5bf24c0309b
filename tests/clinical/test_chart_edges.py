"""The time line at its edges, and every rule over it: what is known, when, and in which order."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.assess import CLOCK_SKEW, RULE_IDS, RULES, Rule, assess
from clinical.chart import Chart, Entry, PlannedVisit, first_days, item_values
from clinical.finding import Finding, Severity, period_of
from clinical.instruments import Code
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
    read,
)

WELL = [*baseline(), *days(after(1), 2, 2, 2, 2, 2)]
ILL = [
    *WELL,
    *days(after(15), *[7] * 8),
    entry(after(3), answers={"dissociation": 6}),
    entry(after(9), effects=[("nausea", 3)]),
]
"""Well, and then not; nothing is written after the 22nd day."""
NOT_HELPED = [
    *baseline(6),
    *days(after(1), *[8] * 12),
    entry(after(13), answers={"activation": 9, "other_ketamine": "yes"}),
]
WATCHED = replace(
    chart(
        [],
        more_infusions=[
            read(infusion(7, after(30)), ("systolic", 171, 20)),
            infusion(8, after(30), hour=19),
        ],
    ),
    planned_visits=[PlannedVisit(planned_at=at(after(40)), local_date=after(40))],
)
CHARTS = (chart(ILL), chart(NOT_HELPED), WATCHED)


def known(of: Chart) -> list[Finding]:
    return assess(of, now=of.as_of)


@pytest.mark.parametrize("answered", range(5))
@pytest.mark.parametrize("value", [0, 3, 10])
def test_a_level_needs_two_core_items(answered: int, value: int) -> None:
    answers: dict[str, Code] = dict.fromkeys(CORE.items[:answered], value)
    levels = chart([entry(after(3), answers=answers)]).levels()

    assert levels == ({after(3): value} if answered >= 2 else {})


def test_an_item_answered_twice_weighs_no_more_than_one_answered_once() -> None:
    morning = entry(after(3), hour=8, answers={"low_mood": 0, "fatigue": 6})
    evening = entry(after(3), answers={"low_mood": 10})

    assert chart([morning, evening]).levels() == {after(3): 5.5}


@pytest.mark.parametrize("answer", ["7", "prefer_not", ""])
def test_an_answer_that_is_no_number_gives_no_level(answer: str) -> None:
    assert chart([entry(after(3), answers=dict.fromkeys(CORE.items, answer))]).levels() == {}


def test_levels_come_in_the_order_of_days() -> None:
    noted = [entry(after(day), day) for day in (9, 3, 7, 1, 5)]

    assert list(chart(noted).levels()) == [after(day) for day in (1, 3, 5, 7, 9)]


@pytest.mark.parametrize(("minutes", "settled"), [(0, False), (1_439, False), (1_440, True)])
def test_an_entry_settles_a_day_after_the_infusion_began(minutes: int, *, settled: bool) -> None:
    start = at(after(10), 23)
    when = start + timedelta(minutes=minutes)
    noted = replace(entry(after(11), 5), occurred_at=when)
    treated = chart([noted], more_infusions=[infusion(7, after(10), hour=23)])

    assert (treated.settled == (noted,)) is settled


def test_an_entry_before_the_infusion_of_the_next_day_is_settled() -> None:
    noted = entry(COURSE[2] - timedelta(days=1), 5)

    assert chart([noted]).settled == (noted,)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", date(2026, 3, 29)),
        ("Europe/Berlin", date(2026, 10, 25)),
        ("America/New_York", date(2026, 3, 8)),
        ("Australia/Lord_Howe", date(2026, 4, 5)),
    ],
    ids=str,
)
def test_a_day_after_an_infusion_is_24_hours_when_the_clocks_change(zone: str, day: date) -> None:
    there = ZoneInfo(zone)
    before = day - timedelta(days=1)
    start = datetime(before.year, before.month, before.day, 12, tzinfo=there).astimezone(UTC)
    given_then = replace(infusion(7, before), started_at=start)
    for minutes, settled in ((-1, False), (0, True)):
        when = start + timedelta(hours=24, minutes=minutes)
        noted = replace(entry(day, 5), occurred_at=when)

        alone = replace(chart([noted]), infusions=[given_then])

        assert bool(alone.settled) is settled


@pytest.mark.parametrize(("days_later", "belongs"), [(27, True), (28, True), (29, False)])
def test_the_course_ends_with_the_last_infusion_of_four_weeks(
    days_later: int, *, belongs: bool
) -> None:
    last = FIRST + timedelta(days=days_later)
    treated = chart([], more_infusions=[infusion(7, last)])

    assert treated.end_of_course() == (last if belongs else END)


def test_without_infusions_there_is_no_course() -> None:
    nothing = replace(chart([]), infusions=())

    assert nothing.end_of_course() is None
    assert nothing.number_before(END) == 0
    assert not nothing.infused_between(FIRST, END)


@pytest.mark.parametrize(
    ("day", "number"),
    [
        (FIRST, 0),
        (FIRST + timedelta(1), 1),
        (COURSE[3], 3),
        (END, 5),
        (after(1), 6),
        (after(99), 6),
    ],
)
def test_the_number_of_the_last_infusion_before_a_day(day: date, number: int) -> None:
    assert chart([]).number_before(day) == number


@pytest.mark.parametrize(
    ("first", "last", "between"),
    [(-1, 0, True), (0, 1, False), (0, 2, False), (0, 3, True), (1, 2, False), (3, 3, False)],
)
def test_an_infusion_between_counts_its_last_day_and_not_its_first(
    first: int, last: int, *, between: bool
) -> None:
    found = chart([]).infused_between(FIRST + timedelta(first), FIRST + timedelta(last))

    assert found is between


def test_infusions_may_come_in_any_order() -> None:
    whole = chart(ILL)
    turned = replace(whole, infusions=list(whole.infusions)[::-1])

    assert turned.infusions_in_order() == whole.infusions_in_order()
    assert known(turned) == known(whole)


@given(st.lists(st.integers(1, 80), max_size=15), st.integers(1, 14))
def test_runs_of_days_never_share_a_period(offsets: list[int], quiet: int) -> None:
    treated = chart([], more_infusions=[infusion(7, after(30)), infusion(8, after(55))])
    told = list(first_days(treated, map(after, offsets), timedelta(days=quiet)))
    periods = [period for _, period in told]

    assert [day for day, _ in told] == sorted({day for day, _ in told})
    assert len(periods) == len(set(periods))
    assert {day for day, _ in told} <= set(map(after, offsets))
    assert bool(told) is bool(offsets)


def test_a_strong_run_and_a_mild_one_keep_their_own_periods() -> None:
    mild = list(first_days(chart([]), [after(2)], timedelta(days=7)))
    strong = list(first_days(chart([]), [after(2)], timedelta(days=7), strong=True))

    assert mild == [(after(2), period_of(6, 0))]
    assert strong == [(after(2), period_of(6, 0, strong=True))]


def test_only_numbers_are_values_of_an_item() -> None:
    given_answers: list[Code] = [0, "3", 10, "prefer_not"]
    noted = [
        entry(after(day), answers={"low_mood": value})
        for day, value in enumerate(given_answers, start=1)
    ]

    assert item_values([*noted, entry(after(9))], "low_mood") == [0, 10]


def test_what_is_found_is_told_in_the_order_of_days() -> None:
    found = known(chart(ILL))
    first = {each.rule: each.local_date for each in reversed(found)}

    assert found == sorted(found, key=lambda each: (each.local_date, each.rule, each.period))
    assert list(dict.fromkeys(each.rule for each in found)) == [
        "dissociation.persistent",
        "side_effect.severe",
        "symptom_return.improvement_lost",
        "symptom_return.half_lost_twice",
        "silence.broken_habit",
    ]
    assert first["dissociation.persistent"] == after(3)
    assert first["side_effect.severe"] == after(9)
    assert after(15) <= first["symptom_return.improvement_lost"] <= after(20)
    assert first["symptom_return.half_lost_twice"] == after(20)
    assert first["silence.broken_habit"] > after(22)


def test_every_rule_is_at_work() -> None:
    assert {each.rule for of in CHARTS for each in known(of)} == set(RULE_IDS)


@pytest.mark.parametrize("of", CHARTS, ids=["ill again", "not helped", "watched"])
def test_no_rule_over_a_diary_is_an_emergency(of: Chart) -> None:
    assert Severity.EMERGENCY not in {each.severity for each in known(of)}


@pytest.mark.parametrize("day", range(-10, 25))
def test_a_finding_is_known_from_its_day_on(day: int) -> None:
    whole = chart(ILL)
    early = assess(whole, now=at(after(day), 12))
    expected = {each.rule for each in known(whole) if each.local_date <= after(day) + CLOCK_SKEW}

    assert {each.rule for each in early} == expected


@pytest.mark.parametrize(("day", "told"), [(25, False), (60, True)])
def test_a_silence_lasts_until_the_instant_that_is_asked_about(day: int, *, told: bool) -> None:
    found = assess(chart(ILL), now=at(after(day)))

    assert ("silence.broken_habit" in {each.rule for each in found}) is told


def test_an_infusion_still_to_come_changes_nothing_yet() -> None:
    planned = chart(ILL, more_infusions=[infusion(7, after(60))])
    soon = at(after(40))

    assert assess(planned, now=soon) == assess(chart(ILL), now=soon)
    later = assess(planned, now=at(after(61)))
    (confirmed,) = (each for each in later if each.rule == "symptom_return.half_lost_twice")
    assert confirmed.severity is Severity.ROUTINE


def test_weekly_scores_of_later_weeks_are_not_read_yet() -> None:
    weekly = [phq9(FIRST, 22), phq9(after(7), 4), phq9(after(21), 20), phq9(after(28), 20)]
    whole = chart(WELL, weekly=weekly)

    def confirmed(now: datetime) -> list[date]:
        rule = "symptom_return.half_lost_twice"
        return [each.local_date for each in assess(whole, now=now) if each.rule == rule]

    assert confirmed(at(after(26))) == []
    assert confirmed(at(after(28))) == [after(28)]


def test_an_empty_chart_says_nothing() -> None:
    assert known(chart([])) == []
    assert known(replace(chart([]), infusions=())) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.ids[0])
def test_each_rule_reports_under_its_own_ids(rule: Rule) -> None:
    reported = {finding.rule for of in CHARTS for finding in rule.detect(of)}

    assert reported <= set(rule.ids)
    assert reported


def lived(day: int, level: int, apart: int, bother: int, effects: list[tuple[str, int]]) -> Entry:
    answers: dict[str, Code] = {"dissociation": apart, "side_effects": bother}
    return entry(after(day), level, answers=answers, effects=effects)


ENTRIES = st.lists(
    st.builds(
        lived,
        st.integers(1, 30),
        st.integers(0, 10),
        st.integers(0, 10),
        st.integers(0, 10),
        st.lists(
            st.tuples(st.sampled_from(["nausea", "hematuria", "headache"]), st.integers(0, 3)),
            max_size=2,
        ),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(ENTRIES, st.randoms(use_true_random=False))
def test_arriving_late_or_twice_changes_no_finding(noted: list[Entry], chance: object) -> None:
    shuffled = [*WELL, *noted, *WELL, *noted]
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random

    assert known(chart([*WELL, *noted])) == known(chart(shuffled))


@settings(max_examples=60)
@given(ENTRIES)
def test_findings_are_sorted_distinct_and_explained(noted: list[Entry]) -> None:
    found = known(chart([*WELL, *noted]))
    keys = [(each.rule, each.period) for each in found]

    assert all(one.local_date <= two.local_date for one, two in pairwise(found))
    assert len(keys) == len(set(keys))
    assert all(str(each.local_date) in each.because and each.numbers for each in found)


@settings(max_examples=60)
@given(ENTRIES, st.integers(1, 30))
def test_the_worst_day_there_is_never_makes_things_look_better(
    noted: list[Entry], day: int
) -> None:
    worst = entry(after(day), 10, answers={"dissociation": 10}, effects=[("nausea", 3)])
    before, later = known(chart([*WELL, *noted])), known(chart([*WELL, *noted, worst]))
    safety = {"dissociation.persistent", "side_effect.severe"}

    assert safety <= {each.rule for each in later}
    assert later[0].local_date <= min([each.local_date for each in before], default=after(day))
