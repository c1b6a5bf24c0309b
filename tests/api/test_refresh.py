"""Refresh tokens rotate; a lost answer signs nobody out, a copied token ends the session."""

import asyncio

import httpx
import pytest

from models.cipher import Keyring
from models.ids import uuid7
from models.refresh import read_refresh_token, refresh_token
from models.session import Connection
from tests.api.kit import problem_in
from tests.api.phone import Door, Phone, p256
from tests.cast import Clock, Person

PATH = "/v1/sessions/refresh"


@pytest.fixture
async def enrolled(door: Door, phone: Phone, ana: Person) -> Phone:
    """Hold ana's phone after it enrolled."""
    await phone.enrol(await door.code_for(ana))
    return phone


async def generation_of(superuser: Connection) -> int:
    """Read the generation of the phone's session."""
    found: int = await superuser.fetchval(
        "SELECT generation FROM session WHERE device_id IS NOT NULL"
    )
    return found


async def test_a07_a_refresh_gives_the_next_generation(
    enrolled: Phone, superuser: Connection
) -> None:
    before = enrolled.refresh_token

    answer = await enrolled.refresh()

    assert answer.status_code == 200
    assert enrolled.refresh_token != before
    assert await generation_of(superuser) == 2
    seen = await enrolled.client.get("/v1/whoami", headers=enrolled.headers)
    assert seen.status_code == 200


async def test_a07_use_prolongs_a_session_beyond_its_idle_time(
    enrolled: Phone, clock: Clock
) -> None:
    for _ in range(4):
        await clock.advance(days=80)
        enrolled.nonce = ""
        assert (await enrolled.refresh()).status_code == 200


@pytest.mark.parametrize("seconds", [0, 59])
async def test_a08_a_lost_answer_is_given_again(
    enrolled: Phone, clock: Clock, superuser: Connection, seconds: int
) -> None:
    old = enrolled.refresh_token
    first = await enrolled.refresh(old)
    await clock.advance(seconds=seconds)
    enrolled.nonce = ""

    again = await enrolled.refresh(old)

    assert again.status_code == 200
    assert again.json()["refresh_token"] == first.json()["refresh_token"]
    assert again.json()["access_token"] != first.json()["access_token"]
    assert await generation_of(superuser) == 2


async def test_a08_after_a_minute_a_lost_answer_is_reuse(enrolled: Phone, clock: Clock) -> None:
    old = enrolled.refresh_token
    await enrolled.refresh(old)
    await clock.advance(seconds=61)
    enrolled.nonce = ""

    assert problem_in(await enrolled.refresh(old)) == "session-revoked"


async def test_a09_an_old_token_after_its_successor_was_used_ends_the_family(
    enrolled: Phone, ana: Person, superuser: Connection
) -> None:
    old = enrolled.refresh_token
    await enrolled.refresh()
    await enrolled.refresh()

    stolen = await enrolled.refresh(old, keep=False)

    assert stolen.status_code == 401
    assert problem_in(stolen) == "session-revoked"
    assert problem_in(await enrolled.refresh()) == "session-revoked"
    room = await enrolled.client.get("/v1/whoami", headers=enrolled.headers)
    assert problem_in(room) == "session-revoked"
    acts = await superuser.fetch(
        "SELECT action FROM audit_event WHERE patient_id = $1 AND object_type = 'session'", ana.id
    )
    assert {row["action"] for row in acts} == {
        "session.reuse_detected",
        "notice.person",
        "notice.clinic",
    }


async def test_a09_nothing_more_is_pushed_to_a_patients_device_whose_token_was_copied(
    enrolled: Phone, superuser: Connection
) -> None:
    old = enrolled.refresh_token
    await enrolled.refresh()
    await enrolled.refresh()

    await enrolled.refresh(old)

    assert await superuser.fetchval("SELECT disabled_reason FROM device") == "reused"


async def test_a10_fifty_parallel_refreshes_make_one_generation(
    enrolled: Phone, superuser: Connection
) -> None:
    old = enrolled.refresh_token

    async def ask() -> httpx.Response:
        answer = await enrolled.refresh(old, keep=False)
        return await ask() if answer.status_code == 503 else answer  # busy: told to come back

    answers = await asyncio.gather(*(ask() for _ in range(50)))

    assert [a.status_code for a in answers] == [200] * 50
    assert len({a.json()["refresh_token"] for a in answers}) == 1
    assert len({a.json()["access_token"] for a in answers}) == 50
    assert await generation_of(superuser) == 2


@pytest.mark.parametrize(
    ("steps", "status"),
    [((89,), 200), ((91,), 401), ((80,) * 4 + (46,), 401)],
    ids=["A11-idle-89-days", "A11-idle-91-days", "A11-absolute-366-days"],
)
async def test_a11_a_session_runs_out(
    enrolled: Phone, clock: Clock, steps: tuple[int, ...], status: int
) -> None:
    for days in steps:
        await clock.advance(days=days)
        enrolled.nonce = ""
        answer = await enrolled.refresh()

    assert answer.status_code == status
    if status == 401:
        assert problem_in(answer) == "session-expired"


