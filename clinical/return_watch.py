"""Is the improvement being lost? The filter's odds become tiers, told once in each episode."""

from collections.abc import Iterator, Sequence
from datetime import date

from clinical.baseline import levels_before
from clinical.calibration import SHIPPED, Calibration, Cut
from clinical.chart import Chart
from clinical.finding import Finding, Severity, Tier, period_of
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


def detect_improvement_lost(chart: Chart, calibration: Calibration = SHIPPED) -> Iterator[Finding]:
    """Say, once for each tier of each episode, that the improvement is being lost."""
    readings = readings_of(chart)
    before = levels_before(chart, readings.levels)
    for end in course_ends(chart, readings):
        if any(end.holds_on(day) for day in readings.noted):
            spans = judged(readings, before, end)
            track = track_since(chart, readings, end, calibration, until=last_to_tell(spans))
            yield from _findings(chart, track, spans, calibration)


def _findings(
    chart: Chart, track: Track, spans: Sequence[Around], calibration: Calibration
) -> Iterator[Finding]:
    told: set[int] = set()
    for alarm in alarms_of(track, spans, calibration):
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
    """Walk the days with a reading and open, climb and end the episodes."""
    told: set[Tier] = set()
    calm = rearms = references = 0
    given = frozenset(track.readings.infusions)
    for day, step, odds in judged_days(track):
        if day in given:
            calm = rearms = 0
            told.clear()
        if odds is None:
            continue
        references += day in track.readings.levels
        now = calibration.on(day)
        calm = calm + 1 if told and step.statistic <= calm_at(now) else 0
        if calm >= CALM_READINGS:
            calm, rearms = 0, rearms + 1
            told.clear()
        new = _reached(now, odds, references, told)
        if new and may_speak(track, spans, day, step):
            for cut in new:
                told.add(cut.tier)
                yield Alarm(day=day, step=step, cut=cut, rearms=rearms)


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
