"""Who is told next, and when: the built-in policies and the arithmetic of their steps."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from clinical.finding import Severity


class Target(StrEnum):
    """Whom a step rings; the people behind it are looked up when the step fires."""

    CARE_TEAM = "care_team"
    EVERYONE = "everyone"
    CLINIC_LINE = "clinic_line"


class Channel(StrEnum):
    """A kind of road to one person."""

    PUSH = "push"
    SMS = "sms"
    MAIL = "mail"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rung: who is rung, how long after the round began."""

    after: timedelta
    targets: tuple[Target, ...]
    acks_needed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rungs of one severity, and how the last one repeats; no `repeat_max` means for ever."""

    name: str
    version: int
    severity: Severity
    steps: tuple[Step, ...]
    repeat_every: timedelta
    repeat_max: int | None = None
    action_timer: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """What happens at one step: whom to ring, and when to look again (None: the ladder ends)."""

    targets: tuple[Target, ...]
    acks_needed: int
    next_in: timedelta | None


class SourceEffect(StrEnum):
    """What a new source does to an alert that is already live."""

    RING_REACHED = "ring_reached"
    RING_OWNER = "ring_owner"
    REOPEN = "reopen"
    ATTACH = "attach"


CARE_TEAM_ALONE = timedelta(minutes=3)
"""How long the care team has the emergency to itself before the whole clinic is rung.

Source: house rule, escalation policy 6.1 (next step at 3 min), confirmed with each clinic.
"""
EMERGENCY_REPEAT = timedelta(minutes=5)
"""How often an unacknowledged emergency rings again, without end.

Source: house rule, escalation policy 6.1 and its validator (repeat <= 5 min, unbounded).
"""
DAILY = timedelta(days=1)
"""How often an open alert that is no emergency is looked at again.

Source: house rule; routine trends are read once a day.
"""
SECOND_CHANNEL_AFTER = timedelta(seconds=60)
"""How long the push has before the same person is reached by a road that is not the push provider.

Source: house rule, escalation policy 6.1; the provider's own terms forbid it as the only road.
"""
NEWS_TO_OWNER_FOR = timedelta(minutes=15)
"""How long after an acknowledgement a new source is news for the owner and no new emergency.

Source: house rule, escalation state machine (acked <= 15 min ago).
"""
ONE_ROUND_PER = timedelta(seconds=60)
"""New sources ring at most one extra round in this time; those between attach and are shown.

Source: house rule: an offline week that arrives at once rings once.
"""
BACKOFF_SECONDS = (1, 2, 4, 8, 16, 30, 60)
"""Waits after a transient failure, in seconds; the last one repeats.

Source: house rule, dispatcher table: doubling, bounded at a minute so no page sleeps long.
"""
BACKOFF_JITTER = 0.2
"""Share by which a wait may be shorter or longer, so that retries do not march in step.

Source: house rule, dispatcher table (+-20 %).
"""

EMERGENCY = Policy(
    name="built-in emergency",
    version=1,
    severity=Severity.EMERGENCY,
    steps=(
        Step(after=timedelta(), targets=(Target.CARE_TEAM,)),
        Step(after=CARE_TEAM_ALONE, targets=(Target.EVERYONE, Target.CLINIC_LINE)),
    ),
    repeat_every=EMERGENCY_REPEAT,
)
URGENT = Policy(
    name="built-in urgent",
    version=1,
    severity=Severity.URGENT,
    steps=(Step(after=timedelta(), targets=(Target.CARE_TEAM,)),),
    repeat_every=DAILY,
)
ROUTINE = Policy(
    name="built-in routine",
    version=1,
    severity=Severity.ROUTINE,
    steps=(Step(after=timedelta(), targets=()),),
    repeat_every=DAILY,
)
BUILT_IN = {policy.severity: policy for policy in (EMERGENCY, URGENT, ROUTINE)}


def rung_at(policy: Policy, step: int) -> Rung:
    """Say whom this step rings and when the next one is due; past the last, the last repeats."""
    last = len(policy.steps) - 1
    here = policy.steps[min(step, last)]
    if step < last:
        wait: timedelta | None = policy.steps[step + 1].after - here.after
    elif policy.repeat_max is not None and step - last >= policy.repeat_max:
        wait = None
    else:
        wait = policy.repeat_every
    return Rung(targets=here.targets, acks_needed=here.acks_needed, next_in=wait)


def everyone_now(policy: Policy) -> Rung:
    """Say whom to ring when a step reaches nobody or cannot be read: everyone, then repeat."""
    return Rung(
        targets=(Target.EVERYONE, Target.CLINIC_LINE),
        acks_needed=1,
        next_in=policy.repeat_every,
    )


def effect_of_new_source(
    *, acked_for: timedelta | None, since_last_round: timedelta | None
) -> SourceEffect:
    """Say what another emergency source does; `acked_for` is None while nobody has acknowledged."""
    if since_last_round is not None and since_last_round < ONE_ROUND_PER:
        return SourceEffect.ATTACH
    if acked_for is None:
        return SourceEffect.RING_REACHED
    return SourceEffect.RING_OWNER if acked_for <= NEWS_TO_OWNER_FOR else SourceEffect.REOPEN


def contact_delays(channels: Collection[Channel]) -> dict[Channel, timedelta]:
    """Say how long after a step each road of one person opens; without push the others open now."""
    wait = SECOND_CHANNEL_AFTER if Channel.PUSH in channels else timedelta()
    return {each: timedelta() if each is Channel.PUSH else wait for each in channels}


def backoff(failures: int, *, jitter: float, retry_after: timedelta | None = None) -> timedelta:
    """Say how long to wait after the n-th transient failure; `jitter` runs from -1 to 1."""
    at = min(max(failures, 1), len(BACKOFF_SECONDS)) - 1
    share = 1 + BACKOFF_JITTER * max(-1.0, min(1.0, jitter))
    wait = timedelta(seconds=BACKOFF_SECONDS[at] * share)
    return wait if retry_after is None else max(wait, retry_after)
