"""Rows about an entry that is there already, and about what one patient may send."""

import asyncio
from typing import Any

import httpx
import pytest

from models.consent import give_consent, withdraw_consent
from models.ids import uuid7
from models.session import clinic_transaction
from tests.acceptance.entry import entry
from tests.acceptance.stage import CALM, JSON, SAID, Stage, check_headers, check_refusal, wire
from tests.cast import Clock, Person, Ward

INFUSION = """
WITH treated AS (
    INSERT INTO course (clinic_id, id, patient_id) VALUES ($1, $2, $3) RETURNING id
)
INSERT INTO infusion (clinic_id, id, patient_id, course_id, local_date, started_at, recorded_by)
SELECT $1, $4, $3, id, '2026-03-01', '2026-03-01T10:00:00Z', $5 FROM treated
"""


async def stored(stage: Stage, **changes: Any) -> httpx.Response:
    """Store an entry."""
    answer = await stage.put(**changes)
    assert answer.status_code == 201
    return answer


def correct(stage: Stage, first: httpx.Response, tag: str | None, **changes: Any) -> Any:
    """Correct an entry under an ETag, or under none."""
    headers = JSON if tag is None else {**JSON, "if-match": tag}
    body = wire(entry(**changes))
    return stage.send(body, name=first.json()["id"], method="PATCH", headers=headers)


@pytest.mark.parametrize("note", [CALM, SAID], ids=["calm", "dark"])
async def test_e16_other_content_under_the_same_id_is_a_conflict(stage: Stage, note: str) -> None:
    first = await stored(stage, note="First.")
    name = first.json()["id"]

    told = await stage.refuses(
        stage.put(name, note=note), "409 id-conflict", kept=1, speaks=note == SAID
    )

    assert told["quarantined"] is True
    assert await stage.note_of(name) == "First."
    assert await stage.live_alerts() == (note == SAID)
    await stage.stores(stage.put())


async def test_e16_of_two_contents_at_once_one_is_stored_and_the_other_kept(stage: Stage) -> None:
    name = uuid7()

    answers = await asyncio.gather(*(stage.put(name, note=f"{SAID} {n % 2}") for n in range(20)))

    # the entries differ in their times as well: one is first, every other is another
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert len(await stage.kept_bodies()) == 19
    assert await stage.live_alerts() == 1


async def test_e26_an_infusion_of_another_patient_is_unknown(
    stage: Stage, ward: Ward, dr_bo: Person
) -> None:
    ben, course, infusion = await ward.patient("ben", dr_bo), uuid7(), uuid7()
    await stage.db.execute(INFUSION, ben.clinic_id, course, ben.id, infusion, dr_bo.id)

    told = await stage.refuses(
        stage.put(note=SAID, infusion_id=str(infusion)),
        "422 unknown-reference",
        kept=1,
        speaks=True,
    )

    assert [error["pointer"] for error in told["errors"]] == ["/infusion_id"]


async def test_e26_ones_own_infusion_is_known(stage: Stage, dr_bo: Person) -> None:
    infusion = uuid7()
    await stage.db.execute(INFUSION, stage.ana.clinic_id, uuid7(), stage.ana.id, infusion, dr_bo.id)

    await stage.stores(stage.put(infusion_id=str(infusion)))


@pytest.mark.parametrize("note", [CALM, SAID], ids=["calm", "dark"])
@pytest.mark.parametrize(
    ("tag", "problem"),
    [
        (None, "428 precondition-required"),
        ('"1.AAAAAAAAAAAAAAAA"', "412 version-conflict"),
        ("*", "412 version-conflict"),
        ('W/"1"', "412 version-conflict"),
    ],
    ids=["none", "stale", "star", "weak"],
)
async def test_e33_a_correction_names_what_it_corrects(
    stage: Stage, tag: str | None, problem: str, note: str
) -> None:
    first = await stored(stage)

    await stage.refuses(correct(stage, first, tag, note=note), problem, kept=1, speaks=note == SAID)

    assert await stage.note_of(first.json()["id"]) == entry()["note"]
    assert await stage.live_alerts() == (note == SAID)


async def test_e33_a_stale_correction_is_told_the_current_version(stage: Stage) -> None:
    first = await stored(stage)
    second = await correct(stage, first, first.headers["etag"], note="Better.")

    answer = await correct(stage, first, first.headers["etag"], note="Worse.")

    check_refusal(answer, "412 version-conflict")
    assert answer.headers["etag"] == second.headers["etag"]


async def test_e33_a_correction_whose_answer_was_lost_is_answered_again(stage: Stage) -> None:
    first, change = await stored(stage), entry(note=SAID)
    second = await correct(stage, first, first.headers["etag"], **change)
    before = await stage.rows()

    again = await correct(stage, first, first.headers["etag"], **change)

    assert (again.status_code, again.content) == (200, second.content)
    assert await stage.rows() == before


