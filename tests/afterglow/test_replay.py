"""`afterglow replay`: what would be raised, by which thresholds, and that nothing is."""

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from click.testing import CliRunner, Result

from afterglow.cli import main
from afterglow.commands import replay as module
from clinical.assess import assess
from clinical.calibration import SHIPPED
from clinical.chart import Chart
from clinical.finding import Finding
from clinical.return_watch import IMPROVEMENT_LOST
from models.replay import reading
from models.session import Connection, Pool
from tests.afterglow.test_calibration_file import shifted, stored
from tests.cast import Clock, Person, Ward
from tests.worker.diary_rows import Diary
from worker.assess import assess_one

HALF_LOST = "symptom_return.half_lost_twice"
WRITTEN_TO = ("finding", "alert", "alert_source", "alert_history", "audit_event", "recalibration")


@pytest.fixture
async def diary(pool: Pool, ana: Person, dr_bo: Person, clock: Clock) -> Diary:
    """Open the diary of somebody whose symptoms came back."""
    diary = Diary(pool=pool, who=ana, today=(await clock.now()).date())
    await diary.relapse(dr_bo)
    return diary


async def run(environment: dict[str, str], *options: object) -> Result:
    asked = ("replay", *(str(option) for option in options))
    return await asyncio.to_thread(CliRunner().invoke, main, asked, env=environment)


async def lines(environment: dict[str, str], *options: object) -> list[dict[str, Any]]:
    """Read what was printed, as JSON."""
    told = await run(environment, *options, "--json")
    assert told.exit_code == 0, told.output
    return [json.loads(line) for line in told.stdout.splitlines()]


def of_rule(found: list[dict[str, Any]], rule: str) -> list[dict[str, Any]]:
    return [each for each in found if each["rule"] == rule]


async def counts(superuser: Connection) -> list[int]:
    return [await superuser.fetchval(f"SELECT count(*) FROM {name}") for name in WRITTEN_TO]


async def test_what_no_job_has_raised_yet_is_new(
    environment: dict[str, str], diary: Diary, ana: Person
) -> None:
    [found] = of_rule(await lines(environment, "--patient", ana.id), HALF_LOST)

    assert (found["change"], found["patient"]) == ("new", str(ana.id))
    assert (found["was_on"], found["period"]) == (None, 6)
    assert diary.day(30) < date.fromisoformat(found["would_be_on"]) <= diary.today


async def test_what_was_raised_and_would_be_again_stays(
    environment: dict[str, str], pool: Pool, diary: Diary
) -> None:
    await assess_one(pool, diary.who.clinic_id, diary.who.id)
    found = await lines(environment, "--patient", diary.who.id)

    assert found
    assert {each["change"] for each in found} == {"stays"}
    assert all(each["was_on"] == each["would_be_on"] for each in found)


