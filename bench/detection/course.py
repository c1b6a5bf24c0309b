"""One made-up patient's course: infusions, the true level of each day, and the returns."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.random import Generator

from bench.detection.noise import Floats, memory
from bench.detection.regime import Group, Regime, Shape

PRE_TREATMENT: Final = 14
TOP: Final = 10.0
BASELINE: Final = (6.6, 1.3, 4.2, 9.3)
"""Mean, spread, least and most level before treatment. Source: QIDS 17.6 (3.6) of 27 (Carmody)."""
FALL: Final = {
    Group.RESPONDER: (0.50, 0.92),
    Group.PARTIAL: (0.25, 0.49),
    Group.NON_RESPONDER: (-0.05, 0.22),
    Group.WORSE: (-0.42, -0.25),
}
"""Share of the level before treatment that goes with the course (clinical content, section 9)."""
HALF: Final = 0.5
EARLIEST_ONSET: Final = 3
LAST_JUDGED: Final = 14
"""No return day lies in the last days of the study: every return can be found for as long."""
SHORTEST: Final = 4
"""A planned infusion this soon after a return day comes before there was a return."""
RESCUED_AFTER: Final = (7, 28)
WEARS_OFF: Final = 1.5
"""Days in which a rescued level falls to a third."""


class Kind(StrEnum):
    """What truly happened."""

    RETURN = "return"
    DISSOCIATION = "dissociation"
    MANIA = "mania"
    SILENCE = "silence"
    NON_RESPONDER = "non_responder"
    PARTIAL = "partial"


NAMED: Final = {
    Group.PARTIAL: Kind.PARTIAL,
    Group.NON_RESPONDER: Kind.NON_RESPONDER,
    Group.WORSE: Kind.NON_RESPONDER,
}
"""Who stands in the truth as less than a responder, from the end of the course on."""


class Event(NamedTuple):
    """One thing that truly happened; `return_day` where half of the improvement was lost."""

    patient: str
    kind: Kind
    onset: int
    return_day: int | None
    end: int


@dataclass(slots=True, kw_only=True)
class Course:
    """What is true of one patient; arrays are by day, 0 unused."""

    patient: str
    dx: str
    group: Group
    baseline: float
    improvement: float
    last_ind: int
    infusions: list[int]
    maintained: bool
    level: Floats
    events: list[Event] = field(default_factory=list[Event])

    @property
    def first_inf(self) -> int:
        """Give the day of the first infusion."""
        return self.infusions[0]

    @property
    def responded(self) -> bool:
        """Whether there is an improvement that could be lost."""
        return self.group in {Group.RESPONDER, Group.PARTIAL}


def draw_course(rng: Generator, regime: Regime, patient: str, days: int) -> Course:
    """Draw one patient's course over the days of the study."""
    group = list(Group)[int(rng.choice(len(Group), p=regime.groups))]
    mean, spread, least, most = BASELINE
    baseline = float(np.clip(rng.normal(mean, spread), least, most))
    induction = _induction(rng)
    course = Course(
        patient=patient,
        dx="bipolar" if rng.random() < regime.bipolar else "mdd",
        group=group,
        baseline=baseline,
        improvement=baseline * float(rng.uniform(*FALL[group])),
        last_ind=induction[-1],
        infusions=induction,
        maintained=bool(rng.random() < regime.maintained),
        level=np.zeros(days + 1),
    )
    if group in NAMED:
        course.events.append(Event(patient, NAMED[group], course.last_ind + 1, None, days))
    lost = _returns(rng, regime, course, days) if course.responded else np.zeros(days + 1)
    course.infusions = sorted({day for day in course.infusions if day <= days})
    course.level = _level(rng, regime, course, lost)
    return course


def _induction(rng: Generator) -> list[int]:
    """Draw 6-8 infusions, two or three a week."""
    gaps = (2, 2, 3) if rng.random() < HALF else (3, 4)
    given = [PRE_TREATMENT + 1]
    for number in range(int(rng.integers(5, 8))):
        late = int(rng.random() < 0.1)
        given.append(given[-1] + gaps[number % len(gaps)] + late)
    return [day for day in given if day <= given[0] + 21]


def _scheduled(rng: Generator, course: Course, days: int) -> list[int]:
    if not course.maintained:
        return []
    gap = int(rng.integers(21, 36))
    return [day + int(rng.integers(-2, 3)) for day in range(course.last_ind + gap, days + 1, gap)]


def _returns(rng: Generator, regime: Regime, course: Course, days: int) -> Floats:
    """Draw returns and what is done about them; give the share of the improvement lost by day."""
    lost = np.zeros(days + 1)
    planned = _scheduled(rng, course, days)
    course.infusions.extend(planned)
    clock = course.last_ind
    while True:
        onset = clock + _wait(rng, regime, maintained=course.maintained)
        rise = _rise(rng, regime)
        return_day = onset + int(np.argmax(rise >= HALF))
        coming = min((day for day in planned if day > clock), default=days + 1)
        if coming <= min(return_day + SHORTEST, days):
            clock = coming
            continue
        if return_day > days - LAST_JUDGED:
            return lost
        rescue = _rescue(rng, regime, course, return_day, planned)
        _lose(lost, rise, onset, rescue)
        course.events.append(
            Event(course.patient, Kind.RETURN, onset, return_day, min(rescue - 1, days))
        )
        clock = rescue


