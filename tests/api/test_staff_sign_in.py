"""Staff sign in with password and one-time code; whatever is wrong is refused alike."""

import asyncio
from collections import Counter
from statistics import median
from time import perf_counter
from typing import Any

import pytest

from models.session import Connection
from tests.api.colleague import Colleague, employ
from tests.api.kit import problem_in
from tests.api.phone import Door, Phone
from tests.cast import Clock, Person, Ward


async def outcomes(superuser: Connection) -> list[tuple[str, str]]:
    """Read what the audit says of sign-ins."""
    rows = await superuser.fetch(
        "SELECT outcome, fields FROM audit_event WHERE action = 'session.open' ORDER BY at, id"
    )
    return [(row["outcome"], row["fields"][0]) for row in rows]


async def test_the_staff_app_gets_a_session_bound_to_its_device(
    bo: Colleague, phone: Phone, superuser: Connection
) -> None:
    answer = await bo.sign_in_with(phone)

    assert answer.status_code == 201
    found = answer.json()
    assert found["practitioner_id"] == str(bo.person.id)
    assert found["role"] == "clinician"
    assert "csrf_token" not in found
    assert "set-cookie" not in answer.headers
    row = await superuser.fetchrow("SELECT * FROM session WHERE device_id IS NOT NULL")
    assert row is not None
    assert (row["kind"], row["scopes"]) == ("staff", ["alerts:list", "alerts:acknowledge"])
    assert row["step_up_at"] is not None
    assert await outcomes(superuser) == [("done", "totp")]


async def test_a07_a_staff_session_refreshes_like_a_patients(bo: Colleague, phone: Phone) -> None:
    await bo.sign_in_with(phone)

    assert (await phone.refresh()).status_code == 200
    seen = await phone.client.get("/v1/whoami", headers=phone.headers)
    assert seen.json() == {"kind": "staff", "subject_id": str(bo.person.id)}


@pytest.mark.parametrize(("days", "status"), [(29, 200), (31, 401)], ids=["A11-29", "A11-31"])
async def test_a11_a_staff_session_is_idle_for_thirty_days_at_most(
    bo: Colleague, phone: Phone, clock: Clock, *, days: int, status: int
) -> None:
    await bo.sign_in_with(phone)
    await clock.advance(days=days)
    phone.nonce = ""

    assert (await phone.refresh()).status_code == status


async def test_a09_a_copied_token_ends_a_staff_session_and_leaves_its_pages_ringing(
    bo: Colleague, phone: Phone, superuser: Connection
) -> None:
    await bo.sign_in_with(phone)
    old = phone.refresh_token
    path = f"/v1/devices/{phone.installation}"
    body = {"platform": "android", "fid": "fid-of-bo"}
    await phone.client.put(path, json=body, headers=phone.headers)
    await phone.refresh()
    await phone.refresh()

    assert problem_in(await phone.refresh(old)) == "session-revoked"
    live = await superuser.fetchval(
        "SELECT count(*) FROM endpoint WHERE channel = 'push' AND disabled_at IS NULL"
    )
    assert live == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "another heron in the reeds"},
        {"password": ""},
        {"mail": "nobody@north.example"},
        {"clinic": "south"},
        {"clinic": "nowhere"},
        {"totp": "000000"},
        {"totp": None, "recovery_code": "AAAAA-AAAAA-AAAAA"},
    ],
    ids=[
        "A18-password",
        "A18-empty",
        "A18-unknown",
        "A18-other-clinic",
        "A18-no-clinic",
        "A18-totp",
        "A18-recovery",
    ],
)
async def test_a18_every_wrong_login_gets_the_same_answer(
    bo: Colleague, superuser: Connection, changes: dict[str, Any]
) -> None:
    answer = await bo.sign_in(**changes)

    assert answer.status_code == 401
    assert problem_in(answer) == "invalid-login"
    reference = await bo.sign_in(password="a wrong one for comparison")
    first, second = (a.text.replace(a.headers["x-request-id"], "") for a in (answer, reference))
    assert first == second
    assert await superuser.fetchval("SELECT count(*) FROM session WHERE kind = 'console'") == 0


async def test_a18_a_failure_is_in_the_audit_of_its_clinic(
    bo: Colleague, superuser: Connection
) -> None:
    await bo.sign_in(password="another heron in the reeds")
    await bo.sign_in(totp="000000")

    assert await outcomes(superuser) == [("refused", "password"), ("refused", "second_factor")]


