"""With every check of the application off, row security alone shows nothing of another clinic."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from models.acknowledge import lock_alert, reopen_owned
from models.alert_list import (
    ALL_STATES,
    LIVE_STATES,
    START,
    alert_for,
    history_of,
    page_of_alerts,
    pages_of,
    sources_of,
)
from models.appointment import visit_for, visits_after
from models.audit import Act, Actor, record_audit
from models.care import care_between, reach_of
from models.chart import chart_for
from models.cohort import all_treat_here, leave_team, page_of_patients, patient_for, team_of
from models.colleague import colleague_for, has_other_admin, page_of_colleagues
from models.course import course_of
from models.session import Connection, Pool, clinic_transaction
from models.time_line import (
    Span,
    alerts_in,
    entries_in,
    findings_in,
    infusions_in,
    phases_of,
    unverified_in,
)
from models.treatment import around, infusion_for
from models.vital import readings_of
from tests.cast import Person, Ward, open_ward
from tests.staff_side import paged, raised

LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


class Ids:
    """Ana's clinic by its ids, as somebody of another clinic might have got hold of them."""

    def __init__(self, clinic: UUID, patient: UUID, bo: UUID, alert: UUID) -> None:
        self.clinic, self.patient, self.bo, self.alert = clinic, patient, bo, alert
        self.infusion, self.visit = uuid4(), uuid4()

    @property
    def span(self) -> Span:
        """All of ana's days."""
        return Span(
            clinic_id=self.clinic,
            patient_id=self.patient,
            since=date(2000, 1, 1),
            until=date(2100, 1, 1),
        )


Query = Callable[[Connection, Ids], Awaitable[Any]]
QUERIES: dict[str, Query] = {
    "lock_alert": lambda db, n: lock_alert(db, n.clinic, n.alert),
    "alert_for": lambda db, n: alert_for(db, n.clinic, n.alert),
    "history_of": lambda db, n: history_of(db, n.clinic, n.alert),
    "sources_of": lambda db, n: sources_of(db, n.clinic, [n.alert], most=9),
    "pages_of": lambda db, n: pages_of(db, n.clinic, [n.alert], most=9),
    "live_alerts": lambda db, n: page_of_alerts(
        db, n.clinic, n.bo, states=LIVE_STATES, after=START, limit=9
    ),
    "all_alerts": lambda db, n: page_of_alerts(
        db, n.clinic, n.bo, states=ALL_STATES, after=START, limit=9
    ),
    "reach_of": lambda db, n: reach_of(db, n.clinic, n.alert, n.bo),
    "care_between": lambda db, n: care_between(db, n.clinic, n.patient, n.bo),
    "chart_for": lambda db, n: chart_for(db, n.clinic, n.patient),
    "patient_for": lambda db, n: patient_for(db, n.clinic, n.patient),
    "page_of_patients": lambda db, n: page_of_patients(
        db, n.clinic, n.bo, everybody=True, after=UUID(int=0), limit=9
    ),
    "team_of": lambda db, n: team_of(db, n.clinic, n.patient),
    "leave_team": lambda db, n: leave_team(db, n.clinic, n.patient, n.bo),
    "all_treat_here": lambda db, n: all_treat_here(db, n.clinic, [n.bo]),
    "colleague_for": lambda db, n: colleague_for(db, n.clinic, n.bo),
    "page_of_colleagues": lambda db, n: page_of_colleagues(db, n.clinic, UUID(int=0), 9),
    "has_other_admin": lambda db, n: has_other_admin(db, n.clinic, uuid4()),
    "course_of": lambda db, n: course_of(db, n.clinic, n.patient),
    "infusion_for": lambda db, n: infusion_for(db, n.clinic, n.patient, n.infusion),
    "around": lambda db, n: around(db, n.clinic, n.infusion),
    "readings_of": lambda db, n: readings_of(db, n.clinic, [n.infusion]),
    "visit_for": lambda db, n: visit_for(db, n.clinic, n.patient, n.visit),
    "visits_after": lambda db, n: visits_after(db, n.clinic, n.patient, (LONG_AGO, UUID(int=0)), 9),
    "entries_in": lambda db, n: entries_in(db, n.span, most=9),
    "infusions_in": lambda db, n: infusions_in(db, n.span),
    "phases_of": lambda db, n: phases_of(db, n.span),
    "alerts_in": lambda db, n: alerts_in(db, n.span),
    "findings_in": lambda db, n: findings_in(db, n.span),
    "unverified_in": lambda db, n: unverified_in(db, n.span),
    "reopen_owned": lambda db, n: reopen_owned(db, n.clinic, n.bo, reason="x"),
}

