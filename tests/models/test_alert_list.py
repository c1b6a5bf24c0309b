"""A page of alerts costs what it shows, however many there are."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from models.alert_list import (
    ALL_STATES,
    FEW_PATIENTS,
    LIVE_PAGE,
    LIVE_STATES,
    PAGE_OF_FEW,
    PAGE_OF_MANY,
    START,
    Place,
    page_of_alerts,
)
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Person, Ward

PATIENTS = """
INSERT INTO patient (clinic_id, id, name_ct, zone, language, conditions, primary_condition)
SELECT $1, gen_random_uuid(), '', 'UTC', 'en', '{trd}', 'trd' FROM generate_series(1, $2)
"""
MEMBERSHIPS = """
INSERT INTO membership (clinic_id, patient_id, practitioner_id, duty)
SELECT $1, id, $2, 'member' FROM patient WHERE clinic_id = $1
"""
ALERTS = """
INSERT INTO alert (clinic_id, id, patient_id, rule, period, severity, severity_rank, opened_at,
    state, acked_by, resolved_by, outcome)
SELECT $1, gen_random_uuid(), p.id, 'a.b', n, 'routine', 1,
    app_now() - n * interval '1 hour' - p.row * interval '1 second',
    CASE WHEN n > 2 THEN 'resolved' ELSE 'open' END,
    CASE WHEN n > 2 THEN $2::uuid END, CASE WHEN n > 2 THEN $2::uuid END,
    CASE WHEN n > 2 THEN 'other' END
FROM generate_series(1, $3::int) AS n,
    (SELECT id, row_number() OVER (ORDER BY id) AS row FROM patient WHERE clinic_id = $1) p
"""
MOST_BLOCKS = 2_000
"""Blocks (8 KiB) one page of 51 rows may touch among 100,000 alerts of 1,000 patients.

