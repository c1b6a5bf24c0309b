"""Simple watches to be better than, and how well each does at the same rate of false alarms."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, variance
from typing import Final, NamedTuple

from rich.table import Table

from bench.detection.cohort import Cohort, Patient
from bench.detection.cut import alarms_at, cut
from bench.detection.detected import statistic
from bench.detection.diary import Entry
from bench.detection.score import DayScore, Result, score

TWICE_FROM: Final = 5.25
ONCE_FROM: Final = 6.5
PHQ9_FROM: Final = 15.0
EWMA_WEIGHT: Final = 0.2
CUSUM_SLACK: Final = 0.5
KALMAN_DRIFT: Final = 0.15
"""Variance that the level gains a day."""
KALMAN_RENEWED: Final = 4.0
"""Variance that an infusion adds: the level may now be anywhere."""
NO_BASELINE: Final = 6.6
FEWEST_BASELINE: Final = 3
FEWEST_SPREAD: Final = 5
USUAL_VARIANCE: Final = 1.5**2
USUAL_WEIGHT: Final = 7
GOOD_SHARE: Final = 0.35
GOOD_ENTRIES: Final = 10
LEAST_IMPROVEMENT: Final = 1.5
CUT_SEED: Final = 1
CUT_PATIENTS: Final = 900
"""A few people make most false alarms, so that a limit cut on few is that clinic's own.

Nominal .25 for the Kalman level on seeds 2-5: .32-.39 cut on 300 patients, .25-.32 on 900.
"""


class Seen(NamedTuple):
    """One day's level after the course, and what a clinician knows by then."""

    day: int
    level: float
    good: float
    """Mean of the first ten levels after the course, as far as they are there."""
    infused: bool
    """Whether an infusion was given since the last level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One patient's levels as a simple watch sees them."""

    patient: str
    baseline: float
    variance: float
    seen: Sequence[Seen]

    def share_lost(self, level: float, good: float) -> float:
        """Give the share of the improvement that a level has lost."""
        return (level - good) / max(LEAST_IMPROVEMENT, self.baseline - good)


Watch = Callable[[Series], Iterator[float]]


def series_of(cohort: Cohort) -> Iterator[Series]:
    """Read the diaries as a simple watch would; days with an infusion are left out."""
    diaries, infused = cohort.diaries(), cohort.infusion_days()
    for patient in cohort.patients:
        yield _series(patient, diaries[patient.patient], infused[patient.patient])


def _series(patient: Patient, entries: Sequence[Entry], infused: set[int]) -> Series:
    levels = [
        (each.day, each.composite)
        for each in entries
        if each.day not in infused and each.composite is not None
    ]
    before = [level for day, level in levels if day < patient.first_inf]
    baseline = fmean(before) if len(before) >= FEWEST_BASELINE else NO_BASELINE
    spread = variance(before) if len(before) >= FEWEST_SPREAD else USUAL_VARIANCE
    known = max(0, len(before) - 1)
    return Series(
        patient=patient.patient,
        baseline=baseline,
        variance=(USUAL_WEIGHT * USUAL_VARIANCE + known * spread) / (USUAL_WEIGHT + known),
        seen=list(_seen(levels, patient.last_ind, GOOD_SHARE * baseline, infused)),
    )


def _seen(
    levels: Sequence[tuple[int, float]], end: int, guess: float, infused: set[int]
) -> Iterator[Seen]:
    good, last = [guess], end
    for day, level in levels:
        if day <= end:
            continue
        if len(good) <= GOOD_ENTRIES:
            good.append(level)
        yield Seen(day, level, fmean(good), any(last < each < day for each in infused))
        last = day


def two_in_a_row(series: Series) -> Iterator[float]:
    """Take the lower of a level and the one before it; an infusion between starts anew."""
    if series.seen:
        yield float("-inf")
    for before, now in pairwise(series.seen):
        yield float("-inf") if now.infused else min(before.level, now.level)


def single_entry(series: Series) -> Iterator[float]:
    """Take each level as it is."""
    return (each.level for each in series.seen)


def ewma(series: Series) -> Iterator[float]:
    """Smooth the levels with weight .2, and say which share of the improvement is lost."""
    smooth: float | None = None
    for each in series.seen:
        start = each.good if smooth is None or each.infused else smooth
        smooth = start + EWMA_WEIGHT * (each.level - start)
        yield series.share_lost(smooth, each.good)


