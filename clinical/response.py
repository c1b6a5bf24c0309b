"""Has the course worked? Who never responded cannot relapse, and somebody should know."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import zip_longest
from math import sqrt
from statistics import fmean

from clinical.baseline import FEWEST_BASELINE_ENTRIES, levels_before
from clinical.chart import Chart
from clinical.finding import Finding, Severity
from clinical.readings import (
    ONE_DAY,
    CourseEnd,
    Readings,
    course_ends,
    days_between,
    readings_of,
)

NO_RESPONSE = "no_response"

LEAST_RESPONSE = 0.25
"""Share of the level before treatment that must have gone for the course to have worked.

Source: clinical content, section 9 (a partial response is a fall of 25-49 %). Detection, section 4,
has .40, which silenced four in ten partial responders: .05 of all returns, measured.
"""
RESPONSE_NOISE = 1.4
"""Noise of one daily level (0-10), given to the patient's favour in the response gate.

Source: detection, section 4; Fisher 2017, SD within person 1.26-1.48.
"""
WINDOW = (timedelta(days=-3), timedelta(days=10))
"""Days around the last infusion that show whether it worked. Source: detection, section 4."""
FEWEST_AFTER = 3
"""Days with a level in that window from which on it is judged. Source: detection, section 4."""
LOOK_WITHIN = timedelta(days=14)
"""By then somebody has looked at a course that did not help.

Source: house rule; as long as the days in which the response is judged, and no emergency.
"""


class Response(StrEnum):
    """What is known of the response on one day."""

    OPEN = "open"
    """Too few days yet: nothing is said of a return."""
    ACTIVE = "active"
    """It responded, or nobody can know: a return may be told."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The days around one infusion, judged as they come in."""

    infusion: date
    before: Sequence[float]
    after: Sequence[tuple[date, float]]

    def final_on(self, day: date) -> bool:
        """Say whether the decision of a day stays."""
        return day - self.infusion >= WINDOW[1]

    def known_on(self, day: date) -> list[float]:
        """List the levels of the window that were known on a day."""
        return [level for given, level in self.after if given <= day]

    def on(self, day: date) -> Response:
        """Judge from what was known on a day."""
        known = self.known_on(day)
        if len(known) < FEWEST_AFTER:
            return Response.ACTIVE if self.final_on(day) else Response.OPEN
        none = len(self.before) >= FEWEST_BASELINE_ENTRIES and no_clear_response(self.before, known)
        return Response.NONE if none else Response.ACTIVE


def no_clear_response(
    before: Sequence[float], after: Sequence[float], share: float = LEAST_RESPONSE
) -> bool:
    """Say whether the fall is short of a share of the level by more than chance could make it."""
    level = fmean(before)
    return level - fmean(after) + _chance(before, after) < share * level


def _chance(before: Sequence[float], after: Sequence[float]) -> float:
    return RESPONSE_NOISE * sqrt(1 / len(before) + 1 / len(after))


def judged(readings: Readings, before: Sequence[float], end: CourseEnd) -> list[Around]:
    """List the infusions around which the response was judged, from the end of the course on.

    Who has not responded is judged again around the next infusion; who has, never again.
    """
    spans = [_around(readings, before, end.day)]
    for day in readings.infusions:
        if end.day < day <= end.until and spans[-1].on(day) is Response.NONE:
            spans.append(_around(readings, before, day))
    return spans


def response_on(spans: Sequence[Around], day: date) -> Response:
    """Give what was known of the response on a day."""
    return next(span for span in reversed(spans) if span.infusion <= day).on(day)


def last_to_tell(spans: Sequence[Around]) -> date:
    """Give a day after which no return can be told, for all that is known now of the response."""
    last = spans[-1]
    return last.infusion + WINDOW[1] if last.on(date.max) is Response.NONE else date.max


def _around(readings: Readings, before: Sequence[float], infusion: date) -> Around:
    levels = readings.levels
    days = days_between(infusion + WINDOW[0], infusion + WINDOW[1])
    after = [(day, levels[day]) for day in days if day in levels]
    return Around(infusion=infusion, before=before, after=after)


def detect_no_response(chart: Chart) -> Iterator[Finding]:
    """Say once, when it is decided, that the course had no clear response."""
    readings = readings_of(chart)
    before = levels_before(chart, readings.levels)
    for end in course_ends(chart, readings):
        for span, until in _with_ends(judged(readings, before, end), end.until):
            days = [day for day in readings.noted if span.final_on(day)]
            if days and days[0] <= until and span.on(days[0]) is Response.NONE:
                yield _finding(span, days[0], end.number)
                break


def _with_ends(spans: Sequence[Around], until: date) -> Iterator[tuple[Around, date]]:
    for span, following in zip_longest(spans, spans[1:]):
        yield span, following.infusion - ONE_DAY if following else until


def _finding(span: Around, day: date, number: int) -> Finding:
    after = span.known_on(day)
    before, now = fmean(span.before), fmean(after)
    needed, chance = LEAST_RESPONSE * before, _chance(span.before, after)
    return Finding(
        rule=NO_RESPONSE,
        severity=Severity.ROUTINE,
        because=(
            f"no clear response after the course: level {before:.1f} before treatment "
            f"({len(span.before)} days), {now:.1f} around {span.infusion} ({len(after)} days); "
            f"{before - now:.1f} points better, {needed:.1f} expected, "
            f"{chance:.1f} of them given to chance; after infusion {number}"
        ),
        local_date=day,
        period=number,
        due_within=LOOK_WITHIN,
        numbers={
            "before_treatment": round(before, 2),
            "days_before": len(span.before),
            "level_after": round(now, 2),
            "days_after": len(after),
            "improvement": round(before - now, 2),
            "expected": round(needed, 2),
            "chance": round(chance, 2),
            "judged_around": span.infusion.isoformat(),
            "infusion_number": number,
        },
    )
