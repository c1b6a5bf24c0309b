"""A colleague at a browser or with the staff app: password, authenticator, cookie."""

from dataclasses import dataclass, field
from typing import Any

import httpx
from pyotp.hotp import HOTP

from api.second_factor import draw_seed
from models.session import clinic_transaction
from models.staff_login import Credentials, activate, name_of
from models.subject_key import subject_for
from tests.api.phone import Door, Phone
from tests.cast import Clock, Person

PASSWORD = "a heron stands in the reeds"
STEP = 30
ORIGIN = "http://localhost:8000"


async def totp_for(seed: str, clock: Clock, *, steps: int = 0) -> str:
    """Read an authenticator, now or some steps away."""
    return HOTP(seed).at(int((await clock.now()).timestamp()) // STEP + steps)


@dataclass(slots=True, kw_only=True)
class Colleague:
    """Somebody who can sign in."""

    client: httpx.AsyncClient
    person: Person
    clock: Clock
    seed: str
    mail: str
    password: str = PASSWORD
    recovery_codes: list[str] = field(default_factory=list[str])
    csrf: str = ""

    async def totp(self, *, steps: int = 0) -> str:
        """Read the authenticator."""
        return await totp_for(self.seed, self.clock, steps=steps)

    async def sign_in(self, **changes: Any) -> httpx.Response:
        """Sign in to the console, with some members changed; None leaves one out."""
        body: dict[str, Any] = {
            "clinic": self.person.clinic_code,
            "mail": self.mail,
            "password": self.password,
            "console": True,
        }
        if "totp" not in changes:
            changes["totp"] = await self.totp()
        sent = {name: value for name, value in (body | changes).items() if value is not None}
        answer = await self.client.post("/v1/staff/sessions", json=sent)
        if answer.status_code == 201 and "__Host-sid" in answer.headers.get("set-cookie", ""):
            self.csrf = answer.json()["csrf_token"]
            self.keep_cookie(answer)
        return answer

    def keep_cookie(self, answer: httpx.Response) -> None:
        """Send the cookie from now on; the test's client speaks plain HTTP and would not."""
        pair = answer.headers["set-cookie"].partition(";")[0]
        self.client.headers["cookie"] = pair

    @property
    def console_headers(self) -> dict[str, str]:
        """Send what the console's own page sends with every change."""
        return {"Origin": ORIGIN, "X-CSRF-Token": self.csrf}

    async def sign_in_with(self, phone: Phone, **changes: Any) -> httpx.Response:
        """Sign in to the staff app."""
        await phone.fetch_nonce()
        body: dict[str, Any] = {
            "clinic": self.person.clinic_code,
            "mail": self.mail,
            "password": self.password,
            "totp": await self.totp(),
            "device": phone.device,
        }
        sent = {name: value for name, value in (body | changes).items() if value is not None}
        shown = sent.get("totp") or sent.get("recovery_code") or ""
        answer = await phone.client.post(
            "/v1/staff/sessions", json=sent, headers=phone.proof("/v1/staff/sessions", shown)
        )
        return phone.remember(answer)


async def employ(door: Door, client: httpx.AsyncClient, person: Person, clock: Clock) -> Colleague:
    """Give somebody of the cast a password and an authenticator."""
    into_step = (await clock.now()).timestamp() % STEP
    await clock.advance(seconds=STEP + 5 - into_step)  # no step begins while a test signs in
    seed = draw_seed()
    hashed = await door.backend.passwords.hash(PASSWORD)
    async with clinic_transaction(door.backend.pool, person.clinic_id) as db:
        mine = await subject_for(db, door.backend.keyring, person.clinic_id, person.id)
        mail, _ = await name_of(db, mine)
        codes = await activate(
            db,
            door.backend.keyring,
            person.clinic_id,
            person.id,
            Credentials(password_hash=hashed, totp_seed=seed, totp_counter=0),
        )
    return Colleague(
        client=client,
        person=person,
        clock=clock,
        seed=seed,
        mail=mail,
        recovery_codes=codes,
    )
