"""Is the improvement being lost? The filter's odds become tiers, told once in each episode."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from clinical.baseline import Baseline, baseline_of, levels_before
from clinical.calibration import SHIPPED, Calibration, Cut
from clinical.chart import Chart
from clinical.finding import Finding, Severity, Tier, period_of
from clinical.readings import (
    ONE_DAY,
    CourseEnd,
    Readings,
    course_ends,
    days_between,
    infusion_number,
    readings_of,
)
from clinical.response import Around, Response, judged, last_to_tell, response_on
from clinical.return_filter import Step, follow
from clinical.return_tuning import TUNED, Chances, Tuning

IMPROVEMENT_LOST = "symptom_return.improvement_lost"

CALM_BELOW = 0.5
"""Log odds below the threshold of `likely` that count as calm. Source: detection, section 5."""
CALM_READINGS = 2
"""Calm days with a reading, in a row, that end an episode.

Source: detection, section 5; one alone finds .003 more and tells a sixth more often (measured).
"""
BACKED_FROM = 0.45
"""Share of the improvement lost on the reading before from which a reading does not stand alone.

Source: measured (docs/detection.md, "How it was tuned").
"""
ALONE = 1.0
"""Log odds that a reading which stands alone must have more: one bad day is seldom a return.

Source: measured, as `BACKED_FROM`.
"""
FEWEST_FOR_STRONG = 10
"""Days with a level since the course that the highest tier needs.

Source: detection, section 6 (thresholds over-alarm on real series).
"""
RECENT = timedelta(days=14)
"""The days that a finding is explained by. Source: detection, section 7."""
MOST_TELLING = 5
"""Days that are named as speaking most for a return. Source: detection, section 7."""
TIERS = tuple(Tier)
"""Their order stands in periods that are kept: a new tier goes to the end."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One tier that was reached, on one day of one episode."""

    day: date
    step: Step
    cut: Cut
    rearms: int
    """Episodes since the last infusion that had ended before this one."""


def statistic_by_day(chart: Chart, calibration: Calibration = SHIPPED) -> list[tuple[date, float]]:
    """Give the log odds L of every day since the course, up to the last that was noted."""
    track = _latest_track(chart, calibration)
    return [] if track is None else [(day, step.statistic) for day, step in track.days()]


def latest_chances(chart: Chart, calibration: Calibration = SHIPPED) -> Chances | None:
    """Give what the filter thinks at the end of the last day that was noted since the course."""
    track = _latest_track(chart, calibration)
    return track.steps[-1].chances if track and track.steps else None


def detect_improvement_lost(chart: Chart, calibration: Calibration = SHIPPED) -> Iterator[Finding]:
    """Say, once for each tier of each episode, that the improvement is being lost."""
    readings = readings_of(chart)
    before = levels_before(chart, readings.levels)
    for end in course_ends(chart, readings):
        if any(end.holds_on(day) for day in readings.noted):
            spans = judged(readings, before, end)
            track = track_since(chart, readings, end, calibration, until=last_to_tell(spans))
            yield from _findings(chart, track, spans, calibration)


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
    tuning = replace(TUNED, floor=calibration.floor)
    baseline = baseline_of(chart, readings.levels)
    last = min(readings.noted[-1], end.until, until) if readings.noted else end.day
    days = list(days_between(end.day + ONE_DAY, last))
    steps = follow(
        [readings.levels.get(day) for day in days],
        [readings.weekly.get(day) for day in days],
        [(day - end.day).days - 1 for day in readings.infusions],
        before=baseline.level,
        noise=tuning.noise(baseline.sd),
        tuning=tuning,
    )
    return Track(readings=readings, end=end, baseline=baseline, tuning=tuning, steps=steps)


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
            found = _finding(track, alarm, number, period, calibration.on(alarm.day))
            yield replace(found, episode=run)


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
        new = [cut for cut in _reached(now, odds, references) if cut.tier not in told]
        if new and may_speak(track, spans, day, step):
            for cut in new:
                told.add(cut.tier)
                yield Alarm(day=day, step=step, cut=cut, rearms=rearms)


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


def _reached(calibration: Calibration, statistic: float, references: int) -> Iterator[Cut]:
    for cut in calibration.cuts:
        known = cut.tier is not Tier.STRONG or references >= FEWEST_FOR_STRONG
        if known and statistic >= cut.threshold:
            yield cut


