"""What every ladder has in common, and how retries and second roads are timed."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.finding import Severity
from clinical.ladder import (
    BUILT_IN,
    EMERGENCY,
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
from clinical.policy_shape import ShapeFault, policy_from, shape_faults, snapshot_of

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
FAILURES = st.integers(-3, 50)
JITTERS = st.floats(-1, 1)
TARGETS = st.lists(st.sampled_from(list(Target)), max_size=3, unique=True).map(tuple)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Draw a policy whose steps follow each other by 1 to 900 seconds."""
    gaps = draw(st.lists(st.integers(1, 900), max_size=5))
    steps = [
        Step(
            after=sum(gaps[:at]) * SECOND,
            targets=draw(TARGETS),
            acks_needed=draw(st.integers(1, 2)),
        )
        for at in range(len(gaps) + 1)
    ]
    return Policy(
        name="drawn",
        version=1,
        severity=draw(st.sampled_from(list(BUILT_IN))),
        steps=tuple(steps),
        repeat_every=draw(st.integers(1, 900)) * SECOND,
        repeat_max=draw(st.none() | st.integers(0, 5)),
    )


@settings(max_examples=40)
@given(policies(), st.integers(0, 20))
def test_a_rung_rings_whom_its_step_names_and_then_the_last_one(policy: Policy, step: int) -> None:
    named = [*policy.steps, *[policy.steps[-1]] * 21][step]
    rung = rung_at(policy, step)

    assert rung.targets == named.targets
    assert rung.acks_needed == named.acks_needed


@settings(max_examples=40)
@given(policies())
def test_each_step_is_reached_when_it_says(policy: Policy) -> None:
    waits = [rung_at(policy, step).next_in for step in range(len(policy.steps) - 1)]
    gaps = [later.after - earlier.after for earlier, later in pairwise(policy.steps)]

    assert waits == gaps


@settings(max_examples=40)
@given(policies(), st.integers(0, 12))
def test_a_ladder_ends_only_after_the_repeats_it_names(policy: Policy, more: int) -> None:
    wait = rung_at(policy, len(policy.steps) - 1 + more).next_in
    ends = policy.repeat_max is not None and more >= policy.repeat_max

    assert wait == (None if ends else policy.repeat_every)


@settings(max_examples=40)
@given(policies())
def test_a_ladder_that_ended_stays_ended(policy: Policy) -> None:
    waits = [rung_at(policy, step).next_in for step in range(20)]
    over = [wait is None for wait in waits]

    assert over == sorted(over)


@settings(max_examples=40)
@given(policies())
def test_whoever_cannot_be_reached_is_replaced_by_everyone(policy: Policy) -> None:
    rung = everyone_now(policy)

    assert set(rung.targets) == {Target.EVERYONE, Target.CLINIC_LINE}
    assert rung.acks_needed == 1
    assert rung.next_in == policy.repeat_every


@settings(max_examples=40)
@given(policies(), st.integers(0, 20))
def test_the_stored_ladder_rings_the_same_people_at_the_same_time(
    policy: Policy, step: int
) -> None:
    assert rung_at(policy_from(snapshot_of(policy)), step) == rung_at(policy, step)


@settings(max_examples=40)
@given(policies())
def test_an_emergency_without_fault_can_never_go_quiet(policy: Policy) -> None:
    emergency = replace(policy, severity=Severity.EMERGENCY)
    if shape_faults(emergency):
        return
    rungs = [rung_at(emergency, step) for step in range(30)]

    assert all(rung.next_in is not None and rung.next_in <= 5 * MINUTE for rung in rungs)
    assert Target.EVERYONE in rungs[-1].targets


@settings(max_examples=40)
@given(policies().filter(lambda policy: policy.severity is not Severity.EMERGENCY))
def test_only_an_emergency_has_a_fixed_shape(policy: Policy) -> None:
    assert shape_faults(policy) == []
    assert shape_faults(replace(policy, steps=())) == [ShapeFault.NO_STEPS]


@settings(max_examples=40)
@given(st.integers(0, 10))
def test_any_end_of_an_emergency_is_its_only_fault(most: int) -> None:
    assert shape_faults(replace(EMERGENCY, repeat_max=most)) == [ShapeFault.ENDS]


@settings(max_examples=40)
@given(st.integers(-600, 900))
def test_an_emergency_repeats_after_a_second_to_five_minutes(seconds: int) -> None:
    faults = shape_faults(replace(EMERGENCY, repeat_every=seconds * SECOND))

    assert faults == ([] if 0 < seconds <= 300 else [ShapeFault.REPEATS_TOO_RARELY])


