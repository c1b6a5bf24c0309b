"""What counts as two stable weeks, and how near the watch came in them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings

from clinical.calibration import SHIPPED
from clinical.chart import Chart, Infusion
from clinical.conformal import BLOCK_DAYS
from clinical.finding import Tier
from clinical.return_track import ALONE, statistic_by_day
from clinical.return_watch import detect_improvement_lost
from clinical.stable_blocks import Block, by_tier, stable_blocks
from tests.clinical.charts import END, after, baseline, chart, days, infusion
from tests.clinical.watched import CHARTS

WELL = [2] * 7
"""The first week after the course, which no block begins in."""
FORTNIGHT: list[int | None] = [2, 3] * 7


def diary(*levels: int | None, more: Sequence[Infusion] = (), before: int = 8) -> Chart:
    """Make a chart of daily levels since a course that staff closed."""
    noted = [*baseline(before, 14), *days(after(1), *levels)]
    return replace(chart(noted, more_infusions=more), course_end=END)


def firsts(of: Chart, returns: Sequence[int] = ()) -> list[int]:
    """Say on which day after the course each block begins."""
    found = stable_blocks(of, SHIPPED, [after(day) for day in returns])
    return [(block.first - END).days for block in found]


def test_blocks_follow_each_other_from_a_week_after_the_course() -> None:
    assert firsts(diary(*WELL, *FORTNIGHT * 3)) == [8, 22, 36]


@pytest.mark.parametrize(("days_more", "count"), [(13, 0), (14, 1), (27, 1), (28, 2)])
def test_a_block_is_whole_or_none(days_more: int, count: int) -> None:
    assert len(firsts(diary(*WELL, *[2] * days_more))) == count


@pytest.mark.parametrize(("answered", "count"), [(6, 0), (7, 1)])
def test_a_block_needs_seven_days_with_a_level(answered: int, count: int) -> None:
    silent: list[int | None] = [None] * (BLOCK_DAYS - answered)

    assert len(firsts(diary(*WELL, *silent, *[2] * answered))) == count


def test_without_infusions_there_is_no_block() -> None:
    assert stable_blocks(replace(diary(*FORTNIGHT * 3), infusions=()), SHIPPED) == []


def test_who_never_responded_has_no_block() -> None:
    assert firsts(diary(*[8] * 60)) == []


def test_an_infusion_begins_the_blocks_anew_two_days_later() -> None:
    booster = infusion(7, after(25))

    assert firsts(diary(*WELL, *FORTNIGHT * 4, more=[booster])) == [8, 27, 41]


@pytest.mark.parametrize(
    ("seen", "left"),
    [(4, [8, 22]), (5, [22]), (18, [22]), (19, []), (24, []), (25, [8]), (38, [8]), (39, [8, 22])],
)
def test_a_block_near_a_return_that_clinicians_saw_is_left_out(seen: int, left: list[int]) -> None:
    """The first block is of the days 8 to 21, the second of the days 22 to 35."""
    assert firsts(diary(*WELL, *FORTNIGHT * 2, *[2] * 4), [seen]) == left


def test_the_highest_odds_are_those_of_a_day_on_which_a_tier_could_be_told() -> None:
    whole = diary(*WELL, *[2] * 9, 5, *[2] * 4)
    [block] = stable_blocks(whole, SHIPPED)
    by_day = dict(statistic_by_day(whole))

    assert block == Block(first=after(8), highest=by_day[after(17)] - ALONE, told=frozenset())
    assert by_day[after(17)] == max(by_day[after(day)] for day in range(8, 22))


def test_a_silence_in_which_a_return_grows_likelier_is_no_high_block() -> None:
    whole = diary(*WELL, *[2] * 7, *[None] * 6, 2)
    [block] = stable_blocks(whole, SHIPPED)
    by_day = dict(statistic_by_day(whole))

    assert block.highest < max(by_day[after(day)] for day in range(8, 22))


def test_an_episode_counts_in_the_block_in_which_it_began() -> None:
    wave: list[int | None] = [*[2] * 10, *[8] * 4]
    whole = diary(*WELL, *wave, *[8] * 14)
    found = stable_blocks(whole, SHIPPED)

    assert [(block.first - END).days for block in found] == [8, 22]
    assert found[0].told == frozenset()
    assert found[0].highest > SHIPPED.threshold(Tier.STRONG)
    assert found[1].told == {Tier.WATCH, Tier.LIKELY, Tier.STRONG}
    assert {tier: len(each) for tier, each in by_tier(found, SHIPPED).items()} == dict.fromkeys(
        (Tier.WATCH, Tier.LIKELY, Tier.STRONG), 1
    )


def test_an_episode_that_calmed_is_over() -> None:
    wave: list[int | None] = [*[2] * 5, *[8] * 4, *[1] * 5]
    found = stable_blocks(diary(*WELL, *wave, *[1] * 14), SHIPPED)

    assert [block.told for block in found] == [frozenset(), frozenset()]
    assert found[1].highest < SHIPPED.threshold(Tier.WATCH) < found[0].highest


def test_a_return_that_clinicians_saw_lasts_until_its_episode_ended() -> None:
    whole = diary(*WELL, *[2] * 10, *[8] * 4, *[8] * 28)

    assert firsts(whole) == [8, 22, 36]
    assert firsts(whole, [18]) == []


def test_an_infusion_ends_a_return_that_clinicians_saw() -> None:
    booster = infusion(7, after(30))
    whole = diary(*WELL, *[2] * 10, *[8] * 12, *[2] * 30, more=[booster])

    assert firsts(whole) == [8, 32, 46]
    assert firsts(whole, [18]) == [46]  # the one before begins within three days of its end


@settings(max_examples=60, deadline=None)
@given(CHARTS)
def test_a_block_reaches_a_threshold_where_and_only_where_its_tier_was_told(whole: Chart) -> None:
    closed = replace(whole, course_end=END)
    alarms = {(each.local_date, each.tier) for each in detect_improvement_lost(closed)}
    for block in stable_blocks(closed, SHIPPED):
        inside = [block.first + timedelta(days=nth) for nth in range(BLOCK_DAYS)]
        for tier in {Tier.WATCH, Tier.LIKELY} - block.told:
            was_told = any((day, tier) in alarms for day in inside)

            assert was_told is (block.highest >= SHIPPED.threshold(tier))
