"""When symptoms might return: closed forms, what shortens a forecast, what it must never say."""

from datetime import date, timedelta
from itertools import pairwise
from math import exp, log
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.forecast import (
    HORIZON,
    PRIOR,
    TIME_ALONE,
    UNSEEN,
    Forecast,
    Hazard,
    Now,
    Stretch,
    forecast,
    nodes,
    person,
    still,
)

START = date(2026, 3, 1)
PLAIN = Hazard(median_days=30.0, spread=0.8, durable=0.0, same_person=0.0)
"""Everybody alike, and everybody's symptoms return: the closed forms hold."""
LOST = (0.1, 0.0, 0.2, 0.3, 0.4, 0.0)


def held(days: int, *, returned: bool = False, patient: str = "ana") -> Stretch:
    """So many days after an infusion, with or without a return at their end."""
    return Stretch(patient=patient, start=START, days=days, returned=returned)


def after(days: int) -> date:
    return START + timedelta(days=days)


def told(
    days: int, hazard: Hazard = PLAIN, *, silent: int = 0, earlier: tuple[Stretch, ...] = ()
) -> Forecast:
    return forecast(hazard, held(days), Now(on=after(days + silent), earlier=earlier))


def log_normal(days: float) -> float:
    """Give the chance that a time of the plain hazard is over by a day."""
    return NormalDist(log(30), 0.8).cdf(log(days)) if days > 0 else 0.0


def test_the_published_curve_is_met_by_the_prior() -> None:
    returned = {
        day: (1 - PRIOR.durable) * (1 - still(log(PRIOR.median_days), PRIOR.spread, day))
        for day in (14, 28, 56, 180)
    }

    assert 0.10 <= returned[14] <= 0.30
    assert 0.20 <= returned[28] <= 0.50
    assert 0.40 <= returned[56] <= 0.75
    assert returned[180] >= 0.70


def test_the_specified_prior_misses_the_published_curve() -> None:
    assert 1 - still(log(26), 0.8, 28) > 0.50
    assert 1 - still(log(26), 0.8, 56) > 0.75


@pytest.mark.parametrize("days", [0, 10, 30, 60])
def test_the_median_is_that_of_the_log_normal_given_the_days_so_far(days: int) -> None:
    unseen = 1 - log_normal(days + UNSEEN)
    half = exp(NormalDist(log(30), 0.8).inv_cdf(1 - unseen / 2)) - days

    median = told(days).median_days

    assert median is not None
    assert half <= median < half + 1


def test_nothing_is_lost_before_a_sign_could_have_grown() -> None:
    chances = told(20).chance_by

    assert chances[: UNSEEN + 1] == (0.0,) * (UNSEEN + 1)
    assert chances[UNSEEN + 1] > 0


def test_a_tenth_lies_on_either_side_of_the_interval() -> None:
    found = told(0)

    assert found.low_days is not None
    assert found.high_days is not None
    assert found.chance_by[found.low_days - 1] < 0.10 <= found.chance_by[found.low_days]
    assert found.chance_by[found.high_days - 1] < 0.90 <= found.chance_by[found.high_days]


def test_an_interval_without_upper_end_begins_where_a_fifth_has_returned() -> None:
    lasting = Hazard(median_days=30.0, spread=0.8, durable=0.5, same_person=0.0)

    found = told(0, lasting)

    assert found.high_days is None
    assert found.low_days is not None
    assert found.chance_by[found.low_days - 1] < 0.20 <= found.chance_by[found.low_days]


def test_who_has_held_for_half_a_year_is_told_no_date() -> None:
    found = told(200, Hazard(median_days=30.0, spread=0.8, durable=0.3, same_person=0.0))

    assert (found.median_days, found.high_days, found.review_on) == (None, None, None)


def test_the_review_date_is_the_first_by_which_the_chance_is_30_per_cent() -> None:
    found = told(0)

    assert found.review_on is not None
    days = (found.review_on - found.on).days
    assert found.chance_by[days - 1] < 0.30 <= found.chance_by[days]


def test_a_return_that_is_under_way_is_to_be_reviewed_today() -> None:
    found = forecast(PLAIN, held(20), Now(on=after(20), chances=LOST))

    assert found.review_on == after(20)
    assert found.low_days == 0
    assert found.basis["chance_now"] == pytest.approx(0.9)


def test_a_first_sign_shortens_the_forecast() -> None:
    calm = forecast(PRIOR, held(20), Now(on=after(20)))
    sign = forecast(PRIOR, held(20), Now(on=after(20), chances=(0.6, 0.4, 0, 0, 0, 0)))

    assert calm.review_on is not None
    assert sign.review_on is not None
    assert sign.review_on < calm.review_on
    assert sign.chance_by[0] == calm.chance_by[0] == 0


