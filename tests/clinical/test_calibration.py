"""The thresholds as shipped, and what a tier needs."""

from dataclasses import FrozenInstanceError, replace
from datetime import date
from itertools import pairwise
from math import inf

import pytest

from clinical.calibration import SHIPPED, Calibration
from clinical.finding import Tier


@pytest.mark.parametrize(
    ("tier", "threshold", "nominal"),
    [(Tier.WATCH, -1.2, 0.5), (Tier.LIKELY, 0.5, 0.17), (Tier.STRONG, 1.2, 0.1)],
)
def test_each_tier_is_shipped_with_the_threshold_it_was_cut_for(
    tier: Tier, threshold: float, nominal: float
) -> None:
    (cut,) = [cut for cut in SHIPPED.cuts if cut.tier is tier]

    assert (cut.threshold, cut.nominal) == (threshold, nominal)
    assert SHIPPED.threshold(tier) == threshold


def test_tiers_stand_from_the_lowest_to_the_highest() -> None:
    assert all(
        low.threshold < high.threshold and low.nominal > high.nominal
        for low, high in pairwise(SHIPPED.cuts)
    )


def test_the_thresholds_hold_for_one_floor() -> None:
    assert SHIPPED.floor == 0.1


def test_a_clinic_that_has_not_counted_yet_says_so() -> None:
    assert {cut.realised for cut in SHIPPED.cuts} == {"not yet known here (0 blocks)"}


def test_a_tier_that_is_not_cut_never_speaks() -> None:
    assert SHIPPED.threshold(Tier.CONFIRMED) == inf
    assert Calibration(version="none", floor=1, cuts=()).threshold(Tier.WATCH) == inf


def test_a_calibration_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        SHIPPED.floor = 0.0  # type: ignore[misc] # the point of the test


def test_a_day_is_judged_by_what_was_in_force_on_it() -> None:
    first = replace(SHIPPED, version="first", since=date(2026, 3, 1), earlier=SHIPPED)
    second = replace(first, version="second", since=date(2026, 4, 1), earlier=first)

    assert second.on(date(2026, 4, 1)) is second
    assert second.on(date(2026, 3, 31)) is first
    assert second.on(date(2026, 3, 1)) is first
    assert second.on(date(2026, 2, 28)) is SHIPPED
    assert SHIPPED.on(date.min) is SHIPPED
