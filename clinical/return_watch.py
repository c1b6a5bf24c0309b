"""Is the improvement being lost? The filter's odds become tiers, told once in each episode."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from clinical.baseline import levels_before
from clinical.calibration import SHIPPED, Calibration, Cut
from clinical.chart import Chart
from clinical.finding import Finding, Severity, Tier, period_of
from clinical.kept import once_by
from clinical.readings import course_ends, infusion_number, readings_of
from clinical.response import Around, Response, judged, last_to_tell, response_on
from clinical.return_explained import Alarm, because, numbers_of
from clinical.return_filter import Step
from clinical.return_track import Track, judged_days, track_since

IMPROVEMENT_LOST = "symptom_return.improvement_lost"

CALM_BELOW = 0.5
"""Log odds below the threshold of `likely` that count as calm. Source: detection, section 5."""
CALM_READINGS = 2
"""Calm days with a reading, in a row, that end an episode.

Source: detection, section 5; one alone finds .003 more and tells a sixth more often (measured).
"""
FEWEST_FOR_STRONG = 10
"""Days with a level since the course that the highest tier needs.

Source: detection, section 6 (thresholds over-alarm on real series).
"""
TIERS = tuple(Tier)
"""Their order stands in periods that are kept: a new tier goes to the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the watch says of one chart."""

    findings: Sequence[Finding]
    standing: frozenset[date]
    """Days on whose evening an episode was open: some tier was told, and no calm came since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One day, as the watch leaves it."""

    day: date
    alarms: Sequence[Alarm]
    standing: bool


def detect_improvement_lost(chart: Chart, calibration: Calibration = SHIPPED) -> Iterator[Finding]:
    """Say, once for each tier of each episode, that the improvement is being lost."""
    yield from watched(chart, calibration).findings


@once_by
def watched(chart: Chart, calibration: Calibration) -> Watched:
    """Walk the days of a chart once, for the watch itself and for those that ask how it stands."""
    readings = readings_of(chart)
    before = levels_before(chart, readings.levels)
    findings: list[Finding] = []
    standing: set[date] = set()
    for end in course_ends(chart, readings):
        if any(end.holds_on(day) for day in readings.noted):
            spans = judged(readings, before, end)
            track = track_since(chart, readings, end, calibration, until=last_to_tell(spans))
            days = list(_walk(track, spans, calibration))
            findings += _findings(chart, track, days, calibration)
            standing.update(each.day for each in days if each.standing)
    return Watched(findings=findings, standing=frozenset(standing))


def _findings(
    chart: Chart, track: Track, days: Iterable[_Judged], calibration: Calibration
) -> Iterator[Finding]:
    told: set[int] = set()
    for alarm in (alarm for each in days for alarm in each.alarms):
        number = infusion_number(chart, alarm.day)
        run = period_of(number, alarm.rearms)
        period = run * len(TIERS) + TIERS.index(alarm.cut.tier)
        if period not in told:
            told.add(period)
            numbers = numbers_of(track, alarm, number, calibration.on(alarm.day).version)
            yield Finding(
                rule=IMPROVEMENT_LOST,
                severity=Severity.NOTICE if alarm.cut.tier is Tier.WATCH else Severity.URGENT,
                because=because(numbers, IMPROVEMENT_LOST),
                local_date=alarm.day,
                period=period,
                episode=run,
                tier=alarm.cut.tier,
                numbers=numbers,
            )


def alarms_of(track: Track, spans: Sequence[Around], calibration: Calibration) -> Iterator[Alarm]:
    """Give the alarms of all days, in order."""
    return (alarm for each in _walk(track, spans, calibration) for alarm in each.alarms)


def _walk(track: Track, spans: Sequence[Around], calibration: Calibration) -> Iterator[_Judged]:
    """Walk the days with a reading and open, climb and end the episodes."""
    told: set[Tier] = set()
    calm = rearms = references = 0
    given = frozenset(track.readings.infusions)
    for day, step, odds in judged_days(track):
        if day in given:
            calm = rearms = 0
            told.clear()
        new: list[Cut] = []
        if odds is not None:
            references += day in track.readings.levels
            now = calibration.on(day)
            calm = calm + 1 if told and step.statistic <= calm_at(now) else 0
            if calm >= CALM_READINGS:
                calm, rearms = 0, rearms + 1
                told.clear()
            new = _reached(now, odds, references, told)
            if new and not may_speak(track, spans, day, step):
                new = []
            told.update(cut.tier for cut in new)
        alarms = [Alarm(day=day, step=step, cut=cut, rearms=rearms) for cut in new]
        yield _Judged(day=day, alarms=alarms, standing=bool(told))


def calm_at(calibration: Calibration) -> float:
    """Give the log odds up to which a day counts as calm."""
    return calibration.threshold(Tier.LIKELY) - CALM_BELOW


def may_speak(track: Track, spans: Sequence[Around], day: date, step: Step) -> bool:
    """Say whether a return can be told: by the day's own reading, of a course that has worked.

    Time alone makes a return likelier, so a good day after a long silence could pass a threshold.
    """
    if step.lost <= step.lost_before or not track.end.holds_on(day):
        return False
    return response_on(spans, day) is Response.ACTIVE


def _reached(
    calibration: Calibration, statistic: float, references: int, told: set[Tier]
) -> list[Cut]:
    """List the tiers that a day reaches and that have not been told."""
    known = references >= FEWEST_FOR_STRONG
    return [
        cut
        for cut in calibration.cuts
        if statistic >= cut.threshold
        and cut.tier not in told
        and (known or cut.tier is not Tier.STRONG)
    ]