def _finding(
    track: Track, alarm: Alarm, number: int, period: int, calibration: Calibration
) -> Finding:
    numbers = {
        **_levels(track, alarm),
        "days_since_infusion": (alarm.day - _last_infusion(track, alarm.day)).days,
        "infusion_number": number,
        **_weekly(track, alarm.day),
        **_telling(track, alarm),
        "statistic": round(alarm.step.statistic, 2),
        "threshold": alarm.cut.threshold,
        "tier": alarm.cut.tier.value,
        "nominal_false_alarms": alarm.cut.nominal,
        "realised_false_alarms": alarm.cut.realised,
        "calibration": calibration.version,
    }
    return Finding(
        rule=IMPROVEMENT_LOST,
        severity=Severity.NOTICE if alarm.cut.tier is Tier.WATCH else Severity.URGENT,
        because=_because(numbers),
        local_date=alarm.day,
        period=period,
        tier=alarm.cut.tier,
        numbers=numbers,
    )


def _levels(track: Track, alarm: Alarm) -> dict[str, float | int | str]:
    """Give the level now, at its best, and the share of the improvement that is lost."""
    good, before = alarm.step.good, track.baseline.level
    full = track.tuning.full_return(before, good)
    found: dict[str, float | int | str] = {
        "good_level": round(good, 2),
        "before_treatment": round(before, 2),
        "before_known_from": track.baseline.known.value,
        "full_return": round(full, 2),
    }
    days = list(track.readings.levels)
    last = bisect_right(days, alarm.day) - 1
    if last >= 0 and days[last] > track.end.day:
        level = track.readings.levels[days[last]]
        found |= {
            "level": round(level, 2),
            "level_day": days[last].isoformat(),
            "share_lost": round(max((level - good) / full, 0.0), 2),
        }
    return found


def _weekly(track: Track, day: date) -> dict[str, float | int | str]:
    """Give the last weekly score since the course, and the best."""
    since = [
        score for given, score in track.readings.weekly.items() if track.end.day < given <= day
    ]
    if not since:
        return {}
    return {"weekly_score": round(since[-1], 2), "weekly_best": round(min(since), 2)}


def _telling(track: Track, alarm: Alarm) -> dict[str, float | int | str]:
    """Name the recent days that speak most for the likeliest return, against holding."""
    last = _last_infusion(track, alarm.day)
    levels = track.readings.levels
    days = days_between(alarm.day - RECENT + ONE_DAY, alarm.day)
    recent = {day: levels[day] for day in days if day in levels}
    weight = _weigher(track, alarm.step)
    weights = {day: weight(level) for day, level in recent.items() if day > last}
    telling = sorted(weights, key=lambda day: (-weights[day], day))[:MOST_TELLING]
    named = [f"{day} ({recent[day]:.1f})" for day in sorted(telling) if weights[day] > 0]
    return {"answered_of_14_days": len(recent), "telling_days": ", ".join(named) or "none"}


def _weigher(track: Track, step: Step) -> Callable[[float], float]:
    """Give the log odds that one level adds to the likeliest return, against holding."""
    lost = max(range(1, 5), key=lambda nth: step.chances[nth]) / 4
    full = track.tuning.full_return(track.baseline.level, step.good)
    variance = step.noise + step.good_variance
    return lambda level: lost * full * (level - step.good - lost * full / 2) / variance


def _last_infusion(track: Track, day: date) -> date:
    return max((each for each in track.readings.infusions if each <= day), default=track.end.day)


def _because(numbers: dict[str, float | int | str]) -> str:
    level = "no daily level since the course"
    if "level" in numbers:
        level = (
            f"level {numbers['level']:.1f} on {numbers['level_day']}, "
            f"{numbers['share_lost']:.0%} of the improvement lost"
        )
    known = f"{numbers['before_treatment']:.1f} ({numbers['before_known_from']})"
    parts = [
        level,
        f"at its best {numbers['good_level']:.1f}, before treatment {known}",
        f"{numbers['days_since_infusion']} days after infusion {numbers['infusion_number']}",
    ]
    if "weekly_score" in numbers:
        parts.append(
            f"weekly score {numbers['weekly_score']:.1f} of 10, "
            f"best since the course {numbers['weekly_best']:.1f}"
        )
    parts += [
        f"days that say most: {numbers['telling_days']}",
        f"{numbers['answered_of_14_days']} of 14 days answered",
        f"L {numbers['statistic']:.2f}, {numbers['tier']} from {numbers['threshold']:.2f} on",
        f"false alarms: {numbers['realised_false_alarms']}",
        f"{IMPROVEMENT_LOST}, calibration {numbers['calibration']}",
    ]
    return "; ".join(parts)
