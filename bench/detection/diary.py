"""What a made-up patient writes down: items, weekly scores, and the days without an entry."""

from typing import Final, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bench.detection.course import TOP, Course, Event, Kind
from bench.detection.noise import Floats, between, item_noise, scatter_for
from bench.detection.regime import Regime
from bench.detection.watches import Others

ITEMS: Final = ("low_mood", "anhedonia", "anxiety", "sleep_bad")
FEWEST_ITEMS: Final = 2
POINTS_PER_LEVEL: Final = 2.7
"""PHQ-9 points (0-27) to a point of the daily level (0-10)."""
PHQ9_TOP: Final = 27
RECALL: Final = 7.0
"""Days after which a day weighs a third in what the PHQ-9 remembers of it."""
WEEK: Final = 7
MOST_LATE: Final = 3
"""A weekly score that was due on a missed day comes up to this many days late."""


class Entry(NamedTuple):
    """One row of the diary; None where an item was not answered."""

    patient: str
    day: int
    low_mood: float | None
    anhedonia: float | None
    anxiety: float | None
    sleep_bad: float | None
    dissociation: float | None
    side_effects: float | None
    activation: float | None
    phq9: float | None

    @property
    def composite(self) -> float | None:
        """Give the mean of the answered core items, where at least half were."""
        given = [
            value
            for value in (self.low_mood, self.anhedonia, self.anxiety, self.sleep_bad)
            if value is not None
        ]
        return sum(given) / len(given) if len(given) >= FEWEST_ITEMS else None


def write_diary(
    rngs: tuple[Generator, Generator, Generator], regime: Regime, course: Course, others: Others
) -> list[Entry]:
    """Write one patient's diary; silences are added to the course."""
    noise, gaps, weekly = rngs
    answered = _answered(gaps, regime, course)
    scores = _weekly(weekly, regime, course, answered)
    table = np.column_stack([_items(noise, regime, course), *others])
    if regime.whole_points:
        table = np.rint(table)
    skipped = np.less(gaps.random(table.shape), regime.item_skipped)
    return [
        Entry._make(
            [course.patient, int(day), *_answers(table[day], skipped[day]), scores.get(day)]
        )
        for day in np.flatnonzero(answered).tolist()
    ]


def _answers(values: Floats, skipped: NDArray[np.bool_]) -> list[float | None]:
    return [None if skip else float(value) for value, skip in zip(values, skipped, strict=True)]


def _items(rng: Generator, regime: Regime, course: Course) -> Floats:
    count = len(ITEMS)
    own = rng.normal(0, 0.6, count)
    gain = rng.uniform(0.85, 1.15, count)
    noise = item_noise(rng, regime.family, scatter_for(rng, regime), len(course.level), count)
    for day in course.infusions:
        noise[day] -= rng.uniform(0, 1.5)
    level = course.level[:, None] * (gain / gain.mean()) + own - own.mean()
    items: Floats = np.clip(level + noise, 0, TOP)
    return items


def _answered(rng: Generator, regime: Regime, course: Course) -> NDArray[np.bool_]:
    """Draw the days with an entry: runs of missed days, and silences that are truth."""
    length = len(course.level)
    share, again = between(rng, regime.missing), regime.miss_after_miss
    stop = share * (1 - again) / (1 - share)
    factor = np.exp(regime.miss_by_level * (course.level - course.level[1:].mean()))
    missed = np.zeros(length, dtype=np.bool_)
    missing = bool(rng.random() < share)
    for day, draw in enumerate(rng.random(length)):
        missing = bool(draw < (again if missing else min(stop * factor[day], 0.9)))
        missed[day] = missing
    missed[0] = True
    for onset, end in _silences(rng, regime, course):
        missed[onset : end + 1] = True
        course.events.append(Event(course.patient, Kind.SILENCE, onset, None, end))
    return ~missed


def _silences(rng: Generator, regime: Regime, course: Course) -> list[tuple[int, int]]:
    """Draw silences: with a fifth of the returns, and a few that are only a lost habit."""
    last = len(course.level) - 1
    found: list[tuple[int, int]] = []
    for event in course.events:
        if event.kind is Kind.RETURN and rng.random() < regime.silent_returns:
            onset = event.onset + int(rng.integers(0, 3))
            found.append((onset, onset + int(rng.integers(6, 15)) - 1))
    if rng.random() < regime.broken_habit:
        onset = int(rng.integers(course.first_inf, last - WEEK))
        found.append((onset, onset + int(rng.integers(7, 22)) - 1))
    apart: list[tuple[int, int]] = []
    for onset, end in sorted(found):
        if not apart or onset > apart[-1][1] + WEEK:
            apart.append((onset, min(end, last)))
    return [(onset, end) for onset, end in apart if end > onset]


def _weekly(
    rng: Generator, regime: Regime, course: Course, answered: NDArray[np.bool_]
) -> dict[int, float]:
    """Draw the weekly PHQ-9: what is remembered of the level, a personal bias, an error."""
    bias = rng.normal(0, regime.phq9_bias_sd)
    scores: dict[int, float] = {}
    for due in range(int(rng.integers(1, WEEK + 1)), len(answered), WEEK):
        error, skipped = rng.normal(0, regime.phq9_sd), rng.random() < regime.phq9_skipped
        given = np.flatnonzero(answered[due : due + MOST_LATE + 1])
        if skipped or not len(given):
            continue
        day = due + int(given[0])
        points = POINTS_PER_LEVEL * _remembered(course.level, day) + bias + error
        scores[day] = float(np.clip(np.rint(points), 0, PHQ9_TOP))
    return scores


def _remembered(level: Floats, day: int) -> float:
    first = max(1, day - 2 * WEEK + 1)
    days = np.arange(first, day + 1)
    return float(np.average(level[days], weights=np.exp(-(day - days) / RECALL)))
