"""`afterglow replay`: what the rules of this release would raise of stored charts."""

import asyncio
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from uuid import UUID

import asyncpg
import click
import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table

from afterglow.calibration_file import Refused, read_calibration
from clinical.assess import RULES, Rule, assess, calibrated
from clinical.calibration import Calibration
from clinical.replay import Change, Difference, differences
from models.chart import chart_for
from models.gate import clinics
from models.recalibration import calibration_of
from models.replay import kept_findings, patients_of, reading
from models.session import Pool, open_pool
from settings import Settings, SettingsInvalid, load

NOT_REPLAYED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose charts, and by which rules and thresholds."""

    patient: UUID | None
    clinic: UUID | None
    calibration: Calibration | None
    rules: Sequence[Rule]


@dataclass(slots=True, kw_only=True)
class Replayed:
    """What came out, by patient, and whose chart the rules stumbled over."""

    by_patient: dict[UUID, list[Difference]] = field(default_factory=dict[UUID, list[Difference]])
    failed: list[UUID] = field(default_factory=list[UUID])


@click.command()
@click.option("--patient", type=click.UUID, help="One patient, by the id.")
@click.option("--clinic", type=click.UUID, help="Everybody at one clinic, by its id.")
@click.option(
    "--calibration",
    "thresholds",
    type=click.Path(path_type=Path),
    help="Thresholds of the tiers, as JSON, for every day, in place of the clinic's.",
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each finding.")
def replay(
    *,
    patient: UUID | None,
    clinic: UUID | None,
    thresholds: Path | None,
    as_json: bool,
) -> None:
    """Compare what the rules would raise now with what they have raised.

    Reads stored charts and writes nothing, alerts nobody. `new` would be raised and was not, `gone`
    was raised and would not be now, `stays` is both. Ids, rules and days are printed, never a word
    of a patient. Ends with 1 when the rules failed on a chart, with 2 when the thresholds cannot be
    read.
    """
    if (patient is None) is (clinic is None):
        raise click.UsageError("Name either --patient or --clinic.")
    wanted = Wanted(
        patient=patient, clinic=clinic, calibration=calibration_from(thresholds), rules=RULES
    )
    found = asyncio.run(replay_all(load(Settings), wanted))
    show_lines(found.by_patient) if as_json else show_table(found.by_patient)
    for patient_id in found.failed:
        click.echo(f"Error: the rules failed on the chart of {patient_id}.", err=True)
    sys.exit(NOT_REPLAYED if found.failed else 0)


def calibration_from(path: Path | None) -> Calibration | None:
    """Read the thresholds, where a file is named."""
    try:
        return None if path is None else read_calibration(path)
    except Refused as refused:
        raise click.BadParameter(str(refused), param_hint="--calibration") from None
    except OSError as error:
        raise click.BadParameter(f"{path}: {error.strerror}.", param_hint="--calibration") from None


async def replay_all(settings: Settings, wanted: Wanted) -> Replayed:
    """Go through the charts one by one, each as one snapshot shows it."""
    found = Replayed()
    console = Console(stderr=True)
    async with opened(settings) as pool:
        clinic_id, patients = await whom(pool, wanted)
        hidden = wanted.patient is not None or not console.is_terminal
        for patient_id in track(
            patients, "replaying", console=console, transient=True, disable=hidden
        ):
            try:
                found.by_patient[patient_id] = await replay_one(pool, clinic_id, patient_id, wanted)
            except (asyncpg.PostgresError, OSError):
                raise
            except Exception:  # noqa: BLE001 # one bad chart hides no other; its id is told
                found.failed.append(patient_id)
    return found


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Pool]:
    """Open one connection."""
    try:
        pool = await open_pool(settings.database_url.get_secret_value(), largest=1)
    except OSError:
        raise SettingsInvalid(
            "AFTERGLOW_DATABASE_URL names a server that does not answer."
        ) from None
    try:
        yield pool
    finally:
        await pool.close()


async def whom(pool: Pool, wanted: Wanted) -> tuple[UUID, list[UUID]]:
    """Find the clinic, and who is replayed there."""
    async with pool.acquire() as connection:
        everywhere = await clinics(connection)
    for clinic_id in everywhere:
        if wanted.clinic in {None, clinic_id}:
            async with reading(pool, clinic_id) as connection:
                patients = await patients_of(connection, clinic_id)
            if wanted.patient is None:
                return clinic_id, patients
            if wanted.patient in patients:
                return clinic_id, [wanted.patient]
    missing = f"patient {wanted.patient}" if wanted.patient else f"clinic {wanted.clinic}"
    raise click.ClickException(f"There is no {missing}.")


async def replay_one(
    pool: Pool, clinic_id: UUID, patient_id: UUID, wanted: Wanted
) -> list[Difference]:
    """Assess one chart again, and lay it beside what was kept."""
    async with reading(pool, clinic_id) as connection:
        chart = await chart_for(connection, clinic_id, patient_id)
        kept = await kept_findings(connection, clinic_id, patient_id)
        own = wanted.calibration or await calibration_of(connection, clinic_id)
    if chart is None:
        return []
    rules = calibrated(wanted.rules, own)
    return differences(kept, assess(chart, now=chart.as_of, rules=rules))


def show_lines(by_patient: Mapping[UUID, Sequence[Difference]]) -> None:
    """Print one line of JSON for each finding."""
    for patient_id, found in by_patient.items():
        for each in found:
            line = {"patient": patient_id, **msgspec.to_builtins(each)}
            click.echo(msgspec.json.encode(line))


def show_table(by_patient: Mapping[UUID, Sequence[Difference]]) -> None:
    """Print the findings of each patient by day, and how many there are of each rule."""
    console = Console(soft_wrap=True)
    counts: dict[str, Counter[Change]] = defaultdict(Counter)
    for patient_id, found in by_patient.items():
        for each in found:
            counts[each.rule][each.change] += 1
        if found:
            console.print(table_of(patient_id, found))
    for rule, own in sorted(counts.items()):
        console.print(f"{rule}: " + ", ".join(f"{own[change]} {change}" for change in Change))
    charts = len(by_patient)
    console.print(f"{charts} {'chart' if charts == 1 else 'charts'} replayed; nothing was written.")


def table_of(patient_id: UUID, found: Sequence[Difference]) -> Table:
    """Lay out one patient's findings, narrow enough for 80 columns."""
    table = Table(title=f"patient {patient_id}", title_justify="left", box=None)
    for column in ("day", "rule", "tier", "was on", "change"):
        table.add_column(column, no_wrap=True, justify="left")
    for each in found:
        would_be, was = told(each.would_be_on), told(each.was_on)
        table.add_row(would_be, each.rule, each.tier or "-", was, each.change)
    return table


def told(day: date | None) -> str:
    """Write a day, or that there is none."""
    return "-" if day is None else day.isoformat()
