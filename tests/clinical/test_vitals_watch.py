"""Readings of an infusion: beyond a limit, not settled, or missing before the way home."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.chart import Chart
from clinical.finding import Finding, Severity, Tier
from clinical.treatment import HEART_RATES, LOWEST_SPO2, alarms_for
from clinical.vitals_watch import (
    KINDS,
    NOT_BACK_GRADE,
    READ_WITHIN,
    SAME_VISIT,
    SLOTS,
    VITALS,
    detect_after_infusion,
)
from tests.clinical.charts import after, chart, infusion, read

GIVEN = infusion(7, after(10))
DAY = GIVEN.started_at
READY = 120
"""Minutes after the start at which somebody said: ready to go."""
Read = tuple[str, float, int]


def visit(*readings: Read, ready: int | None = None, hours: float = 4) -> Chart:
    """Give one watched infusion, as it is known so many hours after its start."""
    watched = read(GIVEN, *readings, ready=ready)
    return chart([], more_infusions=[watched], as_of=DAY + timedelta(hours=hours))


def kinds(of: Chart) -> list[object]:
    return [each.numbers["kind"] for each in detect_after_infusion(of)]


def one(of: Chart) -> Finding:
    [finding] = detect_after_infusion(of)
    return finding


SLOWEST, FASTEST = HEART_RATES


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("systolic", 159, None),
        ("systolic", 160, "hypertension_grade_3"),
        ("diastolic", 99, None),
        ("diastolic", 100, "hypertension_grade_3"),
        ("spo2", LOWEST_SPO2, None),
        ("spo2", LOWEST_SPO2 - 1, "spo2_low"),
        ("heart_rate", SLOWEST, None),
        ("heart_rate", SLOWEST - 1, "heart_rate_low"),
        ("heart_rate", FASTEST, None),
        ("heart_rate", FASTEST + 1, "heart_rate_high"),
    ],
)
def test_a_reading_is_told_from_its_limit_on(kind: str, value: float, told: str | None) -> None:
    assert kinds(visit((kind, value, 20))) == ([] if told is None else [told])


def test_the_finding_says_what_was_read_when_and_of_which_infusion() -> None:
    finding = one(visit(("systolic", 172, 25)))

    assert (finding.rule, finding.severity, finding.tier) == (
        VITALS,
        Severity.URGENT,
        Tier.STRONG,
    )
    assert finding.because == (
        "systolic 172 mm[Hg], hypertension grade 3; 25 minutes after the start of infusion 7 on "
        f"{after(10)}"
    )
    assert (finding.local_date, finding.episode) == (after(10), 7)
    assert finding.numbers == {
        "kind": "hypertension_grade_3",
        "minutes_after_start": 25,
        "reading": "systolic",
        "value": 172,
    }


def test_of_one_limit_the_first_reading_is_told_and_each_limit_by_itself() -> None:
    of = visit(("systolic", 165, 20), ("spo2", 90, 30), ("systolic", 190, 40))

    found = list(detect_after_infusion(of))
    assert [each.numbers["value"] for each in found] == [165, 90]
    assert len({each.period for each in found}) == len(found)
    assert {each.episode for each in found} == {7}


@pytest.mark.parametrize(("minute", "told"), [(-1, False), (0, True), (239, True), (241, False)])
def test_what_was_read_counts_from_the_start_until_now(minute: int, *, told: bool) -> None:
    assert bool(kinds(visit(("systolic", 180, minute)))) is told


@pytest.mark.parametrize(
    ("systolic", "diastolic", "told"),
    [(139, 89, False), (140, 80, True), (120, 90, True)],
)
def test_pressure_must_be_back_below_grade_2_when_the_patient_may_go(
    systolic: float, diastolic: float, *, told: bool
) -> None:
    of = visit(("systolic", systolic, 110), ("diastolic", diastolic, 110), ready=READY)

    assert kinds(of) == (["pressure_not_back"] if told else [])


def test_the_last_pressure_before_discharge_counts() -> None:
    settled = [("systolic", 150.0, 60), ("systolic", 128.0, 115), ("systolic", 155.0, 125)]

    assert kinds(visit(*settled, ready=READY)) == []
    finding = one(visit(*settled[:1], ("spo2", 98, 119), ready=READY))
    assert finding.because.startswith("ready to go at grade 2, last systolic 150 mm[Hg];")
    assert finding.numbers["grade"] == NOT_BACK_GRADE


@pytest.mark.parametrize(("before", "told"), [(0, False), (30, False), (31, True), (119, True)])
def test_something_must_be_read_in_the_half_hour_before(before: int, *, told: bool) -> None:
    of = visit(("spo2", 98, READY - before), ready=READY)

    assert timedelta(minutes=30) == READ_WITHIN
    assert kinds(of) == (["nothing_read"] if told else [])


@pytest.mark.parametrize("minute", [-5, READY + 1])
def test_what_was_read_before_the_start_or_after_discharge_does_not_stand_in(minute: int) -> None:
    assert kinds(visit(("spo2", 98, minute), ready=READY)) == ["nothing_read"]


def test_who_is_not_said_to_be_ready_is_not_judged_for_going() -> None:
    assert kinds(visit(("systolic", 150, 20))) == []
    assert kinds(visit()) == []


@pytest.mark.parametrize(("hours", "told"), [(1.9, False), (2, True)])
def test_a_discharge_that_is_still_to_come_is_not_judged(hours: float, *, told: bool) -> None:
    assert bool(kinds(visit(ready=READY, hours=hours))) is told


@pytest.mark.parametrize(
    ("later", "severity"),
    [(timedelta(), Severity.URGENT), (timedelta(seconds=1), Severity.ROUTINE)],
)
def test_a_visit_that_is_over_for_a_day_rings_nobody(later: timedelta, severity: Severity) -> None:
    of = visit(("systolic", 180, 0))

    known = replace(of, as_of=DAY + SAME_VISIT + later)
    assert one(known).severity is severity


def test_every_infusion_has_periods_of_its_own_and_room_for_more_kinds() -> None:
    course = [read(infusion(number, after(number)), ("spo2", 80, 5), ready=60) for number in (8, 9)]

    found = list(detect_after_infusion(chart([], more_infusions=course)))
    assert [each.period for each in found] == [81, 85, 91, 95]
    assert len(KINDS) < SLOTS


READINGS = st.lists(
    st.tuples(
        st.sampled_from(["systolic", "diastolic", "heart_rate", "spo2"]),
        st.integers(30, 250).map(float),
        st.integers(-30, 200),
    ),
    max_size=12,
)


@given(READINGS, st.none() | st.integers(0, 200), st.randoms(use_true_random=False))
def test_order_and_repetition_of_readings_change_nothing(
    readings: list[Read], ready: int | None, chance: object
) -> None:
    mixed = [*readings, *readings]
    chance.shuffle(mixed)  # type: ignore[attr-defined] # hypothesis gives a random.Random

    assert list(detect_after_infusion(visit(*mixed, ready=ready))) == list(
        detect_after_infusion(visit(*readings, ready=ready))
    )


@given(READINGS, st.none() | st.integers(0, 200), st.integers(0, 240))
def test_what_is_known_later_takes_nothing_back(
    readings: list[Read], ready: int | None, minute: int
) -> None:
    early = list(detect_after_infusion(visit(*readings, ready=ready, hours=minute / 60)))
    late = list(detect_after_infusion(visit(*readings, ready=ready)))

    assert [each for each in early if each not in late] == []


@given(READINGS)
def test_no_reading_beyond_a_limit_is_passed_over(readings: list[Read]) -> None:
    beyond = {
        alarm.value
        for kind, value, minute in readings
        if minute >= 0
        for alarm in alarms_for(**{kind: value})
    }

    assert set(kinds(visit(*readings))) == beyond


@given(READINGS, st.none() | st.integers(0, 200))
def test_a_reading_that_settles_late_lowers_nothing_that_was_told(
    readings: list[Read], ready: int | None
) -> None:
    before = {each.period for each in detect_after_infusion(visit(*readings, ready=ready))}
    calm: list[Read] = [("systolic", 110, 201), ("spo2", 99, 201), ("heart_rate", 70, 201)]

    later = {each.period for each in detect_after_infusion(visit(*readings, *calm, ready=ready))}
    assert before <= later