def ewma_raw(series: Series) -> Iterator[float]:
    """Smooth the levels with weight .2, and compare everybody with the same limit."""
    smooth: float | None = None
    for each in series.seen:
        start = each.good if smooth is None or each.infused else smooth
        smooth = start + EWMA_WEIGHT * (each.level - start)
        yield smooth


def cusum(series: Series) -> Iterator[float]:
    """Add up what exceeds the good level by half the usual scatter; an infusion starts anew."""
    total = 0.0
    for each in series.seen:
        excess = (each.level - each.good) / series.variance**0.5
        total = max(0.0, (0.0 if each.infused else total) + excess - CUSUM_SLACK)
        yield total


def kalman(series: Series) -> Iterator[float]:
    """Follow the level as a random walk, and say which share of the improvement is lost."""
    level, unsure, last = GOOD_SHARE * series.baseline, KALMAN_RENEWED, None
    for each in series.seen:
        unsure += KALMAN_DRIFT * (each.day - last if last is not None else 1)
        unsure += KALMAN_RENEWED if each.infused else 0
        gain = unsure / (unsure + series.variance)
        level, unsure, last = level + gain * (each.level - level), (1 - gain) * unsure, each.day
        yield series.share_lost(level, each.good)


def watched(watch: Watch, cohort: Cohort) -> list[DayScore]:
    """Run a watch over a cohort: one score for each day with a level after the course."""
    return [
        DayScore(series.patient, seen.day, value)
        for series in series_of(cohort)
        for seen, value in zip(series.seen, watch(series), strict=True)
    ]


def weekly_phq9(cohort: Cohort) -> list[DayScore]:
    """Take each PHQ-9 after the course as it is."""
    ends = {each.patient: each.last_ind for each in cohort.patients}
    return [
        DayScore(each.patient, each.day, each.phq9)
        for each in cohort.entries
        if each.phq9 is not None and each.day > ends[each.patient]
    ]


def _with(watch: Watch) -> Callable[[Cohort], list[DayScore]]:
    return lambda cohort: watched(watch, cohort)


RIVALS: Final[Mapping[str, Callable[[Cohort], list[DayScore]]]] = {
    "return watch, statistic alone": statistic,
    "two in a row": _with(two_in_a_row),
    "single entry": _with(single_entry),
    "weekly PHQ-9": weekly_phq9,
    "EWMA .2, same limit": _with(ewma_raw),
    "EWMA .2, share lost": _with(ewma),
    "CUSUM .5": _with(cusum),
    "Kalman level": _with(kalman),
}
FIXED: Final[Mapping[str, float]] = {
    "two in a row": TWICE_FROM,
    "single entry": ONCE_FROM,
    "weekly PHQ-9": PHQ9_FROM,
}
"""Thresholds that are used as they stand. Source: detection, section 11."""


class Judged(NamedTuple):
    """One watch at one threshold on a cohort that did not choose it."""

    name: str
    threshold: float
    result: Result


def judge_rivals(cut_on: Cohort, judge_on: Cohort, nominal: float) -> list[Judged]:
    """Judge every rival at its fixed threshold, and at one cut to a rate on another cohort."""
    found: list[Judged] = []
    for name, rival in RIVALS.items():
        scores = rival(judge_on)
        thresholds = {f"{name}, cut": cut(cut_on, rival(cut_on), nominal)}
        if name in FIXED:
            thresholds[f"{name}, fixed"] = FIXED[name]
        found += [
            Judged(label, at, score(judge_on, alarms_at(scores, at), scores))
            for label, at in thresholds.items()
        ]
    return found


def table_of(judged: Sequence[Judged], title: str) -> Table:
    """Set the figures out as a table."""
    table = Table(title=title)
    for heading in (
        "watch",
        "limit",
        "sens.",
        "<= 7 d",
        "median",
        "p90",
        "false",
        "partial",
        "none",
    ):
        table.add_column(heading, justify="left" if heading == "watch" else "right")
    for heading in ("PPV", "window", "day"):
        table.add_column(heading, justify="right")
    for each in judged:
        table.add_row(each.name, f"{each.threshold:.2f}", *_figures(each.result))
    return table


def _figures(result: Result) -> list[str]:
    return [
        f"{result.sensitivity:.3f}",
        f"{result.within_7_days:.3f}",
        f"{result.median_delay:g}",
        f"{result.p90_delay:.1f}",
        f"{result.responders.a_month:.2f}",
        f"{result.partial.a_month:.2f}",
        f"{result.non_responders.a_month:.2f}",
        f"{result.ppv:.2f}",
        f"{result.window_auroc:.3f}",
        f"{result.day_auroc:.3f}",
    ]
