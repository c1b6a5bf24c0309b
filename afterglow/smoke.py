"""A text that speaks of suicide, from the patient's phone to the clinician's and back: for real.

Everything is asked of the running system over HTTP, as phones and browsers ask it; only the clinic
is opened by the command line's own functions.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import pyotp

from afterglow.api_settings import settings_of
from afterglow.parts import Parts
from afterglow.people import NewClinic, invite, open_clinic
from afterglow.smoke_clients import Answer, Authenticator, Device, SmokeFailed, ask, bearer
from afterglow.stack import Stack
from models.ids import uuid7
from models.practitioner import NewPractitioner

CLINIC: Final = NewClinic(code="smoke", name="Smoke Clinic", zone="Europe/Dublin", country="IE")
ADMIN: Final = NewPractitioner(
    name="Ada Adair", mail="ada@smoke.example", role="admin", profession="coordinator"
)
CLINICIAN: Final = NewPractitioner(
    name="Dr Bo Byrne", mail="bo@smoke.example", role="clinician", profession="physician"
)
PASSWORD: Final = "a heron stands in the reeds"  # noqa: S105 # of a clinic that lives for seconds
FID: Final = "smoke-phone-of-bo"
NOTE: Final = "I keep thinking about killing myself and it scares me."
"""A sentence of the simplest kind: what is tested is the road, not the reading."""
PATIENCE_SECONDS = 20
MS = 1000

Step = Callable[[str], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was measured; `acknowledged` is read back from the API."""

    commit_to_push_ms: float
    post_to_push_ms: float
    alert_id: str
    acknowledged: bool
    redis: str


def smoke(stack: Stack, *, step: Step, without_redis: bool) -> Report:
    """Have a clinician paged about an entry, and acknowledge it as they would.

    Raises:
        SmokeFailed: the page did not arrive, or the acknowledgement did not stick.
    """
    parts = stack.parts
    if without_redis:
        with step("kill Valkey"):
            kill_valkey(stack)
    with step("open a clinic, activate a clinician"):
        authenticator = activate(parts, asyncio.run(invite_clinician(parts)))
    with step("sign in on the clinician's phone"):
        clinician = sign_in(parts, authenticator)
    with step("add a patient, link the patient's phone"):
        patient = enrol(parts, add_patient(parts, authenticator))
    with step("send an entry that speaks of suicide"):
        begun_at = send_entry(parts, patient)
    with step("wait for the page"):
        page = wait_for_page(parts)
    with step("acknowledge as the clinician"):
        alert = acknowledge(parts, clinician, page)
    return report(page, alert, begun_at, redis="killed" if without_redis else "up")


def report(
    page: Mapping[str, Any], alert: Mapping[str, Any], begun_at: float, *, redis: str
) -> Report:
    """Measure from the transaction's start, which is just before its commit, and from the send."""
    opened_at = datetime.fromisoformat(alert["opened_at"]).timestamp()
    return Report(
        commit_to_push_ms=round((page["at"] - opened_at) * MS, 1),
        post_to_push_ms=round((page["at"] - begun_at) * MS, 1),
        alert_id=alert["id"],
        acknowledged=alert["state"] == "acked",
        redis=redis,
    )


def kill_valkey(stack: Stack) -> None:
    """Take Redis away as a crash would."""
    if stack.valkey is None:
        raise SmokeFailed("Redis is outside; only one of our own can be killed.")
    stack.valkey.child.process.kill()
    stack.valkey.child.wait()


async def invite_clinician(parts: Parts) -> str:
    """Open the clinic, and return the code its clinician activates by."""
    settings = settings_of(parts.environment())
    await open_clinic(settings, CLINIC, ADMIN)
    invited = await invite(settings, CLINIC.code, ADMIN.mail, CLINICIAN)
    return invited.code.text


def activate(parts: Parts, code: str) -> Authenticator:
    """Choose a password, scan the seed, confirm the first one-time code."""
    port = parts.ports.api
    begun = ask(port, "POST", "/v1/staff/activations", {"code": code, "password": PASSWORD}).body
    authenticator = Authenticator(pyotp.parse_uri(begun["totp_uri"]).secret)
    confirmed = {"activation": begun["activation"], "totp": authenticator.next()}
    ask(port, "POST", "/v1/staff/activations/confirm", confirmed)
    return authenticator


