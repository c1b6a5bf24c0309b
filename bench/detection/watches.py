"""What a made-up patient's other items say: dissociation, side effects, activation."""

from typing import Final, NamedTuple

import numpy as np
from numpy.random import Generator

from bench.detection.course import TOP, Course, Event, Kind
from bench.detection.noise import Floats, memory
from bench.detection.regime import Regime

STILL_THERE: Final = 3.0
"""Dissociation from which a day counts as still dissociated. Source: detection, section 9."""
WEAKENS: Final = 0.93
"""Each infusion brings this much of the dissociation of the one before. Source: Singh 2016."""
UNUSUAL: Final = 0.1
"""Share of patients who feel somewhat unreal on any day, treated or not."""


class Others(NamedTuple):
    """The other items by day, 0 unused."""

    dissociation: Floats
    side_effects: Floats
    activation: Floats


def draw_others(rng: Generator, regime: Regime, course: Course) -> Others:
    """Draw the other items of all days; what truly happened is added to the course."""
    return Others(
        dissociation=_dissociation(rng, regime, course),
        side_effects=_side_effects(rng, course),
        activation=_activation(rng, regime, course),
    )


def _dissociation(rng: Generator, regime: Regime, course: Course) -> Floats:
    length = len(course.level)
    usual = float(rng.uniform(1.2, 2.0) if rng.random() < UNUSUAL else rng.uniform(0.0, 0.8))
    felt = usual + 0.5 * rng.standard_normal(length)
    felt[rng.random(length) < 0.0003] += 3
    strength = float(rng.uniform(3, 8))
    for number, day in enumerate(course.infusions):
        felt[day] = strength * WEAKENS**number + rng.normal(0, 1)
        felt[day + 1 : day + 2] += abs(rng.normal(0, 0.4))
    if rng.random() < regime.persistent:
        _persist(rng, course, felt)
    return np.clip(felt, 0, TOP)


def _persist(rng: Generator, course: Course, felt: Floats) -> None:
    """Let dissociation outlast one infusion by days."""
    onset = int(rng.choice(course.infusions)) + 1
    lasts = int(rng.integers(4, 13))
    worst = float(rng.uniform(4.5, 7.5))
    end = min(onset + lasts - 1, len(felt) - 1)
    if end - onset < 3:
        return
    fading = np.linspace(worst, STILL_THERE + 0.5, lasts)[: end - onset + 1]
    swing = rng.normal(0, 0.7, len(fading))
    felt[onset : end + 1] = np.maximum(felt[onset : end + 1], fading + swing)
    course.events.append(Event(course.patient, Kind.DISSOCIATION, onset, None, end))


def _side_effects(rng: Generator, course: Course) -> Floats:
    length = len(course.level)
    felt = np.maximum(0, rng.normal(float(rng.uniform(-0.5, 0.8)), 0.6, length))
    strength = float(rng.uniform(1.5, 5))
    for number, day in enumerate(course.infusions):
        felt[day] += strength * WEAKENS**number * float(rng.uniform(0.6, 1.3))
        felt[day + 1 : day + 2] += strength * float(rng.uniform(0, 0.3))
    return np.clip(felt, 0, TOP)


def _activation(rng: Generator, regime: Regime, course: Course) -> Floats:
    length = len(course.level)
    usual, spread = float(rng.uniform(0.5, 2.5)), float(rng.uniform(0.6, 1.1))
    felt = usual + spread * memory(rng.standard_normal((length, 1)), 0.2)[:, 0]
    for start in np.flatnonzero(rng.random(length) < 1 / 250):
        felt[start : start + int(rng.integers(1, 4))] += 1.5
    if course.dx == "bipolar" and rng.random() < regime.manic:
        _speed_up(rng, course, felt)
    return np.clip(felt, 0, TOP)


def _speed_up(rng: Generator, course: Course, felt: Floats) -> None:
    """Let one episode of activation begin some time after the first infusion."""
    lasts = int(rng.integers(6, 15))
    latest = len(felt) - lasts
    if latest <= course.first_inf + 3:
        return
    onset = int(rng.integers(course.first_inf + 3, latest))
    climb = np.minimum(np.arange(1, lasts + 1) / int(rng.integers(1, 4)), 1)
    felt[onset : onset + lasts] += float(rng.uniform(3.5, 6)) * climb
    course.events.append(Event(course.patient, Kind.MANIA, onset, None, onset + lasts - 1))
