"""An entry is stored once and whole: entry, revision, screening, audit, and an alert if it asks."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from models.ids import uuid7
from models.ingest import (
    MOST_ENTRIES_AN_HOUR,
    SI_RULE,
    Revision,
    store_new,
    store_past,
)
from models.revision import StoredRevision, first_revisions
from models.session import Connection, Pool, clinic_transaction, enter_clinic
from tests.cast import Clock, Person, Ward
from tests.models.one_database.diary import (
    CALM,
    LOUD,
    alert_of,
    correct,
    entry,
    rows_of,
    submit,
    writer_of,
)

ONE_OF_EACH = {"entry": 1, "entry_revision": 1, "screening": 1, "audit_event": 1}


async def first_of(pool: Pool, who: Person, entry_id: UUID) -> StoredRevision:
    """Read what an entry said when it was first stored."""
    async with clinic_transaction(pool, who.clinic_id) as db:
        return (await first_revisions(db, writer_of(who), [entry_id]))[entry_id]


async def infusion_of(db: Connection, who: Person) -> UUID:
    """Give a patient an infusion."""
    course, infusion = uuid7(), uuid7()
    await db.execute(
        "INSERT INTO course (clinic_id, id, patient_id) VALUES ($1, $2, $3)",
        who.clinic_id, course, who.id,
    )  # fmt: skip
    await db.execute(
        "INSERT INTO infusion (clinic_id, id, patient_id, course_id, local_date, started_at,"
        " recorded_by) VALUES ($1, $2, $3, $4, '2026-03-01', '2026-03-01 10:00+00', $3)",
        who.clinic_id, infusion, who.id, course,
    )  # fmt: skip
    return infusion


@pytest.mark.parametrize("decision", [CALM, LOUD], ids=["calm", "loud"])
async def test_one_row_of_each_kind_for_an_entry(
    pool: Pool, ana: Person, superuser: Connection, decision: object
) -> None:
    new = entry(LOUD if decision is LOUD else CALM)
    [stored] = await submit(pool, ana, new)

    assert stored.stored_at is not None
    assert (stored.entry_id, stored.known_infusion, stored.within_limit) == (
        new.entry_id,
        True,
        True,
    )
    counts = await rows_of(superuser, ana, new.entry_id)
    assert counts == ONE_OF_EACH | {"alert_source": int(decision is LOUD)}


async def test_a_revision_is_stored_to_the_letter(pool: Pool, ana: Person) -> None:
    new = entry(
        LOUD,
        answers={"low_mood": 10, "code": "never"},
        side_effects=[{"id": "x", "severity": 1}, {"id": "y", "severity": 4}],
        warnings=["clock_far", "half_a_pair"],
        note_ct=b"\x00\x01sealed",
    )
    await submit(pool, ana, new)

    found = await first_of(pool, ana, new.entry_id)
    for name in (
        "entry_id", "revision", "occurred_at", "utc_offset_minutes", "zone", "local_date", "form",
        "language", "answers", "side_effects", "infusion_id", "note_ct", "content_hmac", "warnings",
    ):  # fmt: skip
        assert getattr(found, name) == getattr(new, name), name
    assert found.speaks_of_suicide is True


@pytest.mark.parametrize(
    ("warnings", "effects", "answers"),
    [([], [], {}), (["one"], [], {"a": 0}), (["a", "b", "c"], [{"id": "n"}], {"a": "1,2"})],
)
async def test_empty_lists_come_back_empty(
    pool: Pool, ana: Person, warnings: list[str], effects: list[object], answers: object
) -> None:
    new = entry(warnings=warnings, side_effects=effects, answers=answers, note_ct=None)
    await submit(pool, ana, new)

    found = await first_of(pool, ana, new.entry_id)
    assert (found.warnings, found.side_effects, found.answers) == (warnings, effects, answers)
    assert found.note_ct is None


async def test_a_screening_is_stored_as_offsets_and_rules(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await submit(pool, ana, entry(LOUD))

    row = await superuser.fetchrow("SELECT * FROM screening WHERE patient_id = $1", ana.id)
    assert row is not None
    assert (row["label"], row["reason"], row["stage"]) == ("escalate", "rule", 1)
    assert row["spans"] == [{"start": 3, "end": 9, "rule": "si.plan"}]
    assert row["rule_ids"] == ["si.plan", "si.means"]
    assert (row["normaliser_version"], row["lexicon_version"], row["steps"]) == ("n1", "l1", 7)
    assert (row["text_hmac"], row["quarantine_id"], row["model_version"]) == (b"mac", None, None)


async def test_an_alert_names_the_revision_that_raised_it(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    new = entry(LOUD)
    await submit(pool, ana, new)

    row = await superuser.fetchrow("SELECT * FROM alert_source WHERE patient_id = $1", ana.id)
    assert row is not None
    assert (row["entry_id"], row["revision"], row["rule"]) == (new.entry_id, 1, SI_RULE)
    assert (row["reason"], row["alert_id"]) == ("rule", (await alert_of(superuser, ana))["id"])


async def test_the_audit_says_who_wrote_from_where(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    writer, new = writer_of(ana), entry()
    async with clinic_transaction(pool, ana.clinic_id) as db:
        await store_new(db, writer, [new])

    row = await superuser.fetchrow("SELECT * FROM audit_event WHERE object_id = $1", new.entry_id)
    assert row is not None
    assert (row["actor_id"], row["patient_id"], row["actor_role"]) == (ana.id, ana.id, "patient")
    assert (row["session_id"], row["request_id"]) == (writer.session_id, writer.request_id)
    assert (row["action"], row["object_type"], row["outcome"]) == ("entry.submit", "entry", "done")


@pytest.mark.parametrize("decision", [CALM, LOUD], ids=["calm", "loud"])
async def test_a_replay_leaves_everything_as_it_was(
    pool: Pool, ana: Person, superuser: Connection, clock: Clock, decision: object
) -> None:
    new = entry(LOUD if decision is LOUD else CALM)
    await submit(pool, ana, new)
    counts, first = await rows_of(superuser, ana), await first_of(pool, ana, new.entry_id)
    await clock.advance(hours=2)
    other = replace(new, answers={"low_mood": 9}, content_hmac=b"other", decision=LOUD)
    [again] = await submit(pool, ana, other)

    assert again.stored_at is None
    assert await rows_of(superuser, ana) == counts
    assert await first_of(pool, ana, new.entry_id) == first


async def test_ten_at_once_store_an_entry_once(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    new = entry(LOUD)
    answers = await asyncio.gather(*(submit(pool, ana, new) for _ in range(10)))

    assert len([one for [one] in answers if one.stored_at is not None]) == 1
    assert await rows_of(superuser, ana) == ONE_OF_EACH | {"alert_source": 1}


async def test_a_batch_answers_item_by_item_in_its_order(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    known, *new = (entry(LOUD if n % 3 == 0 else CALM) for n in range(20))
    await submit(pool, ana, known)
    batch = [*new[:7], known, *new[7:]]
    stored = await submit(pool, ana, *batch)

    assert [one.entry_id for one in stored] == [one.entry_id for one in batch]
    assert [one.entry_id for one in stored if one.stored_at is None] == [known.entry_id]
    assert len({one.stored_at for one in stored}) == 2
    assert (await alert_of(superuser, ana))["round"] == 1


async def test_the_same_id_belongs_to_each_patient_apart(
    pool: Pool, ana: Person, ward: Ward, dr_cy: Person, superuser: Connection
) -> None:
    ida, shared = await ward.patient("ida"), entry()
    answers = [await submit(pool, who, shared) for who in (ana, ida)]

    assert all(one.stored_at is not None for [one] in answers)
    for who in (ana, ida):
        assert (await rows_of(superuser, who, shared.entry_id))["entry"] == 1


@pytest.mark.parametrize("before", [0, 118, 119, 120, 121])
async def test_the_hourly_limit_counts_what_was_stored(
    pool: Pool, ana: Person, superuser: Connection, before: int
) -> None:
    await submit(pool, ana, *(entry() for _ in range(before)), most=1000)
    [stored] = await submit(pool, ana, entry(LOUD))

    allowed = before < MOST_ENTRIES_AN_HOUR
    assert (stored.within_limit, stored.stored_at is not None) == (allowed, allowed)
    counts = await rows_of(superuser, ana)
    assert counts["entry"] == counts["screening"] == before + allowed
    assert counts["alert_source"] == int(allowed)


async def test_a_batch_across_the_limit_is_stored_up_to_it(pool: Pool, ana: Person) -> None:
    stored = await submit(pool, ana, *(entry() for _ in range(9)), most=6)

    assert [one.within_limit for one in stored] == [True] * 6 + [False] * 3
    assert [one.stored_at is not None for one in stored] == [True] * 6 + [False] * 3


async def test_after_an_hour_there_is_room_again(pool: Pool, ana: Person, clock: Clock) -> None:
    await submit(pool, ana, entry(), most=1)
    await clock.advance(minutes=59)
    [refused] = await submit(pool, ana, entry(), most=1)
    await clock.advance(minutes=2)
    [stored] = await submit(pool, ana, entry(), most=1)

    assert (refused.within_limit, stored.within_limit) == (False, True)


async def test_one_patients_limit_is_not_anothers(pool: Pool, ana: Person, ward: Ward) -> None:
    ida = await ward.patient("ida")
    await submit(pool, ana, entry(), most=1)

    assert (await submit(pool, ida, entry(), most=1))[0].within_limit


async def test_an_infusion_nobody_knows_refuses_that_entry_alone(
    pool: Pool, ana: Person, ward: Ward, superuser: Connection
) -> None:
    ida = await ward.patient("ida")
    mine, hers = await infusion_of(superuser, ana), await infusion_of(superuser, ida)
    stored = await submit(
        pool, ana, *(entry(LOUD, infusion_id=each) for each in (mine, hers, uuid7(), None))
    )

    assert [one.known_infusion for one in stored] == [True, False, False, True]
    assert [one.stored_at is not None for one in stored] == [True, False, False, True]
    assert (await rows_of(superuser, ana))["alert_source"] == 2


async def test_no_writer_stores_for_another_patient_or_clinic(
    pool: Pool, ana: Person, ward: Ward, dr_cy: Person
) -> None:
    ida = await ward.patient("ida")
    for clinic, subject in ((ana.clinic_id, ida.id), (dr_cy.clinic_id, ana.id)):
        async with pool.acquire() as db, db.transaction():
            await enter_clinic(db, clinic, role="patient", subject_id=subject)
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await store_new(db, writer_of(ana), [entry()])


async def test_a_clock_in_the_future_is_stored_as_received_now(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    old, new = (entry(occurred_at=datetime(year, 1, 1, tzinfo=UTC)) for year in (2001, 2090))
    await submit(pool, ana, old, new)

    rows = await superuser.fetch(
        "SELECT app_now() - received_at AS ago FROM entry WHERE patient_id = $1", ana.id
    )
    assert all(timedelta(0) <= row["ago"] < timedelta(minutes=1) for row in rows)


async def test_a_diary_of_before_counts_as_received_when_it_was_written(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    past, future = (entry(occurred_at=datetime(year, 1, 1, tzinfo=UTC)) for year in (2001, 2090))
    days = [entry(occurred_at=past.occurred_at + timedelta(days=n)) for n in range(1, 200)]
    async with clinic_transaction(pool, ana.clinic_id) as db:
        stored = await store_past(db, writer_of(ana), [past, future, *days])

    received = "SELECT received_at, app_now() AS now FROM entry WHERE id = $1"
    rows = [await superuser.fetchrow(received, each.entry_id) for each in (past, future)]
    assert all(one.stored_at is not None for one in stored)
    assert rows[0] is not None
    assert rows[1] is not None
    assert rows[0]["received_at"] == past.occurred_at
    assert rows[1]["received_at"] < rows[1]["now"]


def changed(new: Revision, **chosen: object) -> Revision:
    """Make the next revision of an entry."""
    return replace(new, revision=new.revision + 1, **chosen)  # type: ignore[arg-type] # fields by name


async def test_a_chain_of_corrections_keeps_every_revision(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    last = entry()
    await submit(pool, ana, last)
    for n in range(2, 6):
        last = changed(last, answers={"low_mood": n})
        assert (await correct(pool, ana, last)).stored_at is not None

    rows = await superuser.fetch(
        "SELECT revision, answers FROM entry_revision WHERE entry_id = $1 ORDER BY revision",
        last.entry_id,
    )
    assert [(row["revision"], row["answers"]["low_mood"]) for row in rows] == [
        (1, 4), (2, 2), (3, 3), (4, 4), (5, 5),
    ]  # fmt: skip
    counts = await rows_of(superuser, ana, last.entry_id)
    assert (counts["entry"], counts["screening"], counts["audit_event"]) == (1, 5, 5)


@pytest.mark.parametrize("revision", [1, 2, 4, 9])
async def test_a_correction_of_another_revision_than_the_newest_changes_nothing(
    pool: Pool, ana: Person, superuser: Connection, revision: int
) -> None:
    new = entry()
    await submit(pool, ana, new)
    await correct(pool, ana, changed(new))
    counts = await rows_of(superuser, ana)
    stale = await correct(pool, ana, replace(new, revision=revision, decision=LOUD))

    assert stale.stored_at is None
    assert await rows_of(superuser, ana) == counts


async def test_of_two_corrections_at_once_one_is_stored(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    new = entry()
    await submit(pool, ana, new)
    made = await asyncio.gather(
        *(correct(pool, ana, changed(new, answers={"low_mood": n})) for n in range(6))
    )

    assert len([one for one in made if one.stored_at is not None]) == 1
    assert (await rows_of(superuser, ana))["entry_revision"] == 2


async def test_a_correction_is_screened_and_assessed_anew_and_keeps_the_alert(
    pool: Pool, ana: Person, superuser: Connection, clock: Clock
) -> None:
    new = entry(LOUD)
    await submit(pool, ana, new)
    await superuser.execute("UPDATE entry SET assessed_at = app_now() WHERE id = $1", new.entry_id)
    await correct(pool, ana, changed(new, decision=CALM))

    row = await superuser.fetchrow("SELECT * FROM entry WHERE id = $1", new.entry_id)
    assert row is not None
    assert (row["revision"], row["assessed_at"]) == (2, None)
    assert (await alert_of(superuser, ana))["state"] == "open"


async def test_a_correction_that_speaks_of_suicide_raises_the_alert(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    new = entry()
    await submit(pool, ana, new)
    await correct(pool, ana, changed(new, decision=LOUD))

    source = await superuser.fetchrow("SELECT * FROM alert_source WHERE patient_id = $1", ana.id)
    assert source is not None
    assert (source["entry_id"], source["revision"]) == (new.entry_id, 2)


async def test_nobody_corrects_an_entry_of_somebody_else(
    pool: Pool, ana: Person, ward: Ward, superuser: Connection
) -> None:
    ida, new = await ward.patient("ida"), entry()
    await submit(pool, ana, new)

    assert (await correct(pool, ida, changed(new))).stored_at is None
    assert (await rows_of(superuser, ana, new.entry_id))["entry_revision"] == 1
