"""A chart read as stretches between infusions: which tell of a return, and which say nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from clinical.chart import Chart, Infusion
from clinical.forecast import PRIOR, Forecast, Stretch
from clinical.stretch import Why, forecast_for, stretches_of
from tests.clinical.charts import END, after, baseline, chart, days, infusion

WELL, ILL = 2, 8


def diary(*levels: int, more: Sequence[int] = ()) -> Chart:
    """Give a diary from the day after the course on, with infusions on further days."""
    return chart(
        [*baseline(), *days(after(1), *levels)],
        more_infusions=[infusion(7 + nth, after(day)) for nth, day in enumerate(more)],
    )


def brief(found: Sequence[Stretch]) -> list[tuple[int, int, bool]]:
    return [((each.start - END).days, each.days, each.returned) for each in found]


def test_a_diary_without_a_return_ends_its_stretch_with_the_last_entry() -> None:
    assert brief(stretches_of(diary(*[WELL] * 40))) == [(0, 40, False)]


def test_a_return_is_dated_where_both_rules_have_spoken() -> None:
    (found,) = stretches_of(diary(*[WELL] * 25, *[ILL] * 20))

    assert found.returned
    assert 26 <= found.days <= 28


def test_one_bad_day_is_no_return() -> None:
    assert brief(stretches_of(diary(*[WELL] * 20, ILL, *[WELL] * 19))) == [(0, 40, False)]


def test_the_next_infusion_ends_a_stretch_without_a_return() -> None:
    found = stretches_of(diary(*[WELL] * 60, more=[28]), "ana")

    assert brief(found) == [(0, 28, False), (28, 32, False)]
    assert [each.infusion_number for each in found] == [6, 7]
    assert {each.patient for each in found} == {"ana"}


def test_only_an_infusion_before_any_return_is_maintenance() -> None:
    kept = stretches_of(diary(*[WELL] * 60, more=[28]))
    rescued = stretches_of(diary(*[WELL] * 20, *[ILL] * 15, *[WELL] * 25, more=[35]))

    assert [each.maintained for each in kept] == [False, True]
    assert [(each.returned, each.maintained) for each in rescued] == [(True, False), (False, False)]


def test_infusions_within_a_week_are_one() -> None:
    found = stretches_of(diary(*[WELL] * 20, *[ILL] * 15, *[WELL] * 25, more=[35, 38, 41]))

    assert [(each.start - END).days for each in found] == [0, 41]


def test_a_return_the_infusion_did_not_end_is_no_time_to_a_return() -> None:
    found = stretches_of(diary(*[WELL] * 20, *[ILL] * 40, more=[35]))

    assert brief(found)[0][2]
    assert len(found) == 1


def test_who_was_not_helped_has_no_stretch() -> None:
    assert stretches_of(diary(*[ILL] * 40)) == []


def test_a_chart_without_infusions_has_no_stretch() -> None:
    nothing = replace(diary(*[WELL] * 40), infusions=())

    assert stretches_of(nothing) == []
    assert forecast_for(nothing, PRIOR, today=after(40)) is Why.NO_COURSE


def test_a_forecast_counts_from_the_last_infusion() -> None:
    found = forecast_for(diary(*[WELL] * 40, more=[28]), PRIOR, today=after(40))

    assert isinstance(found, Forecast)
    assert found.basis["days_since_infusion"] == 12
    assert found.basis["infusion_number"] == 7
    assert found.basis["own_stretches"] == 1
    assert found.on == after(40)


def test_a_course_that_may_go_on_is_not_forecast() -> None:
    known = diary(WELL, WELL, WELL)

    assert forecast_for(known, PRIOR, today=after(3)) is Why.NO_COURSE
    fixed = replace(known, course_end=END)
    assert isinstance(forecast_for(fixed, PRIOR, today=after(3)), Forecast)


def test_a_return_that_was_found_is_not_forecast() -> None:
    known = diary(*[WELL] * 25, *[ILL] * 12)

    assert forecast_for(known, PRIOR, today=after(37)) is Why.RETURNED


def test_a_course_that_did_not_work_is_not_forecast() -> None:
    assert forecast_for(diary(*[ILL] * 40), PRIOR, today=after(40)) is Why.NO_RESPONSE


def test_a_worse_day_brings_the_review_forward() -> None:
    def review(*levels: int) -> Forecast:
        found = forecast_for(diary(*levels), PRIOR, today=after(len(levels)))
        assert isinstance(found, Forecast)
        return found

    calm, uneasy = review(*[WELL] * 20), review(*[WELL] * 18, 6, 6)

    assert calm.review_on is not None
    assert uneasy.review_on is not None
    assert uneasy.review_on < calm.review_on
    assert uneasy.basis["chance_now"] != calm.basis["chance_now"]


def test_a_silent_patient_is_reviewed_sooner() -> None:
    known = diary(*[WELL] * 20)
    written, silent = (
        forecast_for(known, PRIOR, today=after(20) + timedelta(days=late)) for late in (0, 14)
    )

    assert isinstance(written, Forecast)
    assert isinstance(silent, Forecast)
    assert silent.chance_by[0] > written.chance_by[0]
    assert silent.basis["days_without_entry"] == 14


def test_order_of_arrival_does_not_matter() -> None:
    known = diary(*[WELL] * 25, *[ILL] * 20, *[WELL] * 20, more=[45])
    turned = replace(
        known, entries=list(reversed(known.entries)), infusions=list(reversed(known.infusions))
    )

    assert stretches_of(turned) == stretches_of(known)


@pytest.mark.parametrize("day", [10, 20, 30])
def test_what_was_found_by_a_day_rests_on_that_day_alone(day: int) -> None:
    known = diary(*[WELL] * 25, *[ILL] * 20)

    def until(latest: int) -> Chart:
        entries = [each for each in known.entries if each.local_date <= after(latest)]
        return replace(known, entries=entries)

    first = forecast_for(until(day), PRIOR, today=after(day))
    again = forecast_for(until(day), PRIOR, today=after(day))

    assert first == again
    assert isinstance(first, Forecast | Why)


def test_no_two_infusions_share_a_stretch() -> None:
    more: list[Infusion] = [infusion(7 + nth, after(14 * (nth + 1))) for nth in range(4)]
    found = stretches_of(chart([*baseline(), *days(after(1), *[WELL] * 70)], more_infusions=more))

    assert brief(found) == [(14 * nth, 14, False) for nth in range(5)]
