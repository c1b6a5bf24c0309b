"""A push token belongs to one person: a patient's moves, a practitioner's waits for an echo."""

from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from models.cipher import Keyring
from models.ids import uuid7
from models.session import Connection, Pool, clinic_transaction
from models.sign_in import NewSession, issue_access, open_session
from models.subject_key import subject_for
from tests.api.kit import problem_in
from tests.api.phone import Door, Phone
from tests.cast import Person, Ward

TOKEN = "fid-of-a-phone:APA91bExample"
BROWSER = {
    "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
    "keys": {"p256dh": "B" * 87, "auth": "A" * 22},
}


async def put(phone: Phone, who: Person, installation: UUID, **body: Any) -> httpx.Response:
    """Register an installation as its app would."""
    sent = {"platform": "android", "app_version": "1.4.2"} | body
    return await phone.client.put(f"/v1/devices/{installation}", json=sent, headers=who.headers)


async def device_of(superuser: Connection, installation: UUID) -> dict[str, Any]:
    """Read one installation's row."""
    row = await superuser.fetchrow("SELECT * FROM device WHERE installation = $1", installation)
    assert row is not None
    return dict(row)


async def test_a_registration_is_stored_as_ciphertext(
    phone: Phone, ana: Person, superuser: Connection, pool: Pool, keyring: Keyring
) -> None:
    name = uuid7()
    body = {"fcm_token": TOKEN, "permission": "granted", "zone": "Europe/Madrid"}

    answer = await put(phone, ana, name, **body)

    assert answer.status_code == 200
    assert answer.json() == {"installation": str(name), "push": "live"}
    device = await device_of(superuser, name)
    assert device["patient_id"] == ana.id
    assert TOKEN.encode() not in device["push_ct"]
    async with clinic_transaction(pool, ana.clinic_id) as db:
        mine = await subject_for(db, keyring, ana.clinic_id, ana.id)
    plain = mine.open("device.push", device["id"], device["push_ct"])
    assert msgspec.json.decode(plain) == {"fcm_token": TOKEN}


async def test_a_browser_registers_its_subscription(
    phone: Phone, ana: Person, superuser: Connection, pool: Pool, keyring: Keyring
) -> None:
    name = uuid7()

    await put(phone, ana, name, platform="web", web_push=BROWSER)

    device = await device_of(superuser, name)
    async with clinic_transaction(pool, ana.clinic_id) as db:
        mine = await subject_for(db, keyring, ana.clinic_id, ana.id)
    plain = mine.open("device.push", device["id"], device["push_ct"])
    assert msgspec.json.decode(plain) == {"web_push": BROWSER}


async def test_registering_again_is_one_row_and_one_line_in_the_audit(
    phone: Phone, ana: Person, superuser: Connection
) -> None:
    name = uuid7()
    for version in ("1.4.2", "1.4.3"):
        await put(phone, ana, name, fcm_token=TOKEN, app_version=version)

    assert await superuser.fetchval("SELECT count(*) FROM device") == 1
    assert (await device_of(superuser, name))["app_version"] == "1.4.3"
    assert await superuser.fetchval("SELECT count(*) FROM audit_event") == 1


async def test_a_registration_without_a_token_leaves_the_stored_one(
    phone: Phone, dr_bo: Person, superuser: Connection
) -> None:
    name = uuid7()
    await put(phone, dr_bo, name, fcm_token=TOKEN)

    answer = await put(phone, dr_bo, name, permission="denied")

    assert answer.json()["push"] == "live"
    device = await device_of(superuser, name)
    assert (device["permission"], device["push_ct"] is None) == ("denied", False)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"fcm_token": ""}, "/fcm_token"),
        ({"fid": ""}, "/fid"),
        ({"fcm_token": "x" * 5 * 1024}, "/fcm_token"),
        ({"fid": "x" * 257}, "/fid"),
        ({"fcm_token": "token\n"}, "/fcm_token"),
        ({"fcm_token": "to\u0000ken"}, "/fcm_token"),
        ({"fcm_token": "to ken"}, "/fcm_token"),
        ({"fcm_token": "t\u00f6ken"}, "/fcm_token"),
        ({"fid": "fid\u200b"}, "/fid"),
    ],
    ids=[
        "D1-empty-token",
        "D1-empty-fid",
        "D1-5-KB",
        "D1-long-fid",
        "D1-newline",
        "D1-nul",
        "D1-space",
        "D1-umlaut",
        "D1-zero-width",
    ],
)
async def test_d01_a_token_no_provider_gives_out_is_refused(
    phone: Phone, ana: Person, superuser: Connection, body: dict[str, str], pointer: str
) -> None:
    answer = await put(phone, ana, uuid7(), **body)

    assert answer.status_code == 422
    assert problem_in(answer) == "invalid-token"
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert await superuser.fetchval("SELECT count(*) FROM device") == 0


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://updates.push.services.mozilla.com/x",
        "https://169.254.169.254/latest",
        "https://localhost/x",
        "https://evil.example/?updates.push.services.mozilla.com",
        "https://updates.push.services.mozilla.com@evil.example/x",
        "https://updates.push.services.mozilla.com.evil.example/x",
        "https://updates.push.services.mozilla.com:8443/x",
        "https://evilnotify.windows.com/x",
        "https://[::1]/x",
        "https://[bad/x",
        "javascript:alert(1)",
        "",
    ],
)
async def test_d01_a_browser_is_pushed_at_its_own_service_only(
    phone: Phone, ana: Person, endpoint: str
) -> None:
    answer = await put(phone, ana, uuid7(), web_push=BROWSER | {"endpoint": endpoint})

    assert problem_in(answer) == "invalid-token"


