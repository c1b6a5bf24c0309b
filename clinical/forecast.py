"""When might symptoms return, if nothing is given? A suggestion when to look again, no more.

A log-normal time from an infusion to the day half of the improvement is lost, for all but a share
of stretches in which nothing returns. One patient's own earlier times move it, the days without a
return move it, and so does what the filter thinks of today.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from math import erfc, log, sqrt
from statistics import NormalDist
from sys import float_info

from clinical.return_tuning import TUNED, Chances

PRIOR_MEDIAN = 33.0
"""Days to a return, median of the stretches in which one comes.

Source: clinical content, section 10, working curve: 10-30 % returned at 2 weeks, 20-50 % at 4,
40-75 % at 8 and >= 70 % at 6 months. With the two numbers below: .16, .35, .56, .76. The median of
26 days and SD of .8 of detection, section 8, give .48, .54 and .83 instead of the first three's
middle, so they are not used.
"""
PRIOR_SPREAD = 1.05
"""SD of the log of those days. Source: as above."""
PRIOR_DURABLE = 0.2
"""Share of stretches in which nothing returns.

Source: clinical content, section 10: about 70 % of responders relapse within 6 months, 70 % of
remitters within 12 (Ekstrand 2022).
"""
PRIOR_SAME_PERSON = 0.25
"""Share of the variance of the log days that is the person's. Source: house rule, little known."""
PRIOR_WEIGHT = 30
"""Stretches the prior is worth, and that a fit needs. Source: detection, section 8."""
HORIZON = 180
"""Days that a forecast looks ahead. Source: clinical content, section 10 (curve: 6 months)."""
REVIEW_CHANCE = 0.30
"""Chance of a return by the suggested review date. Source: detection, section 8."""
LIMITS = (0.10, 0.90)
"""Between these chances lies the 80 % interval. Source: detection, section 8."""
OPEN_LIMIT = 0.20
"""Its lower end where the upper lies beyond the horizon: the interval is still one of 80 %.

Source: house rule; with .10 an interval without upper end would hold nine of ten.
"""
UNSEEN = 7
"""Days that pass between the first sign of a return and the loss of half.

Who shows no sign today loses half no sooner. Source: house rule, cut on made-up patients (steps,
sudden and slow returns) to hold the chance of a return within 14 days; with 3 it was .05 too high.
"""
LEAST = 1e-12
"""Least likelihood of anything: a stray stretch moves a fit, it does not break it.

Source: house rule.
"""
NODES = 15
"""Points by which what is not known of a person is stood for. Source: house rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The days after an infusion until a return, the next infusion, or the last entry."""

    patient: str
    start: date
    """Day of the infusion."""
    days: int
    """Day of the return, counted from the infusion; or the last day without one."""
    returned: bool
    infusion_number: int = 0
    maintained: bool = False
    """Whether the infusion was given before symptoms had returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """What is known of the time to a return, of everybody."""

    median_days: float = PRIOR_MEDIAN
    spread: float = PRIOR_SPREAD
    durable: float = PRIOR_DURABLE
    same_person: float = PRIOR_SAME_PERSON
    maintained: float = 0.0
    """Log factor on the days after an infusion that was given before symptoms had returned."""
    stretches: int = 0
    """Stretches it was fitted on; 0 for the published curve alone."""

    @property
    def between(self) -> float:
        """SD of the log days between people."""
        return self.spread * sqrt(self.same_person)

    @property
    def within(self) -> float:
        """SD of the log days of one person."""
        return self.spread * sqrt(1 - self.same_person)

    def place(self, stretch: Stretch) -> float:
        """Give the middle of the log days for a stretch of nobody in particular."""
        return log(self.median_days) + self.maintained * stretch.maintained


PRIOR = Hazard()
TIME_ALONE: Chances = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""What is thought of a day where no filter says anything. Source: house rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What today adds to the days that passed."""

    on: date
    """The day the forecast is made."""
    chances: Chances = TIME_ALONE
    """What the filter thinks at the end of the last day that was noted."""
    earlier: Sequence[Stretch] = ()
    """The patient's own stretches that are over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A suggestion to review; days count from `on`, None lies beyond the horizon."""

    on: date
    chance_by: tuple[float, ...] = field(repr=False)
    """Chance that half of the improvement is lost by each day from today (0) on."""
    basis: Mapping[str, float | int | str]

    @property
    def median_days(self) -> int | None:
        """Give the days after which a return is as likely to have come as not."""
        return self._reached(0.5)

    @property
    def low_days(self) -> int | None:
        """Give the lower end of the 80 % interval."""
        low, high = LIMITS
        return self._reached(OPEN_LIMIT if self._reached(high) is None else low)

    @property
    def high_days(self) -> int | None:
        """Give the upper end of the 80 % interval."""
        return self._reached(LIMITS[1])

    @property
    def review_on(self) -> date | None:
        """Give the suggested review date: the first by which the chance is 30 %."""
        days = self._reached(REVIEW_CHANCE)
        return None if days is None else self.on + timedelta(days=days)

    def _reached(self, chance: float) -> int | None:
        return next((day for day, by in enumerate(self.chance_by) if by >= chance), None)


