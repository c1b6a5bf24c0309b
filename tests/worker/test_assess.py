"""Assessments: right if they never ran, ran late, or ran twice."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from clinical.assess import RULES_VERSION, assess
from clinical.finding import Finding
from models.cipher import Keyring
from models.finding import raise_findings
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Clock, Person, Ward
from tests.worker.diary_rows import CORE, Diary, revision
from worker import assess as assess_module
from worker.assess import OVERDUE, assess_one, assess_patient, sweep_unassessed
from worker.second_reading import Desk

RETURN = "symptom_return.half_lost_twice"
EARLIER = "symptom_return.improvement_lost"


@pytest.fixture
async def diary(pool: Pool, ana: Person, clock: Clock) -> Diary:
    """Open ana's diary."""
    return Diary(pool=pool, who=ana, today=(await clock.now()).date())


@pytest.fixture
def desk(pool: Pool, keyring: Keyring) -> Desk:
    """Read where no model is installed."""
    return Desk(pool=pool, keyring=keyring)


async def count(superuser: Connection, table: str) -> int:
    """Count all rows of a table, whatever the clinic."""
    number: int = await superuser.fetchval(f"SELECT count(*) FROM {table}")
    return number


async def row(superuser: Connection, sql: str) -> dict[str, Any]:
    """Read the one row there is."""
    [found] = await superuser.fetch(sql)
    return dict(found)


async def unassessed(superuser: Connection) -> int:
    """Count the entries that no rule has seen."""
    number: int = await superuser.fetchval("SELECT count(*) FROM entry WHERE assessed_at IS NULL")
    return number


async def rules_of(superuser: Connection, table: str) -> list[str]:
    """List the rules of all findings or alerts."""
    rows = await superuser.fetch(f"SELECT rule FROM {table} ORDER BY rule")
    return [found["rule"] for found in rows]


