"""What holds for every outcome: a page is given up for two reasons only, and never waits long."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.ladder import BACKOFF_JITTER, BACKOFF_SECONDS
from worker.channels.port import Outcome, OutcomeKind
from worker.verdict import NEXT_CHANNEL_AFTER, judge

NOW = timedelta()
SENT = [kind for kind in OutcomeKind if kind not in {OutcomeKind.LOST, OutcomeKind.FENCED}]
LONGEST = timedelta(seconds=BACKOFF_SECONDS[-1] * (1 + BACKOFF_JITTER))
outcomes = st.builds(
    Outcome,
    kind=st.sampled_from(SENT),
    code=st.just("x"),
    retry_after=st.none() | st.timedeltas(min_value=NOW, max_value=timedelta(minutes=5)),
)
faults = st.integers(0, 100_000)
took = st.timedeltas(min_value=NOW, max_value=timedelta(seconds=30))
jitters = st.floats(-1, 1)
unhurried = settings(deadline=None)


@unhurried
@given(outcomes, faults, st.booleans(), took, jitters)
def test_no_page_waits_for_a_negative_time(
    outcome: Outcome,
    faults: int,
    minimal: bool,  # noqa: FBT001 # drawn
    took: timedelta,
    jitter: float,
) -> None:
    found = judge(outcome, faults=faults, minimal=minimal, took=took, jitter=jitter)

    assert found.wait >= NOW
    assert found.others_in is None or NOW <= found.others_in <= NEXT_CHANNEL_AFTER


@unhurried
@given(outcomes, faults, took, jitters)
def test_whatever_did_not_arrive_opens_the_persons_other_channels(
    outcome: Outcome, faults: int, took: timedelta, jitter: float
) -> None:
    found = judge(outcome, faults=faults, minimal=False, took=took, jitter=jitter)

    assert (found.others_in is None) is (outcome.kind is OutcomeKind.ACCEPTED)


@unhurried
@given(outcomes, faults, took, jitters)
def test_a_page_that_is_not_minimal_is_given_up_for_a_dead_endpoint_only(
    outcome: Outcome, faults: int, took: timedelta, jitter: float
) -> None:
    found = judge(outcome, faults=faults, minimal=False, took=took, jitter=jitter)

    assert (found.state == "failed") is (outcome.kind is OutcomeKind.INVALID_ENDPOINT)
    assert found.disables is (outcome.kind is OutcomeKind.INVALID_ENDPOINT)


@unhurried
@given(outcomes, faults, took, jitters)
def test_a_page_in_its_minimal_form_stays_in_it(
    outcome: Outcome, faults: int, took: timedelta, jitter: float
) -> None:
    assert judge(outcome, faults=faults, minimal=True, took=took, jitter=jitter).minimal


@unhurried
@given(st.sampled_from(["transient", "unknown"]), faults, took, jitters)
def test_however_often_it_fails_the_next_try_is_soon(
    kind: str, faults: int, took: timedelta, jitter: float
) -> None:
    outcome = Outcome(kind=OutcomeKind(kind), code="x")

    found = judge(outcome, faults=faults, minimal=False, took=took, jitter=jitter)
    assert found.state == "pending"
    assert found.wait <= LONGEST
    assert found.faults == faults + 1


@unhurried
@given(st.sampled_from(["throttled", "config"]), faults, took, jitters)
def test_a_refusal_that_is_not_the_pages_fault_counts_for_nothing(
    kind: str, faults: int, took: timedelta, jitter: float
) -> None:
    outcome = Outcome(kind=OutcomeKind(kind), code="x")

    found = judge(outcome, faults=faults, minimal=False, took=took, jitter=jitter)
    assert (found.state, found.faults, found.others_in) == ("pending", faults, NOW)


@unhurried
@given(st.integers(1, 1_000), took)
def test_more_failures_never_shorten_the_wait(faults: int, took: timedelta) -> None:
    outcome = Outcome(kind=OutcomeKind.TRANSIENT, code="x")
    waits = [
        judge(outcome, faults=n, minimal=False, took=took, jitter=0.0).wait
        for n in (faults - 1, faults)
    ]

    assert waits == sorted(waits)