async def test_e33_without_if_match_even_the_same_content_is_refused(stage: Stage) -> None:
    change = entry()
    first = await stored(stage, **change)

    await stage.refuses(correct(stage, first, None, **change), "428 precondition-required", kept=1)


async def test_e33_of_corrections_at_once_one_is_made(stage: Stage) -> None:
    first = await stored(stage)

    answers = await asyncio.gather(
        *(correct(stage, first, first.headers["etag"], note=f"Better {n}.") for n in range(20))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 19
    count = await stage.db.fetchval(
        "SELECT count(*) FROM entry_revision WHERE patient_id = $1", stage.ana.id
    )
    assert count == 2


async def test_e34_a_correction_is_a_new_version_and_is_read_again(stage: Stage) -> None:
    first = await stored(stage, note="Rested.")
    name = first.json()["id"]

    answer = await correct(stage, first, first.headers["etag"], note=SAID)

    check_headers(answer)
    assert (answer.status_code, answer.json()["revision"]) == (200, 2)
    assert "crisis" in answer.json()
    assert await stage.note_of(name, 1) == "Rested."
    assert await stage.note_of(name, 2) == SAID
    assert await stage.live_alerts() == 1
    assert (await stage.get(f"/v1/entries/{name}")).json()["note"] == SAID


async def test_e34_an_alert_stays_when_the_words_are_taken_back(stage: Stage) -> None:
    first = await stored(stage, note=SAID)

    answer = await correct(stage, first, first.headers["etag"], note="Rested.")

    assert answer.status_code == 200
    assert "crisis" not in answer.json()
    assert await stage.live_alerts() == 1


async def test_e34_a_correction_of_nothing_is_not_found(stage: Stage) -> None:
    sending = stage.send(wire(entry(note=SAID)), name=uuid7(), method="PATCH")

    await stage.refuses(sending, "404 not-found", kept=1, speaks=True)


async def test_e35_a_hidden_entry_is_gone_for_its_patient_only(stage: Stage) -> None:
    first = await stored(stage, note=SAID)
    name = first.json()["id"]
    headers = {"if-match": first.headers["etag"]}

    answer = await stage.send(b"", name=name, method="DELETE", headers=headers)

    check_headers(answer)
    assert (answer.status_code, answer.json()) == (200, {"id": name, "hidden": True})
    check_refusal(await stage.get(f"/v1/entries/{name}"), "404 not-found")
    assert name not in (await stage.get("/v1/entries")).text
    assert {"id": name, "hidden": True} in (await stage.get("/v1/sync")).json()["items"]
    assert await stage.note_of(name) == SAID
    assert await stage.live_alerts() == 1


async def test_e35_hiding_again_changes_nothing(stage: Stage) -> None:
    first = await stored(stage)
    name, headers = first.json()["id"], {"if-match": first.headers["etag"]}
    once = await stage.send(b"", name=name, method="DELETE", headers=headers)
    before = await stage.rows()

    again = await stage.send(b"", name=name, method="DELETE", headers=headers)

    assert (again.status_code, again.content) == (200, once.content)
    assert await stage.rows() == before


async def test_e35_hiding_names_what_it_hides(stage: Stage) -> None:
    name = (await stored(stage)).json()["id"]

    unnamed = stage.send(b"", name=name, method="DELETE", headers={})
    await stage.refuses(unnamed, "428 precondition-required")
    stale = stage.send(b"", name=name, method="DELETE", headers={"if-match": '"1.AAAAAAAAAAAA"'})
    await stage.refuses(stale, "412 version-conflict")


async def test_e35_the_same_entry_sent_again_stays_hidden(stage: Stage) -> None:
    change = entry()
    first = await stored(stage, **change)
    name = first.json()["id"]
    await stage.send(b"", name=name, method="DELETE", headers={"if-match": first.headers["etag"]})

    again = await stage.put(name, **change)

    assert (again.status_code, again.content) == (200, first.content)
    check_refusal(await stage.get(f"/v1/entries/{name}"), "404 not-found")


async def fill_the_hour(stage: Stage) -> dict[str, Any]:
    """Send as many entries as an hour allows; returns the last."""
    items = [entry() | {"id": str(uuid7())} for _ in range(120)]
    answer = await stage.sync(*items)
    assert {item["status"] for item in answer.json()["items"]} == {"stored"}
    return items[-1]


async def test_e38_beyond_the_hourly_limit_a_body_is_read_before_it_is_refused(
    stage: Stage, clock: Clock
) -> None:
    await fill_the_hour(stage)
    body, name = wire(entry(note=SAID)), uuid7()

    await stage.refuses(stage.send(body, name=name), "429 rate-limited", kept=1, speaks=True)
    refused = await stage.send(body, name=name)

    assert int(refused.headers["retry-after"]) > 0
    assert await stage.live_alerts() == 1
    await clock.advance(minutes=61)
    ana = await sign_in_again(stage)
    later = await stage.api.put(f"/v1/entries/{name}", content=body, headers=ana | JSON)
    assert later.status_code == 201
    assert await stage.live_alerts() == 1


async def sign_in_again(stage: Stage) -> dict[str, str]:
    """Let ana's token live on: it is not what the row is about."""
    await stage.db.execute(
        "UPDATE gate.credential SET expires_at = app_now() + interval '10 minutes'"
        " WHERE subject_id = $1 AND kind = 'access'",
        stage.ana.session_id,
    )
    return stage.ana.headers


async def test_e38_the_limit_is_one_patients_and_not_anothers(
    stage: Stage, ward: Ward, dr_bo: Person
) -> None:
    await fill_the_hour(stage)
    ben = await ward.patient("ben", dr_bo)

    answer = await stage.api.put(f"/v1/entries/{uuid7()}", json=entry(), headers=ben.headers)

    assert answer.status_code == 201


async def test_e38_a_repeated_entry_is_answered_beyond_the_limit_too(stage: Stage) -> None:
    last = await fill_the_hour(stage)
    name = last.pop("id")

    again = await stage.send(wire(last), name=name)

    assert (again.status_code, again.json()["revision"]) == (200, 1)


@pytest.mark.parametrize("note", [CALM, SAID], ids=["calm", "dark"])
async def test_e44_without_consent_to_care_an_entry_is_kept_and_read(
    stage: Stage, ward: Ward, note: str
) -> None:
    clinic, ana = stage.ana.clinic_id, stage.ana.id
    async with clinic_transaction(ward.pool, clinic) as db:
        await withdraw_consent(db, clinic, ana, purpose="care")

    told = await stage.refuses(
        stage.put(note=note), "403 consent-missing", kept=1, speaks=note == SAID
    )
    item = await stage.sync(entry(note=note) | {"id": str(uuid7())})

    assert told["quarantined"] is True
    assert await stage.live_alerts() == (note == SAID)
    [result] = item.json()["items"]
    assert (result["status"], result["quarantined"]) == ("invalid", True)
    async with clinic_transaction(ward.pool, clinic) as db:
        await give_consent(db, clinic, ana, purpose="care", version="1")
    await stage.stores(stage.put())


async def test_e44_what_was_stored_before_can_still_be_read(stage: Stage, ward: Ward) -> None:
    name = (await stored(stage)).json()["id"]
    async with clinic_transaction(ward.pool, stage.ana.clinic_id) as db:
        await withdraw_consent(db, stage.ana.clinic_id, stage.ana.id, purpose="care")

    assert (await stage.get(f"/v1/entries/{name}")).status_code == 200


async def fill_the_day(stage: Stage) -> None:
    """Keep as many bodies as a day allows."""
    await stage.db.execute(
        "INSERT INTO quarantine (clinic_id, id, patient_id, slug, body_hmac, body_ct, label,"
        " expires_at) SELECT $1, gen_random_uuid(), $2, 'malformed-json', n::text::bytea, '',"
        " 'none', app_now() + interval '30 days' FROM generate_series(1, 300) n",
        stage.ana.clinic_id,
        stage.ana.id,
    )


async def test_e03_beyond_300_bodies_a_day_calm_ones_are_counted_and_not_kept(
    stage: Stage,
) -> None:
    await fill_the_day(stage)

    told = await stage.refuses(stage.send(wire(entry(note=CALM))[:-3]), "400 malformed-json")

    assert "quarantined" not in told
    dropped = await stage.db.fetchval(
        "SELECT count(*) FROM audit_event WHERE patient_id = $1 AND action = 'entry.drop'",
        stage.ana.id,
    )
    assert dropped == 1


async def test_e03_beyond_300_bodies_a_day_one_that_speaks_of_suicide_is_kept(
    stage: Stage,
) -> None:
    await fill_the_day(stage)

    told = await stage.refuses(
        stage.send(wire(entry(note=SAID))[:-3]), "400 malformed-json", kept=1, speaks=True
    )

    assert told["quarantined"] is True
    assert await stage.live_alerts() == 1


async def test_e03_the_same_damaged_body_a_hundred_times_is_one_row_and_one_alert(
    stage: Stage,
) -> None:
    body = wire(entry(note=SAID))[:-3]

    answers = await asyncio.gather(*(stage.send(body) for _ in range(100)))

    assert {answer.status_code for answer in answers} == {400}
    assert all(answer.json()["quarantined"] for answer in answers)
    assert await stage.kept_bodies() == [body]
    assert await stage.live_alerts() == 1
