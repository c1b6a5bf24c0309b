"""Learn the time to a return from many stretches; thirty made-up ones lie along the prior."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import exp, log, prod
from statistics import fmean

from clinical.forecast import (
    HORIZON,
    LEAST,
    PRIOR,
    PRIOR_WEIGHT,
    Hazard,
    Stretch,
    likelihood,
    nodes,
    still,
)

SAME_PERSON_SD = 1.0
"""SD, on the logit scale, of what the prior says of the share that is the person's.

Source: house rule; few patients have two stretches that end in a return.
"""
EFFECT_SD = 0.5
"""SD of what the prior says of an effect: most lie within a factor of 1.6.

Source: house rule.
"""
EARNED = 2.0
"""Log likelihood that the effect of maintenance must be worth to be kept.

Source: house rule; twice that is the 5 % limit of a likelihood ratio.
"""
FIRST_STEP, LAST_STEP = 0.2, 0.02
"""Of the search, on the log and logit scales. Source: house rule."""

Point = tuple[float, ...]
"""Log median, log spread, logits of the durable and the person's share, effect of maintenance."""
MAINTAINED = 4
"""Place of the last in a point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    """Stretches that stand alone, and those of which one person has several."""

    alone: Sequence[tuple[Stretch, int]]
    """Each different stretch, with how often it was seen."""
    together: Sequence[Sequence[Stretch]]


def fit(stretches: Sequence[Stretch]) -> Hazard:
    """Fit the time to a return; on fewer than thirty stretches the prior alone is given."""
    if len(stretches) < PRIOR_WEIGHT:
        return PRIOR
    data = _sorted(stretches)
    value = _objective(data)
    best = _highest(value, _point(PRIOR))
    without = (*best[:MAINTAINED], 0.0)
    if value(best) - value(without) < EARNED:
        best = _highest(value, without, free=MAINTAINED)
    return _hazard(best, len(stretches))


def prior_stretches() -> list[Stretch]:
    """Lay thirty stretches along the published curve."""
    return [_at((nth + 0.5) / PRIOR_WEIGHT) for nth in range(PRIOR_WEIGHT)]


def _at(chance: float) -> Stretch:
    place = log(PRIOR.median_days)
    for day in range(1, HORIZON + 1):
        if (1 - PRIOR.durable) * (1 - still(place, PRIOR.spread, day)) >= chance:
            return Stretch(patient="nobody", start=date.min, days=day, returned=True)
    return Stretch(patient="nobody", start=date.min, days=HORIZON, returned=False)


def _sorted(stretches: Iterable[Stretch]) -> _Data:
    by_patient: dict[str, list[Stretch]] = defaultdict(list)
    for each in stretches:
        by_patient[each.patient].append(each)
    alone: dict[tuple[int, bool, bool], list[Stretch]] = defaultdict(list)
    together: list[list[Stretch]] = []
    for own in by_patient.values():
        if len(own) > 1:
            together.append(own)
        else:
            alone[own[0].days, own[0].returned, own[0].maintained].append(own[0])
    counted = [(same[0], len(same)) for same in alone.values()]
    return _Data(alone=[*counted, *((each, 1) for each in prior_stretches())], together=together)


def _objective(data: _Data) -> Callable[[Point], float]:
    """Give what is to be as high as it can: the log likelihood and what the prior adds."""

    def value(point: Point) -> float:
        hazard = _hazard(point, 0)
        anybody = replace(hazard, same_person=0.0)
        people = [hazard.between * node for node in nodes()]
        return (
            _prior(point)
            + sum(
                times * log(likelihood(anybody, anybody.place(each), each))
                for each, times in data.alone
            )
            + sum(log(_together(hazard, people, own)) for own in data.together)
        )

    return value


def _prior(point: Point) -> float:
    _, _, _, person, maintained = point
    off, size = (person - _logit(PRIOR.same_person)) / SAME_PERSON_SD, maintained / EFFECT_SD
    return -(off * off + size * size) / 2


def _together(hazard: Hazard, people: Sequence[float], own: Sequence[Stretch]) -> float:
    places = [hazard.place(each) for each in own]
    chances = (
        prod(
            likelihood(hazard, place + log_factor, each)
            for place, each in zip(places, own, strict=True)
        )
        for log_factor in people
    )
    return max(fmean(chances), LEAST ** len(own))


def _highest(value: Callable[[Point], float], start: Point, *, free: int = MAINTAINED + 1) -> Point:
    """Climb in ever smaller steps, one number at a time, and on in the direction that helped."""
    best, most, step = start, value(start), FIRST_STEP
    while step >= LAST_STEP:
        found, height = _round(value, best, most, step, range(free))
        if height <= most:
            step /= 2
            continue
        onward = tuple(2 * new - old for new, old in zip(found, best, strict=True))
        best, most = found, height
        ahead = value(onward)
        if ahead > most:
            best, most = onward, ahead
    return best


def _round(
    value: Callable[[Point], float], at: Point, most: float, step: float, free: Sequence[int]
) -> tuple[Point, float]:
    for nth in free:
        for way in (step, -step):
            tried = (*at[:nth], at[nth] + way, *at[nth + 1 :])
            height = value(tried)
            if height > most:
                at, most = tried, height
                break
    return at, most


def _point(hazard: Hazard) -> Point:
    return (
        log(hazard.median_days),
        log(hazard.spread),
        _logit(hazard.durable),
        _logit(hazard.same_person),
        hazard.maintained,
    )


def _hazard(point: Point, stretches: int) -> Hazard:
    median, spread, durable, person, maintained = point
    return Hazard(
        median_days=exp(median),
        spread=exp(spread),
        durable=_share(durable),
        same_person=_share(person),
        maintained=maintained,
        stretches=stretches,
    )


def _logit(share: float) -> float:
    return log(share / (1 - share))


def _share(logit: float) -> float:
    return 1 / (1 + exp(-logit))
