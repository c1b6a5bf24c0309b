"""A phone whose session ran out may still hand in what was written on it, and reads nothing."""

import json
from typing import Any

import httpx
import pytest

from models.cipher import Keyring
from models.ids import uuid7
from models.session import Connection, clinic_transaction
from models.sign_in import revoke_sessions
from models.subject_key import subject_for
from tests.acceptance.entry import DARK, entry
from tests.api.colleague import Colleague
from tests.api.kit import problem_in
from tests.api.phone import Door, Key, Phone, p256
from tests.cast import Clock, Person

PATH = "/v1/sealed-entries"
IDLE = 91
"""Days after which a patient's session has expired."""


@pytest.fixture
async def enrolled(door: Door, phone: Phone, ana: Person) -> Phone:
    """Hold ana's phone after it enrolled."""
    await phone.enrol(await door.code_for(ana))
    return phone


@pytest.fixture
async def late(enrolled: Phone, clock: Clock) -> Phone:
    """Hold ana's phone after it lay in a drawer for three months."""
    await clock.advance(days=IDLE)
    await enrolled.fetch_nonce()
    return enrolled


def text_of(**changes: Any) -> str:
    """Write an entry as the app would have sent it."""
    return json.dumps(entry(**changes))


async def hand_in(
    phone: Phone, words: str, *, token: str | None = None, key: Key | None = None
) -> httpx.Response:
    """Hand in an entry in an envelope that the device key signs."""
    envelope = json.dumps({"refresh_token": token or phone.refresh_token, "entry": words})
    return await send(phone, envelope, phone.proof(PATH, envelope, key=key))


async def send(phone: Phone, envelope: str, proof: dict[str, str]) -> httpx.Response:
    """Send an envelope as it is."""
    headers = {"Content-Type": "application/json", **proof}
    answer = await phone.client.post(PATH, content=envelope, headers=headers)
    phone.nonce = answer.headers.get("Device-Nonce", phone.nonce)
    return answer


async def count(superuser: Connection, table: str) -> int:
    """Count the rows of a table."""
    found: int = await superuser.fetchval(f"SELECT count(*) FROM {table}")
    return found


async def test_a11_an_expired_phone_hands_in_an_entry(late: Phone, superuser: Connection) -> None:
    answer = await hand_in(late, text_of())

    assert answer.status_code == 202
    assert answer.json() == {"quarantined": True}
    kept = await superuser.fetchrow("SELECT slug, label FROM quarantine")
    assert kept is not None
    assert kept["slug"] == "session-expired"
    assert kept["label"] != "escalate"
    assert await count(superuser, "alert") == 0


async def test_a11_what_was_handed_in_is_kept_word_for_word_and_sealed(
    late: Phone, ana: Person, superuser: Connection, door: Door, keyring: Keyring
) -> None:
    words = text_of(note="Nobody called, and the \ud83d\udca7 came through the roof.")

    await hand_in(late, words)

    row = await superuser.fetchrow("SELECT id, body_ct, patient_id FROM quarantine")
    assert row is not None
    assert row["patient_id"] == ana.id
    assert b"roof" not in row["body_ct"]
    async with clinic_transaction(door.backend.pool, ana.clinic_id) as db:
        hers = await subject_for(db, keyring, ana.clinic_id, ana.id)
    assert hers.open("quarantine.body", row["id"], row["body_ct"]) == words.encode()


async def test_a11_words_of_suicide_raise_an_emergency_and_bring_help(
    late: Phone, ana: Person, superuser: Connection
) -> None:
    answer = await hand_in(late, text_of(note=DARK))

    assert answer.status_code == 202
    assert answer.json()["quarantined"] is True
    assert any(link["href"].startswith("tel:") for link in answer.json()["crisis"]["links"])
    alert = await superuser.fetchrow("SELECT patient_id, severity, next_step_at FROM alert")
    assert alert is not None
    assert alert["patient_id"] == ana.id
    assert alert["severity"] == "emergency"
    assert alert["next_step_at"] is not None


@pytest.mark.parametrize(
    "words",
    [DARK, f'{{"note": "{DARK}', '{"answers": {"si_daily": 3}}', f'["{DARK}"]'],
    ids=["A11-no-json", "A11-cut-off", "A11-an-answer-alone", "A11-another-shape"],
)
async def test_a11_an_entry_that_is_no_entry_is_read_all_the_same(
    late: Phone, superuser: Connection, words: str
) -> None:
    answer = await hand_in(late, words)

    assert answer.status_code == 202
    assert "crisis" in answer.json()
    assert await count(superuser, "alert") == 1


