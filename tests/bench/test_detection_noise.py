"""The scatter of made-up answers: spread, memory and shape, and that of the published series."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.random import default_rng

from bench.detection.noise import (
    DIGIBP,
    FISHER,
    ROWLAND,
    SOURCES,
    Floats,
    Scatter,
    Source,
    between,
    item_noise,
    memory,
    scatter_for,
    scatter_of,
)
from bench.detection.regime import NOISY, PHI, REALISTIC, STANDARD, Family

LONG = 20_000
PEOPLE = 800


def level_noise(family: Family, phi: float = 0.4) -> Floats:
    noise = item_noise(default_rng(3), family, Scatter(sd=1.3, phi=phi), LONG, 4)
    return np.asarray(noise.mean(axis=1))


def lag_one(values: Floats) -> float:
    return float(np.corrcoef(values[1:], values[:-1])[0, 1])


def skewness(values: Floats) -> float:
    return float(((values - values.mean()) ** 3).mean() / values.std() ** 3)


def kurtosis(values: Floats) -> float:
    return float(((values - values.mean()) ** 4).mean() / values.std() ** 4)


@pytest.mark.parametrize("family", list(Family))
def test_a_days_level_has_the_persons_spread_and_memory(family: Family) -> None:
    noise = level_noise(family)

    assert noise.mean() == pytest.approx(0, abs=0.06)
    assert noise.std() == pytest.approx(1.3, rel=0.05)
    assert lag_one(noise) == pytest.approx(0.4, abs=0.03)


def test_gaussian_noise_is_neither_skewed_nor_heavy() -> None:
    noise = level_noise(Family.GAUSSIAN)

    assert skewness(noise) == pytest.approx(0, abs=0.1)
    assert kurtosis(noise) == pytest.approx(3, abs=0.2)


@pytest.mark.parametrize("family", [Family.STUDENT, Family.REAL])
def test_heavy_noise_has_heavier_tails(family: Family) -> None:
    assert kurtosis(level_noise(family)) > 4


def test_skewed_noise_leans_to_the_bad_side() -> None:
    assert skewness(level_noise(Family.SKEWED)) > 0.5


def test_real_noise_swings_in_bursts() -> None:
    real = np.abs(level_noise(Family.REAL, phi=0.0))
    student = np.abs(level_noise(Family.STUDENT, phi=0.0))

    assert lag_one(real) > 0.05
    assert lag_one(student) < 0.03


def test_items_of_one_day_share_most_of_their_noise() -> None:
    noise = item_noise(default_rng(3), Family.GAUSSIAN, Scatter(sd=1.0, phi=0.2), LONG, 4)
    together = float(np.corrcoef(noise[:, 0], noise[:, 1])[0, 1])

    assert 0.2 < together < 0.9


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.6])
def test_memory_keeps_the_spread(phi: float) -> None:
    steps = default_rng(5).standard_normal((LONG, 2))
    kept = memory(steps, phi)

    assert kept.std(axis=0) == pytest.approx([1, 1], rel=0.04)
    assert lag_one(kept[:, 0]) == pytest.approx(phi, abs=0.03)


def test_a_range_of_one_value_gives_that_value() -> None:
    assert between(default_rng(1), (1.7, 1.7, 1.7)) == 1.7


def test_people_lie_within_the_range() -> None:
    rng = default_rng(1)
    drawn = [between(rng, (0.8, 1.2, 1.8)) for _ in range(500)]

    assert min(drawn) >= 0.8
    assert max(drawn) <= 1.8
    assert max(drawn) - min(drawn) > 0.7


def test_stresses_change_the_scatter_they_are_named_for() -> None:
    assert scatter_for(default_rng(1), NOISY).sd == 1.7
    assert scatter_for(default_rng(1), PHI).phi == 0.6
    assert scatter_for(default_rng(1), STANDARD).sd != 1.7


def test_a_realistic_clinic_mixes_people_of_every_series() -> None:
    rng = default_rng(1)
    spreads = [scatter_for(rng, REALISTIC).sd for _ in range(500)]

    assert sum(each.weight for each in SOURCES) == pytest.approx(1)
    assert np.percentile(spreads, 5) < 0.7
    assert np.percentile(spreads, 95) > 1.8


def measured(source: Source, days: int) -> tuple[Sequence[float], Sequence[float]]:
    """Measure people as the series were: spread and memory of the detrended daily mean."""
    rng, line = default_rng(11), np.arange(days) - (days - 1) / 2
    spreads: list[float] = []
    memories: list[float] = []
    for _ in range(PEOPLE):
        noise = item_noise(rng, Family.REAL, scatter_of(rng, source), days, 4).mean(axis=1)
        left: Floats = noise - noise.mean() - line * ((line * noise).sum() / (line**2).sum())
        spreads.append(float(left.std(ddof=2)))
        memories.append(lag_one(left))
    quartiles = [25, 50, 75]
    return np.percentile(spreads, quartiles).tolist(), np.percentile(memories, quartiles).tolist()


@pytest.mark.parametrize(
    ("source", "days", "spread", "phi"),
    [
        pytest.param(FISHER, 30, [1.11, 1.26, 1.64], 0.18, id="fisher"),
        pytest.param(DIGIBP, 60, [0.57, 0.86, 1.24], 0.18, id="digibp"),
        pytest.param(ROWLAND, 40, [0.71, 1.03, 1.38], 0.10, id="rowland"),
    ],
)
def test_made_up_people_scatter_like_those_of_the_published_series(
    source: Source, days: int, spread: list[float], phi: float
) -> None:
    spreads, memories = measured(source, days)

    assert spreads == pytest.approx(spread, abs=0.13)
    assert memories[1] == pytest.approx(phi, abs=0.05)
