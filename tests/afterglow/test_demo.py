"""The demo clinic: written as the API writes, once or not at all, and worth looking at."""

import itertools
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from pydantic import SecretStr
from pyotp.totp import TOTP

from afterglow import demo_clinic
from afterglow.api_settings import settings_of
from afterglow.cli import main
from afterglow.demo import CLINIC_CODE, LOGINS, fill_demo, fill_once
from afterglow.demo_cohort import COHORT
from afterglow.demo_diary import keep_diary
from afterglow.demo_notes import IN_NEED, NOTES
from afterglow.engines import Engines
from clinical.ideation.label import Label
from clinical.ideation.lexicon import load_lexicon
from clinical.ideation.screen import screen
from models.cipher import Keyring
from models.session import Connection, clinic_transaction, connect, open_pool
from models.subject_key import subject_for
from settings import Environment, Settings, SettingsInvalid
from tests.cast import Database, in_database, run_sql
from worker.assess import sweep_unassessed
from worker.second_reading import Desk

MOST_MISSED, MOST_FALSE = 3, 4
NAMES = "SELECT clinic_id, id, name_ct FROM patient"
RETURNED = """
SELECT DISTINCT a.patient_id FROM alert a
WHERE a.rule = 'symptom_return.half_lost_twice' AND a.severity IN ('urgent', 'routine')
"""
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def filled(engines: Engines, template: str) -> AsyncIterator[Database]:
    """Fill one demo clinic for the whole module."""
    name = f"demo_{next(_numbers)}"
    await run_sql(engines.superuser_url, f"CREATE DATABASE {name} TEMPLATE {template} OWNER owner")
    database = Database(
        name=name,
        app=in_database(engines.database_url, name),
        pager=in_database(engines.pager_database_url, name),
        owner=in_database(engines.owner_database_url, name),
        superuser=in_database(engines.superuser_url, name),
    )
    await fill_once(demo_settings(database, engines))
    yield database
    await run_sql(engines.superuser_url, f"DROP DATABASE {name} WITH (FORCE)")


def demo_settings(
    database: Database,
    engines: Engines,
    *,
    demo: bool = True,
    root_key: str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
) -> Settings:
    """Describe the API of a database with a demo clinic."""
    return Settings(
        env=Environment.TEST,
        database_url=SecretStr(database.app),
        redis_url=SecretStr(engines.redis_url),
        root_key=SecretStr(root_key),
        demo=demo,
    )


@pytest.fixture
def settings(filled: Database, engines: Engines) -> Settings:
    """Let the application of the tests serve the demo clinic."""
    return demo_settings(filled, engines)


@pytest.fixture
async def rows(filled: Database) -> AsyncIterator[Connection]:
    """See every row of the demo clinic."""
    connection = await connect(filled.superuser)
    yield connection
    await connection.close()


async def names(filled: Database, rows: Connection) -> dict[Any, str]:
    """Read who is who."""
    pool = await open_pool(filled.app, largest=1)
    keyring = Keyring(bytes(range(1, 33)))
    known: dict[Any, str] = {}
    patients = await rows.fetch(NAMES)
    async with clinic_transaction(pool, patients[0]["clinic_id"]) as db:
        for row in patients:
            subject = await subject_for(db, keyring, row["clinic_id"], row["id"])
            known[row["id"]] = subject.open_text("patient.name", row["id"], row["name_ct"])
    await pool.close()
    return known


async def test_thirty_patients_have_up_to_half_a_year_of_entries(rows: Connection) -> None:
    spans = await rows.fetch(
        "SELECT patient_id, count(*) AS entries, current_date - min(local_date) AS days"
        " FROM entry_revision GROUP BY patient_id"
    )

    assert len(spans) == 30
    assert 4_000 < sum(span["entries"] for span in spans) < 5_000
    assert max(span["days"] for span in spans) <= 181
    assert min(span["days"] for span in spans) < 45


async def test_entries_count_as_received_when_they_were_written(rows: Connection) -> None:
    wrong = await rows.fetchval(
        "SELECT count(*) FROM entry e JOIN entry_revision r ON r.entry_id = e.id"
        " WHERE e.received_at <> r.occurred_at OR r.stored_at <> e.received_at"
        " OR r.warnings <> '{}' OR e.received_at > now()"
    )
    recent = await rows.fetchval(
        "SELECT max(n) FROM (SELECT count(*) AS n FROM entry"
        " WHERE received_at > now() - interval '1 hour' GROUP BY patient_id) AS of_patient"
    )

    assert wrong == 0
    assert recent <= 2  # else the hourly limit would refuse what the demo's phone writes


