"""What the tables refuse whoever writes: the last line behind every rule of the program."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from models.session import Connection
from tests.cast import Person
from tests.models.rows import Whose, insert_row, row_for, undone

REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("alert", {"severity": "severe"}),
    ("alert", {"state": "closed"}),
    ("alert", {"state": "acked"}),
    ("alert", {"state": "resolved", "resolved_by": UUID(int=1)}),
    ("alert", {"state": "resolved", "outcome": "other"}),
    ("alert", {"outcome": "forgotten"}),
    ("alert", {"patient_id": None}),
    ("alert_history", {"kind": "seen"}),
    ("alert_source", {"quarantine_id": None}),
    ("alert_source", {"finding_id": UUID(int=1)}),
    ("alert_source", {"revision": 1}),
    ("consent", {"purpose": "marketing"}),
    ("contact_rule", {"delay_seconds": -1}),
    ("contact_rule", {"severity": "severe"}),
    ("course", {"phase": "over"}),
    ("course_phase", {"phase": "over"}),
    ("delivery", {"state": "sent"}),
    ("device", {"platform": "windows"}),
    ("device", {"patient_id": None}),
    ("device", {"practitioner_id": UUID(int=1)}),
    ("endpoint", {"channel": "fax"}),
    ("endpoint", {"channel": "push"}),
    ("endpoint", {"address_ct": None}),
    ("endpoint", {"device_id": UUID(int=1)}),
    ("enrolment_code", {"patient_id": None}),
    ("enrolment_code", {"practitioner_id": UUID(int=1)}),
    ("entry_revision", {"revision": 0}),
    ("infusion", {"outcome": "slowed"}),
    ("infusion", {"outcome": "vanished"}),
    ("infusion", {"dose_mg": 0.0}),
    ("infusion", {"dose_mg_per_kg": -0.5}),
    ("infusion", {"rate_mg_per_hour": 0.0}),
    ("keys.subject_key", {"kind": "visitor"}),
    ("membership", {"duty": "friend"}),
    ("patient", {"conditions": []}),
    ("patient", {"conditions": ["mdd"]}),
    ("patient", {"conditions": ["trd", "gout"]}),
    ("patient", {"conditions": ["trd"] * 9}),
    ("patient", {"failed_trials": -1}),
    ("policy", {"severity": "severe"}),
    ("policy", {"severity": "emergency", "repeat_every_seconds": 301}),
    ("policy", {"severity": "emergency", "repeat_every_seconds": 60, "repeat_max": 9}),
    ("policy_step", {"n": -1}),
    ("policy_step", {"after_seconds": -1}),
    ("policy_step", {"acks_needed": 0}),
    ("policy_step", {"acks_needed": 3}),
    ("policy_target", {"kind": "somebody"}),
    ("policy_target", {"kind": "practitioner"}),
    ("policy_target", {"practitioner_id": UUID(int=1)}),
    ("practitioner", {"role": "owner"}),
    ("practitioner", {"profession": "dentist"}),
    ("screening", {"label": "maybe"}),
    ("screening", {"quarantine_id": None}),
    ("screening", {"entry_id": UUID(int=1), "revision": 1}),
    ("screening", {"revision": 1}),
    ("session", {"kind": "visitor"}),
    ("vital", {"kind": "weight"}),
    ("vital", {"moment": "after"}),
    ("vital", {"value": 0.0}),
    ("vital", {"value": 400.0}),
]

ALLOWED: list[tuple[str, dict[str, Any]]] = [
    ("alert", {"severity": "test", "patient_id": None}),
    ("alert", {"state": "acked", "acked_by": UUID(int=1)}),
    ("alert", {"state": "resolved", "resolved_by": UUID(int=1), "outcome": "other"}),
    ("endpoint", {"channel": "push", "device_id": UUID(int=1), "address_ct": None}),
    ("infusion", {"outcome": "slowed", "outcome_reason": "nausea", "dose_mg": 35.0}),
    ("infusion", {"outcome": "completed"}),
    ("patient", {"conditions": ["ptsd", "trd"], "failed_trials": 0}),
    ("policy", {"severity": "emergency", "repeat_every_seconds": 300}),
    ("policy_step", {"n": 0, "after_seconds": 0, "acks_needed": 2}),
    ("vital", {"value": 399.9}),
]


def named(case: tuple[str, dict[str, Any]]) -> str:
    """Name a case by its table and columns."""
    return f"{case[0]}-{'-'.join(f'{k}={v}' for k, v in case[1].items())}"


async def write(db: Connection, table: str, chosen: dict[str, Any]) -> None:
    """Insert a row that is like any other but for what was chosen, and leave nothing behind."""
    async with undone(db):
        await db.execute("SET LOCAL session_replication_role = replica")
        await insert_row(db, table, row_for(table, Whose()) | chosen)


@pytest.mark.parametrize("case", REFUSED, ids=named)
async def test_what_no_row_may_say_is_refused(
    superuser: Connection, case: tuple[str, dict[str, Any]]
) -> None:
    table, chosen = case
    with pytest.raises(asyncpg.CheckViolationError):
        await write(superuser, table, chosen)


@pytest.mark.parametrize("case", ALLOWED, ids=named)
async def test_what_lies_just_within_is_stored(
    superuser: Connection, case: tuple[str, dict[str, Any]]
) -> None:
    await write(superuser, *case)


TWICE: list[tuple[str, tuple[str, ...], dict[str, Any]]] = [
    ("alert", ("patient_id",), {"severity": "emergency"}),
    ("alert", ("patient_id", "rule", "period"), {"severity": "routine", "period": 1}),
    ("alert_source", ("quarantine_id", "rule"), {}),
    ("consent", ("patient_id", "purpose"), {}),
    ("course", ("patient_id",), {}),
    ("delivery", ("alert_id", "round", "step", "endpoint_id"), {}),
    ("delivery", ("handle",), {}),
    ("endpoint", ("channel", "address_hmac"), {"address_hmac": b"same"}),
    ("finding", ("patient_id", "rule", "period"), {}),
    ("policy", ("severity",), {"retired_at": None}),
    ("quarantine", ("patient_id", "body_hmac"), {}),
    ("audit_seal", ("audit_id",), {}),
    ("device", ("installation", "patient_id"), {"practitioner_id": None}),
]


@pytest.mark.parametrize(("table", "key", "chosen"), TWICE, ids=lambda part: str(part)[:40])
async def test_there_is_one_of_it_in_a_clinic_and_another_in_the_next(
    superuser: Connection, table: str, key: tuple[str, ...], chosen: dict[str, Any]
) -> None:
    whose = Whose()
    first = row_for(table, whose) | chosen
    same = {name: first[name] for name in key}
    async with undone(superuser) as db:
        await db.execute("SET LOCAL session_replication_role = replica")
        await insert_row(db, table, first)
        elsewhere = Whose(patient=whose.patient)
        await insert_row(db, table, row_for(table, elsewhere) | chosen | same)
        with pytest.raises(asyncpg.UniqueViolationError):
            await insert_row(db, table, row_for(table, whose) | chosen | same)


OVER: list[tuple[str, tuple[str, ...], dict[str, Any], dict[str, Any]]] = [
    (
        "alert",
        ("patient_id",),
        {"severity": "emergency"},
        {"state": "resolved", "resolved_by": UUID(int=1), "outcome": "other"},
    ),
    ("consent", ("patient_id", "purpose"), {}, {"withdrawn_at": "now"}),
    ("course", ("patient_id",), {}, {"closed_at": "now"}),
    ("endpoint", ("channel", "address_hmac"), {"address_hmac": b"same"}, {"disabled_at": "now"}),
    ("policy", ("severity",), {"retired_at": None}, {"retired_at": "now"}),
]


@pytest.mark.parametrize(("table", "key", "chosen", "ended"), OVER, ids=lambda part: str(part)[:40])
async def test_after_the_end_of_one_there_may_be_another(
    superuser: Connection,
    table: str,
    key: tuple[str, ...],
    chosen: dict[str, Any],
    ended: dict[str, Any],
) -> None:
    now = await superuser.fetchval("SELECT app_now()")
    whose = Whose()
    first = row_for(table, whose) | chosen
    first |= {name: now if value == "now" else value for name, value in ended.items()}
    same = {name: first[name] for name in key}
    async with undone(superuser) as db:
        await db.execute("SET LOCAL session_replication_role = replica")
        await insert_row(db, table, first)
        await insert_row(db, table, row_for(table, whose) | chosen | same)


async def test_no_key_of_a_clinic_reaches_into_another(
    superuser: Connection, ana: Person, dr_cy: Person
) -> None:
    for table, chosen in (
        ("consent", {"patient_id": ana.id}),
        ("entry", {"patient_id": ana.id}),
        ("membership", {"patient_id": ana.id, "practitioner_id": dr_cy.id}),
        ("device", {"patient_id": ana.id}),
    ):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await insert_row(
                superuser, table, row_for(table, Whose(clinic=dr_cy.clinic_id)) | chosen
            )


async def test_a_patient_with_rows_cannot_be_deleted(superuser: Connection, ana: Person) -> None:
    before_18 = asyncpg.ForeignKeyViolationError
    with pytest.raises((asyncpg.RestrictViolationError, before_18)):
        await superuser.execute("DELETE FROM patient WHERE id = $1", ana.id)


async def test_the_owner_changes_no_row_of_any_clinic(superuser: Connection, ana: Person) -> None:
    async with undone(superuser) as db:
        await db.execute("SET LOCAL ROLE owner")
        assert await db.execute("UPDATE patient SET language = 'es'") == "UPDATE 0"
        assert await db.fetchval("SELECT count(*) FROM patient WHERE id = $1", ana.id) == 0


async def test_an_entry_of_nobody_is_refused(superuser: Connection, ana: Person) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await insert_row(
            superuser, "entry", row_for("entry", Whose(clinic=ana.clinic_id, patient=uuid4()))
        )
