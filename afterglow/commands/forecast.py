"""`afterglow forecast`: when symptoms might return, patient by patient, from a cohort in files."""

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table as Shown

from afterglow.cohort_files import Cohort, Malformed, read_cohort, write_whole
from afterglow.commands.detect import chart_of, day_number, on, stop
from clinical.forecast import Forecast, Hazard, Stretch
from clinical.forecast_fit import fit
from clinical.stretch import Why, forecast_for, stretches_of

COLUMNS = (
    "patient", "day", "days_since_infusion", "median_days", "low_days", "high_days", "review_day",
    "chance_now", "fitted_on_stretches", "why_not",
)  # fmt: skip
NOTICE = (
    "A suggestion when to review, if no infusion is given: no prescription, and not to be shown to "
    "patients. Empty: not within half a year."
)

ForecastRow = tuple[str | int | float, ...]


@click.command()
@click.option(
    "--in",
    "source",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder with patients.csv, infusions.csv and entries.csv.",
)
@click.option(
    "--out", "target", type=click.Path(path_type=Path), help="A CSV; without it a table is printed."
)
def forecast(source: Path, target: Path | None) -> None:
    r"""Suggest, for every patient of a cohort, when to look again.

    Learns the time to a return from all stretches between infusions in the files, thirty of the
    published curve beside them (below thirty of its own, that curve alone), and gives median and
    80 % interval in days from the last day that anybody in the files has, and the day by which the
    chance of a return is 30 %. Ends with 0 when all is written, with 2 when a file cannot be read
    or written; nothing is left half written.
    """
    try:
        found = rows_of(read_cohort(source))
        if target is None:
            Console().print(shown(found), NOTICE)
        else:
            write_whole({target: [COLUMNS, *found]})
    except Malformed as malformed:
        stop(str(malformed))
    except OSError as error:
        stop(f"{error.filename2 or error.filename or target}: {error.strerror}.")


def rows_of(cohort: Cohort) -> list[ForecastRow]:
    """Fit on all patients, then say of each when symptoms might return."""
    hazard = fit(cohort_stretches(cohort))
    today = on(cohort.last_day)
    return [
        row_of(patient.name, cohort.last_day, forecast_for(chart, hazard, today=today), hazard)
        for patient in cohort.patients
        for chart in (chart_of(cohort, patient),)
    ]


def cohort_stretches(cohort: Cohort) -> list[Stretch]:
    """List the stretches of all patients that tell of the time to a return."""
    return [
        stretch
        for patient in cohort.patients
        for stretch in stretches_of(chart_of(cohort, patient), patient.name)
    ]


def row_of(name: str, day: int, found: Forecast | Why, hazard: Hazard) -> ForecastRow:
    """Write one line; what lies beyond the horizon is empty."""
    if isinstance(found, Why):
        return (name, day, "", "", "", "", "", "", hazard.stretches, found.value)
    review = "" if found.review_on is None else day_number(found.review_on)
    return (
        name,
        day,
        found.basis["days_since_infusion"],
        *(
            "" if days is None else days
            for days in (found.median_days, found.low_days, found.high_days)
        ),
        review,
        found.basis["chance_now"],
        hazard.stretches,
        "",
    )


def shown(rows: Sequence[ForecastRow]) -> Shown:
    """Set the lines out for a reader."""
    table = Shown(title="suggested review")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "patient" else "right")
    for row in rows:
        table.add_row(*map(str, row))
    return table
