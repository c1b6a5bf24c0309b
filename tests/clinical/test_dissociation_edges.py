"""Dissociation that lasts: the limits of the item and the check, hour by hour and day by day."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.chart import Entry
from clinical.dissociation import CHECK_ITEMS, PERSISTENT, detect_persistent
from clinical.finding import Finding, Severity, period_of
from tests.clinical.charts import COURSE, FIRST, after, at, baseline, chart, entry, infusion


def apart(day: int, points: int, *, hour: int = 20) -> Entry:
    return entry(after(day), answers={"dissociation": points}, hour=hour)


def usual(points: int, count: int = 3) -> list[Entry]:
    start = FIRST - timedelta(days=count)
    return [
        entry(start + timedelta(days=n), answers={"dissociation": points}) for n in range(count)
    ]


def check(day: int, *answers: int, daily: int | None = None) -> Entry:
    given_answers: dict[str, int] = dict(zip(CHECK_ITEMS, answers, strict=False))
    more = {} if daily is None else {"dissociation": daily}
    return entry(after(day), answers={**given_answers, **more})


def told(*entries: Entry) -> list[Finding]:
    return list(detect_persistent(chart(entries)))


@pytest.mark.parametrize("points", range(11))
def test_the_item_counts_from_three(points: int) -> None:
    assert bool(told(apart(2, points))) is (points >= 3)


@pytest.mark.parametrize("total", range(25))
def test_the_check_counts_from_six_however_it_is_spread(total: int) -> None:
    share, rest = divmod(total, 6)
    even = [share + (n < rest) for n in range(6)]
    steep = [max(0, min(4, total - 4 * n)) for n in range(6)]

    assert bool(told(check(2, *even))) is (total >= 6)
    assert bool(told(check(2, *steep))) is (total >= 6)


@pytest.mark.parametrize("gone", range(6))
def test_a_check_with_one_answer_missing_is_no_check(gone: int) -> None:
    answers = {item: 4 for n, item in enumerate(CHECK_ITEMS) if n != gone}

    assert told(entry(after(2), answers=answers)) == []


def test_an_unfinished_check_does_not_hide_the_item() -> None:
    (finding,) = told(check(2, 0, 0, 0, daily=3))

    assert finding.numbers == {"points": 3, "measured": "daily item", "limit": 3}


def test_a_quiet_check_does_not_hide_the_item() -> None:
    assert told(check(2, 0, 0, 0, 0, 0, 0, daily=3))


@pytest.mark.parametrize("mean", range(11))
def test_the_usual_level_sets_the_limit_above_one(mean: int) -> None:
    limit = mean + 2 if mean > 1 else 3
    fired = [points for points in range(11) if told(*usual(mean), apart(2, points))]

    assert fired == list(range(limit, 11))


@pytest.mark.parametrize(
    ("early", "limit"),
    [([1, 1, 1], 3), ([1, 1, 2], 3.33), ([0, 0, 4], 3.33), ([2], 4), ([0, 0, 0], 3)],
    ids=str,
)
def test_the_limit_is_the_mean_before_treatment_and_two(early: list[int], limit: float) -> None:
    before = [
        entry(FIRST - timedelta(days=9 - n), answers={"dissociation": points})
        for n, points in enumerate(early)
    ]
    (finding,) = told(*before, apart(2, 10))

    assert finding.numbers["limit"] == limit


def test_the_usual_level_does_not_raise_the_limit_of_the_check() -> None:
    (finding,) = told(*usual(7), check(2, 1, 1, 1, 1, 1, 1))

    assert finding.numbers == {"points": 6, "measured": "six-item check", "limit": 6}


def test_entries_without_the_item_are_no_zero_before_treatment() -> None:
    (finding,) = told(*usual(4), *baseline(count=9), apart(2, 6))

    assert finding.numbers["limit"] == 6


@pytest.mark.parametrize(("hours", "counts"), [(1, False), (23, False), (24, True), (30, True)])
def test_a_day_must_have_passed_since_the_infusion_began(hours: int, *, counts: bool) -> None:
    noon = at(after(10), 12)
    when = noon + timedelta(hours=hours)
    noted = entry(when.date(), answers={"dissociation": 9}, hour=when.hour)
    found = detect_persistent(chart([noted], more_infusions=[infusion(7, after(10), hour=12)]))

    assert bool(list(found)) is counts


@pytest.mark.parametrize("hour", [0, 6, 12, 23])
def test_no_hour_of_an_infusion_day_counts(hour: int) -> None:
    noted = [entry(day, answers={"dissociation": 10}, hour=hour) for day in COURSE]

    assert told(*noted) == []


def test_between_two_infusions_a_clear_day_counts() -> None:
    noted = entry(COURSE[1] + timedelta(days=2), answers={"dissociation": 5})
    (finding,) = told(noted)

    assert finding.period == period_of(2, 0)


@pytest.mark.parametrize(("gap", "findings"), [(1, 1), (7, 1), (8, 2), (30, 2)], ids=str)
def test_a_run_ends_after_a_quiet_week(gap: int, findings: int) -> None:
    found = told(apart(3, 5), apart(3 + gap, 5))

    assert [each.period for each in found] == [period_of(6, n) for n in range(findings)]


def test_a_long_run_is_told_on_its_first_day() -> None:
    found = told(*[apart(day, 4) for day in range(2, 60, 3)])

    assert [each.local_date for each in found] == [after(2)]


def test_the_higher_of_two_entries_of_a_day_is_named() -> None:
    for hours in ((8, 20), (20, 8)):
        (finding,) = told(apart(3, 4, hour=hours[0]), apart(3, 9, hour=hours[1]))

        assert finding.numbers["points"] == 9


def test_because_holds_the_points_the_day_and_the_limit() -> None:
    (finding,) = told(apart(3, 4))

    assert (finding.rule, finding.severity) == (PERSISTENT, Severity.ROUTINE)
    assert finding.because == (
        f"dissociation 4 (daily item) on {after(3)}, at least 24 hours after the last infusion; "
        "worth a look from 3 on"
    )


@pytest.mark.parametrize("answer", ["3", "often", ""])
def test_an_answer_that_is_no_number_is_no_answer(answer: str) -> None:
    assert told(entry(after(3), answers={"dissociation": answer})) == []


NOTED = st.lists(st.builds(apart, st.integers(1, 25), st.integers(0, 10)), max_size=10)


@settings(max_examples=60)
@given(NOTED, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(noted: list[Entry], chance: object) -> None:
    shuffled = [*noted, *noted]
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random

    assert told(*shuffled) == told(*noted)


@settings(max_examples=60)
@given(NOTED, st.integers(2, 25), st.integers(3, 10))
def test_another_day_of_it_is_never_told_later(noted: list[Entry], day: int, points: int) -> None:
    before, later = told(*noted), told(*noted, apart(day, points))

    assert later
    assert later[0].local_date <= min([each.local_date for each in before], default=after(day))