async def test_what_a_rule_no_longer_finds_is_gone(
    environment: dict[str, str], pool: Pool, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    await assess_one(pool, diary.who.clinic_id, diary.who.id)
    monkeypatch.setattr(module, "RULES", ())
    found = await lines(environment, "--patient", diary.who.id)

    assert found
    assert {(each["change"], each["would_be_on"]) for each in found} == {("gone", None)}


async def test_nothing_is_written(
    environment: dict[str, str], diary: Diary, superuser: Connection
) -> None:
    before = await counts(superuser)
    for whom in (("--patient", diary.who.id), ("--clinic", diary.who.clinic_id)):
        assert (await run(environment, *whom)).exit_code == 0

    assert await counts(superuser) == before
    unseen = "SELECT count(*) FROM entry WHERE assessed_at IS NOT NULL"
    assert await superuser.fetchval(unseen) == 0


async def test_the_database_refuses_to_be_written_to_by_it(pool: Pool, ana: Person) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with reading(pool, ana.clinic_id) as connection:
            await connection.execute("UPDATE entry SET assessed_at = NULL")


async def test_other_thresholds_raise_other_days(
    environment: dict[str, str], diary: Diary, tmp_path: Path
) -> None:
    days: list[dict[str, str]] = []
    for by in (0, 6):
        own = stored(tmp_path, shifted(by))
        whose = ("--patient", diary.who.id, "--calibration", own)
        found = of_rule(await lines(environment, *whose), IMPROVEMENT_LOST)
        days.append({each["tier"]: each["would_be_on"] for each in found})

    as_shipped, later = days
    assert as_shipped.keys() == {cut.tier.value for cut in SHIPPED.cuts}
    assert later.keys() <= as_shipped.keys()
    assert all(day >= as_shipped[tier] for tier, day in later.items())
    assert later != as_shipped


async def test_a_clinic_is_replayed_patient_by_patient(
    environment: dict[str, str], ward: Ward, diary: Diary, dr_bo: Person
) -> None:
    eva = await ward.patient("eva", dr_bo)
    await Diary(pool=diary.pool, who=eva, today=diary.today).relapse(dr_bo)
    found = await lines(environment, "--clinic", diary.who.clinic_id)

    assert {each["patient"] for each in found} == {str(diary.who.id), str(eva.id)}


async def test_another_clinic_is_not_replayed(
    environment: dict[str, str], diary: Diary, dr_cy: Person
) -> None:
    assert diary.who.clinic_id != dr_cy.clinic_id
    assert await lines(environment, "--clinic", dr_cy.clinic_id) == []


async def test_the_table_says_what_and_how_many(environment: dict[str, str], diary: Diary) -> None:
    told = await run(environment, "--clinic", diary.who.clinic_id)

    assert told.exit_code == 0, told.output
    assert f"patient {diary.who.id}\n" in told.output
    assert len([line for line in told.output.splitlines() if f" {HALF_LOST} " in line]) == 1
    assert max(map(len, told.output.splitlines())) <= 80
    assert f"{HALF_LOST}: 1 new, 0 gone, 0 stays" in told.output
    assert "replayed; nothing was written." in told.output


async def test_somebody_without_findings_has_no_table(
    environment: dict[str, str], ana: Person
) -> None:
    told = await run(environment, "--patient", ana.id)

    assert told.output == "1 chart replayed; nothing was written.\n"


async def test_a_chart_the_rules_fail_on_is_named_and_hides_no_other(
    environment: dict[str, str],
    ward: Ward,
    diary: Diary,
    dr_bo: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    eva = await ward.patient("eva", dr_bo)

    def trip(chart: Chart, **named: Any) -> list[Finding]:
        if not chart.entries:
            raise ZeroDivisionError("the words of a patient")
        return assess(chart, **named)

    monkeypatch.setattr(module, "assess", trip)
    told = await run(environment, "--clinic", diary.who.clinic_id)

    assert told.exit_code == 1
    assert f"the rules failed on the chart of {eva.id}." in told.stderr
    assert "words" not in told.output
    assert str(diary.who.id) in told.stdout


@pytest.mark.parametrize("option", ["--patient", "--clinic"])
async def test_whoever_is_not_there_is_named(
    environment: dict[str, str], ward: Ward, option: str
) -> None:
    nobody = uuid4()
    told = await run(environment, option, nobody)

    assert told.exit_code == 1
    assert f"There is no {option.strip('-')} {nobody}." in told.stderr
    assert ward.clinic_id != nobody


@pytest.mark.parametrize("both", [True, False])
def test_one_of_patient_and_clinic_is_named(*, both: bool) -> None:
    options = ("--patient", str(uuid4()), "--clinic", str(uuid4())) if both else ()
    told = CliRunner().invoke(main, ("replay", *options))

    assert told.exit_code == 2
    assert "either --patient or --clinic" in told.stderr


@pytest.mark.parametrize("content", [None, '{"version": "x"}'])
def test_thresholds_that_cannot_be_read_end_with_two(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "house.json" if content is None else stored(tmp_path, content)
    told = CliRunner().invoke(
        main, ("replay", "--patient", str(uuid4()), "--calibration", str(path))
    )

    assert told.exit_code == 2
    assert "house.json" in told.stderr


def test_a_server_that_does_not_answer_is_said_in_a_sentence(environment: dict[str, str]) -> None:
    away = environment | {"AFTERGLOW_DATABASE_URL": "postgresql://app@localhost:1/none"}
    told = CliRunner().invoke(main, ("replay", "--patient", str(uuid4())), env=away)

    assert told.exit_code == 78
    assert "does not answer" in told.output