async def test_d02_a_patients_token_moves_and_its_former_owner_is_told(
    phone: Phone, ward: Ward, ana: Person, superuser: Connection
) -> None:
    eva = await ward.patient("eva")
    hers, mine = uuid7(), uuid7()
    await put(phone, eva, hers, fcm_token=TOKEN)

    answer = await put(phone, ana, mine, fcm_token=TOKEN)

    assert answer.json()["push"] == "live"
    former = await device_of(superuser, hers)
    assert former["disabled_reason"] == "moved"
    assert former["push_ct"] is None
    told = await superuser.fetch("SELECT action FROM audit_event WHERE patient_id = $1", eva.id)
    assert [row["action"] for row in told] == [
        "device.register",
        "device.push_moved",
        "notice.person",
    ]


async def test_d02_a_token_moves_between_ones_own_phones_silently(
    phone: Phone, ana: Person, superuser: Connection
) -> None:
    old, new = uuid7(), uuid7()
    await put(phone, ana, old, fid="one-and-the-same")

    answer = await put(phone, ana, new, fid="one-and-the-same")

    assert answer.json()["push"] == "live"
    assert (await device_of(superuser, old))["disabled_reason"] == "moved"
    acts = await superuser.fetch("SELECT action FROM audit_event")
    assert {row["action"] for row in acts} == {"device.register"}


async def test_d02_the_same_token_in_another_clinic_is_nobodys_business(
    phone: Phone, dr_bo: Person, dr_cy: Person, superuser: Connection
) -> None:
    theirs = uuid7()
    await put(phone, dr_cy, theirs, fcm_token=TOKEN)

    answer = await put(phone, dr_bo, uuid7(), fcm_token=TOKEN)

    assert answer.json()["push"] == "live"
    assert (await device_of(superuser, theirs))["disabled_at"] is None


async def test_d03_an_eleventh_device_is_refused(
    phone: Phone, ana: Person, superuser: Connection
) -> None:
    names = [uuid7() for _ in range(11)]
    answers = [await put(phone, ana, name) for name in names]

    assert {a.status_code for a in answers[:10]} == {200}
    assert answers[10].status_code == 409
    assert problem_in(answers[10]) == "too-many-devices"
    assert await superuser.fetchval("SELECT count(*) FROM device") == 10
    assert (await put(phone, ana, names[3])).status_code == 200


async def test_d03_a_removed_device_makes_room(phone: Phone, ana: Person) -> None:
    names = [uuid7() for _ in range(10)]
    for name in names:
        await put(phone, ana, name)
    await phone.client.delete(f"/v1/devices/{names[0]}", headers=ana.headers)

    assert (await put(phone, ana, uuid7())).status_code == 200
    assert problem_in(await put(phone, ana, names[0], fid="back")) == "too-many-devices"


async def test_d04_nobody_registers_another_persons_device(
    phone: Phone, ward: Ward, ana: Person, superuser: Connection
) -> None:
    eva = await ward.patient("eva")
    hers = uuid7()
    await put(phone, eva, hers, fcm_token=TOKEN)

    answer = await put(phone, ana, hers, fcm_token="another")

    assert answer.status_code == 404
    assert problem_in(answer) == "not-found"
    removed = await phone.client.delete(f"/v1/devices/{hers}", headers=ana.headers)
    assert problem_in(removed) == "not-found"
    assert (await device_of(superuser, hers))["patient_id"] == eva.id


