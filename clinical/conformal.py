"""A clinic's own thresholds: cut, by counting ranks, from stretches in which nothing returned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, floor, inf, lgamma, log

from clinical.calibration import Calibration, Cut
from clinical.finding import Tier

BLOCK_DAYS = 14
"""Days of one stable block. Source: detection, section 6 (b)."""
MONTH_DAYS = 30
"""Days of the month that rates of false alarms are told for. Source: detection, section 6 (b)."""
FEWEST_BLOCKS = 60
"""Blocks below which a threshold stays, and nothing is said of its rate.

Source: detection, section 6 (b).
"""
MOST_CHANGE = 1.0
"""Log odds by which one recalibration may move a threshold. Source: detection, section 6 (b)."""
STEPS_OF_ONE = 10_000
"""Thresholds are whole parts of one by this. Source: house rule; finer than any reading tells."""
TAIL = 0.025
"""Chance on either side of the interval of a rate. Source: house rule; 95 % as elsewhere here."""
HALVINGS = 80
"""Of the bracket around a bound: more than a float can tell apart. Source: house rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Realised:
    """How often a tier spoke in stable blocks, for each patient-month, with its 95 % interval."""

    alarms: int
    blocks: int

    @property
    def months(self) -> float:
        """Patient-months that were looked at."""
        return self.blocks * BLOCK_DAYS / MONTH_DAYS

    @property
    def known(self) -> bool:
        """Say whether there are enough blocks to tell it."""
        return self.blocks >= FEWEST_BLOCKS

    @property
    def rate(self) -> float:
        """Alarms for each stable patient-month."""
        return self.alarms / self.months

    @property
    def interval(self) -> tuple[float, float]:
        """Exact bounds of that rate, were alarms a Poisson process."""
        low, high = poisson_interval(self.alarms)
        return low / self.months, high / self.months

    def __str__(self) -> str:
        """Say it in the words that stand in every alert."""
        if not self.known:
            return f"not yet known here ({self.blocks} blocks)"
        low, high = self.interval
        return f"{_told(self.rate)} a month ({_told(low)}-{_told(high)}), {self.blocks} blocks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recut:
    """One tier as it was, and as a clinic's blocks have it."""

    old: float
    rank: int
    """Which of the highest blocks the threshold stands at; 0 where it was kept."""
    realised: Realised
    """With the old threshold: a new one has not been tried on anything yet."""
    cut: Cut


def recut(
    calibration: Calibration, highest: Mapping[Tier, Sequence[float]], *, hold: bool = False
) -> list[Recut]:
    """Cut every tier anew from the highest log odds of each stable block.

    Args:
        calibration: the thresholds in force.
        highest: by tier, one value for each block in which it could have spoken.
        hold: keep the thresholds, and only count.

    """
    found: list[Recut] = []
    least = -inf
    for cut in calibration.cuts:
        values = highest.get(cut.tier, ())
        rank = 0 if hold or len(values) < FEWEST_BLOCKS else rank_for(len(values), cut.nominal)
        target = threshold_at(values, rank) if rank else cut.threshold
        least = max(least, clamped(target, cut.threshold))
        alarms = sum(value >= cut.threshold for value in values)
        realised = Realised(alarms=alarms, blocks=len(values))
        new = replace(cut, threshold=least, realised=str(realised))
        found.append(Recut(old=cut.threshold, rank=rank, realised=realised, cut=new))
    return found


def rank_for(blocks: int, rate: float) -> int:
    """Give how many of so many blocks, and one to come, may hold a false alarm at a monthly rate.

    One block to come is as likely to take any place among all of them: at this rank of the others
    it reaches the threshold no more often than the rate allows.
    """
    return min(floor((blocks + 1) * rate * BLOCK_DAYS / MONTH_DAYS), blocks)


def threshold_at(values: Sequence[float], rank: int) -> float:
    """Give the first whole step above the value of a rank, 1 being the highest.

    Above and not at it, so that blocks with the same value do not all speak.
    """
    value = sorted(values, reverse=True)[rank - 1]
    step = floor(value * STEPS_OF_ONE) + 1
    above = step / STEPS_OF_ONE
    return above if above > value else (step + 1) / STEPS_OF_ONE


def clamped(target: float, old: float) -> float:
    """Move a threshold towards a target, so far as one recalibration may."""
    return min(max(target, old - MOST_CHANGE), old + MOST_CHANGE)


def poisson_interval(count: int) -> tuple[float, float]:
    """Give the exact 95 % interval of the mean that a count came from."""
    top = _bracket(lambda mean: poisson_cdf(count, mean) < TAIL, count)
    if count == 0:
        return 0.0, top
    return _bracket(lambda mean: 1 - poisson_cdf(count - 1, mean) > TAIL, count), top


def poisson_cdf(count: int, mean: float) -> float:
    """Give the chance of at most so many where so many are the mean."""
    if mean <= 0:
        return 1.0
    log_mean = log(mean)
    terms = (exp(n * log_mean - mean - lgamma(n + 1)) for n in range(count + 1))
    return min(sum(terms), 1.0)


def _bracket(beyond: Callable[[float], bool], count: int) -> float:
    """Find where a condition that holds from some mean on begins to hold."""
    low, high = 0.0, 1.0 + count
    while not beyond(high):
        high *= 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if beyond(middle) else (middle, high)
    return high


def _told(rate: float) -> str:
    return f"{rate:.1f}" if rate >= 1 else f"{rate:.2f}"
