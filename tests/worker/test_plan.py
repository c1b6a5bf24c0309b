"""What is due for an alert, from its row alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from clinical.ladder import BUILT_IN, EMERGENCY
from clinical.policy_shape import PolicyError, snapshot_of
from models.step import DueAlert, Reachable
from worker.plan import (
    LADDER_OF,
    LOOK_AGAIN,
    built_in,
    is_extra_round,
    is_forgotten,
    ladder_of,
    plan_for,
    waits_of,
    widened,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
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
ACKED = replace(ALERT, state="acked", step=1, action_due_at=NOW)
MINUTES = timedelta(minutes=1)


def road(person: int, channel: str, delay: int | None = None) -> Reachable:
    return Reachable(
        practitioner_id=UUID(int=person),
        endpoint_id=UUID(int=person * 10 + len(channel)),
        channel=channel,
        delay_seconds=delay,
    )


@pytest.mark.parametrize(
    ("step", "targets", "wait"),
    [
        (0, ("care_team",), 3),
        (1, ("everyone", "clinic_line"), 5),
        (2, ("everyone", "clinic_line"), 5),
        (99, ("everyone", "clinic_line"), 5),
    ],
)
def test_an_emergency_climbs_and_repeats_for_ever(
    step: int, targets: tuple[str, ...], wait: int
) -> None:
    plan = plan_for(replace(ALERT, step=step), EMERGENCY, None)

    assert (plan.targets, plan.wait, plan.kind) == (targets, wait * MINUTES, "urgent")
    assert (plan.step, plan.next_step) == (step, step + 1)


@pytest.mark.parametrize("severity", LADDER_OF)
@pytest.mark.parametrize("state", ["open", "acked"])
@pytest.mark.parametrize("step", [0, 1, 7])
def test_every_live_alert_is_always_due_again(severity: str, state: str, step: int) -> None:
    alert = replace(ALERT, severity=severity, state=state, step=step)

    plan = plan_for(alert, built_in(alert), None)

    assert timedelta() < plan.wait <= timedelta(days=1)


@pytest.mark.parametrize("severity", ["routine", "test"])
def test_what_is_not_urgent_rings_nobody(severity: str) -> None:
    alert = replace(ALERT, severity=severity)

    assert plan_for(alert, built_in(alert), None).targets == ()


def test_a_ladder_that_has_run_out_is_looked_at_daily_and_rings_nobody() -> None:
    policy = replace(BUILT_IN[LADDER_OF["urgent"]], repeat_max=2)
    ringing = [
        bool(plan_for(replace(ALERT, severity="urgent", step=step), policy, None).targets)
        for step in range(5)
    ]

    assert ringing == [True, True, True, False, False]


def test_an_extra_round_rings_who_was_reached_and_delays_no_step() -> None:
    alert = replace(ALERT, step=1, round=2, resume_step_at=NOW + 2 * MINUTES)

    plan = plan_for(alert, EMERGENCY, None)

    assert (plan.targets, plan.kind, plan.wait) == (("reached",), "urgent", 2 * MINUTES)
    assert (plan.step, plan.next_step) == (0, 1)


def test_news_of_an_acknowledged_alert_goes_to_its_owner_and_leaves_the_action_timer() -> None:
    alert = replace(ACKED, resume_step_at=NOW + 20 * MINUTES)

    plan = plan_for(alert, EMERGENCY, None)

    assert (plan.targets, plan.kind) == (("owner", "covering"), "new_information")
    assert plan.wait == 20 * MINUTES
    assert not is_forgotten(alert)


def test_a_round_before_anybody_was_rung_is_the_first_step_itself() -> None:
    alert = replace(ALERT, round=2, resume_step_at=NOW - MINUTES)

    assert not is_extra_round(alert)
    assert plan_for(alert, EMERGENCY, None).targets == ("care_team",)


def test_only_an_acknowledgement_without_an_action_is_forgotten() -> None:
    acted = replace(ACKED, action_due_at=None)

    assert is_forgotten(ACKED)
    assert not is_forgotten(acted)
    assert plan_for(acted, EMERGENCY, None).kind == "routine"


def test_the_alerts_own_copy_wins_over_the_clinics_ladder_of_today() -> None:
    first = snapshot_of(replace(EMERGENCY, name="then"))
    today = snapshot_of(replace(EMERGENCY, name="now"))

    policy, kept = ladder_of(replace(ALERT, policy_snapshot=first), today)

    assert (policy.name, kept) == ("then", first)


def test_the_clinics_own_ladder_is_taken_at_the_first_step() -> None:
    today = {k: v for k, v in snapshot_of(EMERGENCY).items() if k != "action_timer_seconds"}

    policy, kept = ladder_of(ALERT, {**today, "name": "ours"})

    assert policy.name == "ours"
    assert kept["action_timer_seconds"] == 1800


@pytest.mark.parametrize(
    "fault",
    [
        {"steps": []},
        {"repeat_max": 3},
        {"repeat_every_seconds": 3_600},
        {"steps": [{"after_seconds": 0, "acks_needed": 1, "targets": ["nobody"]}]},
        {"severity": "urgent!"},
    ],
    ids=["no steps", "ends", "too rarely", "unknown target", "unknown severity"],
)
def test_a_ladder_that_may_not_be_climbed_is_refused(fault: dict[str, object]) -> None:
    with pytest.raises(PolicyError):
        ladder_of(ALERT, {**snapshot_of(EMERGENCY), **fault})


@pytest.mark.parametrize(("found", "wait"), [(True, 5 * MINUTES), (False, LOOK_AGAIN)])
def test_a_step_that_reached_nobody_is_widened_and_soon_due(
    *, found: bool, wait: timedelta
) -> None:
    plan = widened(ALERT, EMERGENCY, plan_for(ALERT, EMERGENCY, None), found=found)

    assert plan.targets == ("everyone", "clinic_line")
    assert plan.wait == wait


def test_news_that_reached_nobody_does_not_move_the_action_timer() -> None:
    alert = replace(ACKED, resume_step_at=NOW + 20 * MINUTES)
    plan = plan_for(alert, EMERGENCY, None)

    assert widened(alert, EMERGENCY, plan, found=True).wait == 20 * MINUTES


def test_the_mail_waits_a_minute_for_the_push() -> None:
    waits = {one.channel: wait for one, wait in waits_of([road(1, "mail"), road(1, "push")])}

    assert waits == {"mail": MINUTES, "push": timedelta()}


def test_the_mail_of_somebody_without_a_push_does_not_wait_for_anothers() -> None:
    waits = waits_of([road(1, "mail"), road(2, "mail"), road(2, "push")])

    assert [wait for _, wait in waits] == [timedelta(), MINUTES, timedelta()]


def test_a_persons_own_rule_wins() -> None:
    waits = waits_of([road(1, "mail", delay=15), road(1, "push", delay=5)])

    assert [wait.total_seconds() for _, wait in waits] == [15, 5]
