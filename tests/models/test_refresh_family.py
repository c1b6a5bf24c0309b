"""One family of refresh tokens has one live generation, whatever two holders do with it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ids import uuid7
from models.refresh import LOST_ANSWER, Family, Verdict, judge

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FAMILY = Family(
    clinic_id=uuid7(),
    session_id=uuid7(),
    kind="patient",
    subject_id=uuid7(),
    device_id=None,
    public_key=None,
    generation=5,
    refreshed_at=NOON - timedelta(minutes=5),
    idle_expires_at=NOON + timedelta(days=90),
    absolute_expires_at=NOON + timedelta(days=300),
    ended=False,
    now=NOON,
)


@pytest.mark.parametrize(
    ("generation", "verdict"),
    [(6, Verdict.NEXT), (5, Verdict.NEXT), (4, Verdict.REUSED), (3, Verdict.REUSED)],
    ids=["after-a-restore", "the-newest", "the-one-before", "older"],
)
def test_the_newest_generation_goes_on(generation: int, verdict: Verdict) -> None:
    assert judge(FAMILY, generation) is verdict


@pytest.mark.parametrize(
    ("since", "verdict"),
    [
        (timedelta(0), Verdict.AGAIN),
        (LOST_ANSWER, Verdict.AGAIN),
        (LOST_ANSWER + timedelta(microseconds=1), Verdict.REUSED),
        (-timedelta(seconds=1), Verdict.AGAIN),
    ],
    ids=["at-once", "at-the-limit", "past-it", "in-a-transaction-that-began-before"],
)
def test_the_one_before_gets_its_successor_again_for_a_minute(
    since: timedelta, verdict: Verdict
) -> None:
    assert judge(replace(FAMILY, refreshed_at=NOON - since), 4) is verdict


@pytest.mark.parametrize("end", ["idle_expires_at", "absolute_expires_at"])
def test_a_session_has_expired_at_its_end_and_not_before(end: str) -> None:
    at_the_end = replace(FAMILY, **{end: NOON})  # type: ignore[arg-type] # both are instants
    before = replace(FAMILY, **{end: NOON + timedelta(microseconds=1)})  # type: ignore[arg-type] # both are instants

    assert judge(at_the_end, 5) is Verdict.EXPIRED
    assert judge(before, 5) is Verdict.NEXT


def test_an_ended_session_is_ended_before_it_is_anything_else() -> None:
    ended = replace(FAMILY, ended=True, idle_expires_at=NOON, generation=9)

    assert judge(ended, 1) is Verdict.REVOKED


def test_an_old_token_of_an_expired_session_ends_nothing() -> None:
    assert judge(replace(FAMILY, idle_expires_at=NOON), 1) is Verdict.EXPIRED


steps = st.lists(
    st.tuples(st.sampled_from(["phone", "thief"]), st.integers(min_value=0, max_value=90)),
    max_size=30,
)


@given(steps)
def test_a_copied_token_is_found_as_soon_as_both_have_gone_on(
    moves: list[tuple[str, int]],
) -> None:
    family, now = FAMILY, NOON
    holds = {"phone": 5, "thief": 5}
    for who, seconds in moves:
        now += timedelta(seconds=seconds)
        family = replace(family, now=now)
        verdict = judge(family, holds[who])
        if verdict is Verdict.REUSED:
            assert max(holds.values()) > holds[who]
            return
        if verdict is Verdict.NEXT:
            family = replace(family, generation=holds[who] + 1, refreshed_at=now)
        holds[who] += 1

        assert holds[who] == family.generation
        assert max(holds.values()) == family.generation
