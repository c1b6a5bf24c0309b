"""The filter's days since the end of a course, and the odds that each day is judged by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from clinical.baseline import Baseline, baseline_of
from clinical.calibration import SHIPPED, Calibration
from clinical.chart import Chart
from clinical.readings import ONE_DAY, CourseEnd, Readings, course_ends, days_between, readings_of
from clinical.return_filter import Step, follow
from clinical.return_tuning import TUNED, Chances, Tuning

BACKED_FROM = 0.45
"""Share of the improvement lost on the reading before from which a reading does not stand alone.

Source: measured (docs/detection.md, "How it was tuned").
"""
ALONE = 1.0
"""Log odds that a reading which stands alone must have more: one bad day is seldom a return.

Source: measured, as `BACKED_FROM`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The filter's days since one end of the course, and what they were worked out from."""

    readings: Readings
    end: CourseEnd
    baseline: Baseline
    tuning: Tuning
    steps: Sequence[Step]
    """One for each day from the day after the course on."""

    def days(self) -> Iterator[tuple[date, Step]]:
        """Give every day with what the filter knew at its end."""
        return zip(days_between(self.end.day + ONE_DAY, date.max), self.steps, strict=False)


def statistic_by_day(chart: Chart, calibration: Calibration = SHIPPED) -> list[tuple[date, float]]:
    """Give the log odds L of every day since the course, up to the last that was noted."""
    track = _latest_track(chart, calibration)
    return [] if track is None else [(day, step.statistic) for day, step in track.days()]


def latest_chances(chart: Chart, calibration: Calibration = SHIPPED) -> Chances | None:
    """Give what the filter thinks at the end of the last day that was noted since the course."""
    track = _latest_track(chart, calibration)
    return track.steps[-1].chances if track and track.steps else None


def _latest_track(chart: Chart, calibration: Calibration) -> Track | None:
    readings = readings_of(chart)
    ends = course_ends(chart, readings)
    return track_since(chart, readings, ends[-1], calibration) if ends else None


def track_since(
    chart: Chart,
    readings: Readings,
    end: CourseEnd,
    calibration: Calibration,
    *,
    until: date = date.max,
) -> Track:
    """Run the filter from one end of the course on."""
    same = calibration.floor == TUNED.floor
    tuning = TUNED if same else replace(TUNED, floor=calibration.floor)
    baseline = baseline_of(chart, readings.levels)
    last = min(readings.noted[-1], end.until, until) if readings.noted else end.day
    days = list(days_between(end.day + ONE_DAY, last))
    steps = follow(
        list(map(readings.levels.get, days)),
        list(map(readings.weekly.get, days)),
        [(day - end.day).days - 1 for day in readings.infusions],
        before=baseline.level,
        noise=tuning.noise(baseline.sd),
        tuning=tuning,
    )
    return Track(readings=readings, end=end, baseline=baseline, tuning=tuning, steps=steps)


def judged_days(track: Track) -> Iterator[tuple[date, Step, float | None]]:
    """Give the log odds that each day is judged by; None without a reading of that day.

    One bad day after good ones is worth less, unless a weekly score says the same.
    """
    given = frozenset(track.readings.infusions)
    before: float | None = None
    for day, step in track.days():
        level = track.readings.levels.get(day)
        if day in given:
            before = None
        if level is None and day not in track.readings.weekly:
            yield day, step, None
            continue
        backed = day in track.readings.weekly or (before is not None and before >= BACKED_FROM)
        yield day, step, step.statistic - (0.0 if backed else ALONE)
        if level is not None:
            before = _share_lost(track, step, level)


def _share_lost(track: Track, step: Step, level: float) -> float:
    return (level - step.good) / track.tuning.full_return(track.baseline.level, step.good)
