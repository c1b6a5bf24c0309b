"""Who asks: an access token of the right kind and form, alive by the database's clock."""

import base64
import json
import secrets

import pytest

from api.codes import draw_code_for
from models.session import Connection, clinic_transaction
from models.sign_in import NewSession, issue_cookie, open_session
from tests.api.kit import captured_log, problem_in
from tests.api.phone import Door, Phone
from tests.cast import Clock, Person

ROOM = "/v1/whoami"


def jwt(algorithm: str, **header: str) -> str:
    """Write a token of the kind that is never read here."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    signature = "" if algorithm == "none" else base64.urlsafe_b64encode(b"s" * 32).decode()
    return f"{part({'alg': algorithm} | header)}.{part({'sub': 'ana'})}.{signature}"


async def ask(phone: Phone, token: str) -> tuple[int, str]:
    """Show a bearer token at a room that needs one."""
    answer = await phone.client.get(ROOM, headers={"Authorization": f"Bearer {token}"})
    assert answer.headers["www-authenticate"] == "Bearer"
    return answer.status_code, problem_in(answer)


@pytest.mark.parametrize(
    "token",
    [
        jwt("none"),
        jwt("HS256"),
        jwt("EdDSA", jku="https://evil.example/keys"),
        jwt("RS256", crit="exp"),
        "at_" + secrets.token_urlsafe(31),
        "at_" + "+" * 43,
        "at_" + "\u00e4" * 43,
        "at_" + secrets.token_urlsafe(32) + "=",
        "at_" + secrets.token_urlsafe(32),
        "",
        " ",
    ],
    ids=[
        "A12-none",
        "A12-HS256",
        "A12-jku",
        "A12-crit",
        "A12-255-bit",
        "A12-alphabet",
        "A12-umlauts",
        "A12-padded",
        "A12-random",
        "A12-empty",
        "A12-space",
    ],
)
async def test_a12_what_is_no_token_of_ours_is_refused(phone: Phone, token: str) -> None:
    header = f"Bearer {token}".encode()
    answer = await phone.client.get(ROOM, headers={b"Authorization": header})

    assert answer.status_code == 401
    assert problem_in(answer) == "unauthenticated"


async def test_a13_a_token_ends_ten_minutes_after_it_was_made(
    phone: Phone, ana: Person, clock: Clock
) -> None:
    await clock.advance(minutes=9, seconds=55)
    good = await phone.client.get(ROOM, headers=ana.headers)
    await clock.advance(seconds=6)

    assert good.status_code == 200
    assert await ask(phone, ana.token) == (401, "unauthenticated")


async def test_a13_a_token_cut_by_one_symbol_opens_nothing(phone: Phone, ana: Person) -> None:
    assert await ask(phone, ana.token[:-1]) == (401, "unauthenticated")


async def test_a13_an_equal_beginning_of_a_hash_opens_nothing(
    phone: Phone, ana: Person, superuser: Connection
) -> None:
    await superuser.execute(
        "UPDATE gate.credential SET lookup = overlay(lookup placing '\\x00' from 32 for 1)"
        " WHERE kind = 'access' AND get_byte(lookup, 31) <> 0"
    )

    assert await ask(phone, ana.token) == (401, "unauthenticated")


async def test_a14_a_credential_of_another_kind_is_no_bearer(
    door: Door, phone: Phone, ana: Person, dr_bo: Person
) -> None:
    await phone.enrol(await door.code_for(ana))
    async with clinic_transaction(door.backend.pool, ana.clinic_id) as db:
        session = await open_session(
            db, ana.clinic_id, NewSession(kind="console", subject_id=dr_bo.id)
        )
        cookie = await issue_cookie(db, session)
        code = await draw_code_for(door.backend, db, ana.clinic_id, patient_id=ana.id)

    for other in (phone.refresh_token, cookie, code.text, f"st_12345678_{'A' * 43}"):
        assert await ask(phone, other) == (401, "unauthenticated")
        assert await ask(phone, f"at_{other[3:]}") == (401, "unauthenticated")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE session SET revoked_at = app_now()",
        "UPDATE practitioner SET disabled_at = app_now()",
        "UPDATE clinic SET closed_at = app_now()",
    ],
    ids=["A15-session-revoked", "A15-user-disabled", "A15-clinic-closed"],
)
async def test_a15_the_next_request_after_an_end_is_refused(
    phone: Phone, dr_bo: Person, superuser: Connection, statement: str
) -> None:
    before = await phone.client.get(ROOM, headers=dr_bo.headers)
    await superuser.execute(statement)

    assert before.status_code == 200
    assert await ask(phone, dr_bo.token) == (401, "session-revoked")


async def test_a15_a_patient_whose_treatment_ended_is_refused(
    phone: Phone, ana: Person, superuser: Connection
) -> None:
    await superuser.execute("UPDATE patient SET ended_at = app_now()")

    assert await ask(phone, ana.token) == (401, "session-revoked")


@pytest.mark.parametrize(
    "credentials",
    [b"Bearer " + b"a" * 20_000, "Bearer \u00e4\u00f6".encode(), b"Bearer \xff\xfe"],
    ids=["A16-20-KB", "A16-umlauts", "A16-bytes"],
)
async def test_a16_an_impossible_header_is_refused(phone: Phone, credentials: bytes) -> None:
    answer = await phone.client.get(ROOM, headers={b"Authorization": credentials})

    assert answer.status_code in {401, 431}
    assert problem_in(answer) in {"unauthenticated", "headers-too-large"}


async def test_a17_a_token_in_the_query_opens_nothing_and_is_in_no_log(
    phone: Phone, ana: Person
) -> None:
    with captured_log("debug") as lines:
        for name in ("access_token", "token", "authorization"):
            answer = await phone.client.get(ROOM, params={name: ana.token})

            assert problem_in(answer) == "unauthenticated"

        logged = json.dumps(lines())

    assert "http.request" in logged
    assert ana.token not in logged


@pytest.mark.parametrize("scheme", ["Basic", "Bearer  ", "Token"])
async def test_only_the_bearer_scheme_is_read(phone: Phone, ana: Person, scheme: str) -> None:
    answer = await phone.client.get(ROOM, headers={"Authorization": f"{scheme} {ana.token}"})

    assert problem_in(answer) == "unauthenticated"


async def test_dr_cy_is_let_into_the_other_clinic_only(
    phone: Phone, ana: Person, dr_cy: Person
) -> None:
    answer = await phone.client.get(ROOM, headers=dr_cy.headers)

    assert answer.json() == {"kind": "staff", "subject_id": str(dr_cy.id)}


async def test_one_connection_serves_patients_and_staff_in_turn(
    phone: Phone, ana: Person, dr_bo: Person
) -> None:
    for who in (ana, dr_bo, ana, dr_bo) * 4:
        answer = await phone.client.get(ROOM, headers=who.headers)

        assert answer.status_code == 200
