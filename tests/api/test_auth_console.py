"""The console's cookie: no script reads it, no other site uses it, it does not outlive its use."""

from typing import Any

import pytest

from models.session import Connection
from tests.api.colleague import Colleague
from tests.api.kit import problem_in
from tests.api.phone import Door, Phone
from tests.cast import Clock, Person

ROOM = "/v1/whoami"


@pytest.fixture
async def console(bo: Colleague) -> Colleague:
    """Sit dr_bo down at the console."""
    await bo.sign_in()
    return bo


async def test_the_cookie_is_the_hosts_own_and_hidden_from_scripts(bo: Colleague) -> None:
    answer = await bo.sign_in()

    name, _, rest = answer.headers["set-cookie"].partition("=")
    value, *attributes = (part.strip() for part in rest.split(";"))
    assert name == "__Host-sid"
    assert value.startswith("cs_")
    assert len(value) == 46
    assert {a.lower() for a in attributes} == {"path=/", "secure", "httponly", "samesite=strict"}
    assert value not in answer.text


async def test_the_cookie_opens_the_console(console: Colleague) -> None:
    seen = await console.client.get(ROOM)

    assert seen.json() == {"kind": "console", "subject_id": str(console.person.id)}


async def test_the_consoles_own_page_may_change_things(console: Colleague) -> None:
    answer = await console.client.post(ROOM, json={}, headers=console.console_headers)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"X-CSRF-Token": None},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "A" * 43},
        {"X-CSRF-Token": "\u00e4"},
        {"Origin": None},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:8001"},
        {"Origin": "https://localhost:8000"},
        {"Origin": "http://localhost:8000.evil.example"},
    ],
    ids=[
        "A24-no-token",
        "A24-empty-token",
        "A24-other-token",
        "A24-umlaut",
        "A24-no-origin",
        "A24-null-origin",
        "A24-foreign-origin",
        "A24-other-port",
        "A24-other-scheme",
        "A24-longer-host",
    ],
)
async def test_a24_another_sites_request_is_refused(
    console: Colleague, changes: dict[str, str | None]
) -> None:
    headers = {k: v for k, v in (console.console_headers | changes).items() if v is not None}
    sent = {name.encode(): value.encode() for name, value in headers.items()}

    answer = await console.client.post(ROOM, json={}, headers=sent)

    assert answer.status_code == 403
    assert problem_in(answer) == "csrf"


async def test_a24_a_form_is_refused(console: Colleague) -> None:
    headers = console.console_headers | {"Content-Type": "text/plain"}

    answer = await console.client.post(ROOM, content="{}", headers=headers)

    assert answer.status_code == 415
    assert problem_in(answer) == "unsupported-media-type"


async def test_a24_reading_needs_no_token(console: Colleague) -> None:
    seen = await console.client.get(ROOM, headers={"Origin": "https://evil.example"})

    assert seen.status_code == 200


async def test_the_token_of_another_session_is_worth_nothing(
    console: Colleague, clock: Clock
) -> None:
    first = console.console_headers
    await clock.advance(seconds=30)
    await console.sign_in()

    answer = await console.client.post(ROOM, json={}, headers=first)

    assert problem_in(answer) == "csrf"


async def test_a_page_that_is_loaded_again_learns_its_token(console: Colleague) -> None:
    answer = await console.client.get("/v1/staff/sessions/current")

    found = answer.json()
    assert found["csrf_token"] == console.csrf
    assert found["kind"] == "console"
    assert found["role"] == "clinician"
    assert found["profession"] == "physician"


async def test_the_app_learns_whose_session_it_has(bo: Colleague, phone: Phone) -> None:
    await bo.sign_in_with(phone)

    answer = await phone.client.get("/v1/staff/sessions/current", headers=phone.headers)

    assert answer.json()["scopes"] == ["alerts:list", "alerts:acknowledge"]
    assert "csrf_token" not in answer.json()


async def test_use_prolongs_the_idle_time_and_idleness_ends_it(
    console: Colleague, clock: Clock
) -> None:
    for _ in range(3):
        await clock.advance(minutes=25)
        assert (await console.client.get(ROOM)).status_code == 200
    await clock.advance(minutes=31)

    assert problem_in(await console.client.get(ROOM)) == "session-expired"


