"""Dissociation that outlasts the infusion: expected for hours, worth a look after a day."""

from collections.abc import Iterator
from datetime import date, timedelta
from statistics import fmean

from clinical.chart import Chart, answered, distinct, first_days, item_values, numbers_in
from clinical.finding import Finding, Severity

PERSISTENT = "dissociation.persistent"

STILL_THERE = 3
"""Points of the daily item (0-10) that count as still dissociated a day after an infusion.

Source: detection, section 9; clinical content, fact 20 (present at >= 24 h goes to review).
"""
CHECK_STILL_THERE = 6
"""Points of the six-item check (0-24) that count the same. Source: detection, section 9 (start)."""
USUAL = 1.0
"""Mean of the daily item before treatment above which the patient's own level sets the limit.

Source: detection, section 9.
"""
ABOVE_USUAL = 2.0
"""Points above the patient's own level before treatment that count. Source: section 9 (start)."""
SAME_RUN = timedelta(days=7)
"""Days without the sign after which its return is told anew.

Source: house rule; one finding for each infusion interval and run of days.
"""
DAILY_ITEM = "dissociation"
CHECK_ITEMS = ("dis_unreal", "dis_slow", "dis_apart", "dis_body", "dis_far", "dis_gap")


def detect_persistent(chart: Chart) -> Iterator[Finding]:
    """Say, once for each run of days, that dissociation is there without a recent infusion."""
    if not chart.infusions:
        return
    limit = _limit(chart)
    signs = _days_above(chart, limit)
    treated = [day for day in signs if chart.number_before(day)]
    for day, period in first_days(chart, treated, SAME_RUN):
        yield _finding(day, signs[day], limit, period)


def _limit(chart: Chart) -> float:
    first = chart.first_infusion()
    early = [entry for entry in chart.entries if entry.local_date < first]
    usual = item_values(distinct(early), DAILY_ITEM)
    mean = fmean(sorted(usual)) if usual else 0.0
    return mean + ABOVE_USUAL if mean > USUAL else STILL_THERE


def _days_above(chart: Chart, limit: float) -> dict[date, tuple[str, float]]:
    found: dict[date, tuple[str, float]] = {}
    for day, sign in _signs(chart, limit):
        found[day] = max(found.get(day, sign), sign)
    return found


def _signs(chart: Chart, limit: float) -> Iterator[tuple[date, tuple[str, float]]]:
    for entry, points in answered(chart.settled, DAILY_ITEM):
        if points >= limit:
            yield entry.local_date, ("daily item", points)
    for entry, _ in answered(chart.settled, CHECK_ITEMS[0]):
        check = numbers_in(entry, CHECK_ITEMS)
        if len(check) == len(CHECK_ITEMS) and sum(check) >= CHECK_STILL_THERE:
            yield entry.local_date, ("six-item check", sum(check))


def _finding(day: date, sign: tuple[str, float], limit: float, period: int) -> Finding:
    measured, points = sign
    needed = CHECK_STILL_THERE if measured == "six-item check" else limit
    return Finding(
        rule=PERSISTENT,
        severity=Severity.ROUTINE,
        because=(
            f"dissociation {points:g} ({measured}) on {day}, at least 24 hours after the last "
            f"infusion; worth a look from {needed:g} on"
        ),
        local_date=day,
        period=period,
        numbers={"points": points, "measured": measured, "limit": round(needed, 2)},
    )
