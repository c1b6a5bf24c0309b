"""The simple watches: what each of them says of a short diary, and that the table comes out."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bench.detection import rivals
from bench.detection.cohort import Cohort, Infusion, Patient, make_cohort
from bench.detection.diary import Entry
from bench.detection.regime import STANDARD, Group
from bench.detection.rivals import RIVALS, Watch, judge_rivals, watched

NEVER = float("-inf")


def diary(after: Sequence[float], *infused: int, before: Sequence[float] = (8,) * 14) -> Cohort:
    """Make a clinic of one: so many days before treatment, and the days after the course."""
    levels = dict(enumerate(before, 1)) | dict(enumerate(after, 31))
    return Cohort(
        days=120,
        patients=(Patient("ana", "mdd", 15, 30),),
        infusions=tuple(Infusion("ana", day) for day in (15, 30, *infused)),
        entries=tuple(
            Entry("ana", day, level, level, level, level, 0, 0, 0, None)
            for day, level in levels.items()
        ),
        truth=(),
        groups={"ana": Group.RESPONDER},
        maintained=frozenset(),
    )


def values(watch: Watch, cohort: Cohort) -> list[float]:
    return [each.score for each in watched(watch, cohort)]


@pytest.mark.parametrize(
    "watch", [rivals.single_entry, rivals.two_in_a_row, rivals.ewma, rivals.cusum, rivals.kalman]
)
def test_days_of_infusions_and_before_the_end_of_the_course_are_left_out(watch: Watch) -> None:
    days = [each.day for each in watched(watch, diary([2, 3, 4, 5], 32))]

    assert days == [31, 33, 34]


def test_a_single_entry_is_taken_as_it_is() -> None:
    assert values(rivals.single_entry, diary([2, 7, 3])) == [2, 7, 3]


def test_two_in_a_row_is_the_lower_of_two() -> None:
    assert values(rivals.two_in_a_row, diary([2, 7, 6, 3])) == [NEVER, 2, 6, 3]


def test_an_infusion_between_two_entries_starts_anew() -> None:
    assert values(rivals.two_in_a_row, diary([7, 7, 7, 7], 32)) == [NEVER, NEVER, 7]


def test_the_smoothed_level_moves_a_fifth_of_the_way() -> None:
    smooth = values(rivals.ewma_raw, diary([2.8, 2.8, 7.8]))

    assert smooth == pytest.approx([2.8, 2.8, 2.8 + 0.2 * 5])


def test_the_share_lost_is_one_back_at_the_level_before_treatment() -> None:
    lost = values(rivals.ewma, diary([2.8] * 12 + [8.0] * 40))

    assert lost[0] == pytest.approx(0)
    assert lost[-1] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("watch", [rivals.ewma, rivals.cusum, rivals.kalman])
def test_a_return_lifts_a_watch_over_what_it_was(watch: Watch) -> None:
    told = values(watch, diary([2.8] * 12 + [7.0] * 10))

    assert min(told[15:]) > max(told[:12])
    assert told[12:] == sorted(told[12:])


def test_the_sum_grows_by_what_exceeds_half_the_usual_scatter() -> None:
    told = values(rivals.cusum, diary([2.8] * 12 + [5.8] * 2, before=(8, 8)))

    assert told[11] == 0
    good = 0.35 * 6.6 / 11 + 2.8 * 10 / 11
    assert told[12] == pytest.approx((5.8 - good) / 1.5 - 0.5)
    assert told[13] == pytest.approx(2 * told[12])


@pytest.mark.parametrize("watch", [rivals.ewma, rivals.cusum])
def test_an_infusion_lets_a_watch_forget(watch: Watch) -> None:
    kept = values(watch, diary([2.8] * 12 + [7.0] * 10))
    forgot = values(watch, diary([2.8] * 12 + [7.0] * 10, 50))

    assert forgot[20] < kept[20] / 2


def test_after_an_infusion_the_level_is_followed_faster() -> None:
    levels = [7.0] * 12 + [2.0] * 8

    slow = values(rivals.kalman, diary(levels))
    fast = values(rivals.kalman, diary(levels, 42))

    assert fast[12] < slow[13] - 0.1


@pytest.mark.parametrize(
    ("before", "baseline"),
    [((8, 8), 6.6), ((8, 8, 5), 7.0)],
    ids=["too few", "three"],
)
def test_the_baseline_needs_three_entries(before: tuple[float, ...], baseline: float) -> None:
    series = next(iter(rivals.series_of(diary([2], before=before))))

    assert series.baseline == pytest.approx(baseline)


def test_the_usual_scatter_leans_on_the_patients_own_with_its_entries() -> None:
    few = next(iter(rivals.series_of(diary([2], before=(8, 4, 8, 4)))))
    flat = next(iter(rivals.series_of(diary([2]))))

    assert few.variance == pytest.approx(1.5**2)
    assert flat.variance == pytest.approx(7 * 1.5**2 / 20)


def test_a_weekly_score_counts_after_the_course() -> None:
    cohort = diary([2, 2, 2])
    scored = replace(
        cohort,
        entries=tuple(e._replace(phq9=12.0) if e.day in {3, 32} else e for e in cohort.entries),
    )

    assert [(e.day, e.score) for e in rivals.weekly_phq9(scored)] == [(32, 12.0)]


@pytest.mark.parametrize("name", [name for name in RIVALS if name != "weekly PHQ-9"])
def test_no_watch_looks_ahead(name: str) -> None:
    cohort = make_cohort(STANDARD, 6, 120, seed=3)
    cut_off = replace(
        cohort,
        entries=tuple(each for each in cohort.entries if each.day <= 80),
        infusions=tuple(each for each in cohort.infusions if each.day <= 80),
    )

    assert RIVALS[name](cut_off) == [e for e in RIVALS[name](cohort) if e.day <= 80]


def test_a_threshold_that_was_cut_keeps_its_rate_where_it_was_cut() -> None:
    cohort = make_cohort(STANDARD, 60, 150, seed=3)
    judged = judge_rivals(cohort, cohort, nominal=0.25)

    assert len(judged) == len(RIVALS) + 3
    assert all(
        each.result.responders.a_month <= 0.25 for each in judged if each.name.endswith("cut")
    )
    assert all(each.result.window_auroc > 0.7 for each in judged)
