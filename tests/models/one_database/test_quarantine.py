"""A body that had to be refused is kept once, sealed, read for a call for help, and forgotten."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from models.cipher import Keyring, Subject, Unreadable
from models.ingest import Decision
from models.quarantine import KEPT_DAYS, MOST_A_DAY, forget_expired, quarantine_body
from models.session import Connection, Pool, clinic_transaction
from models.subject_key import subject_for
from tests.cast import Clock, Person, Ward
from tests.models.one_database.diary import CALM, LOUD, alert_of, entry, kinds_of, submit, writer_of

BODY = b'{"note": "a damaged'
MANY = """
INSERT INTO quarantine (clinic_id, id, patient_id, slug, body_hmac, body_ct, label, expires_at)
SELECT $1, gen_random_uuid(), $2, 'x', int4send(n), '', 'none', app_now()
FROM generate_series(1, $3::int) AS n
"""


async def keys_of(pool: Pool, keyring: Keyring, who: Person) -> Subject:
    """Open a patient's keys."""
    async with clinic_transaction(pool, who.clinic_id) as db:
        return await subject_for(db, keyring, who.clinic_id, who.id)


async def keep(
    pool: Pool, keyring: Keyring, who: Person, body: bytes = BODY, decision: Decision = CALM
) -> bool:
    """Keep a refused body, as a request does."""
    keys = await keys_of(pool, keyring, who)
    async with clinic_transaction(pool, who.clinic_id) as db:
        return await quarantine_body(
            db, writer_of(who), keys, slug="invalid-json", body=body, decision=decision
        )


async def kept(db: Connection, who: Person) -> list[dict[str, Any]]:
    """Read what was kept of a patient."""
    rows = await db.fetch("SELECT * FROM quarantine WHERE patient_id = $1 ORDER BY id", who.id)
    return [dict(row) for row in rows]


async def acts(db: Connection, who: Person) -> list[tuple[str, str]]:
    """Read what the audit says of a patient's refused bodies."""
    rows = await db.fetch(
        "SELECT action, outcome FROM audit_event WHERE patient_id = $1"
        " AND object_type = 'quarantine' ORDER BY at, id",
        who.id,
    )
    return [(row["action"], row["outcome"]) for row in rows]


async def count(db: Connection, table: str, who: Person) -> int:
    """Count a patient's rows."""
    found: int = await db.fetchval(f"SELECT count(*) FROM {table} WHERE patient_id = $1", who.id)
    return found


async def test_a_body_is_kept_sealed_in_its_row(
    pool: Pool, keyring: Keyring, ana: Person, superuser: Connection
) -> None:
    assert await keep(pool, keyring, ana)

    [row] = await kept(superuser, ana)
    keys = await keys_of(pool, keyring, ana)
    assert keys.open("quarantine.body", row["id"], row["body_ct"]) == BODY
    assert (row["slug"], row["label"]) == ("invalid-json", "none")
    assert (row["expires_at"] - row["received_at"]).days == KEPT_DAYS
    assert b"damaged" not in row["body_ct"] + row["body_hmac"]
    assert await acts(superuser, ana) == [("entry.quarantine", "invalid-json")]


async def test_a_body_does_not_open_in_another_row_or_column(
    pool: Pool, keyring: Keyring, ana: Person, superuser: Connection
) -> None:
    await keep(pool, keyring, ana, b"one")
    await keep(pool, keyring, ana, b"two")
    keys = await keys_of(pool, keyring, ana)
    one, two = await kept(superuser, ana)

    for label, row in (("quarantine.body", two["id"]), ("entry.note", one["id"])):
        with pytest.raises(Unreadable):
            keys.open(label, row, one["body_ct"])


@pytest.mark.parametrize("decision", [CALM, LOUD], ids=["calm", "loud"])
async def test_the_same_body_is_kept_once(
    pool: Pool, keyring: Keyring, ana: Person, superuser: Connection, decision: object
) -> None:
    chosen = LOUD if decision is LOUD else CALM
    answers = [await keep(pool, keyring, ana, decision=chosen) for _ in range(4)]

    assert answers == [True] * 4
    assert len(await kept(superuser, ana)) == 1
    assert await count(superuser, "screening", ana) == 1
    assert await acts(superuser, ana) == [("entry.quarantine", "invalid-json")]
    assert await count(superuser, "alert_source", ana) == int(decision is LOUD)


async def test_the_same_body_of_two_patients_is_two_bodies(
    pool: Pool, keyring: Keyring, ana: Person, ward: Ward, superuser: Connection
) -> None:
    ida = await ward.patient("ida")
    for who in (ana, ida):
        await keep(pool, keyring, who)

    [hers], [his] = await kept(superuser, ana), await kept(superuser, ida)
    assert hers["body_hmac"] != his["body_hmac"], "equal hashes would say that two wrote the same"


async def test_ten_at_once_keep_a_body_once_and_ring_once(
    pool: Pool, keyring: Keyring, ana: Person, superuser: Connection
) -> None:
    answers = await asyncio.gather(*(keep(pool, keyring, ana, decision=LOUD) for _ in range(10)))

    assert answers == [True] * 10
    assert len(await kept(superuser, ana)) == 1
    assert await kinds_of(superuser, ana) == ["created"]