def test_a_bad_spell_is_no_return() -> None:
    spell = forecast(PRIOR, held(20), Now(on=after(20), chances=(0.1, 0, 0, 0, 0, 0.9)))

    assert spell.chance_by == pytest.approx(told(20, PRIOR).chance_by)


def test_days_without_an_entry_are_no_days_without_a_return() -> None:
    written, silent = told(30, PRIOR), told(10, PRIOR, silent=20)

    assert written.chance_by[0] == 0
    assert silent.chance_by[0] > 0
    assert silent.on == written.on
    assert silent.basis["days_without_entry"] == 20
    assert silent.basis["days_since_infusion"] == 30


def test_an_earlier_return_of_the_same_patient_shortens_the_forecast() -> None:
    nobody = told(0, PRIOR).median_days
    early = told(0, PRIOR, earlier=(held(8, returned=True),)).median_days
    late = told(0, PRIOR, earlier=(held(120, returned=True),)).median_days

    assert early is not None
    assert nobody is not None
    assert late is not None
    assert early < nobody < late


def test_an_infusion_that_came_before_any_return_lengthens_it_a_little() -> None:
    nobody = told(0, PRIOR).median_days
    lasted = told(0, PRIOR, earlier=(held(60),)).median_days

    assert lasted is not None
    assert nobody is not None
    assert lasted > nobody


def test_what_is_known_of_a_person_is_what_the_normal_says() -> None:
    """One return time draws the person's factor towards it by the share that is the person's."""
    hazard = Hazard(median_days=30.0, spread=1.0, durable=0.0, same_person=0.4)

    weights = person(hazard, [held(60, returned=True)])
    mean = sum(own * weight for own, weight in weights)

    assert sum(weight for _, weight in weights) == pytest.approx(1)
    assert mean == pytest.approx(0.4 * log(2), abs=0.02)


def test_maintenance_moves_the_time_by_its_factor() -> None:
    hazard = Hazard(spread=0.8, durable=0.0, same_person=0.0, maintained=log(2))
    kept = Stretch(patient="ana", start=START, days=0, returned=False, maintained=True)

    assert hazard.place(kept) - hazard.place(held(0)) == pytest.approx(log(2))


def test_a_forecast_says_what_it_rests_on() -> None:
    basis = told(12, PRIOR).basis

    assert basis["from"] == "published courses"
    assert basis["fitted_on_stretches"] == 0
    assert told(12, Hazard(stretches=80)).basis["from"] == "courses of this clinic"


def test_the_nodes_stand_for_a_normal() -> None:
    assert sum(nodes()) == pytest.approx(0)
    assert sum(node * node for node in nodes()) / len(nodes()) == pytest.approx(1)


@st.composite
def anything(draw: st.DrawFn) -> tuple[Hazard, Stretch, Now]:
    hazard = Hazard(
        median_days=draw(st.floats(2, 400)),
        spread=draw(st.floats(0.2, 2.5)),
        durable=draw(st.floats(0, 0.9)),
        same_person=draw(st.floats(0, 0.9)),
    )
    raw = draw(st.lists(st.floats(0.001, 1), min_size=6, max_size=6))
    one, two, three, four, five, six = (each / sum(raw) for each in raw)
    days, silent = draw(st.integers(0, 400)), draw(st.integers(0, 60))
    earlier = [
        held(gone, returned=back)
        for gone, back in draw(st.lists(st.tuples(st.integers(1, 300), st.booleans()), max_size=5))
    ]
    chances = draw(st.sampled_from([TIME_ALONE, (one, two, three, four, five, six)]))
    return hazard, held(days), Now(on=after(days + silent), chances=chances, earlier=earlier)


@given(anything())
def test_a_chance_only_grows_with_time_and_stays_one(case: tuple[Hazard, Stretch, Now]) -> None:
    chances = forecast(*case).chance_by

    assert len(chances) == HORIZON + 1
    assert all(0 <= each <= 1 for each in chances)
    assert all(later >= each - 1e-12 for each, later in pairwise(chances))


@given(anything())
def test_the_interval_holds_the_median(case: tuple[Hazard, Stretch, Now]) -> None:
    found = forecast(*case)
    beyond = HORIZON + 1
    low, median, high = (
        beyond if days is None else days
        for days in (found.low_days, found.median_days, found.high_days)
    )

    assert low <= median <= high


@given(st.floats(5, 200), st.floats(1, 3), st.floats(0.3, 2), st.integers(0, 120))
def test_where_symptoms_return_later_in_general_they_are_forecast_later(
    median: float, times: float, spread: float, days: int
) -> None:
    def chances(median_days: float) -> tuple[float, ...]:
        hazard = Hazard(median_days=median_days, spread=spread, durable=0.0, same_person=0.0)
        return told(days, hazard).chance_by

    pairs = zip(chances(median), chances(median * times), strict=True)

    assert all(slower <= sooner + 1e-6 for sooner, slower in pairs)
