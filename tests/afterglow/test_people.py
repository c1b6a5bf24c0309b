"""A clinic is opened and its people invited from the command line; the audit says so."""

import asyncio

import pytest
from click.testing import CliRunner, Result

from afterglow.cli import BAD_SETTINGS, main
from models.enrolment import read_code
from models.session import Connection
from tests.cast import Person, Ward

CREATE = (
    *("clinic", "create", "north", "Clinic North", "--zone", "Europe/Madrid", "--country", "es"),
    *("--admin-name", "Ada", "--admin-mail", "ada@north.example"),
)


async def run(environment: dict[str, str], *arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, main, arguments, env=environment)


def printed(told: Result) -> dict[str, str]:
    return dict(line.split(maxsplit=1) for line in told.output.splitlines())


def invite(mail: str, *, clinic: str = "north", by: str = "ada@north.example") -> tuple[str, ...]:
    who = ("practitioner", "invite", clinic, "Bo", mail)
    return (*who, "--by", by, "--profession", "nurse", "--language", "es")


async def test_opens_a_clinic_and_invites_its_administrator(
    environment: dict[str, str], superuser: Connection
) -> None:
    told = printed(await run(environment, *CREATE))

    clinic = await superuser.fetchrow("SELECT id::text, code, zone, country FROM clinic")
    people = await superuser.fetch("SELECT role, profession FROM practitioner")
    assert clinic is not None
    assert tuple(clinic) == (told["clinic"], "north", "Europe/Madrid", "ES")
    assert [tuple(person) for person in people] == [("admin", "coordinator")]
    assert read_code(told["code"]) is not None


async def test_prints_a_code_that_is_stored_as_a_hash_only(
    environment: dict[str, str], superuser: Connection
) -> None:
    code = read_code(printed(await run(environment, *CREATE))["code"])
    stored = await superuser.fetchval("SELECT verifier_hash FROM enrolment_code")

    assert code is not None
    assert stored.startswith("$argon2id$")
    assert code.verifier not in stored


async def test_refuses_a_zone_that_does_not_exist(
    environment: dict[str, str], superuser: Connection
) -> None:
    told = await run(environment, *(a.replace("Europe/Madrid", "Mars/Base") for a in CREATE))

    assert told.exit_code == 2
    assert await superuser.fetchval("SELECT count(*) FROM clinic") == 0


async def test_writes_nothing_with_another_root_key(
    environment: dict[str, str], ward: Ward, superuser: Connection
) -> None:
    del ward
    other = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyE="
    told = await run(environment | {"AFTERGLOW_ROOT_KEY": other}, *CREATE)

    assert told.exit_code == BAD_SETTINGS
    assert told.output == "AFTERGLOW_ROOT_KEY is not the key of this database.\n"
    assert await superuser.fetchval("SELECT count(*) FROM clinic") == 1


async def test_says_when_no_server_answers(environment: dict[str, str]) -> None:
    nowhere = "postgresql://app@/afterglow?host=/nonexistent"
    told = await run(environment | {"AFTERGLOW_DATABASE_URL": nowhere}, *CREATE)

    assert told.exit_code == BAD_SETTINGS
    assert told.output == "AFTERGLOW_DATABASE_URL names a server that does not answer.\n"


async def test_invites_somebody_and_names_who_did(
    environment: dict[str, str], superuser: Connection
) -> None:
    admin = printed(await run(environment, *CREATE))
    told = printed(await run(environment, *invite("bo@north.example")))

    acts = await superuser.fetch(
        "SELECT action, actor_id::text, object_id::text FROM audit_event ORDER BY id"
    )
    assert [tuple(act) for act in acts] == [
        ("clinic.create", None, admin["clinic"]),
        ("practitioner.invite", None, admin["practitioner"]),
        ("practitioner.invite", admin["practitioner"], told["practitioner"]),
    ]


async def test_an_address_is_invited_once(
    environment: dict[str, str], superuser: Connection
) -> None:
    await run(environment, *CREATE)
    told = await run(environment, *invite("ADA@north.example "))

    assert "already signs in with that address" in told.output
    assert await superuser.fetchval("SELECT count(*) FROM practitioner") == 1


@pytest.mark.parametrize(
    ("clinic", "by"),
    [("north", "nobody@north.example"), ("south", "ada@north.example")],
    ids=["unknown inviter", "another clinic"],
)
async def test_nobody_invites_into_a_clinic_they_do_not_work_at(
    environment: dict[str, str], dr_cy: Person, superuser: Connection, clinic: str, by: str
) -> None:
    del dr_cy  # there is a clinic `south`
    await run(environment, *CREATE)
    told = await run(environment, *invite("bo@north.example", clinic=clinic, by=by))

    assert told.exit_code == 1
    assert "nobody signs in" in told.output
    assert await superuser.fetchval("SELECT count(*) FROM practitioner") == 2
