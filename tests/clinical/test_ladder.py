"""Who is told next: the built-in ladders, their repeats, and the waits between attempts."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.finding import Severity
from clinical.ladder import (
    BACKOFF_JITTER,
    BUILT_IN,
    EMERGENCY,
    NEWS_TO_OWNER_FOR,
    ONE_ROUND_PER,
    ROUTINE,
    SECOND_CHANNEL_AFTER,
    URGENT,
    Channel,
    Policy,
    SourceEffect,
    Step,
    Target,
    backoff,
    contact_delays,
    effect_of_new_source,
    everyone_now,
    rung_at,
)

SECOND = timedelta(seconds=1)


def test_emergency_rings_the_care_team_at_once_and_looks_again_after_three_minutes() -> None:
    rung = rung_at(EMERGENCY, 0)

    assert rung.targets == (Target.CARE_TEAM,)
    assert rung.next_in == timedelta(seconds=180)


def test_emergency_rings_everyone_and_the_clinic_line_at_its_second_step() -> None:
    rung = rung_at(EMERGENCY, 1)

    assert Target.EVERYONE in rung.targets
    assert Target.CLINIC_LINE in rung.targets
    assert rung.next_in == timedelta(seconds=300)


@given(st.integers(min_value=1, max_value=10**9))
def test_an_unanswered_emergency_never_ends(step: int) -> None:
    rung = rung_at(EMERGENCY, step)

    assert Target.EVERYONE in rung.targets
    assert rung.next_in == timedelta(minutes=5)


@given(st.integers(min_value=0, max_value=10**6))
def test_urgent_rings_the_care_team_once_a_day_until_it_is_resolved(step: int) -> None:
    rung = rung_at(URGENT, step)

    assert rung.targets == (Target.CARE_TEAM,)
    assert rung.next_in == timedelta(days=1)


@given(st.integers(min_value=0, max_value=10**6))
def test_routine_rings_nobody_and_is_looked_at_daily(step: int) -> None:
    rung = rung_at(ROUTINE, step)

    assert rung.targets == ()
    assert rung.next_in == timedelta(days=1)


def test_every_severity_that_tells_anybody_has_a_built_in_ladder() -> None:
    assert set(BUILT_IN) == set(Severity) - {Severity.NOTICE}
    assert all(policy.severity is severity for severity, policy in BUILT_IN.items())


def test_a_bounded_policy_ends_after_its_repeats() -> None:
    policy = Policy(
        name="twice more",
        version=1,
        severity=Severity.URGENT,
        steps=(Step(after=timedelta(), targets=(Target.CARE_TEAM,)),),
        repeat_every=timedelta(hours=1),
        repeat_max=2,
    )

    waits = [rung_at(policy, step).next_in for step in range(3)]

    assert waits == [timedelta(hours=1), timedelta(hours=1), None]


def test_a_step_that_reaches_nobody_falls_back_to_everyone() -> None:
    rung = everyone_now(EMERGENCY)

    assert rung.targets == (Target.EVERYONE, Target.CLINIC_LINE)
    assert rung.next_in == EMERGENCY.repeat_every


@pytest.mark.parametrize(
    ("acked_for", "expected"),
    [
        (None, SourceEffect.RING_REACHED),
        (timedelta(), SourceEffect.RING_OWNER),
        (NEWS_TO_OWNER_FOR, SourceEffect.RING_OWNER),
        (NEWS_TO_OWNER_FOR + SECOND, SourceEffect.REOPEN),
    ],
    ids=["still open", "just acknowledged", "at fifteen minutes", "a second later"],
)
def test_a_new_source_is_never_swallowed(
    acked_for: timedelta | None, expected: SourceEffect
) -> None:
    assert effect_of_new_source(acked_for=acked_for, since_last_round=None) is expected
    assert effect_of_new_source(acked_for=acked_for, since_last_round=ONE_ROUND_PER) is expected


@given(st.none() | st.timedeltas(min_value=timedelta(), max_value=timedelta(days=9)))
def test_a_week_that_arrives_at_once_rings_once(acked_for: timedelta | None) -> None:
    effect = effect_of_new_source(acked_for=acked_for, since_last_round=ONE_ROUND_PER - SECOND)

    assert effect is SourceEffect.ATTACH


def test_mail_opens_a_minute_after_the_push() -> None:
    delays = contact_delays([Channel.MAIL, Channel.PUSH])

    assert delays == {Channel.PUSH: timedelta(), Channel.MAIL: SECOND_CHANNEL_AFTER}


def test_somebody_without_a_phone_gets_the_mail_at_once() -> None:
    assert contact_delays({Channel.MAIL}) == {Channel.MAIL: timedelta()}


def test_somebody_without_any_road_has_no_delays() -> None:
    assert contact_delays([]) == {}


def test_waits_double_and_stop_at_a_minute() -> None:
    waits = [backoff(n, jitter=0).total_seconds() for n in range(1, 10)]

    assert waits == [1, 2, 4, 8, 16, 30, 60, 60, 60]


def test_the_providers_own_wait_wins_when_it_is_longer() -> None:
    longer, shorter = timedelta(seconds=90), timedelta(milliseconds=1)

    assert backoff(1, jitter=0, retry_after=longer) == longer
    assert backoff(1, jitter=0, retry_after=shorter) == SECOND


@given(st.integers(min_value=-5, max_value=10**6), st.floats(min_value=-10, max_value=10))
def test_a_wait_stays_within_a_fifth_of_its_step(failures: int, jitter: float) -> None:
    plain = backoff(failures, jitter=0)
    off = abs(backoff(failures, jitter=jitter) - plain)

    assert off <= BACKOFF_JITTER * plain + timedelta(microseconds=1)