async def test_a_return_of_symptoms_becomes_one_finding_and_one_alert_of_each_rule(
    pool: Pool, diary: Diary, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await diary.relapse(dr_bo)

    raised = await assess_one(pool, ana.clinic_id, ana.id)
    found = await row(superuser, f"SELECT * FROM finding WHERE rule = '{RETURN}'")
    alerts = await superuser.fetch("SELECT *, next_step_at <= app_now() AS due FROM alert")
    assert (found["period"], found["rules_version"]) == (6, RULES_VERSION)
    assert set(await rules_of(superuser, "finding")) == {RETURN, EARLIER}
    assert raised == await count(superuser, "finding")
    assert await rules_of(superuser, "alert") == [RETURN, EARLIER]
    for alert in alerts:
        assert (alert["severity"], alert["state"], alert["due"]) == ("urgent", "open", True)


async def test_assessing_twice_tells_once(
    desk: Desk, diary: Diary, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await diary.relapse(dr_bo)
    ctx = {"desk": desk}

    async def told() -> list[int]:
        await assess_patient(ctx, str(ana.clinic_id), str(ana.id))
        return [await count(superuser, each) for each in ("finding", "alert", "alert_source")]

    once = await told()
    assert await told() == once
    assert once[1] == 2
    assert once[0] == once[2]


async def test_two_workers_at_once_tell_once(
    pool: Pool, diary: Diary, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await diary.relapse(dr_bo)

    raised = await asyncio.gather(*(assess_one(pool, ana.clinic_id, ana.id) for _ in range(3)))
    assert sorted(raised) == [0, 0, await count(superuser, "finding")]
    assert await rules_of(superuser, "alert") == [RETURN, EARLIER]
    assert await unassessed(superuser) == 0


async def test_somebody_who_stays_well_is_left_alone_and_marked_as_seen(
    pool: Pool, diary: Diary, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await diary.respond(dr_bo)
    await diary.write(range(30), 2)

    assert await assess_one(pool, ana.clinic_id, ana.id) == 0
    assert await count(superuser, "alert") == 0
    assert await unassessed(superuser) == 0


async def test_an_alert_tells_why_without_a_word_of_the_patient(
    pool: Pool, diary: Diary, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await diary.relapse(dr_bo)
    await assess_one(pool, ana.clinic_id, ana.id)

    named = f"WHERE rule = '{RETURN}'"
    because = await superuser.fetchval(f"SELECT because FROM finding {named}")
    source = await row(superuser, f"SELECT * FROM alert_source {named}")
    assert "half of the improvement" in because
    assert (source["rule"], source["reason"], source["entry_id"]) == (RETURN, "finding", None)
    assert source["finding_id"] is not None


async def test_nobody_of_this_name_is_nobodys_fault(pool: Pool, ward: Ward) -> None:
    assert await assess_one(pool, ward.clinic_id, uuid4()) == 0


async def test_a_patient_is_not_found_from_another_clinic(
    pool: Pool, diary: Diary, ana: Person, dr_bo: Person, dr_cy: Person, superuser: Connection
) -> None:
    await diary.relapse(dr_bo)

    assert await assess_one(pool, dr_cy.clinic_id, ana.id) == 0
    assert await count(superuser, "finding") == 0
    assert await unassessed(superuser) > 0


async def test_an_entry_that_commits_during_an_assessment_stays_unassessed(
    pool: Pool,
    diary: Diary,
    ana: Person,
    dr_bo: Person,
    superuser: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await diary.respond(dr_bo)
    writing = clinic_transaction(pool, ana.clinic_id)
    db = await writing.__aenter__()  # begins before the assessment does, and ends within it
    [late] = await diary.store(db, [revision(diary.today, dict.fromkeys(CORE, 8))])

    async def raise_late(*arguments: Any, **named: Any) -> int:
        if not writing_ended.is_set():
            await writing.__aexit__(None, None, None)
            writing_ended.set()
        return await raise_findings(*arguments, **named)

    writing_ended = asyncio.Event()
    monkeypatch.setattr(assess_module, "raise_findings", raise_late)
    await assess_one(pool, ana.clinic_id, ana.id)

    rows = await superuser.fetch("SELECT id FROM entry WHERE assessed_at IS NULL")
    assert [row["id"] for row in rows] == [late]


async def test_a_correction_during_an_assessment_has_it_done_again(
    pool: Pool,
    diary: Diary,
    ana: Person,
    dr_bo: Person,
    superuser: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await diary.respond(dr_bo)
    charts: list[int] = []

    async def change_then_raise(
        connection: Connection, clinic_id: UUID, patient_id: UUID, found: Sequence[Finding],
        *, rules_version: str,
    ) -> int:  # fmt: skip
        charts.append(len(found))
        if len(charts) == 1:
            async with clinic_transaction(pool, ana.clinic_id) as db:
                await db.execute("UPDATE entry SET assessed_at = NULL, revision = revision")
        return await raise_findings(
            connection, clinic_id, patient_id, found, rules_version=rules_version
        )

    monkeypatch.setattr(assess_module, "raise_findings", change_then_raise)
    await assess_one(pool, ana.clinic_id, ana.id)

    assert len(charts) == 2
    assert await unassessed(superuser) == 0


async def test_the_sweep_waits_half_a_minute_for_a_job(
    desk: Desk, diary: Diary, dr_bo: Person, clock: Clock, superuser: Connection
) -> None:
    await diary.relapse(dr_bo)

    assert await sweep_unassessed(desk) == 0
    await clock.advance(seconds=OVERDUE.total_seconds() - 1)
    assert await sweep_unassessed(desk) == 0
    await clock.advance(seconds=2)
    assert await sweep_unassessed(desk) == 1
    assert await rules_of(superuser, "alert") == [RETURN, EARLIER]


async def test_what_was_swept_is_not_swept_again(
    desk: Desk, diary: Diary, dr_bo: Person, clock: Clock
) -> None:
    await diary.relapse(dr_bo)
    await clock.advance(minutes=1)

    assert [await sweep_unassessed(desk), await sweep_unassessed(desk)] == [1, 0]


async def test_an_infusion_recorded_late_has_the_chart_replayed(
    desk: Desk, diary: Diary, dr_bo: Person, clock: Clock, superuser: Connection
) -> None:
    await diary.relapse(dr_bo)
    await clock.advance(minutes=1)
    await sweep_unassessed(desk)
    await diary.infuse(dr_bo, 3)

    assert await unassessed(superuser) == 1
    assert await sweep_unassessed(desk) == 1


async def test_a_chart_that_cannot_be_assessed_stops_no_other(
    pool: Pool,
    desk: Desk,
    ward: Ward,
    diary: Diary,
    dr_bo: Person,
    clock: Clock,
    superuser: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await diary.write([1], 5)
    await clock.advance(seconds=1)
    eva = await ward.patient("eva", dr_bo)
    hers = Diary(pool=pool, who=eva, today=diary.today)
    await hers.relapse(dr_bo)
    await clock.advance(minutes=1)

    def trip(chart: Any, **named: Any) -> list[Finding]:
        if len(chart.entries) == 1:
            raise ZeroDivisionError
        return assess(chart, **named)

    monkeypatch.setattr(assess_module, "assess", trip)

    assert await sweep_unassessed(desk) == 2
    assert await superuser.fetchval("SELECT array_agg(DISTINCT patient_id) FROM alert") == [eva.id]
    assert await unassessed(superuser) == 1  # and is tried again


async def test_a_failing_job_is_logged_by_its_ids_and_ends(
    desk: Desk, diary: Diary, ana: Person, worker_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await diary.write([1], 5)

    def trip(*_: Any, **__: Any) -> list[Finding]:
        raise ValueError("the words of a patient")

    monkeypatch.setattr(assess_module, "assess", trip)
    worker_log.seek(0)
    worker_log.truncate()
    await assess_patient({"desk": desk}, str(ana.clinic_id), str(ana.id))

    line = worker_log.getvalue().decode()
    assert "assess.failed" in line
    assert str(ana.id) in line
    assert "words" not in line


async def test_the_sweep_leaves_a_lost_database_to_its_caller(
    desk: Desk, diary: Diary, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await diary.write([1], 5)
    await clock.advance(minutes=1)

    async def lost(*_: Any) -> int:
        raise asyncpg.PostgresConnectionError

    monkeypatch.setattr(assess_module, "assess_one", lost)

    with pytest.raises(asyncpg.PostgresConnectionError):
        await sweep_unassessed(desk)


async def test_what_a_patient_hides_is_still_part_of_the_illness(
    pool: Pool, diary: Diary, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await diary.relapse(dr_bo)
    async with clinic_transaction(pool, ana.clinic_id) as db:
        await db.execute("UPDATE entry SET hidden_at = app_now()")

    await assess_one(pool, ana.clinic_id, ana.id)
    assert await rules_of(superuser, "alert") == [RETURN, EARLIER]


async def test_half_a_year_is_assessed_at_once(
    pool: Pool, diary: Diary, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await diary.relapse(dr_bo)
    await diary.write(range(75, 180), 8)

    await assess_one(pool, ana.clinic_id, ana.id)
    seen = await row(
        superuser,
        "SELECT count(*) AS entries, max(assessed_at) - min(assessed_at) AS apart FROM entry",
    )
    assert (seen["entries"], seen["apart"]) == (180, timedelta())
