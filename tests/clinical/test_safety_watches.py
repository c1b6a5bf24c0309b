"""Dissociation that lasts, and side effects that need a call."""

from datetime import timedelta

import pytest

from clinical.chart import Chart
from clinical.dissociation import CHECK_ITEMS, PERSISTENT, detect_persistent
from clinical.finding import Finding, Severity, period_of
from clinical.side_effect import SEVERE, detect_severe
from tests.clinical.charts import COURSE, FIRST, after, chart, entry, infusion


def dissociated(of: Chart) -> list[Finding]:
    return list(detect_persistent(of))


def severe(of: Chart) -> list[Finding]:
    return list(detect_severe(of))


@pytest.mark.parametrize(("points", "fires"), [(2, False), (3, True), (10, True)], ids=str)
def test_dissociation_a_day_after_is_worth_a_look(points: int, *, fires: bool) -> None:
    findings = dissociated(chart([entry(after(2), answers={"dissociation": points})]))

    assert bool(findings) is fires
    assert all(
        (finding.rule, finding.severity) == (PERSISTENT, Severity.ROUTINE) for finding in findings
    )


@pytest.mark.parametrize(
    ("answers", "fires"),
    [((1, 1, 1, 1, 1, 0), False), ((1, 1, 1, 1, 1, 1), True)],
    ids=["five", "six"],
)
def test_the_six_item_check_counts_from_six(answers: tuple[int, ...], *, fires: bool) -> None:
    check = dict(zip(CHECK_ITEMS, answers, strict=True))

    assert bool(dissociated(chart([entry(after(2), answers=check)]))) is fires


def test_an_unfinished_check_says_nothing() -> None:
    half = dict.fromkeys(CHECK_ITEMS[:3], 4)

    assert dissociated(chart([entry(after(2), answers=half)])) == []


def test_dissociation_on_the_day_of_the_infusion_is_expected() -> None:
    assert dissociated(chart([entry(COURSE[2], answers={"dissociation": 9})])) == []


def test_dissociation_before_any_infusion_is_not_the_infusions() -> None:
    early = entry(FIRST - timedelta(days=3), answers={"dissociation": 9})

    assert dissociated(chart([early])) == []


@pytest.mark.parametrize(("points", "fires"), [(5, False), (6, True)], ids=str)
def test_the_patients_own_level_sets_the_limit(points: int, *, fires: bool) -> None:
    usual = [entry(FIRST - timedelta(days=n), answers={"dissociation": 4}) for n in (1, 2, 3)]
    later = entry(after(2), answers={"dissociation": points})

    assert bool(dissociated(chart([*usual, later]))) is fires


def test_a_run_of_days_is_one_finding_and_a_new_interval_another() -> None:
    lasting = [entry(after(n), answers={"dissociation": 5}) for n in (2, 3, 4, 8, 9)]
    findings = dissociated(chart(lasting, more_infusions=[infusion(7, after(6))]))

    assert [finding.period for finding in findings] == [period_of(6, 0), period_of(7, 0)]


def test_help_that_was_needed_is_urgent_even_on_the_day() -> None:
    (finding,) = severe(chart([entry(COURSE[0], effects=[("nausea", 3)])]))

    assert (finding.rule, finding.severity) == (SEVERE, Severity.URGENT)
    assert finding.period == period_of(1, 0, strong=True)


@pytest.mark.parametrize("effect", ["nausea", "headache", "dizziness", "anxiety_effect"])
def test_an_effect_that_only_limits_the_day_is_none_of_this(effect: str) -> None:
    assert severe(chart([entry(after(2), effects=[(effect, 2)])])) == []


@pytest.mark.parametrize("effect", ["hallucinations", "confusion", "psychosis", "delirium"])
def test_an_unclear_mind_a_day_after_needs_a_call(effect: str) -> None:
    assert len(severe(chart([entry(after(2), effects=[(effect, 1)])]))) == 1
    assert severe(chart([entry(COURSE[2], effects=[(effect, 1)])])) == []


def test_blood_in_the_urine_needs_a_call_at_any_grade() -> None:
    assert len(severe(chart([entry(after(9), effects=[("hematuria", 1)])]))) == 1
    assert severe(chart([entry(after(9), effects=[("hematuria", 0)])])) == []


@pytest.mark.parametrize("effect", ["vomiting", "headache"])
def test_vomiting_and_headache_need_two_days(effect: str) -> None:
    once = [entry(after(2), effects=[(effect, 2)])]
    twice = [*once, entry(after(4), effects=[(effect, 2)])]

    assert severe(chart(once)) == []
    assert [finding.local_date for finding in severe(chart(twice))] == [after(4)]


def test_two_entries_of_one_day_are_not_two_days() -> None:
    same = [entry(after(2), effects=[("vomiting", 2)], hour=hour) for hour in (10, 20)]

    assert severe(chart(same)) == []


@pytest.mark.parametrize(
    ("points", "fires"),
    [((7,), False), ((8,), True), ((4, 4), False), ((5, 5), True), ((5, 4), False)],
    ids=str,
)
def test_the_one_daily_item_stands_in_for_the_list(points: tuple[int, ...], *, fires: bool) -> None:
    entries = [
        entry(after(2 + n), answers={"side_effects": value}) for n, value in enumerate(points)
    ]

    assert bool(severe(chart(entries))) is fires


def test_the_daily_item_is_not_counted_beside_the_list_or_on_the_day() -> None:
    listed = entry(after(2), answers={"side_effects": 9}, effects=[("nausea", 2)])
    on_the_day = entry(COURSE[1], answers={"side_effects": 9})

    assert severe(chart([listed, on_the_day])) == []


def test_needing_help_is_told_although_something_milder_was() -> None:
    entries = [
        entry(after(2), effects=[("hallucinations", 1)]),
        entry(after(3), effects=[("hallucinations", 3)]),
    ]
    findings = severe(chart(entries))

    assert {finding.period for finding in findings} == {
        period_of(6, 0),
        period_of(6, 0, strong=True),
    }
