"""Who counts as having responded, and which weekly score was the good one."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.chart import Entry, WeeklyScore
from clinical.finding import Finding
from clinical.symptom_return import HALF_LOST_TWICE, detect_half_lost_twice
from tests.clinical.charts import FIRST, after, baseline, chart, days, entry, infusion, phq9

WELL = [*baseline(), *days(after(1), 2, 2, 2, 2, 2)]
"""Level 8 before, 2 after: half is lost from 5 on."""
INTAKE = phq9(FIRST, 22)


def found(entries: list[Entry], *weekly: WeeklyScore) -> list[Finding]:
    return list(detect_half_lost_twice(chart(entries, weekly=weekly)))


def returned_from(good: list[int], *, before: list[Entry]) -> bool:
    """Say whether two terrible days count as a return after such days of response."""
    bad = [entry(after(20), 10), entry(after(27), 10)]
    return bool(found([*before, *days(after(1), *good), *bad]))


def weeks(*points: int) -> list[WeeklyScore]:
    """Make one score a week from the seventh day after the course."""
    return [phq9(after(7 * n), each) for n, each in enumerate(points, start=1)]


def test_a_response_just_short_of_the_share_is_within_the_noise_of_its_days() -> None:
    assert returned_from([5, 5, 5, 5, 5], before=baseline(8))


@pytest.mark.parametrize(
    ("good", "responded"),
    [
        ([4, 5, 5, 5, 5], True),
        ([5, 5, 5, 5, 6], True),
        ([5, 5, 5, 6, 6], True),
        ([5, 5, 6, 6, 6], True),
        ([5, 6, 6, 6, 6], False),
        ([6, 6, 6, 6, 6], False),
        ([8, 8, 8, 8, 8], False),
    ],
    ids=str,
)
def test_the_noise_of_five_days_gives_just_under_a_point(
    good: list[int], *, responded: bool
) -> None:
    assert returned_from(good, before=baseline(8)) is responded


@pytest.mark.parametrize(
    ("count", "responded"), [(3, True), (4, True), (5, True), (14, False), (40, False)]
)
def test_a_longer_baseline_leaves_less_to_the_noise(count: int, *, responded: bool) -> None:
    assert returned_from([5, 5, 6, 6, 6], before=baseline(8, count)) is responded


@pytest.mark.parametrize(
    ("good", "responded"), [([5, 6, 6], True), ([5, 6, 6, 6], False), ([5, 6, 6, 6, 6], False)]
)
def test_more_good_days_leave_less_to_the_noise(good: list[int], *, responded: bool) -> None:
    assert returned_from(good, before=baseline(8, 5)) is responded


@pytest.mark.parametrize("level", range(4, 11))
def test_nobody_responds_by_staying_where_they_were(level: int) -> None:
    assert not returned_from([level] * 5, before=baseline(level))


def test_the_gate_needs_a_baseline_and_leaves_those_with_an_intake_score_alone() -> None:
    rest = [*days(after(1), 6, 6, 6, 6, 6), entry(after(20), 10), entry(after(27), 10)]

    assert found([*baseline(8), *rest]) == []
    assert found([*baseline(8, 2), *rest], INTAKE)


def test_a_later_good_week_does_not_make_an_earlier_one_a_loss() -> None:
    assert found(WELL, INTAKE, *weeks(10, 15, 15, 0)) == []


def test_the_same_weeks_are_a_loss_once_the_good_one_came_before() -> None:
    (finding,) = found(WELL, INTAKE, *weeks(10, 0, 15, 15))

    assert finding.rule == HALF_LOST_TWICE
    assert finding.local_date == after(28)
    assert finding.numbers["good_level"] == 0
    assert finding.numbers["limit"] == pytest.approx(11 / 2.7, abs=0.01)


def test_the_lower_of_two_weeks_of_a_pair_is_not_its_own_good_level() -> None:
    assert found(WELL, INTAKE, *weeks(12, 15, 16)) == []
    assert found(WELL, INTAKE, *weeks(12, 15, 17)) == []
    assert found(WELL, INTAKE, *weeks(12, 17, 17))


@pytest.mark.parametrize("best", range(12))
def test_the_weekly_limit_lies_between_intake_and_the_best_week_so_far(best: int) -> None:
    half = (22 + best) / 2
    below, above = int(half - 0.5), int(half) + 1

    assert found(WELL, INTAKE, *weeks(best, below, below)) == []
    assert found(WELL, INTAKE, *weeks(best, above, above))


@pytest.mark.parametrize(("first", "second"), [(4, 9), (9, 4)], ids=["fading", "improving"])
def test_the_best_of_all_earlier_weeks_counts_and_not_the_last(first: int, second: int) -> None:
    assert found(WELL, INTAKE, *weeks(first, second, 14, 14))
    assert found(WELL, INTAKE, *weeks(9, 9, 14, 14)) == []


def test_without_an_earlier_week_the_diary_says_how_good_it_was() -> None:
    (finding,) = found(WELL, INTAKE, *weeks(20, 20))

    assert finding.numbers["good_level"] == 2
    assert finding.numbers["before_treatment"] == pytest.approx(22 / 2.7, abs=0.01)


def test_several_scores_before_treatment_count_by_their_mean() -> None:
    earlier = phq9(FIRST - timedelta(days=7), 26)
    (finding,) = found(WELL, earlier, phq9(FIRST, 20), *weeks(4, 20, 20))

    assert finding.numbers["before_treatment"] == pytest.approx(23 / 2.7, abs=0.01)


@pytest.mark.parametrize(("offset", "counts"), [(-1, True), (0, True), (1, False)])
def test_a_score_counts_as_before_treatment_up_to_its_first_day(
    offset: int, *, counts: bool
) -> None:
    intake = phq9(FIRST + timedelta(days=offset), 27)
    (finding,) = found(WELL, intake, *weeks(4, 20, 20))

    assert (finding.numbers["before_treatment"] == 10) is counts


def test_a_weekly_improvement_within_the_noise_cannot_be_lost() -> None:
    mild = phq9(FIRST, 7)

    assert found(WELL, mild, *weeks(3, 27, 27)) == []
    assert found(WELL, mild, *weeks(2, 27, 27))


def test_a_return_in_diary_and_weekly_scores_is_told_once_by_the_earlier() -> None:
    diary = [entry(after(20), 7), entry(after(27), 7)]
    (finding,) = found([*WELL, *diary], INTAKE, *weeks(4, 4, 20, 20))

    assert finding.local_date == after(27)
    assert finding.numbers["measured"] == "diary level"


def test_a_second_return_after_a_booster_is_told_under_its_number() -> None:
    diary = [entry(after(day), 7) for day in (20, 27, 40, 47)]
    booster = infusion(7, after(32))
    told = list(detect_half_lost_twice(chart([*WELL, *diary], more_infusions=[booster])))

    assert [each.period for each in told] == [6, 7]
    assert [each.numbers["days_since_infusion"] for each in told] == [27, 15]


POINTS = st.lists(st.integers(0, 27), min_size=2, max_size=10)


@settings(max_examples=40)
@given(POINTS, st.integers(1, 10))
def test_weeks_to_come_change_nothing_that_was_told(points: list[int], known: int) -> None:
    then = found(WELL, INTAKE, *weeks(*points[:known]))
    now = found(WELL, INTAKE, *weeks(*points))

    assert then == now[: len(then)]
    assert all(each.local_date > after(7 * known) for each in now[len(then) :])


@settings(max_examples=40)
@given(POINTS)
def test_weekly_losses_agree_with_counting_them_by_hand(points: list[int]) -> None:
    earlier = phq9(FIRST - timedelta(days=7), 21)
    lost = []
    for at in range(len(points) - 1):
        good = min(points[:at]) if at else 5.4
        half = (21.5 + good) / 2
        if 21.5 - good >= 4.05 and min(points[at : at + 2]) >= half:
            lost.append(after(7 * (at + 2)))

    assert [each.local_date for each in found(WELL, earlier, INTAKE, *weeks(*points))] == lost[:1]


@settings(max_examples=40)
@given(st.lists(st.integers(0, 10), min_size=3, max_size=5), st.integers(3, 30))
def test_the_gate_agrees_with_its_own_sentence(good: list[int], count: int) -> None:
    mean = sum(good) / len(good)
    noise = 1.4 * (1 / count + 1 / len(good)) ** 0.5
    responded = 8 - mean + noise >= 0.4 * 8
    large = 8 - sorted([*good, *good])[len(good)] >= 1.5 if len(good) % 2 else None
    told = returned_from(good, before=baseline(8, count))

    assert told <= responded
    if large is not None:
        assert told is (responded and large)
