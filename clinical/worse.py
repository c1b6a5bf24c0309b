"""Worse than before treatment: shown, never hidden among those who did not respond."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from math import fsum
from statistics import fmean

from clinical.baseline import FEWEST_BASELINE_ENTRIES, levels_before
from clinical.chart import Chart, first_days
from clinical.finding import Finding, Severity

WORSE = "worse_than_baseline"
PHQ9 = "phq9@"

ENTRIES = 5
"""Last days with a level whose mean is compared. Source: detection, section 9."""
RISE = 1.5
"""Points (0-10) above the level before treatment that are worse. Source: section 9 (start)."""
PHQ9_RISE = 6
"""Points (0-27) above the PHQ-9 before treatment that are worse.

Source: detection, section 9; clinical content, section 4 (reliable change 6).
"""
SAME_RUN = timedelta(days=28)
"""Days without the sign after which its return is told anew.

Source: house rule; a mean of five entries and a weekly score move slowly.
"""
OVER_INFUSION = timedelta(days=7)
"""Days without the sign after which its return is told anew, once an infusion was given.

Source: house rule; at an infusion every third day who stayed worse was told of three times in a
week, and a PHQ-9 a week apart is the same sign.
"""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Worse:
    """One day on which the patient was worse than before treatment."""

    day: date
    measured: str
    now: float
    before: float


def detect_worse(chart: Chart) -> Iterator[Finding]:
    """Say, once for each run of days, that the patient is worse than before the first infusion."""
    if not chart.infusions:
        return
    first = chart.first_infusion()
    signs = [*_levels(chart, first), *_scores(chart, first)]
    shown = {sign.day: sign for sign in sorted(signs)}
    for day, period in first_days(chart, shown, SAME_RUN, over_infusion=OVER_INFUSION):
        yield _finding(shown[day], period)


def _levels(chart: Chart, first: date) -> Iterator[_Worse]:
    """Compare the mean of the last entries, day by day, with the level before treatment."""
    daily = chart.levels()
    before = _before(chart, levels_before(chart, daily), first)
    if before is None:
        return
    after = [(day, level) for day, level in daily.items() if day > first]
    levels = [level for _, level in after]
    for end in range(ENTRIES, len(after) + 1):
        now = fsum(levels[end - ENTRIES : end]) / ENTRIES
        if now >= before + RISE:
            yield _Worse(day=after[end - 1][0], measured="diary level", now=now, before=before)


def _before(chart: Chart, own: list[float], first: date) -> float | None:
    """Give the level before treatment: the patient's own days, else the last PHQ-9."""
    if len(own) >= FEWEST_BASELINE_ENTRIES:
        return fmean(own)
    intake = [level for day, (_, level) in _phq9(chart).items() if day <= first]
    return intake[-1] if intake else None


def _scores(chart: Chart, first: date) -> Iterator[_Worse]:
    """Compare each PHQ-9 with the mean of those before treatment."""
    weekly = _phq9(chart)
    own = [points for day, (points, _) in weekly.items() if day <= first]
    before = fmean(own) if own else float("inf")
    for day, (points, _) in weekly.items():
        if day > first and points >= before + PHQ9_RISE:
            yield _Worse(day=day, measured="PHQ-9", now=points, before=before)


def _phq9(chart: Chart) -> dict[date, tuple[float, float]]:
    """Give points and level of each PHQ-9 in order; of two on one day the higher counts."""
    scores = sorted(
        (each.local_date, each.points, each.level)
        for each in chart.weekly_scores
        if each.form.startswith(PHQ9)
    )
    return {day: (points, level) for day, points, level in scores}


def _finding(sign: _Worse, period: int) -> Finding:
    over = RISE if sign.measured == "diary level" else PHQ9_RISE
    return Finding(
        rule=WORSE,
        severity=Severity.URGENT,
        because=(
            f"{sign.measured} {sign.now:.1f} on {sign.day}, before treatment {sign.before:.1f}; "
            f"worse from {over:g} above it on"
        ),
        local_date=sign.day,
        period=period,
        numbers={
            "measured": sign.measured,
            "now": round(sign.now, 2),
            "before_treatment": round(sign.before, 2),
            "limit": round(sign.before + over, 2),
        },
    )
