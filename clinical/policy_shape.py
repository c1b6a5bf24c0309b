"""A policy as plain values for the database, and what is wrong with its shape."""

import itertools
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import cast

from clinical.finding import Severity
from clinical.ladder import Policy, Step, Target

SHORTEST_GAP = timedelta(seconds=30)
"""Less than this between two steps leaves nobody the time to answer.

Source: house rule, escalation validators 6.2 (step gaps 30 s to 5 min).
"""
LONGEST_GAP = timedelta(minutes=5)
"""More than this between two steps, or two repeats, of an emergency is too long to wait.

Source: house rule, escalation validators 6.2 (step gaps 30 s to 5 min, repeat <= 5 min).
"""
EVERYONE_BY = timedelta(minutes=10)
"""By then an emergency must have rung everyone of the clinic.

Source: house rule, escalation validators 6.2.
"""
ACTION_TIMER = (timedelta(minutes=5), timedelta(minutes=60))
"""Bounds of the time an owner has to act after acknowledging.

Source: house rule, escalation validators 6.2.
"""
MOST_ACKS = 2
"""More distinct people than this cannot be demanded in the middle of a night.

Source: house rule, escalation validators 6.2.
"""


class PolicyError(ValueError):
    """A stored policy cannot be read; the caller rings everyone instead."""


class ShapeFault(StrEnum):
    """Why a policy for emergencies may not be saved."""

    NO_STEPS = "no-steps"
    ENDS = "repeat-not-unbounded"
    REPEATS_TOO_RARELY = "repeat-over-5-minutes"
    STARTS_LATE = "first-step-not-at-once"
    GAP = "gap-outside-30-seconds-to-5-minutes"
    LAST_NOT_EVERYONE = "last-step-not-everyone"
    EVERYONE_TOO_LATE = "everyone-after-10-minutes"
    ACKS = "acks-not-1-or-2"
    ACTION_TIMER = "action-timer-outside-5-to-60-minutes"


def shape_faults(policy: Policy) -> list[ShapeFault]:
    """List what forbids saving this policy; only an emergency's shape is fixed."""
    if not policy.steps:
        return [ShapeFault.NO_STEPS]
    if policy.severity is not Severity.EMERGENCY:
        return []
    return [*_repeat_faults(policy), *_step_faults(policy)]


def _repeat_faults(policy: Policy) -> list[ShapeFault]:
    checks = (
        (policy.repeat_max is not None, ShapeFault.ENDS),
        (
            not timedelta() < policy.repeat_every <= LONGEST_GAP,
            ShapeFault.REPEATS_TOO_RARELY,
        ),
        (
            not ACTION_TIMER[0] <= policy.action_timer <= ACTION_TIMER[1],
            ShapeFault.ACTION_TIMER,
        ),
    )
    return [fault for wrong, fault in checks if wrong]


def _step_faults(policy: Policy) -> list[ShapeFault]:
    steps = policy.steps
    gaps = [later.after - earlier.after for earlier, later in itertools.pairwise(steps)]
    checks = (
        (steps[0].after != timedelta(), ShapeFault.STARTS_LATE),
        (any(not SHORTEST_GAP <= gap <= LONGEST_GAP for gap in gaps), ShapeFault.GAP),
        (Target.EVERYONE not in steps[-1].targets, ShapeFault.LAST_NOT_EVERYONE),
        (steps[-1].after > EVERYONE_BY, ShapeFault.EVERYONE_TOO_LATE),
        (any(not 1 <= step.acks_needed <= MOST_ACKS for step in steps), ShapeFault.ACKS),
    )
    return [fault for wrong, fault in checks if wrong]


def snapshot_of(policy: Policy) -> dict[str, object]:
    """Turn a policy into plain values, as an alert keeps it."""
    return {
        "name": policy.name,
        "version": policy.version,
        "severity": policy.severity.value,
        "steps": [
            {
                "after_seconds": int(step.after.total_seconds()),
                "acks_needed": step.acks_needed,
                "targets": [target.value for target in step.targets],
            }
            for step in policy.steps
        ],
        "repeat_every_seconds": int(policy.repeat_every.total_seconds()),
        "repeat_max": policy.repeat_max,
        "action_timer_seconds": int(policy.action_timer.total_seconds()),
    }


def policy_from(snapshot: Mapping[str, object]) -> Policy:
    """Read a policy back from an alert's snapshot.

    Raises:
        PolicyError: the snapshot is not one that `snapshot_of` wrote.
    """
    try:
        return _read_policy(snapshot)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise PolicyError("the stored policy snapshot cannot be read") from error


def _read_policy(snapshot: Mapping[str, object]) -> Policy:
    steps = tuple(
        _read_step(step) for step in cast("list[Mapping[str, object]]", snapshot["steps"])
    )
    if not steps:
        raise ValueError("a policy without steps rings nobody")
    repeat_max = snapshot["repeat_max"]
    return Policy(
        name=str(snapshot["name"]),
        version=_whole(snapshot["version"]),
        severity=Severity(str(snapshot["severity"])),
        steps=steps,
        repeat_every=timedelta(seconds=_whole(snapshot["repeat_every_seconds"])),
        repeat_max=None if repeat_max is None else _whole(repeat_max),
        action_timer=timedelta(seconds=_whole(snapshot["action_timer_seconds"])),
    )


def _read_step(step: Mapping[str, object]) -> Step:
    targets = cast("list[str]", step["targets"])
    return Step(
        after=timedelta(seconds=_whole(step["after_seconds"])),
        targets=tuple(Target(target) for target in targets),
        acks_needed=_whole(step["acks_needed"]),
    )


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError("a whole number is needed")
    return value
