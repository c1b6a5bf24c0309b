"""What the rules found becomes alerts: one for an episode, a notice where nobody is told."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from clinical.finding import Finding, Severity, Tier
from models.acknowledge import Answered, acknowledge, act, lock_alert, resolve, unacknowledge
from models.finding import raise_findings
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Clock, Person
from worker.invariants import broken

RULE = "symptom_return.improvement_lost"
TIERS = (Tier.WATCH, Tier.LIKELY, Tier.STRONG)
EPISODE = 600


def found(tier: Tier, *, episode: int | None = EPISODE, rule: str = RULE) -> Finding:
    """Find a return of one tier."""
    return Finding(
        rule=rule,
        severity=Severity.NOTICE if tier is Tier.WATCH else Severity.URGENT,
        because=f"level 6.0, {tier.value}",
        local_date=date(2026, 3, 1),
        period=EPISODE * 4 + TIERS.index(tier),
        episode=episode,
        tier=tier,
    )


async def tell(pool: Pool, ana: Person, *findings: Finding) -> int:
    """Raise what one assessment found."""
    async with clinic_transaction(pool, ana.clinic_id) as db:
        return await raise_findings(db, ana.clinic_id, ana.id, findings, rules_version="1")


async def alerts(superuser: Connection) -> Sequence[dict[str, Any]]:
    """Read all alerts in the order they were raised, with the number of their reasons."""
    rows = await superuser.fetch(
        "SELECT a.*, (SELECT count(*) FROM alert_source s WHERE s.alert_id = a.id) AS sources"
        " FROM alert a ORDER BY a.opened_at, a.id"
    )
    return [dict(row) for row in rows]


async def one(superuser: Connection) -> dict[str, Any]:
    """Read the one alert there is."""
    [alert] = await alerts(superuser)
    return alert


async def kinds(superuser: Connection, alert_id: UUID) -> list[str]:
    """List what happened to an alert."""
    rows = await superuser.fetch(
        "SELECT kind FROM alert_history WHERE alert_id = $1 ORDER BY at, id", alert_id
    )
    return [row["kind"] for row in rows]


async def locked(db: Connection, who: Person, alert_id: UUID) -> Answered:
    """Lock an alert to answer it."""
    alert = await lock_alert(db, who.clinic_id, alert_id)
    assert alert is not None
    return alert


async def test_a_notice_is_shown_once_and_tells_nobody(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    assert [await tell(pool, ana, found(Tier.WATCH)) for _ in range(2)] == [1, 0]

    shown = await one(superuser)
    assert (shown["severity"], shown["severity_rank"], shown["state"]) == ("notice", 0, "open")
    assert (shown["next_step_at"], shown["sources"]) == (None, 1)
    assert await superuser.fetchval("SELECT severity FROM finding") == "notice"
    assert await broken(superuser, by_pager=False) == {}


async def test_a_notice_may_be_answered_and_still_tells_nobody(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await tell(pool, ana, found(Tier.WATCH))
    alert_id = (await one(superuser))["id"]
    states: list[str] = []

    async def note(after: Answered | None) -> None:
        assert after is not None
        assert (after.next_step_at, after.action_due_at) == (None, None)
        states.append(after.state)

    async with clinic_transaction(pool, ana.clinic_id, role="clinician") as db:
        who = (db, ana.clinic_id)
        await note(await acknowledge(*who, await locked(db, ana, alert_id), dr_bo.id))
        await note(await unacknowledge(*who, await locked(db, ana, alert_id), dr_bo.id))
        await note(await act(*who, await locked(db, ana, alert_id), dr_bo.id, "called_spoke"))
        ended = await resolve(
            *who, await locked(db, ana, alert_id), dr_bo.id, outcome="other", note_ct=None
        )
        await note(ended)

    assert states == ["acked", "open", "acked", "resolved"]


async def test_the_database_refuses_a_notice_that_would_ring(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await tell(pool, ana, found(Tier.WATCH))

    for column in ("next_step_at", "action_due_at"):
        with pytest.raises(Exception, match="alert_notice_check"):
            await superuser.execute(f"UPDATE alert SET {column} = app_now()")


async def test_the_tiers_of_one_day_are_one_alert(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    assert await tell(pool, ana, *map(found, TIERS)) == 3

    alert = await one(superuser)
    assert (alert["severity"], alert["period"], alert["round"]) == ("urgent", EPISODE, 1)
    assert alert["sources"] == 3
    assert await kinds(superuser, alert["id"]) == ["created"]


async def test_a_later_tier_rings_again_on_the_same_alert(
    pool: Pool, ana: Person, superuser: Connection, clock: Clock
) -> None:
    await tell(pool, ana, found(Tier.LIKELY))
    await clock.advance(minutes=5)
    await tell(pool, ana, found(Tier.STRONG))
    await tell(pool, ana, found(Tier.STRONG))

    alert = await one(superuser)
    assert (alert["round"], alert["sources"], alert["state"]) == (2, 2, "open")
    assert alert["next_step_at"] == alert["last_round_at"]
    assert alert["last_round_at"] - alert["opened_at"] >= timedelta(minutes=5)


async def test_a_stronger_tier_reopens_what_somebody_has_ended(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection, clock: Clock
) -> None:
    await tell(pool, ana, found(Tier.LIKELY))
    alert_id = (await one(superuser))["id"]
    async with clinic_transaction(pool, ana.clinic_id, role="clinician") as db:
        await resolve(
            db, ana.clinic_id, await locked(db, ana, alert_id), dr_bo.id,
            outcome="called_spoke", note_ct=b"sealed",
        )  # fmt: skip
    await clock.advance(minutes=1)
    await tell(pool, ana, found(Tier.STRONG))

    alert = await one(superuser)
    assert (alert["state"], alert["step"], alert["outcome"]) == ("open", 0, None)
    assert (alert["resolved_by"], alert["note_ct"]) == (None, b"sealed")
    assert alert["next_step_at"] is not None
    assert (await kinds(superuser, alert_id))[-3:] == ["resolved", "attached", "reopened"]


async def test_an_alert_stands_beside_the_notice_that_came_before_it(
    pool: Pool, ana: Person, superuser: Connection, clock: Clock
) -> None:
    await tell(pool, ana, found(Tier.WATCH))
    await clock.advance(hours=24)
    await tell(pool, ana, found(Tier.LIKELY))

    notice, alert = await alerts(superuser)
    assert (notice["severity"], alert["severity"]) == ("notice", "urgent")
    assert alert["opened_at"] - notice["opened_at"] >= timedelta(hours=24)
    assert (notice["next_step_at"], alert["next_step_at"]) == (None, alert["opened_at"])


async def test_a_notice_that_a_replay_finds_late_joins_the_alert_and_rings_nobody(
    pool: Pool, ana: Person, superuser: Connection, clock: Clock
) -> None:
    await tell(pool, ana, found(Tier.LIKELY))
    before = await one(superuser)
    await clock.advance(minutes=30)
    await tell(pool, ana, found(Tier.WATCH))

    after = await one(superuser)
    assert (after["sources"], after["round"]) == (2, 1)
    assert after["next_step_at"] == before["next_step_at"]


async def test_findings_without_an_episode_are_alerts_of_their_own(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await tell(pool, ana, *(found(tier, episode=None) for tier in TIERS))

    assert [alert["severity"] for alert in await alerts(superuser)] == [
        "notice",
        "urgent",
        "urgent",
    ]


async def test_the_same_period_of_another_rule_is_another_alert(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await tell(pool, ana, found(Tier.LIKELY), found(Tier.LIKELY, rule="misuse.signal"))

    assert len(await alerts(superuser)) == 2