async def test_a18_an_unknown_user_takes_about_as_long_as_a_wrong_password(
    door: Door, bo: Colleague
) -> None:
    seconds: dict[str, list[float]] = {"unknown": [], "wrong": []}
    for i in range(24):
        kind, mail = ("unknown", f"x{i}@north.example") if i % 2 else ("wrong", bo.mail)
        async with door.client(f"203.0.113.{i}") as client:
            bo.client = client
            began = perf_counter()
            await bo.sign_in(mail=mail, password="another heron in the reeds")
            seconds[kind].append(perf_counter() - began)

    medians = {kind: median(times) * 1000 for kind, times in seconds.items()}
    print({kind: f"{ms:.1f} ms" for kind, ms in medians.items()})  # noqa: T201 # the figure is the result
    assert abs(medians["unknown"] - medians["wrong"]) < 0.5 * max(medians.values())


@pytest.mark.parametrize(
    ("password", "status", "slug"),
    [
        ("x" * 1_000_000, 422, "invalid-query"),
        ("x" * 129, 422, "invalid-query"),
        ("x" * 128, 401, "invalid-login"),
        ("x" * 65, 401, "invalid-login"),
    ],
    ids=["A19-1-MB", "A19-129", "A19-128", "A19-65"],
)
async def test_a19_a_password_has_at_most_128_characters(
    bo: Colleague, password: str, status: int, slug: str
) -> None:
    answer = await bo.sign_in(password=password)

    assert answer.status_code == status
    assert problem_in(answer) == slug


async def test_a20_a_one_time_code_is_good_once(bo: Colleague, clock: Clock) -> None:
    code = await bo.totp()
    first = await bo.sign_in(totp=code)
    again = await bo.sign_in(totp=code)
    await clock.advance(seconds=30)
    next_one = await bo.sign_in()

    assert first.status_code == 201
    assert problem_in(again) == "invalid-login"
    assert next_one.status_code == 201


@pytest.mark.parametrize(
    ("steps", "status"),
    [(-2, 401), (-1, 201), (0, 201), (1, 201), (2, 401)],
    ids=["A20-two-ago", "A20-one-ago", "A20-now", "A20-one-ahead", "A20-two-ahead"],
)
async def test_a20_one_step_either_side_is_taken(bo: Colleague, steps: int, status: int) -> None:
    assert (await bo.sign_in(totp=await bo.totp(steps=steps))).status_code == status


async def test_a20_a_code_of_a_step_before_one_that_was_used_is_spent(bo: Colleague) -> None:
    earlier = await bo.totp(steps=-1)
    await bo.sign_in()

    assert problem_in(await bo.sign_in(totp=earlier)) == "invalid-login"


async def test_a20_of_two_sign_ins_with_one_code_one_succeeds(bo: Colleague) -> None:
    code = await bo.totp()

    answers = await asyncio.gather(bo.sign_in(totp=code), bo.sign_in(totp=code))

    assert sorted(a.status_code for a in answers) == [201, 401]


async def test_a_recovery_code_stands_in_once(bo: Colleague, superuser: Connection) -> None:
    typed = bo.recovery_codes[0].lower().replace("-", " ").replace("0", "o")
    first = await bo.sign_in(totp=None, recovery_code=typed)
    again = await bo.sign_in(totp=None, recovery_code=typed)
    other = await bo.sign_in(totp=None, recovery_code=bo.recovery_codes[9])

    assert [a.status_code for a in (first, again, other)] == [201, 401, 201]
    assert await outcomes(superuser) == [
        ("done", "recovery_code"),
        ("refused", "second_factor"),
        ("done", "recovery_code"),
    ]


async def test_a21_a_hundred_logins_at_once_never_hash_more_than_two_at_a_time(
    door: Door, bo: Colleague
) -> None:
    async def sign_in(i: int) -> int:
        async with door.client(f"203.0.113.{i}") as client:
            body = {
                "clinic": "north",
                "mail": f"x{i}@north.example",
                "password": "another heron in the reeds",
                "totp": "000000",
                "console": True,
            }
            answer = await client.post("/v1/staff/sessions", json=body)
            if answer.status_code == 503:
                assert answer.headers["retry-after"] == "2"
                assert problem_in(answer) == "unavailable"
            return answer.status_code

    statuses = Counter(await asyncio.gather(*(sign_in(i) for i in range(100))))

    assert set(statuses) == {401, 503}
    assert statuses[401] >= 10
    assert (await bo.sign_in()).status_code == 201