Each row shown costs its own block, and two or three to look up whose patient it is about. All of
the alerts are 2,500 blocks by themselves, and walking through them by offset would touch them.
"""


async def fill(db: Connection, who: Person, *, patients: int, each: int) -> None:
    """Make many alerts of many patients, all of one clinician."""
    await db.execute(PATIENTS, who.clinic_id, patients)
    await db.execute(MEMBERSHIPS, who.clinic_id, who.id)
    await db.execute(ALERTS, who.clinic_id, who.id, each)
    await db.execute("VACUUM ANALYZE")  # what other tests left behind is not measured


async def plan_of(pool: Pool, who: Person, sql: str, *values: object) -> str:
    """Explain a page as the application runs it, row security and all."""
    async with clinic_transaction(pool, who.clinic_id, role="clinician") as db:
        rows = await db.fetch(
            f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {sql}", who.clinic_id, who.id, *values
        )
    return "\n".join(row[0] for row in rows)


def blocks_of(plan: str) -> int:
    """Count the blocks a plan touched."""
    found = re.search(r"Buffers: shared hit=(\d+)(?: read=(\d+))?", plan)
    assert found is not None, plan
    return int(found[1]) + int(found[2] or 0)


async def walk(pool: Pool, who: Person, states: tuple[str, ...], limit: int) -> list[UUID]:
    """Read every page, as a client does with its cursors."""
    seen: list[UUID] = []
    after = START
    while True:
        async with clinic_transaction(pool, who.clinic_id, role="clinician") as db:
            rows = await page_of_alerts(
                db, who.clinic_id, who.id, states=states, after=after, limit=limit
            )
        seen += [row.id for row in rows]
        if len(rows) < limit:
            return seen
        last = rows[-1]
        after = Place(rank=last.severity_rank, opened_at=last.opened_at, id=last.id)


@pytest.mark.parametrize(("states", "count"), [(ALL_STATES, 60), (LIVE_STATES, 20)])
async def test_every_alert_comes_once_whatever_the_page(
    pool: Pool, dr_bo: Person, superuser: Connection, states: tuple[str, ...], count: int
) -> None:
    await fill(superuser, dr_bo, patients=10, each=6)

    for limit in (7, 20, 200):
        seen = await walk(pool, dr_bo, states, limit)
        assert len(seen) == len(set(seen)) == count


async def test_alerts_of_one_instant_are_neither_lost_nor_doubled_between_pages(
    pool: Pool, dr_bo: Person, superuser: Connection
) -> None:
    await fill(superuser, dr_bo, patients=10, each=6)
    await superuser.execute("UPDATE alert SET opened_at = '2026-03-01'")

    seen = await walk(pool, dr_bo, ALL_STATES, 7)

    assert len(seen) == len(set(seen)) == 60


async def test_an_alert_opened_while_somebody_reads_shifts_no_page(
    pool: Pool, ward: Ward, dr_bo: Person, superuser: Connection
) -> None:
    await fill(superuser, dr_bo, patients=3, each=4)
    async with clinic_transaction(pool, dr_bo.clinic_id, role="clinician") as db:
        of_whom = (db, dr_bo.clinic_id, dr_bo.id)
        first = await page_of_alerts(*of_whom, states=ALL_STATES, after=START, limit=6)
    await superuser.execute(
        "INSERT INTO alert (clinic_id, id, patient_id, rule, period, severity, severity_rank)"
        " SELECT clinic_id, gen_random_uuid(), id, 'c.d', 1, 'routine', 1 FROM patient"
    )

    last = first[-1]
    after = Place(rank=last.severity_rank, opened_at=last.opened_at, id=last.id)
    async with clinic_transaction(pool, dr_bo.clinic_id, role="clinician") as db:
        of_whom = (db, dr_bo.clinic_id, dr_bo.id)
        second = await page_of_alerts(*of_whom, states=ALL_STATES, after=after, limit=6)

    assert len({row.id for row in first + second}) == 12


@pytest.fixture
async def many(dr_bo: Person, superuser: Connection) -> Person:
    """Give dr_bo 100,000 alerts."""
    await fill(superuser, dr_bo, patients=1_000, each=100)
    return dr_bo


@pytest.mark.nightly
@pytest.mark.parametrize("days", [0, 2, 4], ids=["the first page", "in the middle", "the last"])
async def test_a_page_among_100_000_touches_only_what_it_shows(
    pool: Pool, many: Person, days: int
) -> None:
    at = datetime.now(UTC) - timedelta(days=days)

    whole = await plan_of(pool, many, PAGE_OF_MANY, list(ALL_STATES), at, START.id, 51)
    live = await plan_of(pool, many, LIVE_PAGE, list(LIVE_STATES), 1000, at, START.id, 51)

    for plan in (whole, live):
        assert "Seq Scan on alert" not in plan, plan
        assert blocks_of(plan) < MOST_BLOCKS, plan


@pytest.mark.nightly
@pytest.mark.parametrize("patients", [1, FEW_PATIENTS])
async def test_a_page_of_somebody_with_few_of_the_patients_touches_little_more(
    pool: Pool, many: Person, superuser: Connection, patients: int
) -> None:
    await superuser.execute(
        "DELETE FROM membership WHERE patient_id NOT IN"
        " (SELECT id FROM patient ORDER BY id LIMIT $1)",
        patients,
    )
    await superuser.execute("ANALYZE membership")

    plan = await plan_of(pool, many, PAGE_OF_FEW, list(ALL_STATES), START.opened_at, START.id, 51)

    assert "Seq Scan on alert" not in plan, plan
    assert blocks_of(plan) < MOST_BLOCKS, plan


@pytest.mark.parametrize("patients", [FEW_PATIENTS, FEW_PATIENTS + 1])
async def test_few_and_many_patients_have_the_same_list(
    pool: Pool, dr_bo: Person, superuser: Connection, patients: int
) -> None:
    await fill(superuser, dr_bo, patients=patients, each=4)

    seen = await walk(pool, dr_bo, ALL_STATES, 50)

    newest_first = await superuser.fetch("SELECT id FROM alert ORDER BY opened_at DESC, id DESC")
    assert seen == [row["id"] for row in newest_first]
