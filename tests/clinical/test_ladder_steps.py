"""Each rung of each ladder, repeats without end, and the arithmetic of waits."""

from datetime import timedelta
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.finding import MOST_RUNS, SEVERITY_RANK, Severity, period_of
from clinical.ladder import (
    BACKOFF_JITTER,
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

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
THREE = Policy(
    name="three rungs",
    version=4,
    severity=Severity.EMERGENCY,
    steps=(
        Step(after=timedelta(), targets=(Target.CARE_TEAM,)),
        Step(after=2 * MINUTE, targets=(Target.CARE_TEAM, Target.CLINIC_LINE), acks_needed=2),
        Step(after=5 * MINUTE, targets=(Target.EVERYONE,)),
    ),
    repeat_every=4 * MINUTE,
)


@pytest.mark.parametrize(
    ("step", "targets", "acks", "next_in"),
    [
        (0, ("care_team",), 1, 2),
        (1, ("care_team", "clinic_line"), 2, 3),
        (2, ("everyone",), 1, 4),
        (3, ("everyone",), 1, 4),
        (4, ("everyone",), 1, 4),
        (1_000_000, ("everyone",), 1, 4),
    ],
)
def test_a_ladder_of_three(step: int, targets: tuple[str, ...], acks: int, next_in: int) -> None:
    rung = rung_at(THREE, step)

    assert rung.targets == targets
    assert (rung.acks_needed, rung.next_in) == (acks, next_in * MINUTE)


def test_the_minutes_at_which_an_emergency_rings_in_its_first_half_hour() -> None:
    waits = [rung_at(EMERGENCY, step).next_in or timedelta() for step in range(7)]
    minutes = [int(each / MINUTE) for each in accumulate(waits, initial=timedelta())]

    assert minutes == [0, 3, 8, 13, 18, 23, 28, 33]


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=6),
    st.integers(1, 300),
    st.integers(0, 30),
)
def test_the_waits_add_up_to_the_times_of_the_steps(
    gaps: list[int], repeat: int, repeats: int
) -> None:
    afters = list(accumulate(gaps, initial=0))
    policy = Policy(
        name="any",
        version=1,
        severity=Severity.EMERGENCY,
        steps=tuple(Step(after=each * SECOND, targets=(Target.EVERYONE,)) for each in afters),
        repeat_every=repeat * SECOND,
    )
    steps = range(len(gaps) + repeats)
    total = sum(((rung_at(policy, n).next_in or SECOND) for n in steps), timedelta())

    assert total == (sum(gaps) + repeats * repeat) * SECOND


@pytest.mark.parametrize("most", [0, 1, 2, 7])
def test_a_bounded_ladder_repeats_exactly_so_often(most: int) -> None:
    policy = Policy(
        name="bounded",
        version=1,
        severity=Severity.URGENT,
        steps=THREE.steps,
        repeat_every=MINUTE,
        repeat_max=most,
    )
    waits = [rung_at(policy, step).next_in for step in range(12)]

    assert waits[2 : 2 + most] == [MINUTE] * most
    assert set(waits[2 + most :]) == {None}


@given(st.integers(0, 10**12))
def test_no_built_in_ladder_ever_ends(step: int) -> None:
    for policy in BUILT_IN.values():
        wait = rung_at(policy, step).next_in

        assert wait is not None
        assert wait > timedelta()


@given(st.integers(0, 10**9))
def test_who_is_rung_by_an_emergency_only_grows(step: int) -> None:
    reach = {Target.CARE_TEAM: 1, Target.CLINIC_LINE: 1, Target.EVERYONE: 2}
    here, later = rung_at(EMERGENCY, step), rung_at(EMERGENCY, step + 1)

    assert max(map(reach.__getitem__, later.targets)) >= max(map(reach.__getitem__, here.targets))


@pytest.mark.parametrize("policy", [*BUILT_IN.values(), THREE], ids=lambda policy: policy.name)
def test_a_step_that_reaches_nobody_rings_everyone_and_the_line(policy: Policy) -> None:
    rung = everyone_now(policy)

    assert set(rung.targets) == {Target.EVERYONE, Target.CLINIC_LINE}
    assert (rung.acks_needed, rung.next_in) == (1, policy.repeat_every)


