"""The bench of the forecast: what it counts, by cases small enough to count by hand."""

from datetime import date
from types import MappingProxyType

import pytest

from bench.detection import forecast as bench
from bench.detection.course import Event, Kind
from bench.detection.regime import STANDARD
from clinical.forecast import HORIZON, Forecast

DAY = date(2026, 5, 1)


def told(*reached: tuple[int, float]) -> Forecast:
    """Make a forecast whose chance steps up on some days."""
    chances = tuple(
        max((chance for day, chance in reached if day <= ahead), default=0.0)
        for ahead in range(HORIZON + 1)
    )
    return Forecast(on=DAY, chance_by=chances, basis=MappingProxyType({}))


SOON = told((5, 0.10), (10, 0.30), (20, 0.50), (40, 0.90))
LASTING = told((10, 0.20), (30, 0.50), (60, 0.70))


def case(
    days: int, found: Forecast = SOON, *, returned: bool = True, kept: bool = False
) -> bench.Case:
    return bench.Case(14, found, days, returned, kept)


def test_the_curve_of_kaplan_and_meier() -> None:
    left = bench.kaplan_meier([(1, True), (2, False), (3, True), (3, True), (9, False)])

    assert left(0) == 1
    assert left(1) == left(2.5) == pytest.approx(4 / 5)
    assert left(3) == left(100) == pytest.approx(4 / 5 * 1 / 3)


def test_returns_are_counted_within_before_and_after_the_interval() -> None:
    cases = [case(4), case(5), case(40), case(41)]

    assert bench.covered(cases) == (0.5, 0.25, 0.25)


def test_what_an_infusion_cuts_off_within_the_interval_is_left_out() -> None:
    cut_early, cut_within, past = (case(days, returned=False) for days in (2, 20, 60))

    assert bench.covered([case(20), cut_early, cut_within, past]) == (0.5, 0.0, 0.5)


def test_an_open_interval_holds_whoever_has_passed_its_lower_end() -> None:
    cases = [case(12, LASTING, returned=False), case(90, LASTING), case(9, LASTING)]

    inside, before, after = bench.covered(cases)
    assert (inside, before, after) == pytest.approx((2 / 3, 1 / 3, 0))


def test_the_brier_score_of_what_is_known() -> None:
    cases = [case(5), case(60)]

    score, said, came = bench.brier(cases, [0.8, 0.4], 14)

    assert score == pytest.approx((0.2**2 + 0.4**2) / 2)
    assert (said, came) == pytest.approx((0.6, 0.5))


def test_who_remains_weighs_for_who_was_cut_off() -> None:
    """Of four one was cut off on day 3: those seen on day 14 weigh 4/3, the early return 1."""
    cases = [case(2), case(3, returned=False), case(50), case(60)]

    _, _, came = bench.brier(cases, [0.5] * 4, 14)

    assert came == pytest.approx(1 / (1 + 2 * 3 / 2))


def test_three_of_ten_have_returned_by_the_review_date() -> None:
    cases = [case(10), case(8), case(9), *(case(30) for _ in range(7))]

    assert bench.due_by_review(cases) == pytest.approx(0.3)


def test_gaps_are_longer_than_a_week_and_end_with_the_study() -> None:
    given = {1, 4, 20, 50, 53, 160}

    assert list(bench.gaps(given, 4, 166)) == [(4, 20), (20, 50), (53, 160), (160, 166)]


def test_a_return_that_was_there_before_is_no_case() -> None:
    event = Event("p1", Kind.RETURN, 30, 40, 60)

    assert bench.came_in([event], 50, 90) is None
    assert bench.came_in([event], 20, 90) == 40
    assert bench.came_in([event], 61, 90) == bench.NEVER


@pytest.fixture(scope="module")
def line() -> list[str]:
    return bench.judged(STANDARD, (3, 4), 20)


def test_a_line_holds_a_figure_for_every_column(line: list[str]) -> None:
    figures = dict(zip(bench.COLUMNS[:7], line, strict=False))

    assert len(line) == len(bench.COLUMNS)
    assert figures["clinic"] == "standard"
    assert int(figures["stretches"]) > 10
    assert int(figures["forecasts"]) > 20
    assert all(0 <= float(figure) <= 1 for figure in line[3:])


def test_inside_before_and_after_make_the_whole(line: list[str]) -> None:
    assert sum(map(float, line[3:6])) == pytest.approx(1, abs=0.02)
