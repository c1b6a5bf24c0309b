"""Climb the ladder: take the alerts whose time has come and insert the pages of their next step."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from clinical.ladder import Policy
from models.alert_history import add_history
from models.failpoint import reach
from models.ids import uuid7
from models.session import Connection, Pool
from models.step import (
    DueAlert,
    NewDelivery,
    Reachable,
    Taken,
    everyone,
    live_policy,
    lock_due,
    next_due_alert,
    reachable,
    reopen,
    write_step,
)
from worker.channels.port import collapse_tag, new_handle
from worker.log import log
from worker.plan import (
    LADDER_OF,
    Plan,
    Snapshot,
    built_in,
    is_forgotten,
    ladder_of,
    may_be_silent,
    plan_for,
    waits_of,
    widened,
)
from worker.switchboard import Switchboard


async def take_step(
    board: Switchboard, pool: Pool, *, lowest_rank: int, skip: set[UUID]
) -> UUID | None:
    """Do the most urgent step that is due and return its alert.

    Whatever is wrong with a policy or a team, everyone is rung; if not even that can be written,
    the alert is skipped and stays due: the next pass tries again.
    """
    async with pool.acquire() as connection:
        alert: DueAlert | None = None
        try:
            async with connection.transaction():
                alert = await next_due_alert(
                    connection, floor=board.floor.at(), lowest_rank=lowest_rank, except_for=[*skip]
                )
                if alert is None:
                    return None
                await climb(board, connection, alert)
                reach("pager.before_step_commit")
        except Exception as error:
            if alert is None:
                raise
            log.error("pager.step_failed", alert_id=alert.id, exc_info=error)
            skip.add(alert.id)
            await _climb_blindly(board, connection, alert)
    reach("pager.after_step")
    return alert.id


async def _climb_blindly(board: Switchboard, connection: Connection, failed: DueAlert) -> None:
    """Ring everyone without a look at policy or team: one of them cannot be read."""
    try:
        async with connection.transaction():
            alert = await lock_due(connection, failed.clinic_id, failed.id, floor=board.floor.at())
            if alert is None:
                return
            alert = await _reopened_if_forgotten(connection, alert)
            policy = built_in(alert)
            plan = plan_for(alert, policy, alert.policy_snapshot)
            await _ring_everyone(board, connection, alert, policy, plan, reason="error")
    except Exception as error:  # noqa: BLE001 # one bad row never stops the loop
        log.critical("pager.step_impossible", alert_id=failed.id, exc_info=error)


async def climb(board: Switchboard, connection: Connection, alert: DueAlert) -> None:
    """Do what is due for one alert: its next rung, or an extra round."""
    alert = await _reopened_if_forgotten(connection, alert)
    policy, snapshot = await _ladder_of(connection, alert)
    plan = plan_for(alert, policy, snapshot)
    people: Sequence[Reachable] = ()
    if not may_be_silent(alert, plan):
        people = await reachable(connection, alert, plan.targets, list(board.channels))
        if not people:
            await _ring_everyone(board, connection, alert, policy, plan, reason="nobody")
            return
    await _ring(board, connection, alert, plan, people)


async def _ladder_of(connection: Connection, alert: DueAlert) -> tuple[Policy, Snapshot]:
    own = None
    if alert.policy_snapshot is None:
        own = await live_policy(connection, alert.clinic_id, LADDER_OF[alert.severity].value)
    return ladder_of(alert, own)


async def _reopened_if_forgotten(connection: Connection, alert: DueAlert) -> DueAlert:
    if not is_forgotten(alert):
        return alert
    await reopen(connection, alert)
    await add_history(
        connection, alert.clinic_id, alert.id, alert.patient_id, "reopened",
        detail={"reason": "action_timer"},
    )  # fmt: skip
    return replace(alert, state="open", round=alert.round + 1, step=0)


async def _ring_everyone(
    board: Switchboard,
    connection: Connection,
    alert: DueAlert,
    policy: Policy,
    plan: Plan,
    *,
    reason: str,
) -> None:
    people = await everyone(connection, alert.clinic_id, list(board.channels))
    await add_history(
        connection, alert.clinic_id, alert.id, alert.patient_id,
        "fallback" if people else "unreachable", detail={"reason": reason, "step": plan.step},
    )  # fmt: skip
    plan = widened(alert, policy, plan, found=bool(people))
    if not people:
        log.critical("pager.nobody_reachable", clinic_id=alert.clinic_id, alert_id=alert.id)
    await _ring(board, connection, alert, plan, people)


async def _ring(
    board: Switchboard,
    connection: Connection,
    alert: DueAlert,
    plan: Plan,
    people: Sequence[Reachable],
) -> None:
    deliveries = [
        NewDelivery(
            id=uuid7(),
            practitioner_id=one.practitioner_id,
            endpoint_id=one.endpoint_id,
            channel=one.channel,
            kind=plan.kind.value,
            wait=wait,
            collapse_tag=collapse_tag(
                board.collapse_key, endpoint_id=one.endpoint_id, alert_id=alert.id
            ),
            handle=new_handle(),
        )
        for one, wait in waits_of(people)
    ]
    taken = Taken(
        step=plan.step,
        next_step=plan.next_step,
        next_step_at=alert.now + plan.wait,
        snapshot=plan.snapshot,
        acks_needed=plan.acks_needed,
    )
    await write_step(connection, alert, taken, deliveries)
