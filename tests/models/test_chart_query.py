"""The chart as the rules get it, loaded from real rows."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from clinical.assess import assess
from clinical.chart import Chart, InductionPlan, Infusion, PlannedVisit
from models.chart import chart_for, packaged
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Person, Ward

CORE = ("low_mood", "anhedonia", "hopelessness", "fatigue")
DAILY = "daily_depression@1"
START = date(2026, 1, 5)

ENTRY = "INSERT INTO entry (clinic_id, patient_id, id, revision) VALUES ($1, $2, $3, $4)"
REVISION = """
INSERT INTO entry_revision (clinic_id, patient_id, entry_id, revision, occurred_at,
    utc_offset_minutes, zone, local_date, form, language, answers, side_effects, content_hmac,
    speaks_of_suicide, warnings, note_ct)
VALUES ($1, $2, $3, $4, $5, 60, 'Europe/Madrid', $6, $7, 'en', $8, $9, '', false, '{}', $10)
"""
INFUSION = """
INSERT INTO infusion (clinic_id, id, patient_id, course_id, local_date, started_at, recorded_by)
VALUES ($1, gen_random_uuid(), $2, $3, $4, $5, $2)
"""
VITALS = """
INSERT INTO vital (clinic_id, id, patient_id, infusion_id, kind, value, unit, moment, measured_at,
    measured_by)
SELECT $1, gen_random_uuid(), $2, i.id, k.kind, $4, 'unit', 'during', $5, $2
FROM infusion i, unnest(ARRAY['systolic', 'spo2']) AS k (kind)
WHERE i.clinic_id = $1 AND i.patient_id = $2 AND i.local_date = $3
"""
VISIT = """
INSERT INTO appointment (clinic_id, id, patient_id, kind, planned_at, created_by)
VALUES ($1, gen_random_uuid(), $2, $3, $4, $2)
"""


def noon(day: date) -> datetime:
    """Give an instant on a day."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


async def write(
    db: Connection,
    who: Person,
    day: date,
    *answers: dict[str, Any],
    form: str = DAILY,
    effects: tuple[dict[str, Any], ...] = (),
) -> UUID:
    """Store an entry, with a revision for each set of answers."""
    entry = uuid4()
    await db.execute(ENTRY, who.clinic_id, who.id, entry, len(answers))
    for n, given in enumerate(answers, start=1):
        await db.execute(
            REVISION, who.clinic_id, who.id, entry, n, noon(day), day, form, given,
            list(effects), b"sealed",
        )  # fmt: skip
    return entry


async def infuse(db: Connection, who: Person, *days: date) -> UUID:
    """Store a course of infusions."""
    course = uuid4()
    await db.execute(
        "INSERT INTO course (clinic_id, id, patient_id) VALUES ($1, $2, $3)",
        who.clinic_id,
        course,
        who.id,
    )
    for day in days:
        await db.execute(INFUSION, who.clinic_id, who.id, course, day, noon(day))
    return course


async def load(pool: Pool, who: Person) -> Chart:
    """Load a patient's chart as a job does."""
    async with clinic_transaction(pool, who.clinic_id) as db:
        chart = await chart_for(db, who.clinic_id, who.id)
    assert chart is not None
    return chart


def core(level: int) -> dict[str, int]:
    """Answer every core item alike."""
    return dict.fromkeys(CORE, level)


