"""`afterglow audit verify` follows the chains and fails at the first changed row."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from afterglow.cli import main
from models.audit import Act, Actor, record_audit
from models.cipher import Keyring
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Clock, Person, Ward
from worker.audit_seal import seal_all

UNLOCK = "ALTER TABLE audit_event DISABLE TRIGGER USER"


@pytest.fixture
async def sealed(pool: Pool, keyring: Keyring, ward: Ward) -> Ward:
    """Write three acts and chain them."""
    async with clinic_transaction(pool, ward.clinic_id) as connection:
        acts = [Act(action=f"entry.read_{n}", object_type="entry") for n in range(3)]
        await record_audit(connection, Actor(clinic_id=ward.clinic_id), *acts)
    await seal_all(pool, keyring)
    return ward


async def run(environment: dict[str, str], *options: str) -> Result:
    arguments = ("audit", "verify", *options)
    return await asyncio.to_thread(CliRunner().invoke, main, arguments, env=environment)


def rows(told: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told.output.splitlines()]


async def test_says_that_all_is_as_it_was_written(
    environment: dict[str, str], sealed: Ward
) -> None:
    told = await run(environment)

    assert told.exit_code == 0
    assert told.output == f"{sealed.clinic_id}  3 rows  as they were written\n"


async def test_names_the_first_changed_row(
    environment: dict[str, str], sealed: Ward, superuser: Connection
) -> None:
    changed = await superuser.fetchval(
        "SELECT id FROM audit_event ORDER BY at, id OFFSET 1 LIMIT 1"
    )
    await superuser.execute(UNLOCK)
    await superuser.execute("UPDATE audit_event SET outcome = 'refused' WHERE id = $1", changed)
    told = await run(environment, "--json")

    assert told.exit_code == 1
    assert rows(told)[0]["clinic_id"] == str(sealed.clinic_id)
    assert rows(told)[0]["fault"]["kind"] == "content"
    assert rows(told)[0]["fault"]["audit_id"] == str(changed)


async def test_finds_what_nobody_sealed(
    environment: dict[str, str], sealed: Ward, pool: Pool, clock: Clock
) -> None:
    async with clinic_transaction(pool, sealed.clinic_id) as connection:
        late = Act(action="entry.read", object_type="entry")
        await record_audit(connection, Actor(clinic_id=sealed.clinic_id), late)
    await clock.advance(seconds=61)
    told = await run(environment)

    assert told.exit_code == 1
    assert "FAULT: unsealed" in told.output


async def test_finds_a_chain_whose_end_was_cut_off(
    environment: dict[str, str], sealed: Ward, tmp_path: Path
) -> None:
    heads = tmp_path / "heads"
    head = {"clinic_id": str(sealed.clinic_id), "day": "2026-01-01", "seq": 9, "hash": "00"}
    heads.write_text(json.dumps(head) + "\n")

    by_option = await run(environment, "--heads", str(heads))
    by_setting = await run(environment | {"AFTERGLOW_AUDIT_HEADS_FILE": str(heads)})

    assert by_option.exit_code == by_setting.exit_code == 1
    assert "FAULT: head on 2026-01-01, number 9" in by_option.output


async def test_looks_at_one_clinic_when_asked(
    environment: dict[str, str], sealed: Ward, dr_cy: Person
) -> None:
    every = await run(environment, "--json")
    one = await run(environment, "--json", "--clinic", str(sealed.clinic_id))

    assert {row["clinic_id"] for row in rows(every)} >= {
        str(sealed.clinic_id),
        str(dr_cy.clinic_id),
    }
    assert [row["clinic_id"] for row in rows(one)] == [str(sealed.clinic_id)]


async def test_an_unknown_clinic_is_no_success(environment: dict[str, str], sealed: Ward) -> None:
    del sealed
    unknown = uuid4()
    told = await run(environment, "--clinic", str(unknown))

    assert told.exit_code == 1
    assert told.output == f"Error: There is no clinic {unknown}.\n"
