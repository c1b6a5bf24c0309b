"""Thresholds: cut on one clinic to a nominal rate of false alarms, then judged on another."""

from collections.abc import Sequence

import numpy as np

from bench.detection.cohort import Cohort
from bench.detection.course import Kind
from bench.detection.score import Alarm, DayScore, Tally, alarm_days, stable_days, tally


def alarms_at(scores: Sequence[DayScore], threshold: float, tier: str = "likely") -> list[Alarm]:
    """Raise an alarm on every day that reaches a threshold."""
    return [
        Alarm(each.patient, each.day, Kind.RETURN, tier)
        for each in scores
        if each.score >= threshold
    ]


def cut(cohort: Cohort, scores: Sequence[DayScore], nominal: float) -> float:
    """Find the lowest threshold whose false alarms of responders stay at a nominal rate a month."""
    others = cohort.having(Kind.NON_RESPONDER) | cohort.having(Kind.PARTIAL)
    stable = {p: days for p, days in stable_days(cohort).items() if p not in others}
    quiet = {(patient, day) for patient, days in stable.items() for day in days}
    own = [each for each in scores if (each.patient, each.day) in quiet]
    levels = np.unique([each.score for each in own])
    if not len(levels):
        return float("inf")
    low, high = 0, len(levels)
    while low < high:
        middle = (low + high) // 2
        if _rate(own, float(levels[middle]), stable).a_month <= nominal:
            high = middle
        else:
            low = middle + 1
    return float(levels[low]) if low < len(levels) else float(np.nextafter(levels[-1], np.inf))


def _rate(scores: Sequence[DayScore], threshold: float, stable: dict[str, list[int]]) -> Tally:
    return tally(alarm_days(alarms_at(scores, threshold), Kind.RETURN, None), stable)
