"""What holds for every alert on every rung: it comes again, it widens, nothing is lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.ladder import EMERGENCY, URGENT
from clinical.policy_shape import snapshot_of
from models.step import DueAlert, Reachable
from worker.plan import (
    LADDER_OF,
    LOOK_AGAIN,
    built_in,
    is_extra_round,
    is_forgotten,
    ladder_of,
    may_be_silent,
    plan_for,
    waits_of,
    widened,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
instants = st.timedeltas(min_value=timedelta(seconds=1), max_value=DAY).map(lambda by: NOW + by)
alerts = st.builds(
    DueAlert,
    clinic_id=st.just(UUID(int=1)),
    id=st.just(UUID(int=2)),
    patient_id=st.just(UUID(int=3)),
    severity=st.sampled_from(sorted(LADDER_OF)),
    severity_rank=st.just(9),
    state=st.sampled_from(["open", "acked"]),
    round=st.integers(1, 50),
    step=st.integers(0, 10_000),
    resume_step_at=st.none() | instants,
    policy_snapshot=st.none(),
    acks_needed=st.integers(1, 3),
    action_due_at=st.none() | instants,
    now=st.just(NOW),
)
channels = st.sampled_from(["push", "mail"])
delays = st.none() | st.integers(0, 600)
unhurried = settings(deadline=None)


@unhurried
@given(alerts)
def test_no_alert_is_ever_left_without_a_time(alert: DueAlert) -> None:
    plan = plan_for(alert, built_in(alert), None)

    assert timedelta() < plan.wait <= DAY


@unhurried
@given(alerts)
def test_no_step_goes_down_the_ladder(alert: DueAlert) -> None:
    plan = plan_for(alert, built_in(alert), None)

    assert plan.step >= 0
    assert plan.next_step >= alert.step
    assert plan.step in {alert.step, alert.step - 1}


@unhurried
@given(alerts)
def test_only_an_extra_round_stays_on_its_rung(alert: DueAlert) -> None:
    plan = plan_for(alert, built_in(alert), None)

    assert (plan.next_step == alert.step) is is_extra_round(alert)


@unhurried
@given(alerts)
def test_an_extra_round_puts_the_ladders_own_time_back(alert: DueAlert) -> None:
    plan = plan_for(alert, built_in(alert), None)

    if is_extra_round(alert):
        assert alert.now + plan.wait == alert.resume_step_at


@unhurried
@given(alerts)
def test_an_emergency_is_never_silent(alert: DueAlert) -> None:
    for severity in ("emergency", "canary"):
        serious = replace(alert, severity=severity)
        plan = plan_for(serious, built_in(serious), None)

        assert plan.targets
        assert not may_be_silent(serious, plan)


@unhurried
@given(alerts)
def test_whoever_acknowledged_is_shown_news_and_reminders_only(alert: DueAlert) -> None:
    plan = plan_for(replace(alert, state="acked"), built_in(alert), None)

    assert plan.kind in {"new_information", "routine"}
    assert plan.targets == ("owner", "covering")


@unhurried
@given(alerts)
def test_news_is_no_negligence(alert: DueAlert) -> None:
    assert not (is_extra_round(alert) and is_forgotten(alert))


@unhurried
@given(alerts)
def test_an_open_alert_is_not_forgotten_but_unanswered(alert: DueAlert) -> None:
    assert not is_forgotten(replace(alert, state="open"))


@unhurried
@given(alerts)
def test_a_plan_that_found_nobody_at_all_is_due_within_a_minute(alert: DueAlert) -> None:
    policy = built_in(alert)
    plan = widened(alert, policy, plan_for(alert, policy, None), found=False)

    assert timedelta() < plan.wait <= LOOK_AGAIN


@unhurried
@given(alerts, st.booleans())
def test_a_widened_plan_rings_everyone_and_keeps_its_rung(alert: DueAlert, found: bool) -> None:  # noqa: FBT001 # drawn
    policy = built_in(alert)
    plan = plan_for(alert, policy, None)
    wide = widened(alert, policy, plan, found=found)

    assert "everyone" in wide.targets
    assert (wide.step, wide.next_step, wide.kind) == (plan.step, plan.next_step, plan.kind)


@unhurried
@given(alerts)
def test_planning_twice_is_planning_once(alert: DueAlert) -> None:
    assert plan_for(alert, EMERGENCY, None) == plan_for(alert, EMERGENCY, None)


@unhurried
@given(alerts)
def test_the_copy_of_a_ladder_is_climbed_as_the_ladder(alert: DueAlert) -> None:
    usual, kept = ladder_of(alert, None)
    again, _ = ladder_of(replace(alert, policy_snapshot=kept), None)

    assert plan_for(alert, again, kept) == plan_for(alert, usual, kept)


@unhurried
@given(st.integers(0, 10_000), st.integers(0, 5))
def test_a_ladder_with_an_end_rings_so_often_and_no_more(step: int, repeats: int) -> None:
    policy = replace(URGENT, repeat_max=repeats)
    alert = replace(ALERT, severity="urgent", step=step)

    assert bool(plan_for(alert, policy, None).targets) is (step <= repeats)


@unhurried
@given(st.lists(st.tuples(st.integers(1, 5), channels, delays), max_size=20))
def test_every_road_opens_once_and_none_before_its_step(
    drawn: list[tuple[int, str, int | None]],
) -> None:
    people = [road(*one) for one in sorted(drawn, key=itemgetter(0))]

    waits = waits_of(people)
    assert [one for one, _ in waits] == people
    assert all(wait >= timedelta() for _, wait in waits)


@unhurried
@given(st.lists(st.tuples(st.integers(1, 5), channels, st.none()), min_size=1, max_size=20))
def test_everybody_has_a_road_that_opens_at_once(drawn: list[tuple[int, str, None]]) -> None:
    people = [road(*one) for one in sorted(drawn, key=itemgetter(0))]

    first = {one.practitioner_id for one, wait in waits_of(people) if wait == timedelta()}
    assert first == {one.practitioner_id for one in people}


@pytest.mark.parametrize("severity", LADDER_OF)
def test_the_first_step_keeps_the_ladder_it_began_with(severity: str) -> None:
    alert = replace(ALERT, severity=severity)

    policy, kept = ladder_of(alert, None)

    assert policy == built_in(alert)
    assert kept == snapshot_of(policy)


def road(person: int, channel: str, delay: int | None) -> Reachable:
    return Reachable(
        practitioner_id=UUID(int=person),
        endpoint_id=UUID(int=person * 10 + len(channel)),
        channel=channel,
        delay_seconds=delay,
    )


ALERT = DueAlert(
    clinic_id=UUID(int=1),
    id=UUID(int=2),
    patient_id=UUID(int=3),
    severity="emergency",
    severity_rank=9,
    state="open",
    round=1,
    step=0,
    resume_step_at=None,
    policy_snapshot=None,
    acks_needed=1,
    action_due_at=None,
    now=NOW,
)
