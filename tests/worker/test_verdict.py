"""What each outcome means: for the page itself, and for the person's others."""

from datetime import timedelta

import pytest

from tests.scenarios.road import ACCEPTED, refusal
from worker.channels.port import Outcome, OutcomeKind
from worker.verdict import Verdict, judge

MINUTE = timedelta(seconds=60)
NOW = timedelta()


def verdict(
    outcome: Outcome, *, faults: int = 0, minimal: bool = False, took: float = 0
) -> Verdict:
    return judge(outcome, faults=faults, minimal=minimal, took=timedelta(seconds=took), jitter=0.0)


def test_an_accepted_page_is_done_and_opens_nothing() -> None:
    assert verdict(ACCEPTED, faults=3) == Verdict(state="accepted", faults=0, minimal=False)


@pytest.mark.parametrize(
    ("asked", "wait"),
    [(None, MINUTE), (timedelta(seconds=120), timedelta(seconds=120))],
    ids=["no header", "two minutes"],
)
def test_a_throttled_page_waits_as_asked_and_opens_the_next_channel_now(
    asked: timedelta | None, wait: timedelta
) -> None:
    found = verdict(refusal("throttled", retry_after=asked), faults=1)

    assert (found.state, found.wait, found.faults, found.others_in) == ("pending", wait, 1, NOW)


@pytest.mark.parametrize(
    ("faults", "wait"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 30), (6, 60), (900, 60)]
)
def test_a_transient_failure_waits_longer_each_time_and_never_ends(faults: int, wait: int) -> None:
    found = verdict(refusal("transient"), faults=faults)

    assert (found.state, found.wait) == ("pending", timedelta(seconds=wait))
    assert found.faults == faults + 1


@pytest.mark.parametrize(("faults", "others_in"), [(0, timedelta(seconds=10)), (1, NOW), (2, NOW)])
def test_the_second_transient_failure_opens_the_next_channel_now(
    faults: int, others_in: timedelta
) -> None:
    assert verdict(refusal("transient"), faults=faults).others_in == others_in


@pytest.mark.parametrize(("took", "seconds"), [(0, 10), (4, 6), (10, 0), (12, 0)])
def test_the_next_channel_opens_ten_seconds_after_the_call_began(took: int, seconds: int) -> None:
    found = verdict(refusal("unknown"), took=took)

    assert found.others_in == timedelta(seconds=seconds)


def test_an_unknown_outcome_is_tried_again_at_once_and_then_with_patience() -> None:
    first, second = verdict(refusal("unknown")), verdict(refusal("unknown"), faults=1)

    assert (first.state, first.wait) == ("pending", NOW)
    assert second.wait == timedelta(seconds=2)


def test_a_longer_wait_asked_for_wins_over_our_own() -> None:
    found = verdict(refusal("transient", retry_after=timedelta(seconds=45)))

    assert found.wait == timedelta(seconds=45)


def test_a_dead_endpoint_ends_the_page_and_is_disabled() -> None:
    found = verdict(refusal("invalid_endpoint"))

    assert (found.state, found.disables, found.others_in) == ("failed", True, NOW)


def test_a_refused_page_is_sent_once_more_in_its_minimal_form() -> None:
    first = verdict(refusal("permanent"))
    second = verdict(refusal("permanent"), minimal=True)

    assert (first.state, first.minimal, first.wait, first.others_in) == ("pending", True, NOW, NOW)
    assert (second.state, second.disables) == ("failed", False)


def test_a_wrong_configuration_is_probed_every_half_minute() -> None:
    found = verdict(refusal("config"))

    assert (found.state, found.wait, found.others_in) == ("pending", MINUTE / 2, NOW)


@pytest.mark.parametrize("kind", [k for k in OutcomeKind if k not in {"lost", "fenced"}])
@pytest.mark.parametrize("minimal", [False, True])
def test_only_the_endpoint_or_the_payload_can_end_a_page(
    kind: OutcomeKind, *, minimal: bool
) -> None:
    found = verdict(Outcome(kind=kind, code="x"), faults=10_000, minimal=minimal)

    ends = kind == "invalid_endpoint" or (kind == "permanent" and minimal)
    assert (found.state == "failed") is ends


@pytest.mark.parametrize("jitter", [-1.0, 1.0])
def test_jitter_stays_within_a_fifth(jitter: float) -> None:
    found = judge(refusal("transient"), faults=4, minimal=False, took=NOW, jitter=jitter)

    assert found.wait == timedelta(seconds=16 * (1 + jitter / 5))
