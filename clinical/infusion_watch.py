"""Infusions beside their plan: one that came early, one that is not on record. Never a refusal."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from clinical.chart import Chart, Infusion, PlannedVisit
from clinical.finding import Finding, Severity, Tier
from clinical.treatment import CLOSE, RECORD_EXPECTED, SHORT_SHARE, comes_early

EARLY = "infusion.early"
OVERDUE = "infusion.overdue"

DAY = timedelta(days=1)
"""Unit in which intervals are told. Source: house rule."""
HOUR = timedelta(hours=1)
"""Unit in which the shortest intervals are told. Source: house rule."""
SLOTS = 2
"""Periods that every day has for itself: a visit that is overdue, and a plan that is.

Source: house rule.
"""


def detect_early(chart: Chart) -> Iterator[Finding]:
    """Say, once for each infusion, that it came sooner than the one before it allows for."""
    given = _in_order(chart)
    for place, infusion in enumerate(given):
        why = _why_early(infusion, given[:place])
        if why is not None:
            yield _notice(
                EARLY,
                f"infusion {infusion.number} on {infusion.local_date} came {why}",
                infusion.local_date,
                infusion.number,
                infusion=infusion.number,
            )


def detect_overdue(chart: Chart) -> Iterator[Finding]:
    """Say, once for each planned day and each plan, that an infusion is not on record."""
    for day, late in sorted({visit.local_date: visit for visit in _late(chart)}.items()):
        told = late.local_date + RECORD_EXPECTED
        yield _notice(
            OVERDUE,
            f"no infusion is recorded on {told} for the visit planned for {day}",
            told,
            day.toordinal() * SLOTS,
            days=RECORD_EXPECTED // DAY,
        )
    yield from _plan_overdue(chart, _in_order(chart))


def _in_order(chart: Chart) -> list[Infusion]:
    given = {each.number: each for each in chart.infusions}
    return [infusion for _, infusion in sorted(given.items())]


def _why_early(infusion: Infusion, before: Sequence[Infusion]) -> str | None:
    """Compare with the infusion before, and with the spacing of the same course."""
    if not before:
        return None
    gap = infusion.started_at - before[-1].started_at
    if timedelta() < gap < CLOSE:
        return f"{gap / HOUR:.1f} hours after the one before"
    of_course = [each.started_at for each in before if each.course == infusion.course]
    if infusion.course is not None and comes_early(infusion.started_at, of_course):
        return (
            f"{gap / DAY:.1f} days after the one before, less than {SHORT_SHARE:g} of the usual "
            "spacing of this course"
        )
    return None


def _late(chart: Chart) -> Iterator[PlannedVisit]:
    for visit in chart.planned_visits:
        if chart.as_of - visit.planned_at > RECORD_EXPECTED:
            yield visit


def _plan_overdue(chart: Chart, given: Sequence[Infusion]) -> Iterator[Finding]:
    """Say that the time planned for an induction is over and infusions of it are missing."""
    plan = chart.induction_plan
    of_course = [each for each in given if plan is not None and each.course == plan.course]
    if plan is None or not of_course or len(of_course) >= plan.infusions:
        return
    first = of_course[0]
    window = plan.window_days * DAY + RECORD_EXPECTED
    if chart.as_of - first.started_at > window:
        told = first.local_date + window
        yield _notice(
            OVERDUE,
            f"{len(of_course)} of {plan.infusions} infusions are recorded on {told}, planned "
            f"within {plan.window_days} days from {first.local_date}",
            told,
            first.local_date.toordinal() * SLOTS + 1,
            given=len(of_course),
            planned=plan.infusions,
        )


def _notice(rule: str, because: str, day: date, period: int, **numbers: int) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.NOTICE,
        because=because,
        local_date=day,
        period=period,
        tier=Tier.WATCH,
        numbers=numbers,
    )
