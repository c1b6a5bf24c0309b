"""Each clinic is calibrated by its own diaries: once a month, slowly, and on the record."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from clinical.calibration import SHIPPED, Calibration
from clinical.conformal import FEWEST_BLOCKS, MOST_CHANGE
from clinical.finding import Severity, Tier
from clinical.return_watch import IMPROVEMENT_LOST, detect_improvement_lost
from models import recalibration as module
from models.acknowledge import lock_alert, resolve
from models.alert import Source, raise_alert
from models.chart import chart_for
from models.ids import uuid7
from models.recalibration import calibration_of
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Clock, Person, Ward
from tests.worker.diary_rows import Diary
from worker import recalibrate as worker_module
from worker.assess import assess_one
from worker.recalibrate import EVERY, TIME_TO_JUDGE, recalibrate, recalibrate_all

AFTER = 900
"""Days since the course of somebody who makes more than enough blocks alone."""
BLOCKS = (AFTER - 7 - TIME_TO_JUDGE.days) // 14


@pytest.fixture
async def diary(pool: Pool, ana: Person, clock: Clock) -> Diary:
    """Open ana's diary."""
    return Diary(pool=pool, who=ana, today=(await clock.now()).date())


async def live_well(diary: Diary, by: Person, days: int = AFTER) -> None:
    """Be ill, get a course, and write every day since then that it holds."""
    await diary.infuse(by, *(days + 3 * nth for nth in range(6)))
    await diary.write(range(days + 16, days + 30), 8)
    await diary.write(range(1, days), 2)


async def rows(superuser: Connection) -> list[dict[str, Any]]:
    """Read what was made, in order."""
    found = await superuser.fetch("SELECT * FROM recalibration ORDER BY made_at, old_threshold")
    return [dict(row) for row in found]


async def in_force(pool: Pool, who: Person) -> Calibration:
    async with clinic_transaction(pool, who.clinic_id) as db:
        return await calibration_of(db, who.clinic_id)


async def an_alert(
    pool: Pool,
    diary: Diary,
    ago: int,
    *,
    by: Person,
    useful: bool | None = None,
    severity: Severity = Severity.URGENT,
) -> None:
    """Raise an alert of a return some days ago, and let somebody judge it."""
    who, finding_id, day = diary.who, uuid7(), diary.day(ago)
    async with clinic_transaction(pool, who.clinic_id) as db:
        await db.execute(
            "INSERT INTO finding (clinic_id, id, patient_id, rule, period, severity, because,"
            " numbers, local_date, rules_version)"
            " VALUES ($1, $2, $3, $4, $5, $6, 'numbers', '{}', $7, '1')",
            who.clinic_id, finding_id, who.id, IMPROVEMENT_LOST, ago, severity, day,
        )  # fmt: skip
        source = Source(rule=IMPROVEMENT_LOST, reason="finding", finding_id=finding_id)
        alert_id = await raise_alert(
            db, clinic_id=who.clinic_id, patient_id=who.id, severity=severity,
            rule=IMPROVEMENT_LOST, period=ago, sources=[source],
        )  # fmt: skip
        if useful is not None:
            alert = await lock_alert(db, who.clinic_id, alert_id)
            assert alert is not None
            await resolve(
                db, who.clinic_id, alert, by.id, outcome="other", note_ct=None, useful=useful
            )