def _wait(rng: Generator, regime: Regime, *, maintained: bool) -> int:
    if rng.random() < regime.durable:
        return 10_000
    scale = regime.onset_scale * (regime.maintenance_factor if maintained else 1)
    return max(EARLIEST_ONSET, round(scale * float(rng.weibull(regime.onset_shape))))


def _rise(rng: Generator, regime: Regime) -> Floats:
    """Draw the share lost on each day from the first day of the rise until it is complete."""
    shape = list(Shape)[int(rng.choice(len(Shape), p=regime.shapes))]
    depth = float(rng.uniform(0.7, 1.1))
    match shape:
        case Shape.SUDDEN:
            return depth * np.array([float(rng.uniform(0.4, 1.0)), 1.0])
        case Shape.DRIFT:
            length = int(rng.integers(21, 43))
            bend = float(rng.uniform(0.8, 1.6))
            return depth * (np.arange(1, length + 1) / length) ** bend
        case Shape.STEPS:
            heights = np.cumsum(rng.dirichlet(np.full(int(rng.integers(2, 6)), 4.0)))
            heights[-1] = 1.0
            return depth * np.repeat(heights, rng.integers(2, 7, size=len(heights)))


def _rescue(
    rng: Generator, regime: Regime, course: Course, return_day: int, planned: list[int]
) -> int:
    """Draw the day of the infusion that helps (or the day it passes); far away where none does."""
    ends = [day for day in planned if day > return_day][:1]
    if rng.random() < regime.boosted:
        booster = return_day + int(rng.integers(*RESCUED_AFTER))
        course.infusions.append(booster)
        if rng.random() >= regime.booster_works:
            booster += int(rng.integers(5, 12))
            course.infusions.append(booster)
        course.infusions.extend(booster + 3 * more for more in range(1, int(rng.integers(1, 4))))
        ends.append(booster)
    elif rng.random() < regime.remits_alone:
        ends.append(return_day + int(rng.integers(30, 71)))
    return min(ends, default=10_000)


def _lose(lost: Floats, rise: Floats, onset: int, rescue: int) -> None:
    days = np.arange(len(lost))
    ill = (days >= onset) & (days < rescue)
    lost[ill] = rise[np.minimum(days[ill] - onset, len(rise) - 1)]
    if rescue < len(lost):
        after = days >= rescue
        lost[after] = lost[rescue - 1] * np.exp(-(days[after] - rescue + 1) / WEARS_OFF)


def _level(rng: Generator, regime: Regime, course: Course, lost: Floats) -> Floats:
    """Put together baseline, response, returns, slow wander, bad days and bad spells."""
    days = np.arange(len(lost), dtype=np.float64)
    onset_days = float(rng.uniform(1.5, 5)) if course.responded else float(rng.uniform(5, 15))
    since = np.maximum(0, days - course.first_inf + 0.5)
    gained = course.improvement * (1 - np.exp(-since / onset_days)) * (1 - lost)
    wander = regime.wander_sd * memory(rng.standard_normal((len(days), 1)), 0.95)[:, 0]
    spells = _spells(rng, regime, course, len(days)) - _false_dawn(rng, course, days)
    level: Floats = np.clip(course.baseline - gained + wander + spells, 0, TOP)
    return level


def _spells(rng: Generator, regime: Regime, course: Course, length: int) -> Floats:
    """Draw ordinary bad days and bad spells, which are no return."""
    bad = np.where(rng.random(length) < regime.bad_day, rng.uniform(1.5, 3.0, length), 0.0)
    for start in np.flatnonzero(rng.random(length) < regime.spells_a_day):
        height, lasts = float(rng.uniform(1, 3)), int(rng.integers(2, 6))
        if rng.random() < 0.2:
            height = min(height, 0.4 * max(course.improvement, 1.5))
            lasts = int(rng.integers(6, 11))
        spell = bad[start : start + lasts]
        np.maximum(spell, height * rng.uniform(0.7, 1.0, len(spell)), out=spell)
    return bad


def _false_dawn(rng: Generator, course: Course, days: Floats) -> Floats:
    """Let some whom the course does not help feel better while it lasts."""
    if course.responded or rng.random() > 0.3:
        return np.zeros(len(days))
    size = course.baseline * float(rng.uniform(0.05, 0.2))
    ends = course.last_ind + int(rng.integers(-4, 6))
    during = (days >= course.first_inf) & (days <= ends)
    return np.where(during, size, 0.0)
