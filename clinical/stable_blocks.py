"""Two weeks of a chart in which nothing returned: what a clinic's thresholds are cut from."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from clinical.baseline import levels_before
from clinical.calibration import Calibration
from clinical.chart import Chart
from clinical.conformal import BLOCK_DAYS
from clinical.finding import Tier
from clinical.readings import ONE_DAY, course_ends, readings_of
from clinical.response import Around, Response, judged, response_on
from clinical.return_filter import Step
from clinical.return_track import Track, judged_days, track_since
from clinical.return_watch import CALM_READINGS, alarms_of, calm_at, may_speak

FEWEST_ANSWERED = 7
"""Days with a level that a block needs. Source: detection, section 6 (b)."""
NEAR_A_RETURN = timedelta(days=3)
"""A block this near to a return that clinicians have seen is not stable.

Source: detection, section 6 (b).
"""
AFTER_COURSE = timedelta(days=7)
"""Days after the course that are not counted on yet. Source: detection, section 11."""
AFTER_INFUSION = timedelta(days=1)
"""Days after an infusion on which it still moves the filter. Source: detection, section 3."""

Day = tuple[date, Step, float | None]
NOTHING = frozenset[Tier]()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Two weeks without a return, and how near the watch came to telling one."""

    first: date
    highest: float
    """Greatest log odds that a day was judged by on which a tier could be told."""
    told: frozenset[Tier]
    """Tiers of an episode that was open when it began: they could not be told again."""


def stable_blocks(
    chart: Chart, calibration: Calibration, returns: Collection[date] = ()
) -> list[Block]:
    """Cut what followed the course into blocks, and give those that were stable.

    Args:
        chart: the patient's time line.
        calibration: the thresholds in force; they say when an episode was open.
        returns: days about which clinicians said that symptoms had returned.

    """
    readings = readings_of(chart)
    ends = course_ends(chart, readings)
    if not ends:
        return []
    track = track_since(chart, readings, ends[-1], calibration)
    spans = judged(readings, levels_before(chart, readings.levels), ends[-1])
    told = told_before(track, spans, calibration)
    returned = _returned(told, returns)
    return [
        Block(
            first=days[0][0],
            highest=_highest(track, spans, days),
            told=told[days[0][0]],
        )
        for days in _fortnights(track)
        if _is_stable(track, spans, days, returned)
    ]


def by_tier(blocks: Collection[Block], calibration: Calibration) -> dict[Tier, list[float]]:
    """Give, for each tier, the highest odds of the blocks in which it could have been told."""
    return {
        cut.tier: [block.highest for block in blocks if cut.tier not in block.told]
        for cut in calibration.cuts
    }


def told_before(
    track: Track, spans: Sequence[Around], calibration: Calibration
) -> dict[date, frozenset[Tier]]:
    """Give, for each day, the tiers already told in an episode that was open as it began."""
    alarms: dict[date, set[Tier]] = {}
    for alarm in alarms_of(track, spans, calibration):
        alarms.setdefault(alarm.day, set()).add(alarm.cut.tier)
    found: dict[date, frozenset[Tier]] = {}
    told, calm = NOTHING, 0
    for day, step in track.days():
        found[day] = told
        if day in track.readings.infusions:
            told, calm = NOTHING, 0
        if _has_reading(track, day):
            calm = calm + 1 if told and step.statistic <= calm_at(calibration.on(day)) else 0
        if calm >= CALM_READINGS:
            told, calm = NOTHING, 0
        told |= alarms.get(day, set())
    return found


def _fortnights(track: Track) -> Iterator[list[Day]]:
    """Give whole blocks one after another, begun anew after each infusion."""
    given = frozenset(track.readings.infusions)
    block: list[Day] = []
    for day, step, odds in judged_days(track):
        if day - track.end.day <= AFTER_COURSE or given & {day, day - AFTER_INFUSION}:
            block = []
            continue
        block.append((day, step, odds))
        if len(block) == BLOCK_DAYS:
            yield block
            block = []


def _returned(told: Mapping[date, frozenset[Tier]], returns: Collection[date]) -> set[date]:
    """Give the days of the returns that clinicians have seen, each until its episode ended."""
    found = set(returns)
    for day in returns:
        following = day + ONE_DAY
        while told.get(following):
            found.add(following)
            following += ONE_DAY
    return found


def _is_stable(
    track: Track, spans: Sequence[Around], days: Sequence[Day], returned: Collection[date]
) -> bool:
    first, last = days[0][0], days[-1][0]
    answered = sum(day in track.readings.levels for day, _, _ in days)
    near = any(first - NEAR_A_RETURN <= day <= last + NEAR_A_RETURN for day in returned)
    responds = all(response_on(spans, day) is Response.ACTIVE for day in (first, last))
    return answered >= FEWEST_ANSWERED and responds and not near


def _highest(track: Track, spans: Sequence[Around], days: Sequence[Day]) -> float:
    """Give the greatest odds of a day on which a tier could be told; the least where none could."""
    spoken = [
        odds for day, step, odds in days if odds is not None and may_speak(track, spans, day, step)
    ]
    return max(spoken, default=min(step.statistic for _, step, _ in days))


def _has_reading(track: Track, day: date) -> bool:
    return day in track.readings.levels or day in track.readings.weekly
