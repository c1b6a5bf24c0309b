"""A chart as stretches between infusions, and the forecast of the one that is open.

When symptoms returned is not known but found, by two rules that must agree: a confirmed loss of
half (dated by the first of its two looks) and the watch at `likely`; the later of the two days
counts. The watch at `strong` is enough alone where its odds do not fall again. Either rule by
itself dated returns of made-up patients too early. The next infusion, or the end of the diary, ends
a stretch without a return.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import zip_longest

from clinical.baseline import levels_before
from clinical.calibration import SHIPPED
from clinical.chart import Chart
from clinical.finding import Tier
from clinical.forecast import TIME_ALONE, Forecast, Hazard, Now, Stretch, forecast
from clinical.readings import (
    ONE_DAY,
    PAUSE,
    CourseEnd,
    Readings,
    course_ends,
    infusion_number,
    readings_of,
)
from clinical.response import Around, Response, judged, response_on
from clinical.return_track import latest_chances, statistic_by_day
from clinical.return_watch import detect_improvement_lost
from clinical.symptom_return import (
    detect_half_lost_twice,
)

NOT_REGAINED = timedelta(days=3)
"""A return so soon after an infusion is one that the infusion did not end.

Source: house rule; on made-up patients a third of what is found this early is a single bad day.
"""
HELD = timedelta(days=5)
"""How long the odds must stay at `likely` after `strong` was told; one bad day does not.

Source: SUSTAIN-1 (Daly 2019): two assessments at least 5 days apart.
"""


class Why(StrEnum):
    """Why there is no forecast."""

    NO_COURSE = "course not over"
    NO_RESPONSE = "no clear response"
    RETURNED = "return already found"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the stretches of one chart are read from."""

    chart: Chart
    readings: Readings
    end: CourseEnd
    spans: Sequence[Around]
    confirmed: Sequence[date]
    """First of the two looks at which half was lost."""
    likely: Sequence[date]
    strong: Sequence[date]
    odds: Mapping[date, float]

    def return_between(self, start: date, until: date) -> date | None:
        """Give the day symptoms returned after a day, up to another."""
        first, told = (
            next((day for day in days if start < day <= until), None)
            for days in (self.confirmed, self.likely)
        )
        if first and told:
            return max(first, told)
        return next(
            (day for day in self.strong if start < day <= until and self._held(day, until)), None
        )

    def _held(self, strong: date, until: date) -> bool:
        """Say whether the odds stayed up after a day, as far as it is known."""
        low, last = SHIPPED.threshold(Tier.LIKELY), min(strong + HELD, until - ONE_DAY)
        return all(odds >= low for day, odds in self.odds.items() if strong < day <= last)


def stretches_of(chart: Chart, patient: str = "") -> list[Stretch]:
    """List the stretches that tell of the time to a return: of a course that worked."""
    seen = _seen(chart)
    return [] if seen is None else [each for each in _stretches(seen, patient) if _tells(each)]


def forecast_for(chart: Chart, hazard: Hazard, *, today: date) -> Forecast | Why:
    """Say when symptoms might return after the last infusion, or why nothing can be said."""
    seen = _seen(chart)
    if seen is None or not seen.end.holds_on(today):
        return Why.NO_COURSE
    if response_on(seen.spans, today) is Response.NONE:
        return Why.NO_RESPONSE
    found = list(_stretches(seen, ""))
    if found[-1].returned:
        return Why.RETURNED
    now = Now(
        on=today,
        chances=latest_chances(chart) or TIME_ALONE,
        earlier=[each for each in found[:-1] if _tells(each)],
    )
    return forecast(hazard, found[-1], now)


def _tells(stretch: Stretch) -> bool:
    too_soon = stretch.returned and stretch.days <= NOT_REGAINED.days
    return stretch.days > 0 and not too_soon


def _seen(chart: Chart) -> _Seen | None:
    readings = readings_of(chart)
    ends = course_ends(chart, readings)
    if not ends:
        return None
    told = [(each.local_date, each.tier) for each in detect_improvement_lost(chart)]
    return _Seen(
        chart=chart,
        readings=readings,
        end=ends[-1],
        spans=judged(readings, levels_before(chart, readings.levels), ends[-1]),
        confirmed=sorted(
            date.fromisoformat(str(each.numbers["first_day"]))
            for each in detect_half_lost_twice(chart)
        ),
        likely=[day for day, tier in told if tier is Tier.LIKELY],
        strong=[day for day, tier in told if tier is Tier.STRONG],
        odds=dict(statistic_by_day(chart)),
    )


def _stretches(seen: _Seen, patient: str) -> Iterator[Stretch]:
    """Walk from the end of the course on; infusions within a week of each other are one."""
    given = sorted({seen.end.day, *(day for day in seen.readings.infusions if day > seen.end.day)})
    noted = seen.readings.noted[-1] if seen.readings.noted else seen.end.day
    lasted = False
    for start, following in zip_longest(given, given[1:]):
        if following is not None and following - start <= PAUSE:
            continue
        until = max(min(noted, following or noted), start)
        came = seen.return_between(start, until)
        if response_on(seen.spans, until) is not Response.NONE:
            yield Stretch(
                patient=patient,
                start=start,
                days=((came or until) - start).days,
                returned=came is not None,
                infusion_number=infusion_number(seen.chart, start),
                maintained=lasted,
            )
        lasted = came is None