def forecast(hazard: Hazard, stretch: Stretch, now: Now) -> Forecast:
    """Say when symptoms might return, if no infusion is given, after the days of a stretch."""
    place, people = hazard.place(stretch), person(hazard, now.earlier)
    silent = max((now.on - stretch.start).days - stretch.days, 0)
    left = [_survival(hazard, place, people, stretch.days + day) for day in _ahead(silent)]
    returning = [_returning(now.chances, day) for day in _ahead(silent)]
    holding = max(1.0 - sum(now.chances[1:5]), 0.0)
    chance_by = tuple(
        min(begun + holding * max(1 - now_left / left[UNSEEN], 0.0), 1.0)
        for begun, now_left in zip(returning[silent:], left[silent:], strict=True)
    )
    basis = {
        "days_since_infusion": stretch.days + silent,
        "days_without_entry": silent,
        "infusion_number": stretch.infusion_number,
        "chance_now": round(chance_by[0], 3),
        "own_stretches": len(now.earlier),
        "fitted_on_stretches": hazard.stretches,
        "from": "courses of this clinic" if hazard.stretches else "published courses",
    }
    return Forecast(on=now.on, chance_by=chance_by, basis=basis)


def _ahead(silent: int) -> range:
    return range(silent + HORIZON + 1)


def _returning(chances: Chances, days: int) -> float:
    """Give the chance that half is lost through what the filter sees already."""
    begun, lost = chances[1], chances[2] + chances[3] + chances[4]
    return lost + begun * (1 - (1 - TUNED.climb) ** days)


def person(hazard: Hazard, earlier: Sequence[Stretch]) -> list[tuple[float, float]]:
    """Weigh what a person's log factor may be by the stretches that are over."""
    weighed = [(log_factor, 1.0) for log_factor in _people(hazard.between)]
    for stretch in earlier:
        place = hazard.place(stretch)
        weighed = [
            (own, weight * likelihood(hazard, place + own, stretch)) for own, weight in weighed
        ]
        most = max(weight for _, weight in weighed)
        weighed = [(own, weight / most) for own, weight in weighed]
    total = sum(weight for _, weight in weighed)
    return [(own, weight / total) for own, weight in weighed]


def likelihood(hazard: Hazard, place: float, stretch: Stretch) -> float:
    """Say how likely a stretch was; `place` is the middle of its log days."""
    later = still(place, hazard.within, stretch.days)
    if stretch.returned:
        before = still(place, hazard.within, stretch.days - 1)
        return max((1 - hazard.durable) * (before - later), LEAST)
    return max(hazard.durable + (1 - hazard.durable) * later, LEAST)


def still(place: float, spread: float, days: float) -> float:
    """Give the chance that log-normal days are longer than so many."""
    return 1.0 if days <= 0 else erfc((log(days) - place) / (spread * sqrt(2))) / 2


def _survival(
    hazard: Hazard, place: float, people: Sequence[tuple[float, float]], days: int
) -> float:
    held = sum(weight * still(place + own, hazard.within, days) for own, weight in people)
    return max(hazard.durable + (1 - hazard.durable) * held, float_info.min)


def _people(between: float) -> list[float]:
    return [between * node for node in nodes()]


@cache
def nodes() -> tuple[float, ...]:
    """Give equally likely points of a standard normal, with its variance."""
    raw = [NormalDist().inv_cdf((nth + 0.5) / NODES) for nth in range(NODES)]
    size = sqrt(sum(each * each for each in raw) / NODES)
    return tuple(each / size for each in raw)
