"""`afterglow detect`: the rows the rules tell, in their order, from what was known by their day."""

import csv
import random
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from afterglow.cli import main
from afterglow.cohort_files import read_cohort
from afterglow.commands import detect as module
from afterglow.commands.detect import (
    KINDS,
    alarm_of,
    chart_of,
    day_number,
    detect,
    on,
)
from clinical.assess import RULE_IDS, assess
from clinical.chart import Chart, Entry, Infusion, WeeklyScore
from clinical.finding import Finding, Severity, Tier
from clinical.instruments import registry
from tests.afterglow.cohorts import (
    COURSE,
    Cells,
    diary,
    infusions,
    level,
    patient,
    worse_from,
    write_cohort,
)

BACK = 60
"""Day on which symptoms are back."""


def run(folder: Path, *options: str) -> Result:
    target = folder / "alarms.csv"
    return CliRunner().invoke(detect, ["--in", str(folder), "--out", str(target), *options])


def alarms(folder: Path, *options: str) -> list[dict[str, str]]:
    """Run the command and read what it wrote."""
    result = run(folder, *options)
    assert result.exit_code == 0, result.output
    with (folder / "alarms.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def told(folder: Path) -> list[tuple[str, int, str, str]]:
    return [(row["patient"], int(row["day"]), row["kind"], row["tier"]) for row in alarms(folder)]


def one(folder: Path, entries: Sequence[Cells], *more: int, dx: str = "mdd") -> Path:
    return write_cohort(folder, [patient("ana", dx)], infusions("ana", *more), entries)


def two(folder: Path) -> Path:
    """Write a patient who gets worse and one whose effects do not go; the later name first."""
    numb = [{**row, "dissociation": 4 if row["day"] == BACK else 0} for row in diary("bea", 90)]
    return write_cohort(
        folder,
        [patient("bea"), patient("ana")],
        [*infusions("ana"), *infusions("bea")],
        [*worse_from(diary("ana", 90), BACK, 8), *numb],
    )


def test_the_command_is_one_of_afterglow() -> None:
    result = CliRunner().invoke(main, ["detect", "--help"])

    assert result.exit_code == 0
    assert "patients.csv" in result.output


def test_a_row_names_patient_day_kind_and_tier_first(tmp_path: Path) -> None:
    rows = alarms(two(tmp_path))

    assert list(rows[0])[:4] == ["patient", "day", "kind", "tier"]
    assert rows[0]["rule"] == "dissociation.persistent"


def test_a_return_that_is_seen_twice_is_confirmed_on_the_day_of_the_second_look(
    tmp_path: Path,
) -> None:
    found = told(one(tmp_path, worse_from(diary("ana", 90), BACK, 8)))

    assert ("ana", BACK + 5, "return", "confirmed") in found


def test_a_patient_who_stays_well_has_no_row(tmp_path: Path) -> None:
    assert told(one(tmp_path, diary("ana", 90))) == []
    assert (tmp_path / "alarms.csv").read_text() == "patient,day,kind,tier,rule\n"


def test_patients_come_in_the_order_of_their_file_and_days_in_order(tmp_path: Path) -> None:
    found = told(two(tmp_path))

    assert found[0] == ("bea", BACK, "dissociation", "likely")
    assert {name for name, *_ in found[1:]} == {"ana"}
    assert found[1:] == sorted(found[1:])


def test_rows_of_one_day_come_in_the_order_of_kind_and_tier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def findings(*_: object, **__: object) -> list[Finding]:
        pairs = [
            ("symptom_return.half_lost_twice", Tier.CONFIRMED),
            ("dissociation.persistent", Tier.LIKELY),
            ("symptom_return.improvement_lost", Tier.WATCH),
            ("symptom_return.improvement_lost", Tier.LIKELY),
        ]
        return [
            Finding(rule=rule, severity=Severity.ROUTINE, because="", local_date=on(day), tier=tier)
            for day in (41, 40)
            for rule, tier in pairs
        ]

    monkeypatch.setattr(module, "assess", findings)
    found = told(one(tmp_path, diary("ana", 50)))

    assert [(day, kind, tier) for _, day, kind, tier in found] == [
        (day, kind, tier)
        for day in (40, 41)
        for kind, tier in (
            ("dissociation", "likely"),
            ("return", "confirmed"),
            ("return", "likely"),
            ("return", "watch"),
        )
    ]


def test_every_rule_has_a_kind() -> None:
    for rule in RULE_IDS:
        finding = Finding(rule=rule, severity=Severity.ROUTINE, because="", local_date=on(7))
        day, kind, tier, name = alarm_of(finding)
        assert (day, tier, name) == (7, "likely", rule)
        assert kind == "return" or kind in KINDS.values()


@pytest.mark.parametrize("name", ["Ø 7", "a,b", 'say "x"', " ana ", "007", "two\nlines", "=1+1"])
def test_a_patient_is_written_back_as_it_was_read(tmp_path: Path, name: str) -> None:
    rows = worse_from(diary(name, 90), BACK, 8)
    found = told(write_cohort(tmp_path, [patient(name)], infusions(name), rows))

    assert {row[0] for row in found} == {name}


def test_a_name_that_is_no_utf_8_keeps_its_bytes(tmp_path: Path) -> None:
    folder = one(tmp_path, worse_from(diary("ana", 90), BACK, 8))
    for file in folder.iterdir():
        file.write_bytes(file.read_bytes().replace(b"ana", b"\xe9va"))
    run(folder)

    assert b"\n\xe9va,65,return,confirmed," in (folder / "alarms.csv").read_bytes()


def test_two_rows_of_one_day_count_as_their_mean(tmp_path: Path) -> None:
    twice = worse_from(diary("ana", 90), BACK, 4)
    calm = [level("ana", int(row["day"]), 0) for row in twice if int(row["day"]) >= BACK]

    assert told(one(tmp_path, twice))
    assert told(one(tmp_path, [*twice, *calm])) == []


def test_two_runs_and_any_order_of_lines_write_the_same_bytes(tmp_path: Path) -> None:
    folder = two(tmp_path)
    alarms(folder)
    first = (folder / "alarms.csv").read_bytes()
    for name in ("infusions.csv", "entries.csv"):
        header, *lines = (folder / name).read_text().splitlines(keepends=True)
        random.Random(7).shuffle(lines)  # noqa: S311 # an order, not a secret
        (folder / name).write_text(header + "".join(lines))
    alarms(folder)

    assert (folder / "alarms.csv").read_bytes() == first


def test_the_findings_are_those_of_an_equal_chart(tmp_path: Path) -> None:
    rows = [{**row, "phq9": 9.5} if row["day"] == 40 else row for row in diary("ana", 50)]
    read = chart_of(read_cohort(one(tmp_path, rows, 45)), read_cohort(tmp_path).patients[0])

    def noon(day: int) -> datetime:
        return datetime.combine(on(day), datetime.min.time(), UTC) + timedelta(hours=12)

    four = registry().forms["offline_four@1"].composite
    assert four is not None
    assert read == Chart(
        as_of=noon(51),
        conditions=("trd",),
        primary_condition="trd",
        composite=four,
        infusions=[
            Infusion(number=n, started_at=noon(day), local_date=on(day))
            for n, day in enumerate((*COURSE, 45), start=1)
        ],
        entries=[
            Entry(
                local_date=on(day),
                occurred_at=noon(day),
                form="offline_four@1",
                answers={
                    **dict.fromkeys(four.items, 7.0 if day <= COURSE[0] else 2.0),
                    "dissociation": 0.0,
                    "side_effects": 0.0,
                },
            )
            for day in range(1, 51)
        ],
        weekly_scores=[
            WeeklyScore(local_date=on(40), form="phq9@1", points=9.5, maximum=27),
        ],
        course_end=on(COURSE[-1]),
    )


def test_the_rows_are_what_the_rules_say_of_that_chart(tmp_path: Path) -> None:
    cohort = read_cohort(two(tmp_path))
    charts = [(each.name, chart_of(cohort, each)) for each in cohort.patients]
    expected = [
        (name, *alarm[:3])
        for name, chart in charts
        for alarm in sorted(alarm_of(each) for each in assess(chart, now=chart.as_of))
    ]

    assert told(tmp_path) == expected


@pytest.mark.parametrize(
    ("dx", "condition"),
    [
        ("bipolar", "bipolar_depression"),
        ("Bipolar_depression", "bipolar_depression"),
        ("mdd", "trd"),
        ("", "trd"),
    ],
)
def test_a_bipolar_patient_is_watched_as_one(tmp_path: Path, dx: str, condition: str) -> None:
    cohort = read_cohort(one(tmp_path, diary("ana", 40), dx=dx))
    chart = chart_of(cohort, cohort.patients[0])

    assert (chart.conditions, chart.primary_condition) == ((condition,), condition)


def test_the_days_of_the_patient_file_are_infusions_where_the_other_file_lacks_them(
    tmp_path: Path,
) -> None:
    folder = write_cohort(tmp_path, [patient("ana")], infusions("ana")[1:3], diary("ana", 40))
    cohort = read_cohort(folder)

    given = chart_of(cohort, cohort.patients[0]).infusions_in_order()
    assert [day_number(each.local_date) for each in given] == [15, 18, 22, 32]
    assert [each.number for each in given] == [1, 2, 3, 4]


def test_time_ends_for_all_with_the_last_day_of_anybody(tmp_path: Path) -> None:
    folder = write_cohort(
        tmp_path,
        [patient("ana"), patient("bea")],
        [*infusions("ana"), *infusions("bea", 95)],
        [*diary("ana", 50), *diary("bea", 90)],
    )
    cohort = read_cohort(folder)

    assert cohort.last_entry_day == 90
    assert {chart_of(cohort, each).as_of for each in cohort.patients} == {
        datetime.combine(on(96), datetime.min.time(), UTC) + timedelta(hours=12)
    }


def test_what_lies_behind_the_last_day_is_not_known_yet(tmp_path: Path) -> None:
    cohort = read_cohort(one(tmp_path, diary("ana", 20)))
    early = read_cohort(write_cohort(tmp_path, [patient("ana")], [], diary("ana", 20)))

    assert len(chart_of(cohort, cohort.patients[0]).infusions) == len(COURSE)
    assert [
        day_number(each.local_date) for each in chart_of(early, early.patients[0]).infusions
    ] == [15]


def test_files_without_patients_have_no_alarm(tmp_path: Path) -> None:
    assert told(write_cohort(tmp_path, [], [], [])) == []


def rough(seed: int) -> list[Cells]:
    """Write the diary of somebody who has good days, bad days and days without."""
    chance = random.Random(seed)  # noqa: S311 # an example, not a secret
    rows: list[Cells] = []
    back = chance.randrange(40, 100)
    for day in range(1, 111):
        middle = 7 if day <= COURSE[0] or day >= back else 2
        row: dict[str, str | int | float] = {
            "patient": "ana",
            "day": day,
            "dissociation": chance.choice(("", 0, 0, 1, 3)),
            "side_effects": chance.choice(("", 0, 1, 5, 8)),
            "activation": chance.choice((0, 1, 2, 6)),
            "phq9": chance.randrange(28) if day % 7 == 0 else "",
        }
        for item in ("low_mood", "anhedonia", "anxiety", "sleep_bad"):
            row[item] = round(min(10, max(0, chance.gauss(middle, 1.5))), 1)
        rows += [row] * (chance.random() > 0.2)
    return rows


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), cut=st.integers(16, 110))
def test_no_row_up_to_a_day_changes_with_what_comes_after_it(seed: int, cut: int) -> None:
    entries = [*rough(seed), *diary("clock", 110)]
    people = [patient("ana", "bipolar"), patient("clock")]
    given = [*infusions("ana", 80), *infusions("clock")]
    with tempfile.TemporaryDirectory() as name:
        whole = told(write_cohort(Path(name), people, given, entries))
        known = [[row for row in rows if int(row["day"]) <= cut] for rows in (given, entries)]
        part = told(write_cohort(Path(name), people, *known))

    assert part == [row for row in whole if row[1] <= cut]