@pytest.mark.parametrize(
    ("acked_minutes", "since_seconds", "effect"),
    [
        (None, None, SourceEffect.RING_REACHED),
        (None, 59, SourceEffect.ATTACH),
        (None, 60, SourceEffect.RING_REACHED),
        (0, None, SourceEffect.RING_OWNER),
        (0, 0, SourceEffect.ATTACH),
        (14, 61, SourceEffect.RING_OWNER),
        (15, 60, SourceEffect.RING_OWNER),
        (16, 60, SourceEffect.REOPEN),
        (16, 59, SourceEffect.ATTACH),
        (60 * 24, 60 * 60, SourceEffect.REOPEN),
    ],
)
def test_what_another_source_does(
    acked_minutes: int | None, since_seconds: int | None, effect: SourceEffect
) -> None:
    acked = None if acked_minutes is None else acked_minutes * MINUTE
    since = None if since_seconds is None else since_seconds * SECOND

    assert effect_of_new_source(acked_for=acked, since_last_round=since) is effect


@given(
    st.none() | st.timedeltas(timedelta(), timedelta(days=30)),
    st.none() | st.timedeltas(MINUTE, timedelta(days=30)),
)
def test_a_source_that_does_not_attach_always_rings_somebody(
    acked: timedelta | None, since: timedelta | None
) -> None:
    assert effect_of_new_source(acked_for=acked, since_last_round=since) is not SourceEffect.ATTACH


@given(st.sets(st.sampled_from(list(Channel))))
def test_every_road_opens_within_a_minute_and_one_at_once(channels: set[Channel]) -> None:
    delays = contact_delays(channels)

    assert set(delays) == channels
    assert all(timedelta() <= delay <= MINUTE for delay in delays.values())
    assert not channels or min(delays.values()) == timedelta()


@pytest.mark.parametrize("other", [Channel.SMS, Channel.MAIL, Channel.WEBHOOK])
def test_each_second_road_waits_a_minute_for_the_push(other: Channel) -> None:
    assert contact_delays([Channel.PUSH, other])[other] == MINUTE
    assert contact_delays([other])[other] == timedelta()


def test_waits_after_failures_never_shrink() -> None:
    waits = [backoff(count, jitter=0) for count in range(12)]

    assert all(later >= earlier for earlier, later in pairwise(waits))
    assert waits[0] == waits[1] == SECOND
    assert waits[-1] == MINUTE


@pytest.mark.parametrize(
    ("jitter", "share"),
    [(-9, 0.8), (-1, 0.8), (-0.5, 0.9), (0, 1.0), (0.5, 1.1), (1, 1.2), (9, 1.2)],
)
def test_a_wait_is_shifted_by_a_fifth_at_most(jitter: float, share: float) -> None:
    assert backoff(7, jitter=jitter) == share * MINUTE
    assert BACKOFF_JITTER == 0.2


def test_a_jitter_that_is_no_number_still_gives_a_wait() -> None:
    assert timedelta() < backoff(3, jitter=float("nan")) <= 1.2 * 4 * SECOND


@pytest.mark.parametrize(("asked", "wait"), [(3, 4), (4, 4), (5, 5), (600, 600)])
def test_the_longer_of_both_waits_counts(asked: int, wait: int) -> None:
    assert backoff(3, jitter=0, retry_after=asked * SECOND) == wait * SECOND


def test_an_emergency_is_sent_before_all_else() -> None:
    ranked = sorted(Severity, key=lambda severity: severity.rank, reverse=True)

    assert ranked == [Severity.EMERGENCY, Severity.URGENT, Severity.ROUTINE, Severity.NOTICE]
    assert len(set(SEVERITY_RANK.values())) == len(Severity)


@given(st.integers(0, 500), st.integers(0, 500), st.booleans())
def test_a_run_beyond_the_last_keeps_to_its_own_infusion(
    number: int,
    run: int,
    strong: bool,  # noqa: FBT001 # drawn by position
) -> None:
    period = period_of(number, run, strong=strong)

    assert period // MOST_RUNS == 2 * number + strong
    assert period % MOST_RUNS == min(run, MOST_RUNS - 1)
