"""A code becomes a password and an authenticator; nothing is stored before that one works."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from models.enrolment import Code
from models.session import Connection
from tests.api.colleague import PASSWORD, Colleague, totp_for
from tests.api.kit import problem_in
from tests.api.phone import Door, Phone
from tests.cast import Clock, Person

ACTIVATE = "/v1/staff/activations"
RESET = "/v1/staff/password-resets"


async def begin(phone: Phone, code: str, password: str = PASSWORD) -> httpx.Response:
    """Send a code and the password somebody wants."""
    return await phone.client.post(ACTIVATE, json={"code": code, "password": password})


def seed_in(answer: httpx.Response) -> str:
    """Scan the seed."""
    link = str(answer.json()["totp_uri"])
    return parse_qs(urlsplit(link).query)["secret"][0]


async def finish(phone: Phone, begun: httpx.Response, totp: str) -> httpx.Response:
    """Send the first one-time code."""
    body = {"activation": begun.json()["activation"], "totp": totp}
    return await phone.client.post(f"{ACTIVATE}/confirm", json=body)


async def test_a_code_a_password_and_an_authenticator_make_an_account(
    door: Door, phone: Phone, dr_bo: Person, clock: Clock, superuser: Connection
) -> None:
    begun = await begin(phone, await door.code_for(dr_bo))
    stored = await superuser.fetchval("SELECT password_hash FROM practitioner")
    done = await finish(phone, begun, await totp_for(seed_in(begun), clock))

    assert begun.json()["totp_uri"].startswith("otpauth://totp/Afterglow:bo%40north.example?")
    assert stored is None
    assert done.status_code == 200
    assert len(set(done.json()["recovery_codes"])) == 10
    row = await superuser.fetchrow("SELECT * FROM practitioner")
    assert row is not None
    assert row["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert row["totp_confirmed_at"] is not None
    assert seed_in(begun).encode() not in row["totp_seed_ct"]
    assert await superuser.fetchval("SELECT used_at FROM enrolment_code") is not None


async def test_the_first_one_time_code_is_spent_and_the_next_signs_in(
    door: Door, phone: Phone, dr_bo: Person, clock: Clock
) -> None:
    begun = await begin(phone, await door.code_for(dr_bo))
    seed = seed_in(begun)
    await finish(phone, begun, await totp_for(seed, clock))
    bo = Colleague(
        client=phone.client, person=dr_bo, clock=clock, seed=seed, mail="Bo@North.example "
    )

    assert problem_in(await bo.sign_in()) == "invalid-login"
    await clock.advance(seconds=60)
    assert (await bo.sign_in()).status_code == 201


async def test_the_code_stays_good_until_the_authenticator_works(
    door: Door, phone: Phone, dr_bo: Person, clock: Clock, superuser: Connection
) -> None:
    code = await door.code_for(dr_bo)
    first = await begin(phone, code)
    wrong = await finish(phone, first, "000000")
    second = await begin(phone, code)
    done = await finish(phone, second, await totp_for(seed_in(second), clock))

    assert problem_in(wrong) == "invalid-login"
    assert done.status_code == 200
    assert await superuser.fetchval("SELECT misses FROM enrolment_code") == 0


async def test_an_activation_is_good_once(
    door: Door, phone: Phone, dr_bo: Person, clock: Clock
) -> None:
    begun = await begin(phone, await door.code_for(dr_bo))
    await finish(phone, begun, await totp_for(seed_in(begun), clock))

    again = await finish(phone, begun, await totp_for(seed_in(begun), clock))

    assert problem_in(again) == "invalid-code"


@pytest.mark.parametrize(("minutes", "status"), [(14, 200), (16, 401)])
async def test_an_activation_runs_out(
    door: Door, phone: Phone, dr_bo: Person, clock: Clock, *, minutes: int, status: int
) -> None:
    begun = await begin(phone, await door.code_for(dr_bo))
    await clock.advance(minutes=minutes)

    answer = await finish(phone, begun, await totp_for(seed_in(begun), clock))

    assert answer.status_code == status


@pytest.mark.parametrize("activation", ["", "AAAA", "A" * 400, "\u00e4", "not base64!"])
async def test_a_forged_activation_is_refused(phone: Phone, activation: str) -> None:
    body = {"activation": activation, "totp": "123456"}

    answer = await phone.client.post(f"{ACTIVATE}/confirm", json=body)

    assert problem_in(answer) == "invalid-code"


async def test_an_activation_that_was_changed_is_refused(
    door: Door, phone: Phone, dr_bo: Person, clock: Clock
) -> None:
    begun = await begin(phone, await door.code_for(dr_bo))
    sealed = begun.json()["activation"]
    middle = len(sealed) // 2
    other = "A" if sealed[middle] != "A" else "B"
    body = {
        "activation": sealed[:middle] + other + sealed[middle + 1 :],
        "totp": await totp_for(seed_in(begun), clock),
    }

    answer = await phone.client.post(f"{ACTIVATE}/confirm", json=body)

    assert problem_in(answer) == "invalid-code"


async def test_a01_an_unknown_code_begins_nothing(phone: Phone, dr_bo: Person) -> None:
    assert problem_in(await begin(phone, Code.draw().text)) == "invalid-code"


async def test_a03_a_used_code_begins_nothing(
    door: Door, phone: Phone, dr_bo: Person, clock: Clock
) -> None:
    code = await door.code_for(dr_bo)
    begun = await begin(phone, code)
    await finish(phone, begun, await totp_for(seed_in(begun), clock))

    assert problem_in(await begin(phone, code)) == "invalid-code"


async def test_a_patients_code_makes_no_account(door: Door, phone: Phone, ana: Person) -> None:
    assert problem_in(await begin(phone, await door.code_for(ana))) == "invalid-code"


async def test_new_credentials_end_what_the_old_ones_opened(
    door: Door, phone: Phone, bo: Colleague, clock: Clock, superuser: Connection
) -> None:
    await bo.sign_in_with(phone)
    old_code = bo.recovery_codes[0]
    begun = await begin(phone, await door.code_for(bo.person), "an otter sleeps on its back")
    await finish(phone, begun, await totp_for(seed_in(begun), clock))

    assert problem_in(await phone.refresh()) == "session-revoked"
    assert problem_in(await bo.sign_in(totp=await bo.totp(steps=1))) == "invalid-login"
    bo.password = "an otter sleeps on its back"
    assert problem_in(await bo.sign_in(totp=None, recovery_code=old_code)) == "invalid-login"
    reasons = await superuser.fetch("SELECT DISTINCT revoked_reason FROM session")
    assert "credentials_changed" in {row["revoked_reason"] for row in reasons}


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("elevenchars", "too-short"),
        ("x" * 129, "too-long"),
        ("x" * 1_000_000, "too-long"),
        ("qwertyuiop123", "too-common"),
        ("Password2026!", "too-common"),
        ("aaaaaaaaaaaaaa", "too-common"),
        ("dragondragon", "too-common"),
        ("123456789012345", "too-common"),
        ("bo@north.example", "too-common"),
        ("Ketamine-2026", "too-common"),
    ],
    ids=[
        "A19-short",
        "A19-129",
        "A19-1-MB",
        "A19-keyboard",
        "A19-word-and-year",
        "A19-one-letter",
        "A19-doubled",
        "A19-digits",
        "A19-own-mail",
        "A19-trade",
    ],
)
async def test_a19_a_poor_password_is_refused_and_the_code_stays_good(
    door: Door, phone: Phone, dr_bo: Person, *, password: str, code: str
) -> None:
    enrolment = await door.code_for(dr_bo)

    answer = await begin(phone, enrolment, password)

    assert answer.status_code == 422
    assert problem_in(answer) == "invalid-query"
    assert answer.json()["errors"] == [
        {"pointer": "/password", "code": code, "message": answer.json()["errors"][0]["message"]}
    ]
    assert password not in answer.text
    assert (await begin(phone, enrolment)).status_code == 200


async def test_a28_a_reset_for_anybody_gets_the_same_answer(
    phone: Phone, dr_bo: Person, superuser: Connection
) -> None:
    known = await phone.client.post(RESET, json={"clinic": "north", "mail": "bo@north.example"})
    unknown = await phone.client.post(RESET, json={"clinic": "north", "mail": "xx@north.example"})

    assert (known.status_code, unknown.status_code) == (202, 202)
    assert known.content == unknown.content
    assert known.headers.keys() == unknown.headers.keys()
    assert await superuser.fetchval("SELECT reset_requested_at FROM practitioner") is not None
    acts = await superuser.fetch("SELECT action, object_id FROM audit_event")
    assert [(row["action"], row["object_id"]) for row in acts] == [
        ("practitioner.ask_reset", dr_bo.id)
    ]


async def test_a28_a_reset_changes_nobody_elses_row(
    phone: Phone, dr_bo: Person, dr_cy: Person, superuser: Connection
) -> None:
    await phone.client.post(RESET, json={"clinic": "south", "mail": "bo@north.example"})

    asked = "SELECT count(*) FROM practitioner WHERE reset_requested_at IS NOT NULL"
    assert await superuser.fetchval(asked) == 0


async def test_resets_are_asked_for_five_times_at_once_at_most(phone: Phone) -> None:
    body = {"clinic": "north", "mail": "xx@north.example"}
    answers = [await phone.client.post(RESET, json=body) for _ in range(6)]

    assert [a.status_code for a in answers] == [202] * 5 + [429]