@settings(max_examples=40)
@given(st.integers(0, 5_000))
def test_the_action_timer_of_an_emergency_runs_five_minutes_to_an_hour(seconds: int) -> None:
    faults = shape_faults(replace(EMERGENCY, action_timer=seconds * SECOND))

    assert faults == ([] if 300 <= seconds <= 3600 else [ShapeFault.ACTION_TIMER])


@settings(max_examples=40)
@given(st.integers(1, 600))
def test_the_first_step_of_an_emergency_waits_for_nothing(seconds: int) -> None:
    late = replace(EMERGENCY.steps[0], after=seconds * SECOND)
    policy = replace(EMERGENCY, steps=(late, *EMERGENCY.steps[1:]))

    assert ShapeFault.STARTS_LATE in shape_faults(policy)


@settings(max_examples=40)
@given(FAILURES, JITTERS)
def test_a_retry_waits_its_step_give_or_take_the_jitter(failures: int, jitter: float) -> None:
    steps = {1: 1, 2: 2, 3: 4, 4: 8, 5: 16, 6: 30}
    base = steps.get(max(failures, 1), 60)

    assert backoff(failures, jitter=jitter) == timedelta(seconds=base * (1 + 0.2 * jitter))


@settings(max_examples=40)
@given(st.integers(1, 20), JITTERS, JITTERS)
def test_one_failure_more_never_retries_sooner(failures: int, one: float, other: float) -> None:
    assert backoff(failures, jitter=one) <= backoff(failures + 1, jitter=one)
    if failures < 6:
        assert backoff(failures, jitter=one) <= backoff(failures + 1, jitter=other)


@settings(max_examples=40)
@given(FAILURES, JITTERS, JITTERS)
def test_more_jitter_never_waits_less(failures: int, one: float, other: float) -> None:
    low, high = sorted((one, other))

    assert backoff(failures, jitter=low) <= backoff(failures, jitter=high)


@settings(max_examples=40)
@given(FAILURES, st.floats(1, 1e9))
def test_jitter_beyond_its_range_is_cut_off(failures: int, jitter: float) -> None:
    assert backoff(failures, jitter=jitter) == backoff(failures, jitter=1)
    assert backoff(failures, jitter=-jitter) == backoff(failures, jitter=-1)


@settings(max_examples=40)
@given(FAILURES, JITTERS, st.timedeltas(timedelta(), timedelta(hours=2)))
def test_a_retry_is_never_sooner_than_the_provider_asked(
    failures: int, jitter: float, asked: timedelta
) -> None:
    own, wait = (
        backoff(failures, jitter=jitter),
        backoff(failures, jitter=jitter, retry_after=asked),
    )

    assert wait >= asked
    assert wait in {own, asked}


@settings(max_examples=40)
@given(st.lists(st.sampled_from(list(Channel)), max_size=6))
def test_only_a_push_keeps_the_other_roads_waiting(channels: list[Channel]) -> None:
    pushed = Channel.PUSH in channels
    expected = {
        each: MINUTE if pushed and each is not Channel.PUSH else timedelta() for each in channels
    }

    assert contact_delays(channels) == expected
    assert contact_delays(set(channels)) == expected


@settings(max_examples=40)
@given(st.sets(st.sampled_from([Channel.SMS, Channel.MAIL, Channel.WEBHOOK]), min_size=1))
def test_losing_the_push_opens_every_other_road_a_minute_sooner(channels: set[Channel]) -> None:
    alone, beside = contact_delays(channels), contact_delays({*channels, Channel.PUSH})

    assert {each: beside[each] - alone[each] for each in channels} == dict.fromkeys(
        channels, MINUTE
    )


@settings(max_examples=40)
@given(st.none() | st.integers(0, 3_600), st.none() | st.integers(0, 3_600))
def test_a_new_source_by_its_two_clocks(acked: int | None, since: int | None) -> None:
    if since is not None and since < 60:
        expected = SourceEffect.ATTACH
    elif acked is None:
        expected = SourceEffect.RING_REACHED
    else:
        expected = SourceEffect.RING_OWNER if acked <= 900 else SourceEffect.REOPEN

    effect = effect_of_new_source(
        acked_for=None if acked is None else acked * SECOND,
        since_last_round=None if since is None else since * SECOND,
    )

    assert effect is expected


@pytest.mark.parametrize("severity", list(BUILT_IN))
def test_no_severity_may_lose_all_of_its_steps(severity: Severity) -> None:
    bare = replace(EMERGENCY, severity=severity, steps=())

    assert shape_faults(bare) == [ShapeFault.NO_STEPS]
