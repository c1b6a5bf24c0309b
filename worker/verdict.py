"""What an outcome means: for this page, and at the same time for the person's others. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from clinical.ladder import backoff
from worker.channels.port import Outcome, OutcomeKind

PROBE_EVERY = timedelta(seconds=30)
"""How often a channel that is set up wrongly is tried again. Source: escalation.md 5."""
THROTTLED_FOR = timedelta(seconds=60)
"""When the provider does not say for how long. Source: escalation.md 5."""
NEXT_CHANNEL_AFTER = timedelta(seconds=10)
"""Counted from the attempt's start. Source: escalation.md 5: next channel after 10 s."""
FAILURES_FOR_NEXT = 2
"""So many failures open the next channel before that time. Source: as above."""
NOW = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to write: the page's new state, and when the person's other pages open."""

    state: str
    wait: timedelta = NOW
    faults: int
    minimal: bool
    others_in: timedelta | None = None
    disables: bool = False


def judge(
    outcome: Outcome, *, faults: int, minimal: bool, took: timedelta, jitter: float
) -> Verdict:
    """Judge one outcome of a page that had so many failures before."""
    match outcome.kind:
        case OutcomeKind.ACCEPTED:
            return Verdict(state="accepted", faults=0, minimal=minimal)
        case OutcomeKind.THROTTLED:
            return _later(outcome.retry_after or THROTTLED_FOR, faults, minimal=minimal)
        case OutcomeKind.CONFIG:
            return _later(PROBE_EVERY, faults, minimal=minimal)
        case OutcomeKind.INVALID_ENDPOINT:
            return Verdict(
                state="failed", faults=faults, minimal=minimal, others_in=NOW, disables=True
            )
        case OutcomeKind.PERMANENT:
            # Once more in the fixed minimal form: it may be what we sent, and not to whom.
            state = "failed" if minimal else "pending"
            return Verdict(state=state, faults=faults, minimal=True, others_in=NOW)
        case _:
            return _failure(outcome, faults + 1, minimal=minimal, took=took, jitter=jitter)


def _later(wait: timedelta, faults: int, *, minimal: bool) -> Verdict:
    """Judge a refusal that says nothing about this page: the same later, the others now."""
    return Verdict(state="pending", wait=wait, faults=faults, minimal=minimal, others_in=NOW)


def _failure(
    outcome: Outcome, failures: int, *, minimal: bool, took: timedelta, jitter: float
) -> Verdict:
    """Judge a failure that time may mend: the page is never given up for their number."""
    wait = backoff(failures, jitter=jitter, retry_after=outcome.retry_after)
    if outcome.kind is OutcomeKind.UNKNOWN and failures == 1:
        wait = NOW  # perhaps it rang, perhaps not; the same tag makes a repeat harmless
    others_in = max(NOW, NEXT_CHANNEL_AFTER - took)
    if failures >= FAILURES_FOR_NEXT and outcome.kind is OutcomeKind.TRANSIENT:
        others_in = NOW
    return Verdict(
        state="pending", wait=wait, faults=failures, minimal=minimal, others_in=others_in
    )
