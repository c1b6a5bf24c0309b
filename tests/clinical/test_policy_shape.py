"""A policy survives its snapshot, and an emergency that could end is never saved."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from clinical.finding import Severity
from clinical.ladder import BUILT_IN, EMERGENCY, URGENT, Policy, Step, Target
from clinical.policy_shape import (
    PolicyError,
    ShapeFault,
    policy_from,
    shape_faults,
    snapshot_of,
)

SECOND = timedelta(seconds=1)
EVERYONE = (Target.EVERYONE,)


def emergency(*afters: timedelta, **changes: Any) -> Policy:
    steps = tuple(Step(after=after, targets=EVERYONE) for after in afters)
    return replace(EMERGENCY, steps=steps, **changes)


@pytest.mark.parametrize("severity", list(BUILT_IN))
def test_built_in_policies_survive_json(severity: Severity) -> None:
    policy = BUILT_IN[severity]
    stored = json.loads(json.dumps(snapshot_of(policy)))

    assert policy_from(stored) == policy


@pytest.mark.parametrize("severity", list(BUILT_IN))
def test_built_in_policies_have_a_valid_shape(severity: Severity) -> None:
    assert shape_faults(BUILT_IN[severity]) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"repeat_max": 10}, ShapeFault.ENDS),
        ({"repeat_every": timedelta(minutes=5) + SECOND}, ShapeFault.REPEATS_TOO_RARELY),
        ({"repeat_every": timedelta()}, ShapeFault.REPEATS_TOO_RARELY),
        ({"action_timer": timedelta(minutes=5) - SECOND}, ShapeFault.ACTION_TIMER),
        ({"action_timer": timedelta(minutes=60) + SECOND}, ShapeFault.ACTION_TIMER),
        ({"steps": ()}, ShapeFault.NO_STEPS),
    ],
    ids=["ends", "rare", "no wait", "short timer", "long timer", "no steps"],
)
def test_an_emergency_that_could_go_quiet_is_refused(
    change: dict[str, Any], fault: ShapeFault
) -> None:
    assert shape_faults(replace(EMERGENCY, **change)) == [fault]


@pytest.mark.parametrize(
    ("afters", "faults"),
    [
        ([SECOND], [ShapeFault.STARTS_LATE]),
        ([timedelta(), timedelta(seconds=29)], [ShapeFault.GAP]),
        ([timedelta(), timedelta(seconds=30)], []),
        ([timedelta(), timedelta(minutes=5)], []),
        ([timedelta(), timedelta(minutes=5, seconds=1)], [ShapeFault.GAP]),
        ([timedelta(minutes=5) * n for n in range(3)], []),
        ([timedelta(minutes=5) * n for n in range(4)], [ShapeFault.EVERYONE_TOO_LATE]),
    ],
)
def test_steps_of_an_emergency_keep_their_distances(
    afters: list[timedelta], faults: list[ShapeFault]
) -> None:
    assert shape_faults(emergency(*afters)) == faults


def test_the_last_step_of_an_emergency_rings_everyone() -> None:
    only_team = (Step(after=timedelta(), targets=(Target.CARE_TEAM,)),)

    assert shape_faults(replace(EMERGENCY, steps=only_team)) == [ShapeFault.LAST_NOT_EVERYONE]


@pytest.mark.parametrize(("acks", "refused"), [(0, True), (1, False), (2, False), (3, True)])
def test_one_or_two_people_must_acknowledge(acks: int, *, refused: bool) -> None:
    policy = replace(
        EMERGENCY, steps=(Step(after=timedelta(), targets=EVERYONE, acks_needed=acks),)
    )

    assert (ShapeFault.ACKS in shape_faults(policy)) is refused


def test_lower_severities_may_end_and_wait() -> None:
    assert shape_faults(replace(URGENT, repeat_max=3, repeat_every=timedelta(days=7))) == []


@pytest.mark.parametrize(
    "damage",
    [
        {"steps": []},
        {"steps": None},
        {"steps": [{"after_seconds": 0, "acks_needed": 1, "targets": ["nobody"]}]},
        {"steps": [{"after_seconds": "0", "acks_needed": 1, "targets": ["everyone"]}]},
        {"severity": "whenever"},
        {"version": True},
        {"repeat_every_seconds": "300"},
    ],
)
def test_a_damaged_snapshot_is_an_error_the_caller_can_catch(damage: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        policy_from({**snapshot_of(EMERGENCY), **damage})


def test_a_snapshot_without_a_key_is_an_error_the_caller_can_catch() -> None:
    stored = snapshot_of(EMERGENCY)
    del stored["steps"]

    with pytest.raises(PolicyError):
        policy_from(stored)