async def test_a_call_for_help_in_a_damaged_body_is_the_same_alert(
    pool: Pool, keyring: Keyring, ana: Person, superuser: Connection
) -> None:
    await submit(pool, ana, entry(LOUD))
    await keep(pool, keyring, ana, decision=LOUD)

    alert, [body] = await alert_of(superuser, ana), await kept(superuser, ana)
    sources = await superuser.fetch(
        "SELECT entry_id IS NULL AS refused, quarantine_id FROM alert_source"
        " WHERE alert_id = $1 ORDER BY added_at, id",
        alert["id"],
    )
    assert [tuple(row) for row in sources] == [(False, None), (True, body["id"])]


async def test_how_it_was_read_is_stored_with_it(
    pool: Pool, keyring: Keyring, ana: Person, superuser: Connection
) -> None:
    await keep(pool, keyring, ana, decision=replace(LOUD, stage=2))

    [body] = await kept(superuser, ana)
    row = await superuser.fetchrow("SELECT * FROM screening WHERE patient_id = $1", ana.id)
    assert row is not None
    assert (row["quarantine_id"], row["entry_id"], row["revision"]) == (body["id"], None, None)
    assert (row["label"], row["stage"], row["rule_ids"]) == (
        "escalate", 2, ["si.plan", "si.means"],
    )  # fmt: skip


@pytest.mark.parametrize(("before", "stays"), [(MOST_A_DAY - 1, True), (MOST_A_DAY, False)])
async def test_calm_bodies_are_kept_up_to_the_limit_of_a_day(
    pool: Pool, keyring: Keyring, ana: Person, superuser: Connection, before: int, *, stays: bool
) -> None:
    await superuser.execute(MANY, ana.clinic_id, ana.id, before)

    assert await keep(pool, keyring, ana) is stays
    assert len(await kept(superuser, ana)) == before + stays
    [(action, _)] = await acts(superuser, ana)
    assert action == ("entry.quarantine" if stays else "entry.drop")


async def test_beyond_the_limit_a_call_for_help_is_kept_and_rings(
    pool: Pool, keyring: Keyring, ana: Person, superuser: Connection
) -> None:
    await superuser.execute(MANY, ana.clinic_id, ana.id, MOST_A_DAY + 50)

    assert await keep(pool, keyring, ana, decision=LOUD)
    assert (await alert_of(superuser, ana))["state"] == "open"


async def test_beyond_the_limit_a_known_body_is_still_known(
    pool: Pool, keyring: Keyring, ana: Person, superuser: Connection
) -> None:
    await keep(pool, keyring, ana)
    await superuser.execute(MANY, ana.clinic_id, ana.id, MOST_A_DAY)

    assert await keep(pool, keyring, ana)
    assert await acts(superuser, ana) == [("entry.quarantine", "invalid-json")]


async def test_a_day_later_calm_bodies_are_kept_again(
    pool: Pool, keyring: Keyring, ana: Person, superuser: Connection, clock: Clock
) -> None:
    await superuser.execute(MANY, ana.clinic_id, ana.id, MOST_A_DAY)
    await clock.advance(hours=25)

    assert await keep(pool, keyring, ana)


async def test_after_its_time_the_body_is_gone_and_the_row_stays(
    pool: Pool, keyring: Keyring, ana: Person, superuser: Connection, clock: Clock
) -> None:
    await keep(pool, keyring, ana, b"old", LOUD)
    await clock.advance(days=KEPT_DAYS, minutes=-1)
    await forget_expired(pool)
    [before] = await kept(superuser, ana)
    await keep(pool, keyring, ana, b"new")
    await clock.advance(minutes=2)
    await forget_expired(pool)

    old, new = await kept(superuser, ana)
    assert before["body_ct"] != b""
    assert (old["body_ct"], old["label"]) == (b"", "escalate")
    assert new["body_ct"] != b""
    assert await count(superuser, "alert_source", ana) == 1


async def test_the_same_words_after_their_time_are_read_and_ring_again(
    pool: Pool, keyring: Keyring, ana: Person, superuser: Connection, clock: Clock
) -> None:
    await keep(pool, keyring, ana, b"again", LOUD)
    await clock.advance(days=KEPT_DAYS, minutes=1)
    await forget_expired(pool)

    assert await keep(pool, keyring, ana, b"again", LOUD)
    assert await count(superuser, "alert_source", ana) == 2


async def test_a_closed_clinic_forgets_too(
    pool: Pool, keyring: Keyring, ana: Person, superuser: Connection, clock: Clock
) -> None:
    await keep(pool, keyring, ana, b"old")
    await superuser.execute("UPDATE clinic SET closed_at = app_now() WHERE id = $1", ana.clinic_id)
    await clock.advance(days=KEPT_DAYS, minutes=1)

    await forget_expired(pool)

    [row] = await kept(superuser, ana)
    assert row["body_ct"] == b""


async def test_a_body_that_is_gone_is_unreadable(pool: Pool, keyring: Keyring, ana: Person) -> None:
    keys = await keys_of(pool, keyring, ana)

    with pytest.raises(Unreadable):
        keys.open("quarantine.body", UUID(int=1), b"")


async def test_an_escalating_body_without_an_alert_is_not_stored(
    pool: Pool, keyring: Keyring, ana: Person, superuser: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    async def forget_to_raise(*_: object, **__: object) -> None:
        """Do nothing, as a bug would."""

    monkeypatch.setattr("models.quarantine.raise_alert", forget_to_raise)
    with pytest.raises(asyncpg.CheckViolationError):
        await keep(pool, keyring, ana, decision=LOUD)

    assert await kept(superuser, ana) == []