async def test_infusions_belong_to_courses_in_the_past(rows: Connection) -> None:
    courses = await rows.fetch(
        "SELECT c.phase, c.opened_at <= min(i.started_at) AS before, count(*) AS given,"
        " max(i.started_at) < now() AS over FROM course c JOIN infusion i ON i.course_id = c.id"
        " GROUP BY c.clinic_id, c.id"
    )

    assert len(courses) == 32  # a booster after the follow-up has begun opens a new one
    assert all(course["before"] and course["over"] for course in courses)
    assert {course["phase"] for course in courses} == {"induction", "maintenance", "follow_up"}
    assert max(course["given"] for course in courses) > 8
    assert await rows.fetchval("SELECT count(*) FROM vital") > 2_000


async def test_one_patient_is_in_need_and_nobody_else(filled: Database, rows: Connection) -> None:
    [alert] = await rows.fetch("SELECT * FROM alert WHERE severity = 'emergency'")
    labels = await rows.fetch("SELECT label, count(*) AS n FROM screening GROUP BY label")

    assert (await names(filled, rows))[alert["patient_id"]] == "Fatima Rahmani"
    assert {row["label"]: row["n"] for row in labels}["escalate"] == 1
    assert {row["label"] for row in labels} == {"escalate", "none"}


@pytest.mark.parametrize("note", [note for notes in NOTES.values() for note in notes])
def test_an_everyday_note_pages_nobody(note: str) -> None:
    assert screen(note, load_lexicon()).label is Label.NONE


def test_the_cry_for_help_is_heard_by_its_words_alone() -> None:
    assert screen(IN_NEED, load_lexicon()).label is Label.ESCALATE


@pytest.fixture(scope="module")
async def swept(filled: Database) -> tuple[int, int]:
    """Let the jobs assess everybody, twice; return how many they looked at each time."""
    pool = await open_pool(filled.app, largest=2)
    desk = Desk(pool=pool, keyring=Keyring(bytes(range(1, 33))))
    looked_at = await sweep_unassessed(desk), await sweep_unassessed(desk)
    await pool.close()
    return looked_at


async def test_the_jobs_find_the_returns_and_few_others(
    filled: Database, rows: Connection, swept: tuple[int, int]
) -> None:
    known = await names(filled, rows)
    told = {known[row["patient_id"]] for row in await rows.fetch(RETURNED)}
    returned = {sketch.name for sketch in COHORT if sketch.returns_after is not None}
    never = {sketch.name for sketch in COHORT if sketch.response < 0.25}
    assert swept == (30, 0)
    assert len(returned - told) <= MOST_MISSED
    assert len(told - returned) <= MOST_FALSE
    assert not told & never


async def test_filling_it_again_does_nothing(filled: Database, engines: Engines) -> None:
    assert await fill_once(demo_settings(filled, engines)) == 0


@pytest.mark.parametrize("login", LOGINS, ids=lambda login: login.profession)
async def test_the_published_logins_open_the_console(api: httpx.AsyncClient, login: Any) -> None:
    answer = await api.post(
        "/v1/staff/sessions",
        json={
            "clinic": CLINIC_CODE,
            "mail": login.mail,
            "password": login.password,
            "totp": TOTP(login.totp_seed).now(),
            "console": True,
        },
    )

    assert answer.status_code == 201
    assert answer.json()["role"] == login.role


async def feed_of(api: httpx.AsyncClient, login: Any) -> list[dict[str, Any]]:
    """Read everything in somebody's feed, page by page."""
    body = {"clinic": CLINIC_CODE, "mail": login.mail, "password": login.password}
    later = TOTP(login.totp_seed).at(int(time.time()) + 30)  # the code of now may be spent
    answer = await api.post("/v1/staff/sessions", json={**body, "totp": later, "console": True})
    headers = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    page = (await api.get("/v1/alerts?limit=100", headers=headers)).json()
    found: list[dict[str, Any]] = page["items"]
    while cursor := page.get("next_cursor"):
        url = f"/v1/alerts?limit=100&cursor={cursor}"
        page = (await api.get(url, headers=headers)).json()
        found += page["items"]
    return found