async def test_a11_help_comes_in_the_patients_own_language(
    late: Phone, ana: Person, superuser: Connection
) -> None:
    await superuser.execute("UPDATE patient SET language = 'es' WHERE id = $1", ana.id)

    answer = await hand_in(late, text_of(note=DARK))

    assert answer.json()["crisis"]["care"].startswith("Gracias")


async def test_a11_the_same_entry_twice_is_one_row_and_one_alert(
    late: Phone, superuser: Connection
) -> None:
    words = text_of(note=DARK)
    first = await hand_in(late, words)

    again = await hand_in(late, words)

    assert again.status_code == 202
    assert again.json() == first.json()
    assert await count(superuser, "quarantine") == 1
    assert await count(superuser, "alert") == 1
    assert await count(superuser, "alert_source") == 1


async def test_a11_two_entries_about_suicide_are_one_alert_with_both(
    late: Phone, superuser: Connection
) -> None:
    await hand_in(late, text_of(note=DARK))

    await hand_in(late, text_of(note=f"Again: {DARK}"))

    assert await count(superuser, "alert") == 1
    assert await count(superuser, "alert_source") == 2


async def test_a11_after_the_absolute_end_the_grace_is_open_too(
    enrolled: Phone, clock: Clock
) -> None:
    for _ in range(4):
        await clock.advance(days=80)
        enrolled.nonce = ""
        await enrolled.refresh()
    await clock.advance(days=46)
    await enrolled.fetch_nonce()

    assert (await hand_in(enrolled, text_of())).status_code == 202


async def test_a11_an_older_token_of_the_expired_session_will_do(
    enrolled: Phone, clock: Clock
) -> None:
    old = enrolled.refresh_token
    await enrolled.refresh()
    await enrolled.refresh()
    await clock.advance(days=IDLE)
    await enrolled.fetch_nonce()

    assert (await hand_in(enrolled, text_of(), token=old)).status_code == 202


async def test_a11_the_grace_lets_nobody_in(late: Phone) -> None:
    await hand_in(late, text_of())

    assert problem_in(await late.refresh()) == "session-expired"
    room = await late.client.get("/v1/whoami", headers=late.headers)
    assert room.status_code == 401


async def test_a11_a_revoked_phone_hands_in_nothing(
    late: Phone, ana: Person, superuser: Connection, door: Door
) -> None:
    session = await superuser.fetchval("SELECT id FROM session WHERE device_id IS NOT NULL")
    async with clinic_transaction(door.backend.pool, ana.clinic_id) as db:
        await revoke_sessions(db, ana.clinic_id, session, reason="lost")

    answer = await hand_in(late, text_of(note=DARK))

    assert answer.status_code == 401
    assert problem_in(answer) == "session-revoked"
    assert await count(superuser, "quarantine") == 0
    assert await count(superuser, "alert") == 0


@pytest.mark.parametrize(
    "ending",
    ["UPDATE patient SET ended_at = app_now()", "UPDATE clinic SET closed_at = app_now()"],
    ids=["A11-treatment-ended", "A11-clinic-closed"],
)
async def test_a11_after_the_end_of_everything_nothing_is_handed_in(
    late: Phone, superuser: Connection, ending: str
) -> None:
    await superuser.execute(ending)

    assert problem_in(await hand_in(late, text_of())) == "session-revoked"
    assert await count(superuser, "quarantine") == 0


async def test_a11_a_live_session_is_told_to_send_it_the_usual_way(
    enrolled: Phone, superuser: Connection
) -> None:
    answer = await hand_in(enrolled, text_of(note=DARK))

    assert answer.status_code == 409
    assert problem_in(answer) == "session-live"
    assert answer.json()["retry"] == "later"
    assert answer.json()["quarantined"] is True
    assert await count(superuser, "alert") == 1


async def test_a11_a_live_session_stays_live(enrolled: Phone) -> None:
    await hand_in(enrolled, text_of())

    assert (await enrolled.refresh()).status_code == 200


async def test_a11_another_key_hands_in_nothing_and_gets_a_nonce(
    late: Phone, superuser: Connection
) -> None:
    late_nonce = late.nonce

    answer = await hand_in(late, text_of(note=DARK), key=p256())

    assert answer.status_code == 401
    assert problem_in(answer) == "invalid-proof"
    assert answer.headers["Device-Nonce"] == late_nonce
    assert await count(superuser, "quarantine") == 0


