"""Where a patient came from: the level before treatment, and how much single days differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import takewhile
from math import sqrt
from statistics import fmean

from clinical.chart import Chart
from clinical.readings import weekly_levels

FEWEST_BASELINE_ENTRIES = 3
"""Days with a level before the first infusion that make a personal baseline.

Source: clinical content, sections 1 (fact 11) and 9 (>= 3 entries, else intake PHQ-9 / 2.7).
"""
USUAL_LEVEL = 6.6
"""Level (0-10) before treatment where nothing is known. Source: detection, section 2 (start)."""
USUAL_SD = 1.5
"""SD of daily levels that is expected of a patient. Source: detection, section 2."""
USUAL_WEIGHT = 7
"""Days that the expected SD is worth. Source: detection, section 2."""
FEWEST_FOR_OWN_SD = 5
"""Days from which on the patient's own SD is heard. Source: detection, section 2."""


class Known(StrEnum):
    """What the level before treatment rests on."""

    DIARY = "diary"
    INTAKE = "intake score"
    NOTHING = "no personal baseline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The level before treatment on the 0-10 scale, and the SD of a single day."""

    level: float
    known: Known
    sd: float


def baseline_of(chart: Chart, levels: Mapping[date, float]) -> Baseline:
    """Work out the personal constants from the days before the first infusion."""
    days = levels_before(chart, levels)
    level, known = level_before(chart, days)
    return Baseline(
        level=USUAL_LEVEL if level is None else level,
        known=known,
        sd=_sd(days),
    )


def levels_before(chart: Chart, levels: Mapping[date, float]) -> list[float]:
    """List the daily levels before the first infusion; they come in order."""
    first = chart.first_infusion()
    return [levels[day] for day in takewhile(lambda day: day < first, levels)]


def intake_levels(chart: Chart) -> list[float]:
    """List the weekly levels up to the day of the first infusion."""
    first = chart.first_infusion()
    return [level for day, level in weekly_levels(chart).items() if day <= first]


def level_before(chart: Chart, days: Sequence[float]) -> tuple[float | None, Known]:
    """Give the level before treatment from its days, else from the last score at intake."""
    if len(days) >= FEWEST_BASELINE_ENTRIES:
        return fmean(days), Known.DIARY
    intake = intake_levels(chart)
    return (intake[-1], Known.INTAKE) if intake else (None, Known.NOTHING)


def _sd(days: Sequence[float]) -> float:
    """Give the SD of a single day: the patient's own, drawn to the usual one where days are few."""
    count, usual = len(days), USUAL_SD * USUAL_SD
    own = _variance(days) if count >= FEWEST_FOR_OWN_SD else usual
    return sqrt((USUAL_WEIGHT * usual + (count - 1) * own) / (USUAL_WEIGHT + count - 1))


def _variance(days: Sequence[float]) -> float:
    mean = fmean(days)
    return sum((level - mean) ** 2 for level in days) / (len(days) - 1)