def sign_in(parts: Parts, authenticator: Authenticator) -> dict[str, Any]:
    """Open the staff app's session on a device and register the device for pushes."""
    device = Device(port=parts.ports.api)
    totp = authenticator.next()
    session = device.come_in("/v1/staff/sessions", totp, {**credentials(), "totp": totp})
    registration = {"platform": device.platform, "fid": FID, "permission": "granted"}
    path = f"/v1/devices/{device.installation}"
    done = ask(parts.ports.api, "PUT", path, registration, bearer(session)).body
    if done["push"] != "live":
        raise SmokeFailed("The clinician's phone was not registered for pushes.")
    return session


def credentials() -> dict[str, str]:
    """Name who signs in, and by what."""
    return {"clinic": CLINIC.code, "mail": CLINICIAN.mail, "password": PASSWORD}


def add_patient(parts: Parts, authenticator: Authenticator) -> str:
    """Add a patient at the console and return the code that links their phone."""
    port = parts.ports.api
    body = {**credentials(), "totp": authenticator.next(), "console": True}
    opened = ask(port, "POST", "/v1/staff/sessions", body)
    own_page = console_headers(opened, parts.api_url)
    patient = {
        "id": str(uuid7()),
        "name": "Ana Almeida",
        "zone": CLINIC.zone,
        "language": "en",
        "conditions": ["trd"],
        "primary_condition": "trd",
        "failed_trials": 3,
    }
    ask(port, "POST", "/v1/patients", patient, own_page)
    path = f"/v1/patients/{patient['id']}/enrolment-codes"
    code: str = ask(port, "POST", path, {"in_room": True}, own_page).body["code"]
    return code


def console_headers(opened: Answer, origin: str) -> dict[str, str]:
    """Send what the console's own page sends with every change."""
    cookie = next(value for name, value in opened.headers.items() if name.lower() == "set-cookie")
    return {
        "Cookie": cookie.partition(";")[0],
        "Origin": origin,
        "X-CSRF-Token": opened.body["csrf_token"],
    }


def enrol(parts: Parts, code: str) -> dict[str, Any]:
    """Link the patient's phone."""
    return Device(port=parts.ports.api).come_in("/v1/enrolments", code, {"code": code})


def send_entry(parts: Parts, patient: Mapping[str, Any]) -> float:
    """Send the entry, see that the answer holds help, and return when the phone began to send."""
    now = datetime.now(UTC)
    entry = {
        "occurred_at": now.isoformat(),
        "zone": "UTC",
        "local_date": now.date().isoformat(),
        "form": "daily_depression@1",
        "language": "en",
        "answers": {"low_mood": 9, "anhedonia": 8, "hopelessness": 9, "fatigue": 7},
        "note": NOTE,
    }
    begun_at = time.time()
    path = f"/v1/entries/{uuid7()}"
    answer = ask(parts.ports.api, "PUT", path, entry, bearer(patient))
    if "crisis" not in answer.body:
        raise SmokeFailed("The answer to the entry held no crisis lines.")
    return begun_at


def wait_for_page(parts: Parts) -> dict[str, Any]:
    """Wait until the clinician's phone was pushed to."""
    query = urlencode({"fid": FID, "since": 0, "timeout": PATIENCE_SECONDS})
    pushes = ask(parts.ports.emulator, "GET", f"/wait?{query}").body["pushes"]
    if not pushes:
        raise SmokeFailed(f"No page within {PATIENCE_SECONDS} s.")
    page: dict[str, Any] = pushes[0]
    if page["violations"]:
        raise SmokeFailed("The page held what may not leave the clinic.")
    return page


def acknowledge(
    parts: Parts, clinician: Mapping[str, Any], page: Mapping[str, Any]
) -> dict[str, Any]:
    """Find the alert the page is about in the feed, take it on, and read it again."""
    port = parts.ports.api
    feed = ask(port, "GET", "/v1/alerts?state=live", headers=bearer(clinician)).body["items"]
    handle = page["message"]["data"]["i"]
    told = [alert for alert in feed if handle in (each.get("handle") for each in alert["pages"])]
    if len(told) != 1:
        raise SmokeFailed("The page's alert is not in the clinician's feed.")
    path = f"/v1/alerts/{told[0]['id']}"
    ask(port, "POST", f"{path}/acknowledge", headers=bearer(clinician))
    alert: dict[str, Any] = ask(port, "GET", path, headers=bearer(clinician)).body
    if alert["state"] != "acked" or alert["acked_by"] != clinician["practitioner_id"]:
        raise SmokeFailed("The acknowledgement did not stick.")
    return alert
