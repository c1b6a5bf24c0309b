"""How answers scatter: four families of noise, one of them after published series."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bench.detection.regime import Family, Range, Regime

Floats = NDArray[np.float64]

STUDENT_FREEDOM: Final = 4
SKEW_SHAPE: Final = 2.0
"""Shape of the gamma that skewed noise is drawn from: skewness 1.4 before the day-to-day memory."""
BURST_BEGINS: Final = 0.05
BURST_STAYS: Final = 0.80
BURST_SCALE: Final = 1.6
"""A fifth of the days lie in bursts, in runs of five, with noise this many times the mean."""
REAL_FREEDOM: Final = 5
SHARED: Final = 0.7
"""Share of the noise of a day's level that all items have in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A published series: how much its people scatter, on 0-10, before a short series blurs it."""

    weight: float
    sd: float
    log_spread: float
    phi: float
    phi_spread: float


FISHER = Source(weight=0.5, sd=1.44, log_spread=0.21, phi=0.28, phi_spread=0.08)
"""Source: Fisher 2017, last entry of the day, mean of 4 items: 1.26 (1.11-1.64), phi .18."""
DIGIBP = Source(weight=0.3, sd=0.92, log_spread=0.53, phi=0.23, phi_spread=0.20)
"""Source: digiBP, sum of items rescaled: .86 (.57-1.24), phi .18 (.03-.35)."""
ROWLAND = Source(weight=0.2, sd=1.10, log_spread=0.45, phi=0.18, phi_spread=0.16)
"""Source: Rowland 2020, sad: 1.03 (.71-1.38), phi .10 (.0-.29)."""
SOURCES: Final = (FISHER, DIGIBP, ROWLAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """How one person's answers scatter."""

    sd: float
    phi: float


def between(rng: Generator, span: Range) -> float:
    """Draw what one person has from the range of all."""
    low, commonest, high = span
    return low if low == high else float(rng.triangular(low, commonest, high))


def scatter_for(rng: Generator, regime: Regime) -> Scatter:
    """Draw how much one person's answers scatter."""
    if regime.family is not Family.REAL:
        return Scatter(sd=between(rng, regime.noise_sd), phi=between(rng, regime.phi))
    weights = [each.weight for each in SOURCES]
    return scatter_of(rng, SOURCES[int(rng.choice(len(SOURCES), p=weights))])


def scatter_of(rng: Generator, source: Source) -> Scatter:
    """Draw a person like those of a published series."""
    sd = source.sd * float(np.exp(source.log_spread * rng.standard_normal()))
    phi = source.phi + source.phi_spread * rng.standard_normal()
    return Scatter(sd=sd, phi=float(np.clip(phi, -0.3, 0.7)))


def item_noise(rng: Generator, family: Family, scatter: Scatter, days: int, items: int) -> Floats:
    """Draw the noise of each item on each day, such that their mean has the person's scatter."""
    unit = memory(innovations(rng, family, days, items + 1), scatter.phi)
    own = unit[:, 1:] - unit[:, 1:].mean(axis=1, keepdims=True)
    mean = np.sqrt(SHARED) * unit[:, :1] + np.sqrt((1 - SHARED) * items) * unit[:, 1:].mean(
        axis=1, keepdims=True
    )
    noise: Floats = scatter.sd * (mean + np.sqrt((1 - SHARED) * items) * own)
    return noise


def memory(steps: Floats, phi: float) -> Floats:
    """Let each day keep a part of the day before; the spread stays one."""
    out = np.empty_like(steps)
    out[0] = steps[0]
    fresh = np.sqrt(1 - phi * phi)
    for day in range(1, len(steps)):
        out[day] = phi * out[day - 1] + fresh * steps[day]
    return out


def innovations(rng: Generator, family: Family, days: int, streams: int) -> Floats:
    """Draw what is new on each day, with mean 0 and spread 1."""
    shape = (days, streams)
    match family:
        case Family.GAUSSIAN:
            return rng.standard_normal(shape)
        case Family.STUDENT:
            return _student(rng, STUDENT_FREEDOM, shape)
        case Family.SKEWED:
            skewed: Floats = (rng.gamma(SKEW_SHAPE, size=shape) - SKEW_SHAPE) / SKEW_SHAPE**0.5
            return skewed
        case Family.REAL:
            return _student(rng, REAL_FREEDOM, shape) * _bursts(rng, days)[:, None]


def _student(rng: Generator, freedom: int, shape: tuple[int, int]) -> Floats:
    steps: Floats = rng.standard_t(freedom, shape) / (freedom / (freedom - 2)) ** 0.5
    return steps


def _bursts(rng: Generator, days: int) -> Floats:
    """Give each day's scale: calm, with stretches of larger swings; mean square one."""
    share = BURST_BEGINS / (BURST_BEGINS + 1 - BURST_STAYS)
    calm = np.sqrt((1 - share * BURST_SCALE**2) / (1 - share))
    scale = np.empty(days)
    burst = bool(rng.random() < share)
    for day, draw in enumerate(rng.random(days)):
        scale[day] = BURST_SCALE if burst else calm
        burst = bool(draw < (BURST_STAYS if burst else BURST_BEGINS))
    return scale
