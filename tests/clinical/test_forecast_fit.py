"""What a fit learns from many stretches: it finds what they were drawn from, and nothing else."""

from datetime import date
from itertools import pairwise
from math import exp, log
from random import Random

import pytest

from clinical.forecast import PRIOR, PRIOR_WEIGHT, Hazard, Now, Stretch, forecast, still
from clinical.forecast_fit import fit, prior_stretches

DAY = date(2026, 1, 1)


def stretch(patient: str, days: int, *, returned: bool = True, kept: bool = False) -> Stretch:
    return Stretch(patient=patient, start=DAY, days=days, returned=returned, maintained=kept)


def drawn(
    seed: int,
    count: int,
    *,
    median: float = 20.0,
    spread: float = 0.7,
    durable: float = 0.1,
    each: int = 1,
    same_person: float = 0.0,
    kept_longer: float = 1.0,
    until: int = 150,
) -> list[Stretch]:
    """Draw log-normal times to a return, cut off where the diary ends."""
    lot = Random(seed)  # noqa: S311 # a seeded draw of test data
    found: list[Stretch] = []
    for nth in range(count):
        own = lot.gauss(0, spread * same_person**0.5)
        for turn in range(each):
            kept = turn % 2 == 1
            place = log(median * (kept_longer if kept else 1)) + own
            days = exp(place + lot.gauss(0, spread * (1 - same_person) ** 0.5))
            lasting = lot.random() < durable
            end = lot.randint(until // 2, until)
            came = not lasting and days <= end
            found.append(
                stretch(f"p{nth}", int(days) + 1 if came else end, returned=came, kept=kept)
            )
    return found


@pytest.mark.parametrize("count", [0, 1, PRIOR_WEIGHT - 1])
def test_few_stretches_leave_the_prior(count: int) -> None:
    assert fit(drawn(1, count, median=5)) == PRIOR


def test_what_was_drawn_is_found() -> None:
    found = fit(drawn(2, 600))

    assert found.median_days == pytest.approx(20, rel=0.12)
    assert found.spread == pytest.approx(0.7, rel=0.15)
    assert found.durable == pytest.approx(0.1, abs=0.05)
    assert found.maintained == 0
    assert found.stretches == 600


def test_thirty_stretches_meet_the_prior_half_way() -> None:
    found = fit([stretch(f"p{nth}", 8 + nth % 3) for nth in range(30)])

    assert 9 < found.median_days < PRIOR.median_days
    assert 0 < found.durable < PRIOR.durable


def test_thirty_stretches_along_the_curve_change_nothing() -> None:
    found = fit(prior_stretches())

    assert found.median_days == pytest.approx(PRIOR.median_days, rel=0.1)
    assert found.spread == pytest.approx(PRIOR.spread, rel=0.1)
    assert found.durable == pytest.approx(PRIOR.durable, abs=0.05)


def test_where_nobody_returned_the_forecast_is_late_and_finite() -> None:
    found = fit([stretch(f"p{nth}", 60, returned=False) for nth in range(200)])

    by_60 = (1 - found.durable) * (1 - still(log(found.median_days), found.spread, 60))
    assert by_60 < 0.15
    assert 0 < found.durable < 1


def test_infusions_that_come_first_are_no_returns() -> None:
    """Half of the patients get an infusion on day 15: the times of the others still count whole."""
    free = drawn(3, 500, durable=0.0)
    cut = [
        stretch(each.patient, min(each.days, 15), returned=each.returned and each.days <= 15)
        if nth % 2
        else each
        for nth, each in enumerate(free)
    ]

    assert fit(cut).median_days == pytest.approx(fit(free).median_days, rel=0.12)


def test_maintenance_is_kept_where_the_data_earn_it() -> None:
    found = fit(drawn(4, 150, each=2, kept_longer=2.0))

    assert found.maintained == pytest.approx(log(2), abs=0.25)


def test_maintenance_is_dropped_where_they_do_not() -> None:
    assert fit(drawn(5, 150, each=2)).maintained == 0


def test_who_returns_early_once_returns_early_again() -> None:
    alike = fit(drawn(6, 120, each=3, same_person=0.6))
    unlike = fit(drawn(6, 120, each=3, same_person=0.0))

    assert alike.same_person > 0.35
    assert unlike.same_person < 0.15


def test_order_and_names_do_not_matter() -> None:
    rows = drawn(7, 60, each=2)
    named = [stretch(f"x{r.patient}", r.days, returned=r.returned, kept=r.maintained) for r in rows]

    found = fit(rows)

    for other in (fit(rows[::-1]), fit(named)):
        assert other.median_days == pytest.approx(found.median_days, rel=0.03)
        assert other.spread == pytest.approx(found.spread, rel=0.03)


def test_an_impossible_stretch_does_not_break_a_fit() -> None:
    found = fit([*drawn(8, 60), stretch("odd", 1), stretch("odd", 36_000, returned=True)])

    assert 10 < found.median_days < 40


def test_the_interval_covers_80_of_100_others() -> None:
    """Fitted on one clinic, judged on another that was drawn from the same numbers."""
    hazard = fit(drawn(9, 400, durable=0.0))
    judged = drawn(10, 600, durable=0.0, until=2000)
    found = forecast(hazard, stretch("new", 0, returned=False), Now(on=DAY))
    assert found.low_days is not None
    assert found.high_days is not None
    late = [each for each in judged if each.days > 7]

    covered = sum(found.low_days <= each.days <= found.high_days for each in late) / len(late)

    assert 0.75 <= covered <= 0.85


def test_a_longer_survival_never_brings_the_day_of_a_return_forward() -> None:
    hazard = Hazard(median_days=25.0, spread=0.9, durable=0.0, same_person=0.0)
    days = [
        gone
        + (forecast(hazard, stretch("a", gone, returned=False), Now(on=DAY)).median_days or 999)
        for gone in range(0, 80, 10)
    ]

    assert all(later >= sooner for sooner, later in pairwise(days))