async def test_a06_a_refresh_by_another_key_changes_nothing(
    enrolled: Phone, superuser: Connection
) -> None:
    thief = Phone(client=enrolled.client, key=p256(), refresh_token=enrolled.refresh_token)

    answer = await thief.refresh()

    assert problem_in(answer) == "invalid-proof"
    assert answer.headers["device-nonce"]
    assert await generation_of(superuser) == 1
    assert (await enrolled.refresh()).status_code == 200


async def test_a06_an_old_token_without_the_key_ends_nothing(enrolled: Phone) -> None:
    old = enrolled.refresh_token
    await enrolled.refresh()
    await enrolled.refresh()
    thief = Phone(client=enrolled.client, refresh_token=old)

    assert problem_in(await thief.refresh()) == "invalid-proof"
    assert (await enrolled.refresh()).status_code == 200


async def test_a_token_from_before_a_restore_is_still_good(
    enrolled: Phone, superuser: Connection
) -> None:
    for _ in range(3):
        await enrolled.refresh()
    await superuser.execute("UPDATE session SET generation = 2 WHERE device_id IS NOT NULL")

    answer = await enrolled.refresh()

    assert answer.status_code == 200
    assert await generation_of(superuser) == 5


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE session SET revoked_at = app_now(), revoked_reason = 'clinic'",
        "UPDATE patient SET ended_at = app_now()",
        "UPDATE clinic SET closed_at = app_now()",
    ],
    ids=["A15-session", "A15-patient", "A15-clinic"],
)
async def test_a15_who_was_ended_refreshes_nothing(
    enrolled: Phone, superuser: Connection, statement: str
) -> None:
    await superuser.execute(statement)

    assert problem_in(await enrolled.refresh()) == "session-revoked"


async def test_refreshing_thirty_times_an_hour_is_enough(enrolled: Phone) -> None:
    answers = [await enrolled.refresh() for _ in range(61)]

    assert {a.status_code for a in answers[:60]} == {200}
    assert problem_in(answers[60]) == "rate-limited"
    assert 0 < int(answers[60].headers["retry-after"]) <= 120


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token.replace("rt_", "at_"),
        lambda token: token[:30] + ("A" if token[30] != "A" else "B") + token[31:],
        lambda _: "rt_" + "A" * 70,
        lambda _: "rt_" + "\u00e4" * 70,
        lambda _: "",
    ],
    ids=["cut", "longer", "prefix", "changed", "zeros", "umlauts", "empty"],
)
async def test_a14_what_is_no_refresh_token_is_refused_before_the_database(
    enrolled: Phone, superuser: Connection, spoil: object
) -> None:
    assert callable(spoil)
    spoilt: str = spoil(enrolled.refresh_token)
    answer = await enrolled.client.post(PATH, json={"refresh_token": spoilt})

    assert problem_in(answer) == "unauthenticated"
    assert await superuser.fetchval("SELECT count(*) FROM gate.bucket WHERE name = 'refresh'") == 0


def test_a_token_names_its_session_and_generation(keyring: Keyring) -> None:
    session_id = uuid7()
    token = refresh_token(keyring, session_id, 7)

    assert read_refresh_token(keyring, token) == (session_id, 7)
    assert len(token) == 73
    assert refresh_token(keyring, session_id, 8) != token


async def test_the_spelling_of_a_token_is_unique(enrolled: Phone) -> None:
    last = enrolled.refresh_token[-1]
    symbols = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = symbols[symbols.index(last) ^ 1]

    answer = await enrolled.client.post(
        PATH, json={"refresh_token": enrolled.refresh_token[:-1] + twin}
    )

    assert problem_in(answer) == "unauthenticated"


async def test_leaving_ends_the_session_and_the_pushes(
    enrolled: Phone, ana: Person, superuser: Connection
) -> None:
    gone = await enrolled.client.delete("/v1/sessions/current", headers=enrolled.headers)

    assert gone.status_code == 204
    assert gone.content == b""
    again = await enrolled.client.get("/v1/whoami", headers=enrolled.headers)
    assert problem_in(again) == "session-revoked"
    assert problem_in(await enrolled.refresh()) == "session-revoked"
    assert await superuser.fetchval("SELECT disabled_reason FROM device") == "signed_out"
    acts = await superuser.fetch("SELECT action FROM audit_event WHERE patient_id = $1", ana.id)
    assert "session.end" in {row["action"] for row in acts}


async def test_leaving_leaves_the_other_devices_in(
    door: Door, enrolled: Phone, ana: Person
) -> None:
    other = Phone(client=enrolled.client)
    await other.enrol(await door.code_for(ana))

    await enrolled.client.delete("/v1/sessions/current", headers=enrolled.headers)

    assert (await other.refresh()).status_code == 200
