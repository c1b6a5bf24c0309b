"""Signs of misuse and harm: each at its limit, in its window, and told apart from the others."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.chart import Chart, Entry
from clinical.finding import Finding, Severity, Tier
from clinical.instruments import registry
from clinical.misuse import SIGNAL, URINARY, detect_signal
from tests.clinical.charts import COURSE, END, FIRST, after, at, chart, entry, infusion


def found(of: Chart) -> list[Finding]:
    return list(detect_signal(of))


def told(*entries: Entry) -> list[Finding]:
    return found(chart(entries))


def kinds(findings: list[Finding]) -> list[float | int | str]:
    return [each.numbers["kind"] for each in findings]


def craving(day: int, points: int, *, hour: int = 20) -> Entry:
    return entry(after(day), answers={"craving": points}, hour=hour)


def bladder(day: int, grade: int, effect: str = "dysuria") -> Entry:
    return entry(after(day), effects=[(effect, grade)])


def spaced(*gaps: float) -> Chart:
    """Make a patient whose infusions after the course came at these distances, in days."""
    given_at = at(END, 9)
    more = []
    for number, gap in enumerate(gaps, start=7):
        given_at += timedelta(days=gap)
        more.append(replace(infusion(number, given_at.date()), started_at=given_at))
    return chart([], more_infusions=more, as_of=at(after(400)))


@pytest.mark.parametrize(("answer", "fires"), [("no", False), ("yes", True)])
def test_ketamine_from_elsewhere_is_told_at_once(answer: str, *, fires: bool) -> None:
    findings = told(entry(after(2), answers={"other_ketamine": answer}))

    assert bool(findings) is fires
    assert all(
        (each.rule, each.severity, each.tier) == (SIGNAL, Severity.URGENT, Tier.LIKELY)
        for each in findings
    )


@pytest.mark.parametrize("day", [FIRST - timedelta(days=3), COURSE[2], after(50)], ids=str)
def test_ketamine_from_elsewhere_counts_on_any_day(day: object) -> None:
    reported = replace(entry(after(1), answers={"other_ketamine": "yes"}), local_date=day)  # type: ignore[arg-type] # a date by the parameters above

    assert [each.local_date for each in told(reported)] == [day]


@pytest.mark.parametrize("form", ["daily_depression@1", "daily_pain@1", "offline_four@1"])
def test_the_daily_forms_ask_what_the_rule_reads(form: str) -> None:
    items = {item.id: item for item in registry().forms[form].items}

    assert "craving" in items
    assert "yes" in {answer.code for answer in items["other_ketamine"].answers}


@pytest.mark.parametrize(("points", "fires"), [(3, False), (4, True), (10, True)], ids=str)
def test_craving_counts_from_four(points: int, *, fires: bool) -> None:
    assert bool(told(craving(1, points), craving(2, points), craving(3, points))) is fires


@pytest.mark.parametrize("count", [1, 2, 3])
def test_craving_needs_three_days(count: int) -> None:
    findings = told(*[craving(1 + n, 9) for n in range(count)])

    assert [each.local_date for each in findings] == ([after(3)] if count == 3 else [])


@pytest.mark.parametrize(("last", "fires"), [(7, True), (8, False)], ids=["7 days", "8 days"])
def test_the_three_days_lie_within_seven(last: int, *, fires: bool) -> None:
    assert bool(told(craving(1, 5), craving(4, 5), craving(last, 5))) is fires


def test_days_with_less_craving_between_do_not_matter() -> None:
    entries = [craving(1 + n, points) for n, points in enumerate((5, 0, 5, 3, 0, 0, 4))]

    assert [each.local_date for each in told(*entries)] == [after(7)]


def test_three_answers_of_one_day_are_one_day() -> None:
    assert told(*[craving(1, 9, hour=hour) for hour in (8, 14, 20)]) == []


def test_the_strongest_craving_of_a_day_is_the_days() -> None:
    calmer = [craving(n, 0, hour=8) for n in (1, 2, 3)]
    (finding,) = told(*calmer, *[craving(n, 4) for n in (1, 2)], craving(3, 7))

    assert finding.because == f"craving 7 on {after(3)}, 4 or more on 3 days since {after(1)}"
    assert finding.numbers == {"kind": "craving", "points": 7}
    assert finding.severity is Severity.ROUTINE


def test_a_calmer_evening_does_not_lower_the_days_craving() -> None:
    (finding,) = told(craving(1, 4), craving(2, 4), craving(3, 7, hour=8), craving(3, 4))

    assert finding.numbers["points"] == 7


def test_the_bladders_effects_are_the_group_of_the_list() -> None:
    group = {each.id for each in registry().effects.effects if each.group == "bladder"}

    assert group == URINARY


@pytest.mark.parametrize("effect", sorted(URINARY))
@pytest.mark.parametrize(("grade", "fires"), [(0, False), (1, False), (2, True), (3, True)])
def test_the_bladder_counts_once_from_grade_two(effect: str, grade: int, *, fires: bool) -> None:
    findings = told(bladder(3, grade, effect))

    assert bool(findings) is fires
    assert {each.severity for each in findings} <= {Severity.ROUTINE}


@pytest.mark.parametrize("effect", ["nausea", "headache", "dizziness", "craving"])
def test_other_effects_are_none_of_this(effect: str) -> None:
    assert told(bladder(3, 3, effect), bladder(4, 3, effect)) == []


@pytest.mark.parametrize(
    ("gap", "fires"), [(0, False), (1, True), (7, True), (13, True), (14, False)], ids=str
)
def test_the_bladder_counts_twice_from_grade_one(gap: int, *, fires: bool) -> None:
    findings = told(bladder(1, 1, "dysuria"), bladder(1 + gap, 1, "urinary_urgency"))

    assert [each.local_date for each in findings] == ([after(1 + gap)] if fires else [])


def test_the_bladder_counts_on_the_day_of_an_infusion_too() -> None:
    assert kinds(told(entry(COURSE[5], effects=[("hematuria", 2)]))) == ["urinary"]


def test_the_worst_grade_of_a_day_is_told() -> None:
    (finding,) = told(bladder(3, 1), bladder(3, 3, "hematuria"), bladder(3, 2))

    assert finding.because == f"bladder, grade 3 on {after(3)}"


def test_a_second_mild_day_names_the_first() -> None:
    (finding,) = told(bladder(3, 1), bladder(8, 1))

    assert finding.because == f"bladder, grade 1 on {after(8)} and before it on {after(3)}"


@pytest.mark.parametrize(
    ("first", "second", "fires"),
    [(16, 16, True), (17, 16, False), (16, 17, False), (16.8, 16, False), (16.7, 16.7, True)],
)
def test_two_intervals_under_three_fifths_of_the_usual(
    first: float, second: float, *, fires: bool
) -> None:
    assert bool(found(spaced(28, 28, first, second))) is fires


@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_the_usual_needs_two_intervals_before(before: int) -> None:
    assert bool(found(spaced(*[28] * before, 10, 10))) is (before >= 2)


def test_one_short_interval_is_a_visit_moved() -> None:
    assert found(spaced(28, 28, 10, 28, 10, 28)) == []


def test_a_second_course_is_told_once() -> None:
    findings = found(spaced(28, 28, 28, 3, 3, 3, 3, 3, 28, 28))

    assert [each.local_date for each in findings] == [after(90)]


def test_short_intervals_after_usual_ones_are_told_again() -> None:
    assert len(found(spaced(28, 28, 14, 14, 28, 28, 14, 14))) == 2


def test_the_two_short_intervals_do_not_make_the_usual() -> None:
    assert kinds(found(spaced(20, 28, 14, 14))) == ["short_intervals"]


def test_two_short_intervals_say_how_short() -> None:
    (finding,) = found(spaced(28, 28, 7, 14))

    assert finding.local_date == after(77)
    assert finding.because == (
        f"two intervals in a row up to {after(77)} of at most 0.50 of the usual 28.0 days"
    )
    assert finding.numbers == {"kind": "short_intervals", "points": 0.5}
    assert (finding.severity, finding.tier) == (Severity.ROUTINE, Tier.LIKELY)


def test_the_longer_of_the_two_is_named() -> None:
    assert [each.numbers["points"] for each in found(spaced(28, 28, 14, 7))] == [0.5]


def test_the_intervals_of_the_course_are_planned_and_no_usual() -> None:
    within = [infusion(7, END + timedelta(days=1)), infusion(8, END + timedelta(days=2))]

    assert found(chart([], more_infusions=within)) == []
    assert kinds(found(spaced(28, 28, 10, 10))) == ["short_intervals"]


def test_without_infusions_there_are_no_intervals() -> None:
    assert found(replace(chart([]), infusions=())) == []


def test_an_infusion_recorded_twice_makes_no_interval() -> None:
    whole = spaced(28, 28, 28, 28)

    assert found(replace(whole, infusions=[*whole.infusions, *whole.infusions])) == []


def test_each_kind_of_sign_is_told_although_another_was() -> None:
    entries = [
        entry(after(3), answers={"other_ketamine": "yes"}, effects=[("dysuria", 2)]),
        *[craving(n, 8) for n in (1, 2, 3)],
    ]
    findings = told(*entries)

    assert kinds(findings) == ["other_ketamine", "craving", "urinary"]
    assert len({each.period for each in findings}) == 3


@pytest.mark.parametrize(("gap", "times"), [(7, 1), (14, 1), (15, 2)], ids=str)
def test_a_sign_is_told_anew_after_two_quiet_weeks(gap: int, times: int) -> None:
    assert len(told(bladder(1, 2), bladder(1 + gap, 2))) == times


def test_a_sign_is_told_anew_after_an_infusion() -> None:
    of = chart([bladder(1, 2), bladder(9, 2)], more_infusions=[infusion(7, after(5))])
    findings = found(of)

    assert [each.local_date for each in findings] == [after(1), after(9)]
    assert findings[0].period < findings[1].period


SIGNS = st.lists(
    st.builds(
        lambda day, points, grade, answer: entry(
            after(day),
            answers={"craving": points, "other_ketamine": answer},
            effects=[("dysuria", grade)],
        ),
        st.integers(1, 40),
        st.integers(0, 10),
        st.integers(0, 3),
        st.sampled_from(["no", "yes"]),
    ),
    max_size=20,
)


@given(SIGNS, st.integers(1, 40))
def test_a_worse_entry_never_takes_a_kind_away(entries: list[Entry], day: int) -> None:
    worst = entry(after(day), answers={"craving": 10, "other_ketamine": "yes"})
    bad = replace(worst, side_effects=bladder(day, 3).side_effects)

    assert set(kinds(told(*entries))) <= set(kinds(told(*entries, bad)))


@given(SIGNS)
def test_periods_of_different_kinds_never_meet(entries: list[Entry]) -> None:
    findings = told(*entries)
    periods = [each.period for each in findings]

    assert len(set(periods)) == len(periods)
    assert all(
        one.period < two.period
        for one, two in pairwise(findings)
        if one.numbers["kind"] == two.numbers["kind"]
    )
