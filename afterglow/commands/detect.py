"""`afterglow detect`: run the rules over a cohort in files as the worker would, with no engine."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

import click
from rich.console import Console
from rich.progress import track

from afterglow.calibration_file import Refused, read_calibration
from afterglow.cohort_files import (
    PHQ9_TOP,
    Cohort,
    DiaryRow,
    Malformed,
    Patient,
    Table,
    read_cohort,
    write_whole,
)
from clinical.assess import RULES, assess, calibrated
from clinical.calibration import SHIPPED, Calibration
from clinical.chart import Chart, Entry, Infusion, WeeklyScore
from clinical.finding import Finding
from clinical.instruments import registry
from clinical.instruments.form import Composite

CANNOT_READ = 2
DAILY_FORM = "offline_four@1"
WEEKLY_FORM = "phq9@1"
DAY_ZERO = date(2000, 12, 31).toordinal()
"""Day 1 of every file is the first of January 2001; no rule looks at the calendar."""
NOON = time(12, tzinfo=UTC)
"""Hour of entries and infusions alike: the day after an infusion is 24 hours later.

Of the day after the last it is the instant from which that last day is over everywhere (UTC-12).
"""
BIPOLAR = "bipolar"

RETURN = "return"
RETURN_RULES = "symptom_return."
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "no_response": "no_response",
        "mania.activation": "mania",
        "dissociation.persistent": "dissociation",
        "silence.broken_habit": "silence",
        "side_effect.severe": "side_effect",
        "worse_than_baseline": "worse",
        "misuse.signal": "misuse",
        "vitals.after_infusion": "vitals",
        "infusion.early": "infusion",
        "infusion.overdue": "infusion",
    }
)
ALARM_COLUMNS = ("patient", "day", "kind", "tier", "rule")
SCORE_COLUMNS = ("patient", "day", "score")

Alarm = tuple[int, str, str, str]
AlarmRow = tuple[str, int, str, str, str]
ScoreRow = tuple[str, int, float]


@dataclass(slots=True, kw_only=True)
class Answers:
    """What is written: the rows of both files, in their order."""

    alarms: list[AlarmRow] = field(default_factory=list[AlarmRow])
    scores: list[ScoreRow] = field(default_factory=list[ScoreRow])


@click.command()
@click.option(
    "--in",
    "source",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder with patients.csv, infusions.csv and entries.csv.",
)
@click.option("--out", "target", type=click.Path(path_type=Path), required=True, help="Alarms.")
@click.option(
    "--scores", "scores", type=click.Path(path_type=Path), help="The statistic, day by day."
)
@click.option(
    "--calibration",
    "thresholds",
    type=click.Path(path_type=Path),
    help="Thresholds of the tiers, as JSON, in place of those shipped.",
)
def detect(source: Path, target: Path, scores: Path | None, thresholds: Path | None) -> None:
    r"""Run every rule over the diaries of a cohort, offline.

    Writes a CSV of alarms: patient, day, kind, tier, then the rule; patients in the order of
    patients.csv, the rest in the order of day, kind and tier as texts. Time ends, for all, with the
    last day that anybody in the files has: silence before it is silence. Ends with 0 when all is
    written, with 2 when a file cannot be read or written; nothing is left half written.
    """
    if scores is not None and scores.absolute() == target.absolute():
        stop(f"{target}: alarms and scores cannot be one file.")
    try:
        calibration = read_calibration(thresholds) if thresholds else SHIPPED
        cohort = read_cohort(source)
        found = answers(cohort, calibration, scored=scores is not None)
        tables: dict[Path, Table] = {scores: [SCORE_COLUMNS, *found.scores]} if scores else {}
        write_whole(tables | {target: [ALARM_COLUMNS, *found.alarms]})
    except (Malformed, Refused) as refused:
        stop(str(refused))
    except OSError as error:
        stop(f"{error.filename2 or error.filename or target}: {error.strerror}.")


def stop(sentence: str) -> NoReturn:
    """End with a sentence."""
    click.echo(f"Error: {sentence}", err=True)
    sys.exit(CANNOT_READ)


def answers(cohort: Cohort, calibration: Calibration = SHIPPED, *, scored: bool) -> Answers:
    """Assess patient by patient."""
    found, rules = Answers(), calibrated(RULES, calibration)
    console = Console(stderr=True)
    patients = track(
        cohort.patients,
        "assessing",
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    for patient in patients:
        chart = chart_of(cohort, patient)
        alarms = sorted(alarm_of(each) for each in assess(chart, now=chart.as_of, rules=rules))
        found.alarms += [(patient.name, *alarm) for alarm in alarms]
        if scored:
            found.scores += scores_of(cohort, patient, chart, calibration)
    return found


def alarm_of(finding: Finding) -> Alarm:
    """Tell a finding in the words of the file."""
    kind = RETURN if finding.rule.startswith(RETURN_RULES) else KINDS[finding.rule]
    return day_number(finding.local_date), kind, finding.tier, finding.rule


def scores_of(
    cohort: Cohort, patient: Patient, chart: Chart, calibration: Calibration
) -> Iterator[ScoreRow]:
    """Give the statistic of every day after the course, up to the last of entries.csv."""
    from clinical.return_track import statistic_by_day  # noqa: PLC0415 # only when asked for

    to_the_end = entry_of(DiaryRow(day=cohort.last_entry_day, answers={}, phq9_points=None))
    whole = replace(chart, entries=[*chart.entries, to_the_end])
    for day, score in statistic_by_day(whole, calibration):
        yield patient.name, day_number(day), score


def chart_of(cohort: Cohort, patient: Patient) -> Chart:
    """Build the chart the rules see: as of the end of the last day in the files."""
    condition = "bipolar_depression" if patient.dx.casefold().startswith(BIPOLAR) else "trd"
    rows = cohort.rows.get(patient.name, ())
    return Chart(
        as_of=noon_of(cohort.last_day + 1),
        conditions=(condition,),
        primary_condition=condition,
        composite=composite(),
        infusions=infusions_of(cohort, patient),
        entries=[entry_of(row) for row in rows],
        weekly_scores=[
            weekly_score(row.day, row.phq9_points) for row in rows if row.phq9_points is not None
        ],
        course_end=on(patient.course_end),
    )


@cache
def composite() -> Composite:
    """Name the daily items that make the level."""
    found = registry().forms[DAILY_FORM].composite
    if found is None:
        raise LookupError(DAILY_FORM)
    return found


def infusions_of(cohort: Cohort, patient: Patient) -> list[Infusion]:
    """List what was given; the two days patients.csv names are infusions as well."""
    days = {*cohort.infusions.get(patient.name, ()), patient.first_infusion, patient.course_end}
    return [
        Infusion(number=number, started_at=noon_of(day), local_date=on(day))
        for number, day in enumerate(sorted(days), start=1)
        if day <= cohort.last_day
    ]


def entry_of(row: DiaryRow) -> Entry:
    """Turn a line into an entry of the diary."""
    return Entry(
        local_date=on(row.day),
        occurred_at=noon_of(row.day),
        form=DAILY_FORM,
        answers=row.answers,
    )


def weekly_score(day: int, points: float) -> WeeklyScore:
    """Turn a total into the score of its day."""
    return WeeklyScore(local_date=on(day), form=WEEKLY_FORM, points=points, maximum=PHQ9_TOP)


@cache
def on(day: int) -> date:
    """Give a day of the files its date."""
    return date.fromordinal(DAY_ZERO + day)


def day_number(day: date) -> int:
    """Give a date its day in the files."""
    return day.toordinal() - DAY_ZERO


@cache
def noon_of(day: int) -> datetime:
    """Give the instant of an entry or an infusion."""
    return datetime.combine(on(day), NOON)
