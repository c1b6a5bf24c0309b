"""How much a patient's days differ is learnt while the patient holds, and from nothing else."""

from dataclasses import replace

import pytest

from clinical.return_tuning import SPECIFIED
from tests.clinical.test_return_filter import NOISE, run


def learnt(*levels: float | None, weight: float = 20) -> float:
    """Give the noise known after some days that began with `NOISE`."""
    return run(list(levels), tuning=replace(SPECIFIED, noise_weight=weight))[-1].noise


def test_noise_is_learnt_from_days_of_holding() -> None:
    calm, restless = [2.0] * 60, [0.0, 4.0] * 30

    assert learnt(*calm) < 0.5 * NOISE < NOISE < learnt(*restless)
    assert learnt(*restless[:2]) < learnt(*restless)
    assert learnt(*[None] * 60) == pytest.approx(NOISE)


def test_noise_known_for_long_is_hardly_learnt_anew() -> None:
    assert learnt(*[2.0] * 60, weight=1e9) == pytest.approx(NOISE)


def test_days_of_a_return_say_nothing_of_noise() -> None:
    known = learnt(*[2.0] * 20)

    assert learnt(*[2.0] * 20, *[8.0] * 20) - known < 0.05 * (36 - known)


def test_a_wild_day_counts_as_three_standard_deviations() -> None:
    weight = 20.0
    known = learnt(*[2.0] * 10, weight=weight)
    wild = learnt(*[2.0] * 10, 10.0, weight=weight)

    assert known < wild <= known + 9 * NOISE / (weight + 10)