async def test_a_clinic_without_diaries_keeps_what_was_shipped_and_says_so(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    assert await recalibrate(pool, ana.clinic_id)

    made = await rows(superuser)
    assert [row["tier"] for row in made] == [cut.tier for cut in SHIPPED.cuts]
    assert all(row["new_threshold"] == row["old_threshold"] for row in made)
    assert {(row["blocks"], row["rank"], row["rate"]) for row in made} == {(0, 0, None)}


async def test_too_few_blocks_are_counted_and_move_nothing(
    pool: Pool, diary: Diary, dr_bo: Person
) -> None:
    await live_well(diary, dr_bo, 110)
    await recalibrate(pool, dr_bo.clinic_id)

    found = await in_force(pool, dr_bo)
    assert [cut.threshold for cut in found.cuts] == [cut.threshold for cut in SHIPPED.cuts]
    assert {cut.realised for cut in found.cuts} == {"not yet known here (6 blocks)"}


async def test_enough_blocks_move_every_threshold_by_one_at_most(
    pool: Pool, diary: Diary, dr_bo: Person, superuser: Connection
) -> None:
    await live_well(diary, dr_bo)
    await recalibrate(pool, dr_bo.clinic_id)

    made = await rows(superuser)
    assert BLOCKS >= FEWEST_BLOCKS
    for row, cut in zip(made, SHIPPED.cuts, strict=True):
        assert (row["old_threshold"], row["nominal"]) == (cut.threshold, cut.nominal)
        assert row["new_threshold"] == pytest.approx(cut.threshold - MOST_CHANGE)
        assert (row["blocks"], row["alarms"], row["held"]) == (BLOCKS, 0, False)
        assert (row["rate"], row["rate_low"]) == (0, 0)
        assert row["rate_high"] == pytest.approx(3.689 / (BLOCKS * 14 / 30), abs=0.001)
    assert made[0]["rank"] > made[1]["rank"] > made[2]["rank"] > 0


async def test_what_is_in_force_has_a_name_of_its_own_and_knows_what_was(
    pool: Pool, diary: Diary, dr_bo: Person, clock: Clock
) -> None:
    await live_well(diary, dr_bo)
    await recalibrate(pool, dr_bo.clinic_id)

    today = (await clock.now()).date()
    found = await in_force(pool, dr_bo)
    assert found.version == f"{SHIPPED.version}.clinic-{today}"
    assert found.since == today + timedelta(days=1)
    assert found.on(today) == SHIPPED
    assert found.on(found.since) == found


async def test_a_month_passes_before_the_next(
    pool: Pool, diary: Diary, dr_bo: Person, clock: Clock, superuser: Connection
) -> None:
    await live_well(diary, dr_bo)
    assert await recalibrate(pool, dr_bo.clinic_id)
    assert not await recalibrate(pool, dr_bo.clinic_id)
    await clock.advance(seconds=EVERY.total_seconds() - 1)
    assert not await recalibrate(pool, dr_bo.clinic_id)
    await clock.advance(seconds=2)
    assert await recalibrate(pool, dr_bo.clinic_id)

    first, second = (await rows(superuser))[:3], (await rows(superuser))[3:]
    assert [row["old_threshold"] for row in second] == [row["new_threshold"] for row in first]
    versions = [await in_force(pool, dr_bo)]
    while versions[-1].earlier:
        versions.append(versions[-1].earlier)
    assert len({each.version for each in versions}) == 3


async def test_two_workers_at_once_recalibrate_once(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    done = await asyncio.gather(*(recalibrate(pool, ana.clinic_id) for _ in range(3)))

    assert sum(done) == 1
    assert len(await rows(superuser)) == len(SHIPPED.cuts)


async def test_every_clinic_has_its_turn_and_sees_its_own_only(
    pool: Pool, diary: Diary, dr_bo: Person, dr_cy: Person
) -> None:
    await live_well(diary, dr_bo)

    assert await recalibrate_all(pool) == 2
    assert await recalibrate_all(pool) == 0
    assert (await in_force(pool, dr_bo)).threshold(Tier.LIKELY) < SHIPPED.threshold(Tier.LIKELY)
    assert (await in_force(pool, dr_cy)).threshold(Tier.LIKELY) == SHIPPED.threshold(Tier.LIKELY)
    async with clinic_transaction(pool, dr_cy.clinic_id) as db:
        assert await calibration_of(db, dr_bo.clinic_id) == SHIPPED


async def test_a_clinics_own_row_is_written_in_that_clinic_only(
    pool: Pool, ana: Person, dr_cy: Person
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with clinic_transaction(pool, dr_cy.clinic_id) as db:
            await db.execute(
                "INSERT INTO recalibration (clinic_id, id, tier, basis, nominal, old_threshold,"
                " new_threshold, blocks, rank, alarms, held)"
                " VALUES ($1, $2, 'likely', '', 1, 1, 1, 0, 0, 0, false)",
                ana.clinic_id,
                uuid7(),
            )


async def test_a_return_that_somebody_saw_is_no_stable_block(
    pool: Pool, diary: Diary, dr_bo: Person, superuser: Connection
) -> None:
    await live_well(diary, dr_bo, 110)
    await an_alert(pool, diary, 98, by=dr_bo, useful=True)
    await recalibrate(pool, dr_bo.clinic_id)

    assert {row["blocks"] for row in await rows(superuser)} == {5}


async def test_an_alarm_that_was_for_nothing_leaves_its_block_stable(
    pool: Pool, diary: Diary, dr_bo: Person, superuser: Connection
) -> None:
    await live_well(diary, dr_bo, 110)
    await an_alert(pool, diary, 98, by=dr_bo, useful=False)
    await recalibrate(pool, dr_bo.clinic_id)

    assert {row["blocks"] for row in await rows(superuser)} == {6}


@pytest.mark.parametrize(("judged", "held"), [([None, None, False], True), ([None, True], False)])
async def test_where_most_alarms_were_never_judged_nothing_moves(
    pool: Pool,
    diary: Diary,
    dr_bo: Person,
    clock: Clock,
    superuser: Connection,
    judged: Sequence[bool | None],
    *,
    held: bool,
) -> None:
    await live_well(diary, dr_bo)
    for nth, useful in enumerate(judged):
        await an_alert(pool, diary, 90 + nth, by=dr_bo, useful=useful)
    await clock.advance(days=TIME_TO_JUDGE.days, minutes=1)
    await recalibrate(pool, dr_bo.clinic_id)

    for row in await rows(superuser):
        assert row["held"] is held
        assert (row["new_threshold"] == row["old_threshold"]) is held
        assert row["blocks"] >= FEWEST_BLOCKS


async def test_a_notice_that_nobody_judged_holds_nothing(
    pool: Pool, diary: Diary, dr_bo: Person, clock: Clock, superuser: Connection
) -> None:
    await live_well(diary, dr_bo)
    for ago in (90, 91, 92):
        await an_alert(pool, diary, ago, by=dr_bo, severity=Severity.NOTICE)
    await clock.advance(days=TIME_TO_JUDGE.days, minutes=1)
    await recalibrate(pool, dr_bo.clinic_id)

    assert {row["held"] for row in await rows(superuser)} == {False}


async def test_an_alarm_of_last_week_may_still_be_judged(
    pool: Pool, diary: Diary, dr_bo: Person, superuser: Connection
) -> None:
    await live_well(diary, dr_bo)
    await an_alert(pool, diary, 3, by=dr_bo)
    await recalibrate(pool, dr_bo.clinic_id)

    assert {row["held"] for row in await rows(superuser)} == {False}


async def test_other_thresholds_of_a_release_are_a_new_beginning(
    pool: Pool, diary: Diary, dr_bo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live_well(diary, dr_bo)
    await recalibrate(pool, dr_bo.clinic_id)
    monkeypatch.setattr(module, "SHIPPED", replace(SHIPPED, version="shipped-next"))

    assert (await in_force(pool, dr_bo)).version == "shipped-next"
    assert await recalibrate(pool, dr_bo.clinic_id)


async def test_a_finding_states_the_rate_of_its_clinic(
    pool: Pool,
    diary: Diary,
    ana: Person,
    dr_bo: Person,
    clock: Clock,
    superuser: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await live_well(diary, dr_bo)
    await assess_one(pool, ana.clinic_id, ana.id)
    await recalibrate(pool, dr_bo.clinic_id)
    await clock.advance(days=10)
    later = Diary(pool=pool, who=ana, today=(await clock.now()).date())
    await later.write([9, 8, 7, 6], 2)
    await later.write([4, 3, 2, 1], 8)
    await assess_one(pool, ana.clinic_id, ana.id)

    said = await superuser.fetch(
        "SELECT because, numbers FROM finding WHERE rule = $1", IMPROVEMENT_LOST
    )
    assert said
    for finding in said:
        assert f"0.00 a month (0.00-0.13), {BLOCKS} blocks" in finding["because"]
        assert ".clinic-" in finding["because"]


async def test_thresholds_that_fall_say_nothing_new_of_days_gone_by(
    pool: Pool, diary: Diary, ana: Person, dr_bo: Person
) -> None:
    await live_well(diary, dr_bo)
    await diary.write([40], 8)
    await recalibrate(pool, dr_bo.clinic_id)
    async with clinic_transaction(pool, ana.clinic_id) as db:
        chart = await chart_for(db, ana.clinic_id, ana.id)
    assert chart is not None
    now = await in_force(pool, dr_bo)

    always = replace(now, since=date.min)
    assert [each.local_date for each in detect_improvement_lost(chart, always)] != []
    assert list(detect_improvement_lost(chart, now)) == []


async def test_every_change_is_logged_with_what_it_rests_on(
    pool: Pool, diary: Diary, dr_bo: Person, worker_log: Any
) -> None:
    await live_well(diary, dr_bo)
    await recalibrate(pool, dr_bo.clinic_id)

    said = worker_log.getvalue().decode()
    assert said.count("calibration.changed") == len(SHIPPED.cuts)
    assert f'"blocks":{BLOCKS}' in said.replace(" ", "")


async def test_a_clinic_that_cannot_be_recalibrated_stops_no_other(
    pool: Pool,
    ward: Ward,
    diary: Diary,
    dr_bo: Person,
    dr_cy: Person,
    superuser: Connection,
    worker_log: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await live_well(diary, dr_bo, 30)

    def trip(*_: Any) -> list[Any]:
        raise ZeroDivisionError

    monkeypatch.setattr(worker_module, "stable_blocks", trip)

    assert await recalibrate_all(pool) == 1
    assert {row["clinic_id"] for row in await rows(superuser)} == {dr_cy.clinic_id}
    assert "calibration.failed" in worker_log.getvalue().decode()
    assert ward.clinic_id == dr_bo.clinic_id
