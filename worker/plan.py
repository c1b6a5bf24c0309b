"""What one due step of an alert does: whom it rings, in which words, when the next is. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import Any

from clinical.finding import Severity
from clinical.ladder import (
    BUILT_IN,
    DAILY,
    Channel,
    Policy,
    Rung,
    contact_delays,
    everyone_now,
    rung_at,
)
from clinical.policy_shape import PolicyError, policy_from, shape_faults, snapshot_of
from models.step import OWNER, REACHED, DueAlert, Reachable
from worker.channels.words import PageKind

LOOK_AGAIN = timedelta(seconds=60)
"""How soon an alert that found nobody at all looks again: somebody may have signed in.

Source: house rule; shorter than any repeat, so that it is never silent.
"""
LADDER_OF = {
    "emergency": Severity.EMERGENCY,
    "canary": Severity.EMERGENCY,
    "urgent": Severity.URGENT,
    "routine": Severity.ROUTINE,
    "test": Severity.ROUTINE,
}
"""A canary climbs as an emergency does; a test rings only whom it was made for."""
WORDS_OF = {"routine": PageKind.ROUTINE, "test": PageKind.TEST}
COVERING = "covering"

Snapshot = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Whom a step rings and under which number, and what the alert is left with."""

    targets: Sequence[str]
    kind: PageKind
    step: int
    next_step: int
    wait: timedelta
    acks_needed: int
    snapshot: Snapshot | None


def built_in(alert: DueAlert) -> Policy:
    """Return the ladder of a clinic that has none of its own."""
    return BUILT_IN[LADDER_OF[alert.severity]]


def ladder_of(alert: DueAlert, own: Snapshot | None) -> tuple[Policy, Snapshot]:
    """Return the ladder an alert climbs: its own copy, else the clinic's of today, else ours.

    Raises:
        PolicyError: what is stored is no ladder that may be climbed.
    """
    usual = built_in(alert)
    stored = alert.policy_snapshot
    if stored is None:
        if own is None:
            return usual, snapshot_of(usual)
        stored = {**own, "action_timer_seconds": int(usual.action_timer.total_seconds())}
    policy = policy_from(stored)
    if shape_faults(policy):
        raise PolicyError("the stored policy has a shape that may not be climbed")
    return policy, stored


def is_extra_round(alert: DueAlert) -> bool:
    """Say whether only those are rung who know of the alert already: there is something new."""
    nobody_yet = alert.state == "open" and alert.step == 0
    return alert.resume_step_at is not None and not nobody_yet


def is_forgotten(alert: DueAlert) -> bool:
    """Say whether somebody acknowledged and then did nothing in time."""
    return alert.state == "acked" and not is_extra_round(alert) and alert.action_due_at is not None


def may_be_silent(alert: DueAlert, plan: Plan) -> bool:
    """Say whether a step that names nobody is meant so; in an emergency it is a mistake."""
    return not plan.targets and LADDER_OF[alert.severity] is not Severity.EMERGENCY


def plan_for(alert: DueAlert, policy: Policy, snapshot: Snapshot | None) -> Plan:
    """Say what is due for an alert; one that nobody acted upon must have been reopened before."""
    if is_extra_round(alert):
        return _extra_round(alert, snapshot)
    if alert.state == "acked":
        return _reminder(alert, snapshot)
    return _next_rung(alert, policy, snapshot)


def _reminder(alert: DueAlert, snapshot: Snapshot | None) -> Plan:
    """Show whoever acted once a day that the alert is not resolved."""
    return Plan(
        targets=(OWNER, COVERING),
        kind=PageKind.ROUTINE,
        step=alert.step,
        next_step=alert.step + 1,
        wait=DAILY,
        acks_needed=alert.acks_needed,
        snapshot=snapshot,
    )


def _extra_round(alert: DueAlert, snapshot: Snapshot | None) -> Plan:
    """Ring whoever knows of the alert; the ladder's own time is put back, so no step is late."""
    acked = alert.state == "acked"
    return Plan(
        targets=(OWNER, COVERING) if acked else (REACHED,),
        kind=PageKind.NEW_INFORMATION if acked else _words_of(alert),
        step=max(alert.step - 1, 0),
        next_step=alert.step,
        wait=(alert.resume_step_at or alert.now) - alert.now,
        acks_needed=alert.acks_needed,
        snapshot=snapshot,
    )


def _next_rung(alert: DueAlert, policy: Policy, snapshot: Snapshot | None) -> Plan:
    rung = rung_at(policy, alert.step)
    repeats = alert.step - (len(policy.steps) - 1)
    if policy.repeat_max is not None and repeats > policy.repeat_max:
        rung = Rung(targets=(), acks_needed=rung.acks_needed, next_in=None)
    return Plan(
        targets=rung.targets,
        kind=_words_of(alert),
        step=alert.step,
        next_step=alert.step + 1,
        wait=DAILY if rung.next_in is None else rung.next_in,
        acks_needed=rung.acks_needed,
        snapshot=snapshot,
    )


def _words_of(alert: DueAlert) -> PageKind:
    return WORDS_OF.get(alert.severity, PageKind.URGENT)


def widened(alert: DueAlert, policy: Policy, plan: Plan, *, found: bool) -> Plan:
    """Turn a plan that reached nobody into one for everyone, and soon again if that fails too."""
    rung = everyone_now(policy)
    keeps_time = is_extra_round(alert) or alert.state == "acked"
    wait = plan.wait if keeps_time else (rung.next_in or DAILY)
    return replace(plan, targets=rung.targets, wait=wait if found else min(wait, LOOK_AGAIN))


def waits_of(people: Sequence[Reachable]) -> list[tuple[Reachable, timedelta]]:
    """Say how long after the step each road opens: the person's own rule, else the ladder's."""
    waits: list[tuple[Reachable, timedelta]] = []
    for _, roads in groupby(people, key=lambda one: one.practitioner_id):
        mine = list(roads)
        delays = contact_delays({Channel(one.channel) for one in mine})
        for one in mine:
            own = one.delay_seconds
            usual = delays[Channel(one.channel)]
            waits.append((one, usual if own is None else timedelta(seconds=own)))
    return waits