async def test_five_failures_hold_the_account_for_this_address_only(
    door: Door, bo: Colleague, clock: Clock
) -> None:
    for _ in range(5):
        assert (await bo.sign_in(password="another heron in the reeds")).status_code == 401

    held = await bo.sign_in()
    async with door.client("198.51.100.99") as elsewhere:
        here, bo.client = bo.client, elsewhere
        other = await bo.sign_in()
    bo.client = here
    await clock.advance(minutes=15)
    later = await bo.sign_in()

    assert problem_in(held) == "rate-limited"
    assert 840 < int(held.headers["retry-after"]) <= 900
    assert other.status_code == 201
    assert later.status_code == 201


async def test_signing_in_forgets_the_failures(bo: Colleague, clock: Clock) -> None:
    for _ in range(2):
        for _ in range(4):
            await bo.sign_in(password="another heron in the reeds")
        await clock.advance(minutes=10)

        assert (await bo.sign_in()).status_code == 201


async def test_a25_a_flood_from_one_address_is_refused_whatever_it_forwards(
    door: Door, bo: Colleague, superuser: Connection
) -> None:
    async with door.client("203.0.113.5") as client:
        answers = [
            await client.post(
                "/v1/staff/sessions", json={}, headers={"X-Forwarded-For": f"192.0.2.{i}"}
            )
            for i in range(125)
        ]

    assert {a.status_code for a in answers[:110]} == {422}
    assert problem_in(answers[-1]) == "rate-limited"
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert (await bo.sign_in()).status_code == 201


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"console": False}, "/device"),
        ({"recovery_code": "AAAAA-AAAAA-AAAAA"}, "/totp"),
        ({"totp": None}, "/totp"),
        ({"totp": "12345"}, "/totp"),
        ({"totp": "12345\n"}, "/totp"),
        ({"totp": "\u0661" * 6}, "/totp"),
        ({"totp": 123456}, "/totp"),
        ({"mail": "x" * 255}, "/mail"),
    ],
)
async def test_a_login_of_another_form_is_refused_before_anything_is_hashed(
    bo: Colleague, changes: dict[str, Any], pointer: str
) -> None:
    answer = await bo.sign_in(**changes)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a06_the_staff_app_proves_its_device(
    bo: Colleague, phone: Phone, superuser: Connection
) -> None:
    thief = Phone(client=phone.client)
    await thief.fetch_nonce()
    body = {
        "clinic": "north",
        "mail": bo.mail,
        "password": bo.password,
        "totp": await bo.totp(),
        "device": phone.device,
    }
    proof = thief.proof("/v1/staff/sessions", str(body["totp"]))

    answer = await phone.client.post("/v1/staff/sessions", json=body, headers=proof)

    assert problem_in(answer) == "invalid-proof"
    assert (await bo.sign_in_with(phone)).status_code == 201


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE practitioner SET disabled_at = app_now()",
        "UPDATE clinic SET closed_at = app_now()",
        "UPDATE practitioner SET totp_confirmed_at = NULL",
    ],
    ids=["A15-disabled", "A15-closed", "A15-never-confirmed"],
)
async def test_a15_who_has_left_does_not_sign_in(
    bo: Colleague, superuser: Connection, statement: str
) -> None:
    await superuser.execute(statement)

    assert problem_in(await bo.sign_in()) == "invalid-login"


async def test_somebody_in_two_clinics_is_two_people(
    door: Door, bo: Colleague, dr_cy: Person, clock: Clock
) -> None:
    async with door.client() as client:
        cy = await employ(door, client, dr_cy, clock)

        answer = await cy.sign_in()

        assert answer.json()["practitioner_id"] == str(dr_cy.id)
        assert answer.json()["clinic_id"] != str(bo.person.clinic_id)
        assert problem_in(await cy.sign_in(clinic="north")) == "invalid-login"


async def test_an_activated_person_of_every_role_signs_in(
    door: Door, ward: Ward, clock: Clock
) -> None:
    for role in ("admin", "researcher"):
        person = await ward.practitioner(role, role=role)
        async with door.client() as client:
            colleague = await employ(door, client, person, clock)

            assert (await colleague.sign_in()).json()["role"] == role
