"""What would be raised beside what was: new, gone, or staying, by rule and period."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from clinical.finding import Finding, Severity, Tier
from clinical.replay import Change, Told, differences

DAY = date(2026, 3, 1)
RULE = "symptom_return.improvement_lost"


def kept(period: int, day: int = 0, rule: str = RULE) -> Told:
    on = DAY + timedelta(days=day)
    return Told(rule=rule, period=period, tier=Tier.WATCH.value, local_date=on)


def found(period: int, day: int = 0, rule: str = RULE) -> Finding:
    on = DAY + timedelta(days=day)
    return Finding(
        rule=rule, severity=Severity.URGENT, because="numbers", local_date=on, period=period,
        tier=Tier.STRONG,
    )  # fmt: skip


def test_what_was_not_raised_is_new() -> None:
    [each] = differences([], [found(1)])

    assert (each.change, each.would_be_on, each.was_on, each.tier) == (
        Change.NEW,
        DAY,
        None,
        "strong",
    )


def test_what_would_not_be_raised_now_is_gone() -> None:
    [each] = differences([kept(1)], [])

    assert (each.change, each.would_be_on, each.was_on, each.tier) == (
        Change.GONE,
        None,
        DAY,
        "watch",
    )


def test_what_is_both_stays_though_its_day_moved() -> None:
    [each] = differences([kept(1, day=3)], [found(1, day=1)])

    assert each.change is Change.STAYS
    assert each.would_be_on == DAY + timedelta(days=1)
    assert each.was_on == DAY + timedelta(days=3)
    assert each.day == each.would_be_on


def test_another_period_is_another_finding() -> None:
    assert [each.change for each in differences([kept(1)], [found(2)])] == [
        Change.GONE,
        Change.NEW,
    ]


def test_another_rule_is_another_finding() -> None:
    changes = {each.rule: each.change for each in differences([kept(1)], [found(1, rule="other")])}

    assert changes == {RULE: Change.GONE, "other": Change.NEW}


def test_of_two_of_one_period_the_first_is_raised() -> None:
    [each] = differences([], [found(1, day=2), found(1, day=5)])

    assert each.would_be_on == DAY + timedelta(days=2)


def test_they_are_listed_by_day() -> None:
    listed = differences([kept(1, day=4)], [found(2, day=6), found(3, day=2)])

    assert [each.period for each in listed] == [3, 1, 2]


PERIODS = st.lists(st.integers(0, 30), unique=True, max_size=20)


@given(PERIODS, PERIODS)
def test_every_finding_is_listed_once(before: list[int], now: list[int]) -> None:
    listed = differences([kept(n, day=n) for n in before], [found(n, day=n) for n in now])
    by_change = {change: {e.period for e in listed if e.change is change} for change in Change}

    assert len(listed) == len({*before, *now})
    assert by_change[Change.NEW] == set(now) - set(before)
    assert by_change[Change.GONE] == set(before) - set(now)
    assert by_change[Change.STAYS] == set(before) & set(now)