async def test_d04_dr_cy_reaches_no_device_of_this_clinic(
    phone: Phone, dr_bo: Person, dr_cy: Person, superuser: Connection
) -> None:
    name = uuid7()
    await put(phone, dr_bo, name, fcm_token=TOKEN)

    removed = await phone.client.delete(f"/v1/devices/{name}", headers=dr_cy.headers)
    confirmed = await phone.client.post(
        f"/v1/devices/{name}/confirm", json={"nonce": "n" * 22}, headers=dr_cy.headers
    )

    assert problem_in(removed) == "not-found"
    assert problem_in(confirmed) == "not-found"
    assert (await device_of(superuser, name))["disabled_at"] is None


async def test_d04_a_field_that_names_an_owner_is_unknown(phone: Phone, ana: Person) -> None:
    answer = await put(phone, ana, uuid7(), patient_id=str(uuid7()))

    assert problem_in(answer) == "unknown-field"


async def test_a_practitioners_phone_becomes_a_contact_point(
    phone: Phone, dr_bo: Person, superuser: Connection
) -> None:
    name = uuid7()
    for _ in range(2):
        await put(phone, dr_bo, name, fcm_token=TOKEN)

    rows = await superuser.fetch("SELECT * FROM endpoint WHERE channel = 'push'")
    assert len(rows) == 1
    assert rows[0]["practitioner_id"] == dr_bo.id
    assert rows[0]["device_id"] == (await device_of(superuser, name))["id"]


async def test_a_phone_without_a_token_is_no_contact_point(
    phone: Phone, dr_bo: Person, superuser: Connection
) -> None:
    answer = await put(phone, dr_bo, uuid7())

    assert answer.json()["push"] == "none"
    assert await superuser.fetchval("SELECT count(*) FROM endpoint WHERE channel = 'push'") == 0


async def test_showing_the_token_again_revives_what_was_disabled_softly(
    phone: Phone, dr_bo: Person, superuser: Connection
) -> None:
    name = uuid7()
    await put(phone, dr_bo, name, fcm_token=TOKEN)
    await superuser.execute(
        "UPDATE endpoint SET disabled_at = app_now(), disabled_reason = 'UNREGISTERED'"
        " WHERE channel = 'push'"
    )

    await put(phone, dr_bo, name, fcm_token=TOKEN)

    row = await superuser.fetchrow("SELECT * FROM endpoint WHERE channel = 'push'")
    assert row is not None
    assert (row["disabled_at"], row["disabled_reason"]) == (None, None)


async def test_removing_a_device_silences_it(
    phone: Phone, dr_bo: Person, superuser: Connection
) -> None:
    name = uuid7()
    await put(phone, dr_bo, name, fcm_token=TOKEN)

    answer = await phone.client.delete(f"/v1/devices/{name}", headers=dr_bo.headers)

    assert answer.status_code == 204
    device = await device_of(superuser, name)
    assert (device["push_ct"], device["disabled_reason"]) == (None, "removed")
    reason = await superuser.fetchval("SELECT disabled_reason FROM endpoint WHERE channel = 'push'")
    assert reason == "removed"


async def test_removing_a_lost_phone_signs_it_out(door: Door, phone: Phone, ana: Person) -> None:
    lost = Phone(client=phone.client)
    await lost.enrol(await door.code_for(ana))
    await phone.enrol(await door.code_for(ana))

    await phone.client.delete(f"/v1/devices/{lost.installation}", headers=phone.headers)

    assert problem_in(await lost.refresh()) == "session-revoked"
    assert (await phone.refresh()).status_code == 200


async def test_removing_the_phone_at_hand_keeps_it_signed_in(
    door: Door, phone: Phone, ana: Person
) -> None:
    await phone.enrol(await door.code_for(ana))

    await phone.client.delete(f"/v1/devices/{phone.installation}", headers=phone.headers)

    assert (await phone.refresh()).status_code == 200


@pytest.mark.parametrize("installation", [str(UUID(int=0)), "phone"])
async def test_an_impossible_id_is_refused(phone: Phone, ana: Person, installation: str) -> None:
    answer = await phone.client.put(
        f"/v1/devices/{installation}", json={"platform": "ios"}, headers=ana.headers
    )

    assert answer.status_code in {404, 422}


async def test_a_console_has_no_device(door: Door, phone: Phone, dr_bo: Person) -> None:
    async with clinic_transaction(door.backend.pool, dr_bo.clinic_id) as db:
        new = NewSession(kind="console", subject_id=dr_bo.id)
        token = await issue_access(db, await open_session(db, dr_bo.clinic_id, new))

    answer = await phone.client.put(
        f"/v1/devices/{uuid7()}",
        json={"platform": "web"},
        headers={"Authorization": f"Bearer {token}"},
    )

    assert problem_in(answer) == "forbidden"
