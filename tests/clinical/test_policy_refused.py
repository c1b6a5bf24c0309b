"""Policies as they are stored: round trips, refused shapes one by one, damage one by one."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.finding import Severity
from clinical.ladder import BUILT_IN, EMERGENCY, ROUTINE, URGENT, Policy, Step, Target, rung_at
from clinical.policy_shape import (
    PolicyError,
    ShapeFault,
    policy_from,
    shape_faults,
    snapshot_of,
)

SECONDS = st.integers(0, 10**6).map(lambda seconds: timedelta(seconds=seconds))
STEPS = st.builds(
    Step,
    after=SECONDS,
    targets=st.lists(st.sampled_from(list(Target)), max_size=3).map(tuple),
    acks_needed=st.integers(0, 5),
)
POLICIES = st.builds(
    Policy,
    name=st.text(max_size=30),
    version=st.integers(0, 10**6),
    severity=st.sampled_from(list(BUILT_IN)),
    steps=st.lists(STEPS, min_size=1, max_size=5).map(tuple),
    repeat_every=SECONDS,
    repeat_max=st.none() | st.integers(0, 100),
    action_timer=SECONDS,
)
GAPS = st.integers(30, 300)


def ladder(gaps: list[int], acks: int = 1) -> Policy:
    """Make an emergency whose steps are so many seconds apart; the last rings everyone."""
    afters = [sum(gaps[:count]) for count in range(len(gaps) + 1)]
    targets = [(Target.CARE_TEAM,)] * len(gaps) + [(Target.EVERYONE,)]
    steps = tuple(
        Step(after=timedelta(seconds=after), targets=whom, acks_needed=acks)
        for after, whom in zip(afters, targets, strict=True)
    )
    return replace(EMERGENCY, steps=steps)


def damaged(**changes: object) -> dict[str, Any]:
    return {**snapshot_of(EMERGENCY), **changes}


def damaged_step(**changes: object) -> dict[str, Any]:
    step = {"after_seconds": 0, "acks_needed": 1, "targets": ["everyone"]}
    return damaged(steps=[{**step, **changes}])


@settings(max_examples=40)
@given(POLICIES)
def test_any_policy_survives_being_stored_as_json(policy: Policy) -> None:
    assert policy_from(json.loads(json.dumps(snapshot_of(policy)))) == policy


@settings(max_examples=40)
@given(POLICIES)
def test_a_snapshot_of_a_snapshot_is_the_same(policy: Policy) -> None:
    stored = snapshot_of(policy)

    assert snapshot_of(policy_from(stored)) == stored


@settings(max_examples=40)
@given(POLICIES)
def test_a_policy_is_judged_the_same_after_being_stored(policy: Policy) -> None:
    assert shape_faults(policy_from(snapshot_of(policy))) == shape_faults(policy)


@settings(max_examples=40)
@given(POLICIES, st.integers(0, 10))
def test_a_stored_policy_climbs_the_same_steps(policy: Policy, step: int) -> None:
    assert rung_at(policy_from(snapshot_of(policy)), step) == rung_at(policy, step)


def test_a_snapshot_says_everything_in_plain_values() -> None:
    assert snapshot_of(EMERGENCY) == {
        "name": "built-in emergency",
        "version": 1,
        "severity": "emergency",
        "steps": [
            {"after_seconds": 0, "acks_needed": 1, "targets": ["care_team"]},
            {"after_seconds": 180, "acks_needed": 1, "targets": ["everyone", "clinic_line"]},
        ],
        "repeat_every_seconds": 300,
        "repeat_max": None,
        "action_timer_seconds": 1800,
    }


def test_the_two_other_ladders_in_plain_values() -> None:
    urgent, routine = snapshot_of(URGENT), snapshot_of(ROUTINE)

    assert urgent["steps"] == [{"after_seconds": 0, "acks_needed": 1, "targets": ["care_team"]}]
    assert routine["steps"] == [{"after_seconds": 0, "acks_needed": 1, "targets": []}]
    assert urgent["repeat_every_seconds"] == routine["repeat_every_seconds"] == 86_400


@settings(max_examples=40)
@given(st.lists(GAPS, max_size=6), st.sampled_from([1, 2]))
def test_a_ladder_within_its_bounds_has_at_most_one_fault(gaps: list[int], acks: int) -> None:
    expected = [ShapeFault.EVERYONE_TOO_LATE] if sum(gaps) > 600 else []

    assert shape_faults(ladder(gaps, acks)) == expected


@settings(max_examples=40)
@given(st.lists(GAPS, min_size=1, max_size=2), st.integers(0, 29) | st.integers(301, 9_999))
def test_one_gap_outside_its_bounds_is_always_seen(gaps: list[int], wrong: int) -> None:
    for place in range(len(gaps) + 1):
        policy = ladder([*gaps[:place], wrong, *gaps[place:]])

        assert ShapeFault.GAP in shape_faults(policy)


@pytest.mark.parametrize(
    ("gap", "refused"),
    [(29, True), (30, False), (31, False), (299, False), (300, False), (301, True)],
)
def test_a_gap_at_its_bounds(gap: int, *, refused: bool) -> None:
    assert (ShapeFault.GAP in shape_faults(ladder([gap]))) is refused


@pytest.mark.parametrize(("last", "late"), [(599, False), (600, False), (601, True)])
def test_everyone_is_rung_within_ten_minutes(last: int, *, late: bool) -> None:
    found = shape_faults(ladder([200, 200, last - 400]))

    assert (found == [ShapeFault.EVERYONE_TOO_LATE]) is late
    assert bool(found) is late


@pytest.mark.parametrize(
    ("seconds", "refused"), [(-1, True), (0, True), (1, False), (300, False), (301, True)]
)
def test_an_emergency_repeats_within_five_minutes(seconds: int, *, refused: bool) -> None:
    policy = replace(EMERGENCY, repeat_every=timedelta(seconds=seconds))

    assert (shape_faults(policy) == [ShapeFault.REPEATS_TOO_RARELY]) is refused
    assert bool(shape_faults(policy)) is refused


@pytest.mark.parametrize("count", [0, 1, 10, 10**9])
def test_an_emergency_with_an_end_is_refused_however_far_off(count: int) -> None:
    assert shape_faults(replace(EMERGENCY, repeat_max=count)) == [ShapeFault.ENDS]


@pytest.mark.parametrize(
    ("minutes", "refused"), [(4, True), (5, False), (30, False), (60, False), (61, True)]
)
def test_an_owner_has_five_to_sixty_minutes_to_act(minutes: int, *, refused: bool) -> None:
    policy = replace(EMERGENCY, action_timer=timedelta(minutes=minutes))

    assert (ShapeFault.ACTION_TIMER in shape_faults(policy)) is refused


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("acks", [-1, 0, 3])
def test_a_wrong_count_of_people_is_seen_on_any_step(place: int, acks: int) -> None:
    steps = list(ladder([60, 60]).steps)
    steps[place] = replace(steps[place], acks_needed=acks)

    assert shape_faults(replace(EMERGENCY, steps=tuple(steps))) == [ShapeFault.ACKS]


@pytest.mark.parametrize(
    "targets",
    [(), (Target.CARE_TEAM,), (Target.CLINIC_LINE,), (Target.CARE_TEAM, Target.CLINIC_LINE)],
)
def test_the_last_step_without_everyone_is_refused(targets: tuple[Target, ...]) -> None:
    steps = (*ladder([60]).steps[:1], Step(after=timedelta(seconds=60), targets=targets))

    assert shape_faults(replace(EMERGENCY, steps=steps)) == [ShapeFault.LAST_NOT_EVERYONE]


def test_every_fault_at_once_is_told_together() -> None:
    steps = (
        Step(after=timedelta(seconds=1), targets=(), acks_needed=0),
        Step(after=timedelta(minutes=11), targets=(Target.CARE_TEAM,)),
    )
    policy = replace(
        EMERGENCY,
        steps=steps,
        repeat_max=3,
        repeat_every=timedelta(hours=1),
        action_timer=timedelta(),
    )

    assert set(shape_faults(policy)) == set(ShapeFault) - {ShapeFault.NO_STEPS}


@pytest.mark.parametrize("severity", list(BUILT_IN))
def test_no_severity_may_be_without_steps(severity: Severity) -> None:
    policy = replace(EMERGENCY, severity=severity, steps=())

    assert shape_faults(policy) == [ShapeFault.NO_STEPS]


@pytest.mark.parametrize("key", list(snapshot_of(EMERGENCY)))
def test_a_snapshot_without_one_key_is_refused(key: str) -> None:
    stored = snapshot_of(EMERGENCY)
    del stored[key]

    with pytest.raises(PolicyError):
        policy_from(stored)


@pytest.mark.parametrize("key", ["after_seconds", "acks_needed", "targets"])
def test_a_step_without_one_key_is_refused(key: str) -> None:
    step: dict[str, object] = {"after_seconds": 0, "acks_needed": 1, "targets": ["everyone"]}
    del step[key]

    with pytest.raises(PolicyError):
        policy_from(damaged(steps=[step]))


@pytest.mark.parametrize(
    "stored",
    [
        damaged(version="1"),
        damaged(version=1.0),
        damaged(version=None),
        damaged(severity=None),
        damaged(severity="Emergency"),
        damaged(steps="everyone"),
        damaged(steps={"0": {}}),
        damaged(steps=[None]),
        damaged(steps=[5]),
        damaged(steps=7),
        damaged(repeat_every_seconds=None),
        damaged(repeat_every_seconds=300.5),
        damaged(repeat_every_seconds=10**15),
        damaged(repeat_every_seconds=10**40),
        damaged(repeat_max="never"),
        damaged(repeat_max=False),
        damaged(action_timer_seconds=True),
        damaged(action_timer_seconds=10**15),
        damaged_step(after_seconds=None),
        damaged_step(after_seconds=10**15),
        damaged_step(acks_needed=None),
        damaged_step(acks_needed=1.0),
        damaged_step(targets=None),
        damaged_step(targets="everyone"),
        damaged_step(targets=["everyone", "nobody"]),
        damaged_step(targets=[None]),
        damaged_step(targets=5),
    ],
    ids=str,
)
def test_a_damaged_snapshot_is_refused_by_one_error(stored: dict[str, Any]) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        policy_from(stored)


@pytest.mark.parametrize("stored", [None, [], "policy", 5, True])
def test_what_is_no_snapshot_at_all_is_refused(stored: Any) -> None:
    with pytest.raises(PolicyError):
        policy_from(stored)


def test_the_error_does_not_repeat_what_was_stored() -> None:
    with pytest.raises(PolicyError) as raised:
        policy_from(damaged(severity="something private"))

    assert "private" not in str(raised.value)