async def test_the_feed_shows_what_the_watches_found_and_why(
    api: httpx.AsyncClient, filled: Database, rows: Connection, swept: tuple[int, int]
) -> None:
    known = {str(key): name for key, name in (await names(filled, rows)).items()}
    feed = await feed_of(api, LOGINS[2])
    found = {(known[each["patient_id"]], each["rule"], each["severity"]): each for each in feed}

    assert swept[0] == 30
    for name, rule, severity in (
        ("Marek Novotny", "symptom_return.improvement_lost", "urgent"),
        ("David Mensah", "mania.activation", "urgent"),
        ("Yuki Tanabe", "silence.broken_habit", "urgent"),
        ("Ines Caballero", "silence.broken_habit", "notice"),
        ("Leila Farouk", "dissociation.persistent", "routine"),
    ):
        alert = found[name, rule, severity]
        reasons = [source["because"] for source in alert["sources"]]
        assert alert["state"] == "open"
        assert reasons
        assert all(any(sign.isdigit() for sign in reason) for reason in reasons)
        assert ("next_step_at" in alert) is (severity != "notice")


def test_the_command_shows_logins_and_codes_of_now() -> None:
    told = CliRunner().invoke(main, ["demo"])

    assert told.exit_code == 0
    for login in LOGINS:
        assert login.password in told.output
        assert login.totp_seed in told.output
    assert told.output.count("one-time code now") == len(LOGINS)


async def test_no_session_of_a_patient_is_left_open(rows: Connection) -> None:
    live = "SELECT count(*) FROM session WHERE kind = 'patient' AND revoked_at IS NULL"

    assert await rows.fetchval(live) == 0


async def test_nothing_of_a_note_or_a_name_is_readable_in_the_rows(rows: Connection) -> None:
    seen = await rows.fetchval(
        "SELECT count(*) FROM entry_revision WHERE position('wake'::bytea IN note_ct) > 0"
    )
    named = await rows.fetchval(
        "SELECT count(*) FROM patient WHERE position('Fatima'::bytea IN name_ct) > 0"
    )

    assert (seen, named) == (0, 0)


async def test_it_is_filled_whole_or_not_at_all(
    database: Database, engines: Engines, superuser: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_clinic, "COHORT", COHORT[:2])
    told: list[object] = []

    async def stumble(*arguments: Any) -> int:
        told.append(arguments[2])
        if len(told) == 2:
            raise KeyboardInterrupt
        return await keep_diary(*arguments)

    monkeypatch.setattr(demo_clinic, "keep_diary", stumble)
    with pytest.raises(KeyboardInterrupt):
        await fill_once(demo_settings(database, engines))
    assert await superuser.fetchval("SELECT count(*) FROM clinic") == 0

    monkeypatch.setattr(demo_clinic, "keep_diary", keep_diary)
    assert await fill_once(demo_settings(database, engines)) > 200


async def test_where_nobody_asked_for_it_there_is_none(
    database: Database, engines: Engines, superuser: Connection
) -> None:
    with pytest.raises(SettingsInvalid, match="AFTERGLOW_DEMO"):
        await fill_once(demo_settings(database, engines, demo=False))
    assert await superuser.fetchval("SELECT count(*) FROM clinic") == 0


def test_prod_has_no_demo(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=")
    environment = {
        "AFTERGLOW_ENV": "prod",
        "AFTERGLOW_DATABASE_URL": "postgresql://app@localhost/afterglow",
        "AFTERGLOW_REDIS_URL": "redis://localhost",
        "AFTERGLOW_ROOT_KEY_FILE": str(key),
        "AFTERGLOW_DEMO": "true",
    }

    with pytest.raises(ValueError, match="AFTERGLOW_DEMO is refused"):
        settings_of(environment)
    with pytest.raises(SettingsInvalid):
        fill_demo(environment | {"AFTERGLOW_DEMO": "false"})


async def test_the_sealer_chains_what_the_demo_wrote_into_the_audit(rows: Connection) -> None:
    events = await rows.fetchrow(
        "SELECT count(*) AS n, now() - min(at) < interval '1 hour' AS of_today FROM audit_event"
        " WHERE action = 'entry.submit'"
    )

    assert events is not None
    assert events["n"] > 4_000
    assert events["of_today"]  # the audit says when it was done, not when it was written


def test_the_days_of_the_demo_end_today() -> None:
    longest = max(timedelta(days=sketch.days) for sketch in COHORT)

    assert longest == timedelta(days=180)
    assert len(COHORT) == 30
    assert sum(sketch.in_need for sketch in COHORT) == 1