async def test_a_patient_without_a_diary_has_an_empty_chart(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    chart = await load(pool, ana)

    assert (chart.entries, chart.infusions, chart.weekly_scores) == ([], [], [])
    assert chart.primary_condition == "trd"
    assert chart.composite.items == CORE
    assert chart.course_end is None


async def test_as_of_is_the_databases_clock(pool: Pool, ana: Person, superuser: Connection) -> None:
    chart = await load(pool, ana)

    now = await superuser.fetchval("SELECT app_now()")
    assert timedelta() <= now - chart.as_of < timedelta(minutes=1)


async def test_the_newest_revision_counts(pool: Pool, ana: Person, superuser: Connection) -> None:
    await write(superuser, ana, START, core(3), core(8))

    chart = await load(pool, ana)

    assert [entry.answers["low_mood"] for entry in chart.entries] == [8]
    assert chart.levels() == {START: 8}


async def test_what_the_patient_has_hidden_is_still_part_of_the_illness(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await write(superuser, ana, START, core(3))
    await superuser.execute("UPDATE entry SET hidden_at = app_now()")

    assert len((await load(pool, ana)).entries) == 1


async def test_infusions_are_counted_from_the_first_over_all_courses(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    later, earlier = START + timedelta(days=60), START
    await infuse(superuser, ana, later)
    await superuser.execute("UPDATE course SET closed_at = app_now()")
    await infuse(superuser, ana, earlier)

    chart = await load(pool, ana)

    assert chart.infusions == [
        Infusion(number=1, started_at=noon(earlier), local_date=earlier, course=1),
        Infusion(number=2, started_at=noon(later), local_date=later, course=2),
    ]


async def test_an_infusion_comes_with_what_was_read_around_it_and_nobody_elses_readings(
    pool: Pool, ward: Ward, ana: Person, superuser: Connection
) -> None:
    ida = await ward.patient("ida")
    for who, value in ((ana, 131), (ida, 177)):
        await infuse(superuser, who, START, START + timedelta(days=3))
        await superuser.execute(VITALS, who.clinic_id, who.id, START, value, noon(START))
    ready = noon(START) + timedelta(hours=2)
    await superuser.execute("UPDATE infusion SET discharge_ready_at = $1 WHERE local_date = $2",
        ready, START)  # fmt: skip

    first, second = (await load(pool, ana)).infusions

    assert sorted((each.kind, each.value, each.measured_at) for each in first.vitals) == [
        ("spo2", 131, noon(START)),
        ("systolic", 131, noon(START)),
    ]
    assert (first.discharge_ready_at, second.discharge_ready_at) == (ready, None)
    assert second.vitals == ()


async def test_visits_come_that_have_no_infusion_and_are_not_cancelled(
    pool: Pool, ward: Ward, ana: Person, superuser: Connection
) -> None:
    ida = await ward.patient("ida")
    late = datetime(2026, 1, 8, 23, 30, tzinfo=UTC)  # half past midnight in Madrid
    kept, cancelled = late + timedelta(days=1), late + timedelta(days=2)
    for who, at, kind in (
        (ana, late, "infusion"),
        (ana, kept, "infusion"),
        (ana, cancelled, "infusion"),
        (ana, late, "follow_up"),
        (ida, late, "infusion"),
    ):
        await superuser.execute(VISIT, who.clinic_id, who.id, kind, at)
    await infuse(superuser, ana, START)
    await superuser.execute(
        "UPDATE appointment SET infusion_id = (SELECT id FROM infusion) WHERE planned_at = $1", kept
    )
    await superuser.execute(
        "UPDATE appointment SET cancelled_at = app_now() WHERE planned_at = $1", cancelled
    )

    assert (await load(pool, ana)).planned_visits == [
        PlannedVisit(planned_at=late, local_date=date(2026, 1, 9))
    ]


async def test_the_plan_of_the_open_course_comes_while_it_is_in_its_induction(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    plan = "UPDATE course SET planned_infusions = 6, planned_window_days = 21, phase = $1"
    await infuse(superuser, ana, START)
    await superuser.execute(plan + ", closed_at = app_now()", "follow_up")
    again = await infuse(superuser, ana, START + timedelta(days=90))
    assert (await load(pool, ana)).induction_plan is None
    await superuser.execute(plan + " WHERE id = $2", "induction", again)

    chart = await load(pool, ana)
    assert chart.induction_plan == InductionPlan(course=2, infusions=6, window_days=21)
    assert [each.course for each in chart.infusions] == [1, 2]
    await superuser.execute(plan + " WHERE id = $2", "maintenance", again)
    assert (await load(pool, ana)).induction_plan is None


async def test_instruments_are_totalled_and_incomplete_ones_are_not(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    form = packaged().forms["phq9@1"]
    whole: dict[str, Any] = {
        item: next(code for code, points in form.points[item].items() if points == 2)
        for item in form.scored
    }
    part = {item: code for item, code in whole.items() if item != form.scored[0]}
    await write(superuser, ana, START, whole, form="phq9@1")
    await write(superuser, ana, START + timedelta(days=7), part, form="phq9@1")

    [weekly] = (await load(pool, ana)).weekly_scores

    assert (weekly.local_date, weekly.form, weekly.points, weekly.maximum) == (
        START,
        "phq9@1",
        18,
        27,
    )


async def test_a_form_nobody_knows_is_kept_without_a_total(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await write(superuser, ana, START, {"x": 1}, form="of_the_clinic@9")

    chart = await load(pool, ana)

    assert [entry.form for entry in chart.entries] == ["of_the_clinic@9"]
    assert chart.weekly_scores == []


async def test_side_effects_come_with_their_severity(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    reported = {"id": "nausea", "severity": 2, "started_at": "2026-01-05T10:00:00Z"}
    await write(superuser, ana, START, core(3), effects=(reported,))

    [entry] = (await load(pool, ana)).entries

    assert [(each.id, each.severity) for each in entry.side_effects] == [("nausea", 2)]


@pytest.mark.parametrize("phase", ["maintenance", "follow_up"])
async def test_the_course_ends_with_the_last_infusion_before_the_induction_was_closed(
    pool: Pool, ana: Person, superuser: Connection, phase: str
) -> None:
    days = [START + timedelta(days=n) for n in (0, 3, 7, 30)]
    course = await infuse(superuser, ana, *days)
    for name, at in (("induction", days[0]), (phase, days[2])):
        await superuser.execute(
            "INSERT INTO course_phase (clinic_id, id, patient_id, course_id, phase, started_at,"
            " reason) VALUES ($1, gen_random_uuid(), $2, $3, $4, $5, 'planned_count')",
            ana.clinic_id,
            ana.id,
            course,
            name,
            noon(at),
        )

    chart = await load(pool, ana)

    assert chart.course_end == chart.end_of_course() == days[2]


async def test_nobodys_chart_is_loaded_in_another_clinic(
    pool: Pool, ana: Person, dr_cy: Person
) -> None:
    async with clinic_transaction(pool, dr_cy.clinic_id) as db:
        assert await chart_for(db, dr_cy.clinic_id, ana.id) is None


async def test_only_the_patients_own_rows_are_loaded(
    pool: Pool, ward: Ward, ana: Person, superuser: Connection
) -> None:
    ida = await ward.patient("ida")
    await write(superuser, ida, START, core(9))
    await infuse(superuser, ida, START)

    chart = await load(pool, ana)

    assert (chart.entries, chart.infusions) == ([], [])


async def test_a_loaded_return_is_found_by_the_rules(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    for n in range(-7, 0):
        await write(superuser, ana, START + timedelta(days=n), core(8))
    await infuse(superuser, ana, *(START + timedelta(days=n) for n in (0, 3, 7, 10, 14, 17)))
    for n in range(19, 30):
        await write(superuser, ana, START + timedelta(days=n), core(2))
    for n in range(30, 45):
        await write(superuser, ana, START + timedelta(days=n), core(8))

    chart = await load(pool, ana)

    found = assess(chart, now=noon(START + timedelta(days=60)))
    assert "symptom_return.half_lost_twice" in {each.rule for each in found}