async def test_a11_the_signature_is_over_the_words(late: Phone, superuser: Connection) -> None:
    envelope = json.dumps({"refresh_token": late.refresh_token, "entry": text_of()})
    proof = late.proof(PATH, envelope)

    answer = await send(late, envelope.replace("still tired", "not tired"), proof)

    assert problem_in(answer) == "invalid-proof"
    assert await count(superuser, "quarantine") == 0


async def test_a11_a_proof_counts_once(late: Phone) -> None:
    envelope = json.dumps({"refresh_token": late.refresh_token, "entry": text_of()})
    proof = late.proof(PATH, envelope)
    await send(late, envelope, proof)

    assert problem_in(await send(late, envelope, proof)) == "invalid-proof"


async def test_a11_with_the_fresh_nonce_the_next_try_succeeds(late: Phone) -> None:
    late.nonce = "A" * 22
    assert problem_in(await hand_in(late, text_of())) == "invalid-proof"

    assert (await hand_in(late, text_of())).status_code == 202


@pytest.mark.parametrize("token", ["rt_" + "A" * 70, "at_" + "A" * 43, "x"])
async def test_a11_a_token_that_is_not_ours_is_nobodys(late: Phone, token: str) -> None:
    answer = await hand_in(late, text_of(), token=token)

    assert answer.status_code == 401
    assert problem_in(answer) == "unauthenticated"


@pytest.mark.parametrize("words", ["{}", "[[]]", "..."])
async def test_a11_an_entry_without_a_word_is_refused(
    late: Phone, superuser: Connection, words: str
) -> None:
    answer = await hand_in(late, words)

    assert answer.status_code == 422
    assert problem_in(answer) == "invalid-entry"
    assert await count(superuser, "quarantine") == 0


async def test_a11_beyond_a_days_worth_only_what_escalates_is_kept(
    late: Phone, ana: Person, superuser: Connection
) -> None:
    await superuser.execute(
        "INSERT INTO quarantine (clinic_id, id, patient_id, slug, body_hmac, body_ct, label,"
        " expires_at) SELECT $1, gen_random_uuid(), $2, 'x', int4send(n), '', 'none',"
        " app_now() + interval '1 day' FROM generate_series(1, 300) n",
        ana.clinic_id,
        ana.id,
    )

    dull, dark = await hand_in(late, text_of()), await hand_in(late, text_of(note=DARK))

    assert problem_in(dull) == "rate-limited"
    assert int(dull.headers["Retry-After"]) > 0
    assert dark.status_code == 202
    dropped = "SELECT count(*) FROM audit_event WHERE action = 'entry.drop'"
    assert await superuser.fetchval(dropped) == 1


async def test_a11_the_audit_names_the_session_and_the_device(
    late: Phone, ana: Person, superuser: Connection
) -> None:
    await hand_in(late, text_of())

    row = await superuser.fetchrow(
        "SELECT a.patient_id, a.session_id = s.id AS by_session, q.device_id = s.device_id AS by_it"
        " FROM audit_event a JOIN quarantine q ON q.id = a.object_id, session s"
        " WHERE a.action = 'entry.quarantine' AND s.device_id IS NOT NULL"
    )
    assert row is not None
    assert dict(row) == {"patient_id": ana.id, "by_session": True, "by_it": True}


async def test_a11_without_consent_the_words_are_read_all_the_same(
    late: Phone, superuser: Connection
) -> None:
    await superuser.execute("UPDATE consent SET withdrawn_at = app_now()")

    assert (await hand_in(late, text_of(note=DARK))).status_code == 202
    assert await count(superuser, "alert") == 1


async def test_a11_a_phone_of_the_staff_has_no_diary_to_hand_in(
    bo: Colleague, phone: Phone, clock: Clock, superuser: Connection
) -> None:
    await bo.sign_in_with(phone)
    await clock.advance(days=31)
    await phone.fetch_nonce()

    answer = await hand_in(phone, text_of(note=DARK))

    assert answer.status_code == 403
    assert problem_in(answer) == "forbidden"
    assert await count(superuser, "quarantine") == 0


async def test_a11_an_envelope_with_more_in_it_is_refused(late: Phone) -> None:
    envelope = json.dumps(
        {"refresh_token": late.refresh_token, "entry": text_of(), "id": str(uuid7())}
    )

    answer = await send(late, envelope, late.proof(PATH, envelope))

    assert problem_in(answer) == "unknown-field"
