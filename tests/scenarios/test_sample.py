"""Quiet notes are drawn by lot and read: the only way to learn what is missed."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs

from models import sample
from models.cipher import Keyring
from models.practitioner import join_care_team
from models.sample import NEWEST, OLDEST, SAMPLE_RULE, draw_sample, verdicts
from models.session import Connection, Pool, clinic_transaction
from tests.api.kit import problem_in
from tests.cast import Clock, Person, Ward, open_ward
from tests.scenarios.ward import Stage
from tests.worker.diary_rows import NOTHING_FOUND, Diary
from tests.worker.notes import MARCH, TIRED, WALK, Scripted, write
from worker.second_reading import Desk

A_DAY_ON = NEWEST + timedelta(minutes=1)
TASKS = """
SELECT a.id, a.patient_id, a.severity, a.period, a.due_at - a.opened_at AS time, o.entry_id,
    o.reason FROM alert a JOIN alert_source o ON o.alert_id = a.id
WHERE a.rule = 'ideation.sample' ORDER BY a.opened_at, a.period
"""


@pytest.fixture
async def diary(pool: Pool, ana: Person, clock: Clock) -> Diary:
    return Diary(pool=pool, who=ana, today=(await clock.now()).date())


async def later(clock: Clock, by: timedelta = A_DAY_ON) -> None:
    await clock.advance(seconds=by.total_seconds())


async def new_colleague(ward: Ward, diary: Diary) -> Person:
    """Put somebody on the care team whose sign-in is younger than the notes."""
    rita = await ward.practitioner("rita")
    async with clinic_transaction(ward.pool, ward.clinic_id) as db:
        await join_care_team(db, ward.clinic_id, diary.who.id, rita.id, duty="member")
    return rita


async def answered(
    api: httpx.AsyncClient, who: Person, alert_id: UUID, **body: Any
) -> httpx.Response:
    return await api.post(
        f"/v1/alerts/{alert_id}/resolve",
        headers=who.headers,
        json={"outcome": "not_at_risk", **body},
    )


async def test_where_there_are_few_every_quiet_note_is_read_once(
    pool: Pool, diary: Diary, keyring: Keyring, clock: Clock, superuser: Connection
) -> None:
    quiet = {(await write(diary, keyring, WALK)).entry_id for _ in range(3)}
    await write(diary, keyring, TIRED, replace(NOTHING_FOUND, label="review", reason="rule"))
    await write(diary, keyring, MARCH, replace(NOTHING_FOUND, label="escalate", reason="rule"))
    await write(diary, keyring, None)
    await later(clock)

    assert [await draw_sample(pool), await draw_sample(pool)] == [3, 0]

    tasks = await superuser.fetch(TASKS)
    assert {task["entry_id"] for task in tasks} == quiet
    assert [task["period"] for task in tasks] == [0, 1, 2]
    assert {(task["severity"], task["time"], task["reason"]) for task in tasks} == {
        ("routine", sample.READ_WITHIN, "drawn")
    }


async def test_what_the_model_raised_is_not_quiet(
    pool: Pool, diary: Diary, keyring: Keyring, clock: Clock
) -> None:
    await write(diary, keyring, TIRED)
    await Desk(pool=pool, keyring=keyring, reader=Scripted()).read_again(
        diary.who.clinic_id, diary.who.id
    )
    await later(clock)

    assert await draw_sample(pool) == 0


@pytest.mark.parametrize(
    ("age", "drawn"),
    [
        (NEWEST - timedelta(minutes=1), 0),
        (A_DAY_ON, 1),
        (OLDEST - timedelta(minutes=1), 1),
        (OLDEST + timedelta(minutes=1), 0),
    ],
)
async def test_drawn_is_what_is_a_day_old_and_not_yet_eight(
    pool: Pool, diary: Diary, keyring: Keyring, clock: Clock, age: timedelta, drawn: int
) -> None:
    await write(diary, keyring, WALK)
    await later(clock, age)

    assert await draw_sample(pool) == drawn


@pytest.mark.parametrize(("share", "fewest", "drawn"), [(0.5, 2, 4), (0.01, 3, 3), (0.01, 0, 1)])
async def test_where_there_are_many_a_share_is_read_and_never_less_than_so_many(
    pool: Pool,
    diary: Diary,
    keyring: Keyring,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    share: float,
    fewest: int,
    drawn: int,
) -> None:
    monkeypatch.setattr(sample, "SHARE", share)
    monkeypatch.setattr(sample, "FEWEST_A_WEEK", fewest)
    for _ in range(8):
        await write(diary, keyring, WALK)
    await later(clock)

    assert [await draw_sample(pool), await draw_sample(pool)] == [drawn, 0]


async def test_every_week_draws_anew(
    pool: Pool, diary: Diary, keyring: Keyring, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "FEWEST_A_WEEK", 2)
    drawn: list[int] = []
    for _ in range(2):
        for _ in range(4):
            await write(diary, keyring, WALK)
        await later(clock)
        drawn.append(await draw_sample(pool))
        await clock.advance(days=7)

    assert drawn == [2, 2]


async def test_it_is_a_lot_that_draws(
    pool: Pool, diary: Diary, keyring: Keyring, clock: Clock
) -> None:
    ids = [(await write(diary, keyring, WALK)).entry_id for _ in range(6)]
    await later(clock)

    drawn = Counter[UUID]()
    for _ in range(40):
        async with pool.acquire() as db:
            [row] = await db.fetch(sample.DRAWN, 0.01, 1, NEWEST, OLDEST, SAMPLE_RULE)
            drawn[row["entry_id"]] += 1

    assert set(drawn) <= set(ids)
    assert len(drawn) > 2  # one chance in a billion that forty draws of six find two


async def test_a_clinic_that_is_closed_is_asked_nothing(
    pool: Pool, diary: Diary, keyring: Keyring, clock: Clock, superuser: Connection
) -> None:
    await write(diary, keyring, WALK)
    await superuser.execute("UPDATE clinic SET closed_at = app_now()")
    await later(clock)

    assert await draw_sample(pool) == 0


async def test_a_drawn_note_rings_nobody(
    stage: Stage, pool: Pool, diary: Diary, keyring: Keyring, clock: Clock, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    await write(diary, keyring, WALK)
    await later(clock)
    assert await draw_sample(pool) == 1

    await stage.page()

    phone.expect(0)


@pytest.mark.parametrize(("said", "alarms"), [(True, 1), (False, 0), (None, 0)])
async def test_a_reader_needs_no_note_and_a_miss_is_an_alarm(
    api: httpx.AsyncClient, pool: Pool, diary: Diary, keyring: Keyring, clock: Clock,
    superuser: Connection, ward: Ward, said: bool | None, alarms: int,  # noqa: FBT001 # the answer itself
) -> None:  # fmt: skip
    await write(diary, keyring, WALK)
    await later(clock)
    reader = await new_colleague(ward, diary)
    await draw_sample(pool)
    [task] = await superuser.fetch(TASKS)

    with capture_logs() as lines:
        answer = await answered(
            api, reader, task["id"], **({} if said is None else {"useful": said})
        )

    assert answer.status_code == 200
    missed = [line for line in lines if line["event"] == "screening.missed"]
    assert [line["alert_id"] for line in missed] == [task["id"]] * alarms
    assert WALK not in str(lines)
    async with clinic_transaction(pool, diary.who.clinic_id) as db:
        assert await verdicts(db, diary.who.clinic_id, timedelta(days=1)) == {("en", said): 1}


async def test_what_is_not_read_yet_is_no_verdict(
    pool: Pool, diary: Diary, keyring: Keyring, clock: Clock
) -> None:
    await write(diary, keyring, WALK)
    await later(clock)
    await draw_sample(pool)

    async with clinic_transaction(pool, diary.who.clinic_id) as db:
        assert await verdicts(db, diary.who.clinic_id, timedelta(days=1)) == {}


async def test_how_it_ended_must_still_be_said(
    api: httpx.AsyncClient, pool: Pool, diary: Diary, keyring: Keyring, clock: Clock,
    superuser: Connection, ward: Ward,
) -> None:  # fmt: skip
    await write(diary, keyring, WALK)
    await later(clock)
    reader = await new_colleague(ward, diary)
    await draw_sample(pool)
    [task] = await superuser.fetch(TASKS)

    answer = await api.post(
        f"/v1/alerts/{task['id']}/resolve", headers=reader.headers, json={"useful": False}
    )

    assert (answer.status_code, problem_in(answer)) == (422, "outcome-required")


async def test_another_clinic_sees_404(
    api: httpx.AsyncClient, pool: Pool, diary: Diary, keyring: Keyring, clock: Clock,
    superuser: Connection,
) -> None:  # fmt: skip
    await write(diary, keyring, WALK)
    await later(clock)
    stranger = await (await open_ward(pool, keyring, "south")).practitioner("cy")
    await draw_sample(pool)
    [task] = await superuser.fetch(TASKS)

    assert (await answered(api, stranger, task["id"])).status_code == 404
