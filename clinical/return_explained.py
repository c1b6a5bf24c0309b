"""Why a return is told: the numbers that a clinician checks, and the same in words."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from clinical.calibration import Cut
from clinical.readings import ONE_DAY, days_between
from clinical.return_filter import Step
from clinical.return_track import Track

RECENT = timedelta(days=14)
"""The days that a finding is explained by. Source: detection, section 7."""
MOST_TELLING = 5
"""Days that are named as speaking most for a return. Source: detection, section 7."""

Numbers = dict[str, float | int | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One tier that was reached, on one day of one episode."""

    day: date
    step: Step
    cut: Cut
    rearms: int
    """Episodes since the last infusion that had ended before this one."""


def numbers_of(track: Track, alarm: Alarm, number: int, calibration: str) -> Numbers:
    """Give every number that a finding rests on.

    Args:
        track: the filter's days.
        alarm: the tier that was reached.
        number: of the last infusion.
        calibration: name of the thresholds.

    """
    return {
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
        "calibration": calibration,
    }


def _levels(track: Track, alarm: Alarm) -> Numbers:
    """Give the level now, at its best, and the share of the improvement that is lost."""
    good, before = alarm.step.good, track.baseline.level
    full = track.tuning.full_return(before, good)
    found: Numbers = {
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


def _weekly(track: Track, day: date) -> Numbers:
    """Give the last weekly score since the course, and the best."""
    since = [
        score for given, score in track.readings.weekly.items() if track.end.day < given <= day
    ]
    if not since:
        return {}
    return {"weekly_score": round(since[-1], 2), "weekly_best": round(min(since), 2)}


def _telling(track: Track, alarm: Alarm) -> Numbers:
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


def because(numbers: Numbers, rule: str) -> str:
    """Put the numbers into one sentence, parted by semicolons."""
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
        f"{rule}, calibration {numbers['calibration']}",
    ]
    return "; ".join(parts)