FILL = """
INSERT INTO course (clinic_id, id, patient_id) VALUES ($1, $3, $2);
INSERT INTO course_phase (clinic_id, id, patient_id, course_id, phase, reason)
VALUES ($1, $3, $2, $3, 'induction', 'x');
INSERT INTO infusion (clinic_id, id, patient_id, course_id, local_date, started_at, recorded_by)
VALUES ($1, $3, $2, $3, '2026-01-05', app_now(), $2);
INSERT INTO vital (clinic_id, id, patient_id, infusion_id, kind, value, unit, moment, measured_at,
    measured_by)
VALUES ($1, $3, $2, $3, 'spo2', 98, '%', 'during', app_now(), $2);
INSERT INTO appointment (clinic_id, id, patient_id, planned_at, created_by)
VALUES ($1, $3, $2, app_now(), $2);
INSERT INTO entry (clinic_id, id, patient_id) VALUES ($1, $3, $2);
INSERT INTO entry_revision (clinic_id, patient_id, entry_id, revision, occurred_at,
    utc_offset_minutes, zone, local_date, form, language, answers, side_effects, content_hmac,
    speaks_of_suicide, warnings)
VALUES ($1, $2, $3, 1, app_now(), 0, 'UTC', '2026-01-05', 'f@1', 'en', '{}', '[]', '', false, '{}');
INSERT INTO quarantine (clinic_id, id, patient_id, slug, body_hmac, body_ct, label, expires_at)
VALUES ($1, $3, $2, 'x', '', '', 'none', app_now() + interval '1 day')
"""
"""One row of everything, all under one id."""


@pytest.fixture
async def north(ward: Ward, ana: Person, dr_bo: Person, superuser: Connection) -> Ids:
    """Fill ana's clinic."""
    await ward.practitioner("al", role="admin")
    ids = Ids(ana.clinic_id, ana.id, dr_bo.id, await raised(ward.pool, ana))
    await paged(ward.pool, dr_bo, ids.alert)
    await superuser.execute("UPDATE alert SET state = 'acked', acked_by = $1", dr_bo.id)
    ids.visit = ids.infusion
    for statement in FILL.split(";"):
        await superuser.execute(statement, ids.clinic, ids.patient, ids.infusion)
    return ids


@pytest.mark.parametrize("query", QUERIES)
async def test_a_query_about_another_clinic_finds_nothing(
    pool: Pool, north: Ids, ward: Ward, query: str
) -> None:
    south = await open_ward(pool, ward.keyring, "south")

    async with clinic_transaction(pool, south.clinic_id, role="clinician") as db:
        found = await QUERIES[query](db, north)

    assert not found


@pytest.mark.parametrize("query", QUERIES)
async def test_the_same_query_in_its_own_clinic_finds_something(
    pool: Pool, north: Ids, query: str
) -> None:
    async with clinic_transaction(pool, north.clinic, role="clinician") as db:
        found = await QUERIES[query](db, north)

    assert found


@pytest.mark.parametrize("query", sorted(set(QUERIES) - {"all_treat_here"}))
async def test_a_query_without_a_clinic_finds_nothing(pool: Pool, north: Ids, query: str) -> None:
    async with pool.acquire() as db, db.transaction():
        found = await QUERIES[query](db, north)

    assert not found


async def test_a_row_for_another_clinic_is_refused(pool: Pool, north: Ids, ward: Ward) -> None:
    south = await open_ward(pool, ward.keyring, "south")
    act = Act(action="a.b", object_type="a")

    async with clinic_transaction(pool, south.clinic_id) as db:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await record_audit(db, Actor(clinic_id=north.clinic), act)
