"""All rules over one chart: what was known by then, in order; no hurry for what is long past."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from clinical.assess import FRESH, assess
from clinical.chart import Chart, Infusion
from clinical.finding import Severity
from clinical.return_watch import IMPROVEMENT_LOST
from tests.clinical.charts import END, after, baseline, chart, days, infusion

FOUND_ON = after(17)


def returned() -> Chart:
    """Make a course that worked and was lost again."""
    return replace(chart([*baseline(8, 14), *days(after(1), *[2] * 15, 8, 8)]), course_end=END)


def at_noon(later: timedelta) -> datetime:
    return datetime.combine(FOUND_ON + later, time(12), UTC)


@pytest.mark.parametrize(
    ("later", "severity"),
    [
        (timedelta(), Severity.URGENT),
        (FRESH, Severity.URGENT),
        (FRESH + timedelta(days=1), Severity.ROUTINE),
    ],
    ids=["today", "a fortnight ago", "a day more"],
)
def test_what_is_found_late_is_a_task(later: timedelta, severity: Severity) -> None:
    found = [
        each.severity
        for each in assess(returned(), now=at_noon(later))
        if each.rule == IMPROVEMENT_LOST
    ]

    assert found == [Severity.NOTICE, severity, severity]


def test_nothing_that_is_known_later_is_heard() -> None:
    found = assess(returned(), now=at_noon(timedelta(days=-4)))

    assert IMPROVEMENT_LOST not in {each.rule for each in found}


@pytest.mark.parametrize("infused", [(), (infusion(1, END + timedelta(days=1)),)])
def test_an_end_of_a_course_that_was_never_begun_is_none(infused: tuple[Infusion, ...]) -> None:
    """Every infusion was recorded in error, or those before the end that was fixed."""
    of = replace(returned(), infusions=infused)

    assert of.end_of_course() is None
    assert {each.rule for each in assess(of, now=of.as_of)} <= {"silence.broken_habit"}


def test_findings_stand_in_the_order_of_days_and_rules() -> None:
    found = assess(returned(), now=at_noon(timedelta(days=60)))
    order = [(each.local_date, each.rule, each.period) for each in found]

    assert order == sorted(order)
    assert len({rule for _, rule, _ in order}) > 1
