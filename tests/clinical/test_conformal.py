"""A clinic's own thresholds: how many blocks they need, how far they move, what they promise."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import fmean

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clinical.calibration import Calibration, Cut
from clinical.conformal import (
    BLOCK_DAYS,
    FEWEST_BLOCKS,
    MONTH_DAYS,
    MOST_CHANGE,
    Realised,
    Recut,
    poisson_cdf,
    poisson_interval,
    rank_for,
    recut,
    threshold_at,
)
from clinical.finding import Tier

ODDS = st.floats(-13, 13)
VALUES = st.lists(ODDS, min_size=1, max_size=200)
RATES = st.floats(0.05, 2)
STARTED = Calibration(
    version="started",
    floor=0.75,
    cuts=(
        Cut(tier=Tier.WATCH, threshold=-1.39, nominal=0.5),
        Cut(tier=Tier.LIKELY, threshold=-0.93, nominal=0.25),
        Cut(tier=Tier.STRONG, threshold=-0.32, nominal=0.1),
    ),
)
"""The thresholds that a clinic began with."""
TIERS = [cut.tier for cut in STARTED.cuts]
BLOCKS_A_MONTH = MONTH_DAYS / BLOCK_DAYS


def everywhere(values: Sequence[float]) -> Mapping[Tier, Sequence[float]]:
    """Let every tier have had the same chances to speak."""
    return dict.fromkeys(TIERS, values)


def cut_by(values: Sequence[float], *, hold: bool = False) -> dict[Tier, Recut]:
    return {each.cut.tier: each for each in recut(STARTED, everywhere(values), hold=hold)}


def ladder(count: int, *, lowest: float = -3, step: float = 0.01) -> list[float]:
    """Lay out so many different values, from the lowest up."""
    return [lowest + step * nth for nth in range(count)]


@pytest.mark.parametrize(
    ("blocks", "rate", "rank"),
    [(60, 0.5, 14), (60, 0.25, 7), (60, 0.10, 2), (199, 0.10, 9), (20, 0.10, 0), (0, 0.5, 0)],
)
def test_the_rank_is_the_share_of_blocks_that_may_hold_a_false_alarm(
    blocks: int, rate: float, rank: int
) -> None:
    assert rank_for(blocks, rate) == rank


def test_the_rank_is_never_beyond_the_blocks() -> None:
    assert rank_for(3, 30) == 3


@pytest.mark.parametrize("blocks", [0, 1, FEWEST_BLOCKS - 1])
def test_with_too_few_blocks_the_shipped_thresholds_stay(blocks: int) -> None:
    found = cut_by(ladder(blocks))

    assert [each.cut.threshold for each in found.values()] == [c.threshold for c in STARTED.cuts]
    assert {each.rank for each in found.values()} == {0}
    assert {each.cut.realised for each in found.values()} == {
        f"not yet known here ({blocks} blocks)"
    }


def test_from_sixty_blocks_on_they_are_cut() -> None:
    values = ladder(FEWEST_BLOCKS, lowest=-1.6)
    found = cut_by(values)

    for cut in STARTED.cuts:
        rank = rank_for(FEWEST_BLOCKS, cut.nominal)
        assert found[cut.tier].rank == rank
        assert found[cut.tier].cut.threshold == threshold_at(values, rank)
        assert sum(value >= found[cut.tier].cut.threshold for value in values) == rank - 1


def test_the_threshold_stands_just_above_the_value_of_its_rank() -> None:
    assert threshold_at([1.0, 3.0, 2.0], 1) == pytest.approx(3.0001)
    assert threshold_at([1.0, 3.0, 2.0], 3) == pytest.approx(1.0001)


def test_a_rate_too_small_for_the_blocks_keeps_its_threshold() -> None:
    rare = replace(STARTED.cuts[-1], nominal=0.01)
    calibration = replace(STARTED, cuts=(*STARTED.cuts[:-1], rare))
    strong = recut(calibration, everywhere(ladder(FEWEST_BLOCKS)))[-1]

    assert (strong.rank, strong.cut.threshold) == (0, rare.threshold)


def test_a_kept_tier_is_lifted_with_those_below_it() -> None:
    rare = replace(STARTED.cuts[-1], nominal=0.01)
    calibration = replace(STARTED, cuts=(*STARTED.cuts[:-1], rare))
    found = recut(calibration, everywhere([5.0] * 100))

    assert [each.cut.threshold for each in found] == pytest.approx([-0.39, 0.07, 0.07])


@pytest.mark.parametrize(("value", "change"), [(9.0, MOST_CHANGE), (-9.0, -MOST_CHANGE)])
def test_one_recalibration_moves_a_threshold_by_one_at_most(value: float, change: float) -> None:
    for each in cut_by([value] * 200).values():
        assert each.cut.threshold - each.old == pytest.approx(change)


def test_whoever_says_hold_has_the_blocks_counted_only() -> None:
    found = cut_by([9.0] * 200, hold=True)

    assert all(each.cut.threshold == each.old for each in found.values())
    assert found[Tier.LIKELY].realised == Realised(alarms=200, blocks=200)


def test_the_rate_told_is_that_of_the_old_threshold() -> None:
    likely = cut_by([*[-5.0] * 90, *[0.0] * 10])[Tier.LIKELY]

    assert likely.realised == Realised(alarms=10, blocks=100)
    assert likely.cut.realised == "0.21 a month (0.10-0.39), 100 blocks"


def test_rates_from_one_on_have_one_decimal() -> None:
    assert str(Realised(alarms=56, blocks=100)) == "1.2 a month (0.91-1.6), 100 blocks"


def test_no_alarm_at_all_has_an_upper_bound() -> None:
    assert str(Realised(alarms=0, blocks=60)) == "0.00 a month (0.00-0.13), 60 blocks"


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0, 3.6889), (1, 0.0253, 5.5716), (10, 4.7954, 18.3904), (100, 81.3640, 121.6270)],
)
def test_the_interval_is_the_published_exact_one(count: int, low: float, high: float) -> None:
    assert poisson_interval(count) == pytest.approx((low, high), abs=1e-3)


@given(st.integers(0, 400))
def test_the_interval_holds_what_was_counted_and_its_tails(count: int) -> None:
    low, high = poisson_interval(count)

    assert low <= count <= high
    assert poisson_cdf(count, high) == pytest.approx(0.025, abs=1e-9)
    assert count == 0 or 1 - poisson_cdf(count - 1, low) == pytest.approx(0.025, abs=1e-9)


def test_nothing_is_expected_of_a_mean_of_nothing() -> None:
    assert poisson_cdf(0, 0) == 1


@given(VALUES, RATES, RATES)
def test_a_higher_rate_never_asks_for_more(values: list[float], one: float, two: float) -> None:
    low, high = sorted((rank_for(len(values), one), rank_for(len(values), two)))

    assert not low or threshold_at(values, high) <= threshold_at(values, low)


@given(VALUES, RATES, ODDS)
def test_a_block_more_moves_the_threshold_no_further_than_to_itself(
    values: list[float], rate: float, more: float
) -> None:
    rank, later = rank_for(len(values), rate), rank_for(len(values) + 1, rate)
    assert later in {rank, rank + 1}
    if not rank:
        return
    before, after = threshold_at(values, rank), threshold_at([*values, more], later)

    assert after <= before if more < before else after >= min(before, more)


@given(st.lists(ODDS, min_size=2, max_size=120), RATES)
@example([0.0003, 0.0003], 2.0)
def test_of_all_blocks_no_more_than_the_rank_would_alarm_as_the_one_to_come(
    values: list[float], rate: float
) -> None:
    """Whichever of exchangeable blocks comes last: ties and all, this is the promise itself."""
    rank = rank_for(len(values) - 1, rate)
    if not rank:
        return
    alarms = sum(
        value >= threshold_at([*values[:nth], *values[nth + 1 :]], rank)
        for nth, value in enumerate(values)
    )

    assert alarms <= rank
    assert BLOCKS_A_MONTH * alarms / len(values) <= rate + 1e-9


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("blocks", [FEWEST_BLOCKS, 150])
def test_fresh_blocks_hold_no_more_alarms_than_nominal_on_average(tier: Tier, blocks: int) -> None:
    """Many clinics, whatever the shape of their odds: on average the rate is kept, and used."""
    luck = random.Random(f"{tier}{blocks}")  # noqa: S311 # made-up clinics
    nominal = next(cut.nominal for cut in STARTED.cuts if cut.tier is tier)
    rates: list[float] = []
    for _ in range(1500):
        own = luck.gauss(-3, 1)
        draws = [own + luck.lognormvariate(0, 0.8) for _ in range(blocks + 40)]
        threshold = threshold_at(draws[:blocks], rank_for(blocks, nominal))
        rates.append(BLOCKS_A_MONTH * fmean(value >= threshold for value in draws[blocks:]))

    assert nominal * 0.6 < fmean(rates) <= nominal * 1.05


@settings(max_examples=50)
@given(
    st.lists(ODDS, max_size=150),
    st.lists(st.floats(-5, 5), min_size=3, max_size=3),
    st.integers(1, 6),
)
def test_tiers_keep_their_order_however_often_they_are_cut(
    values: list[float], start: list[float], times: int
) -> None:
    cuts = tuple(
        replace(cut, threshold=threshold)
        for cut, threshold in zip(STARTED.cuts, sorted(start), strict=True)
    )
    calibration = Calibration(version="here", floor=STARTED.floor, cuts=cuts)
    for _ in range(times):
        found = recut(calibration, everywhere(values))
        calibration = replace(calibration, cuts=tuple(each.cut for each in found))

        assert all(low.cut.threshold <= high.cut.threshold for low, high in pairwise(found))
        assert all(abs(each.cut.threshold - each.old) <= MOST_CHANGE + 1e-9 for each in found)


def test_cutting_again_on_the_same_blocks_arrives_and_stays() -> None:
    calibration = STARTED
    for _ in range(20):
        found = recut(calibration, everywhere(ladder(100, lowest=3)))
        calibration = replace(calibration, cuts=tuple(each.cut for each in found))

    assert all(each.old == each.cut.threshold for each in found)
    assert [each.rank for each in found] == [23, 11, 4]
