"""Files and database say the same: one made-up clinic through both roads to the same rules."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from afterglow.cohort_files import Cohort, DiaryRow
from afterglow.commands.detect import chart_of, day_number
from bench.detection.cohort import make_cohort
from bench.detection.detected import rows_of
from bench.detection.regime import STANDARD
from clinical.assess import assess
from models.ids import uuid7
from models.ingest import Revision
from models.session import Connection, Pool, clinic_transaction
from models.treatment import record_infusion
from tests.cast import Clock, Person
from tests.worker.diary_rows import Diary, at, infusion, revision
from worker.assess import assess_one

PATIENTS, DAYS = 12, 150
OTHER_NAMES: Mapping[str, str] = {"anxiety": "hopelessness", "sleep_bad": "fatigue"}
"""The level of the files is made of other items than that of the daily form; as many of them."""
PHQ9 = ("phq9_1", "phq9_2", "phq9_3", "phq9_4", "phq9_5", "phq9_6", "phq9_7", "phq9_8", "phq9_9")

BY_CALENDAR = "silence.broken_habit"
"""Its periods are dates; those of all others count infusions and runs."""
Found = tuple[str, int, int, str]
"""Rule, period, day of the files, severity."""


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return rows_of(make_cohort(STANDARD, PATIENTS, DAYS, seed=4))


def found(rule: str, period: int, day: int, severity: str) -> Found:
    return rule, 0 if rule == BY_CALENDAR else period, day, severity


def by_file(cohort: Cohort, nth: int) -> set[Found]:
    """Say what the rules find in the files, as they would where nobody has closed the course."""
    chart = replace(chart_of(cohort, cohort.patients[nth]), course_end=None)
    return {
        found(each.rule, each.period, day_number(each.local_date), each.severity)
        for each in assess(chart, now=chart.as_of)
    }


def revisions(row: DiaryRow, day: date) -> Iterator[Revision]:
    """Write a line of the files as the phone would send it."""
    answers = {OTHER_NAMES.get(item, item): value for item, value in row.answers.items()}
    yield revision(day, answers)
    if row.phq9_points is not None:
        points = int(row.phq9_points)
        full, rest = divmod(points, 3)
        given = [3] * full + [rest] * (full < len(PHQ9)) + [0] * (len(PHQ9) - full - 1)
        yield revision(day, dict(zip(PHQ9, given, strict=True)), form="phq9@1")


async def at_noon(clock: Clock) -> date:
    """Move the clock to a noon: the day before is then over everywhere."""
    now = await clock.now()
    noon = datetime.combine(now.date() + timedelta(days=1), time(12), UTC)
    await clock.advance(seconds=(noon - now).total_seconds())
    return noon.date()


@pytest.mark.parametrize("nth", range(PATIENTS))
async def test_a_diary_is_judged_alike_from_files_and_from_the_database(
    cohort: Cohort,
    nth: int,
    pool: Pool,
    ana: Person,
    dr_bo: Person,
    clock: Clock,
    superuser: Connection,
) -> None:
    name = cohort.patients[nth].name
    today = await at_noon(clock)
    first = today - timedelta(days=cohort.last_day + 1)
    diary = Diary(pool=pool, who=ana, today=today)
    condition = chart_of(cohort, cohort.patients[nth]).primary_condition
    await superuser.execute(
        "UPDATE patient SET conditions = ARRAY[$2], primary_condition = $2 WHERE id = $1",
        ana.id, condition,
    )  # fmt: skip
    async with clinic_transaction(pool, ana.clinic_id) as db:
        for day in cohort.infusions[name]:
            await record_infusion(
                db, ana.clinic_id, ana.id, uuid7(), infusion(at(first + timedelta(days=day), 12)),
                recorded_by=dr_bo.id,
            )  # fmt: skip
        for row in cohort.rows[name]:
            await diary.store(db, revisions(row, first + timedelta(days=row.day)))

    await assess_one(pool, ana.clinic_id, ana.id)

    rows = await superuser.fetch("SELECT rule, period, local_date, severity FROM finding")
    stored = {
        found(row["rule"], row["period"], (row["local_date"] - first).days, row["severity"])
        for row in rows
    }
    assert stored == by_file(cohort, nth)


def test_the_diaries_hold_findings_of_many_rules(cohort: Cohort) -> None:
    rules = {rule for nth in range(PATIENTS) for rule, *_ in by_file(cohort, nth)}

    assert {
        "symptom_return.improvement_lost",
        "symptom_return.half_lost_twice",
        "no_response",
        "silence.broken_habit",
    } <= rules