async def test_twelve_hours_are_the_end_whatever_happens(console: Colleague, clock: Clock) -> None:
    for _ in range(28):
        await clock.advance(minutes=25)
        assert (await console.client.get(ROOM)).status_code == 200
    await clock.advance(minutes=21)

    assert (await console.client.get(ROOM)).status_code == 401


async def test_use_is_written_down_once_a_minute_at_most(
    console: Colleague, superuser: Connection
) -> None:
    version = "SELECT xmin::text FROM session WHERE kind = 'console'"
    before = await superuser.fetchval(version)
    for _ in range(5):
        await console.client.get(ROOM)

    assert await superuser.fetchval(version) == before


async def test_signing_out_ends_the_cookie(console: Colleague) -> None:
    answer = await console.client.delete(
        "/v1/staff/sessions/current", headers=console.console_headers
    )

    assert answer.status_code == 204
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert problem_in(await console.client.get(ROOM)) == "session-revoked"


async def test_a24_nobody_is_signed_out_by_another_site(console: Colleague) -> None:
    answer = await console.client.delete("/v1/staff/sessions/current")

    assert problem_in(answer) == "csrf"
    assert (await console.client.get(ROOM)).status_code == 200


async def test_leaving_the_staff_app_unlinks_its_device(
    bo: Colleague, phone: Phone, superuser: Connection
) -> None:
    await bo.sign_in_with(phone)

    answer = await phone.client.delete("/v1/staff/sessions/current", headers=phone.headers)

    assert answer.status_code == 204
    assert "set-cookie" not in answer.headers
    assert await superuser.fetchval("SELECT disabled_reason FROM device") == "signed_out"


@pytest.mark.parametrize(
    "cookie",
    ["", "cs_", "cs_" + "A" * 43, "cs_" + "A" * 42, "at_" + "A" * 43, "cs_" + "A" * 4000],
)
async def test_a_cookie_of_another_form_opens_nothing(phone: Phone, cookie: str) -> None:
    answer = await phone.client.get(ROOM, headers={"Cookie": f"__Host-sid={cookie}"})

    assert problem_in(answer) == "unauthenticated"


async def test_a_bearer_counts_before_a_cookie(console: Colleague, ana: Person) -> None:
    seen = await console.client.post(ROOM, json={}, headers=ana.headers)

    assert seen.json()["kind"] == "patient"


async def test_a15_a_disabled_persons_cookie_ends_at_once(
    console: Colleague, superuser: Connection
) -> None:
    await superuser.execute("UPDATE practitioner SET disabled_at = app_now()")

    assert problem_in(await console.client.get(ROOM)) == "session-revoked"


async def step_up(console: Colleague, totp: str, **headers: str) -> Any:
    """Send a fresh one-time code."""
    return await console.client.post(
        "/v1/staff/step-up", json={"totp": totp}, headers=console.console_headers | headers
    )


async def test_a_step_up_needs_a_fresh_code(
    console: Colleague, clock: Clock, superuser: Connection
) -> None:
    used = await console.totp()
    await clock.advance(minutes=10)
    before = await superuser.fetchval("SELECT step_up_at FROM session WHERE kind = 'console'")

    assert problem_in(await step_up(console, used)) == "invalid-login"
    answer = await step_up(console, await console.totp())

    assert answer.status_code == 200
    after = await superuser.fetchval("SELECT step_up_at FROM session WHERE kind = 'console'")
    assert (after - before).total_seconds() >= 600
    acts = await superuser.fetch(
        "SELECT outcome FROM audit_event WHERE action = 'session.step_up' ORDER BY at"
    )
    assert [row["outcome"] for row in acts] == ["refused", "done"]


async def test_five_wrong_step_ups_hold_the_next(console: Colleague, clock: Clock) -> None:
    for _ in range(5):
        assert problem_in(await step_up(console, "000000")) == "invalid-login"
    await clock.advance(seconds=30)

    assert problem_in(await step_up(console, await console.totp())) == "rate-limited"


async def test_a_patient_does_not_step_up(door: Door, phone: Phone, ana: Person) -> None:
    answer = await phone.client.post(
        "/v1/staff/step-up", json={"totp": "123456"}, headers=ana.headers
    )

    assert problem_in(answer) == "forbidden"
