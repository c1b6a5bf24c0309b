"""How well the forecast of return does: `python -m bench.detection.forecast`.

Fitted on what the rules find in one clinic, as `afterglow forecast` does, and judged on another by
its truth. A forecast is made 3, 14, 28 and 56 days after the last infusion, wherever the chart
shows no return yet, of patients whom the course helped; a return the rules have missed counts as
one that came at once. What is forecast is the time to a return if nothing is given: an infusion
before it, or the end of the study, censors. Censored forecasts leave the Brier score and those that
remain weigh for them (Graf 1999; censoring apart for the maintained and the others, whose infusions
are planned); an interval counts where the day is known, or where its upper end has passed, or where
it has none and its lower end has passed.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

from afterglow.cohort_files import Cohort as Files
from afterglow.cohort_files import read_cohort
from afterglow.commands.detect import chart_of, noon_of, on
from afterglow.commands.forecast import cohort_stretches
from bench.detection.cohort import Cohort, make_cohort, write_cohort
from bench.detection.course import LAST_JUDGED, Event, Kind
from bench.detection.regime import MISSING, NOISY, REALISTIC, SLOW, STANDARD, SUDDEN, Group, Regime
from clinical.chart import Chart
from clinical.forecast import HORIZON, REVIEW_CHANCE, Forecast, Hazard, Stretch
from clinical.forecast_fit import fit
from clinical.readings import PAUSE
from clinical.stretch import Why, forecast_for

PATIENTS: Final = 300
SEEDS: Final = (31, 32)
"""Of the clinic that is fitted on, and of the one that is judged."""
MADE_AFTER: Final = (3, 14, 28, 56)
JUDGED_AT: Final = (14, 28, 56)
LEAST_KEPT: Final = 0.1
"""No forecast weighs for more than ten."""
NEVER: Final = HORIZON + 10_000
UNMAINTAINED = replace(STANDARD, name="no maintenance", maintained=0.0)
CLINICS = (STANDARD, UNMAINTAINED, NOISY, MISSING, REALISTIC, SLOW, SUDDEN)
COLUMNS = (
    "clinic", "stretches", "forecasts", "in 80 %", "before", "after", "open",
    "Brier 14", "KM", "Brier 28", "KM", "Brier 56", "KM", "said by 28", "came", "due by review",
)  # fmt: skip

Times = Sequence[tuple[int, bool]]
"""Days, and whether what is waited for came then."""


class Case(NamedTuple):
    """One forecast, and what truly came."""

    made_after: int
    found: Forecast
    days: int
    """Days to the return, 0 where it was there; or days without one."""
    returned: bool
    maintained: bool


def kaplan_meier(times: Times) -> Callable[[float], float]:
    """Give the share that is left after so many days (Kaplan and Meier 1958)."""
    left, steps = 1.0, [(-1.0, 1.0)]
    for day in sorted({day for day, came in times if came}):
        at_risk = sum(each >= day for each, _ in times)
        left *= 1 - sum(came and each == day for each, came in times) / at_risk
        steps.append((day, left))
    return lambda days: next((share for day, share in reversed(steps) if day <= days), 1.0)


def cases_of(cohort: Cohort, hazard: Hazard, files: Files) -> Iterator[Case]:
    """Make every forecast that could have been made, and say what truly came."""
    events, given = cohort.events(Kind.RETURN), cohort.infusion_days()
    helped = {Group.RESPONDER, Group.PARTIAL}
    for patient in files.patients:
        if cohort.groups[patient.name] not in helped:
            continue
        chart, maintained = chart_of(files, patient), patient.name in cohort.maintained
        for start, stop in gaps(given[patient.name], patient.course_end, cohort.days - LAST_JUDGED):
            came = came_in(events[patient.name], start, stop)
            for made_after in MADE_AFTER:
                today = start + made_after
                if today >= stop or came is None:
                    break
                found = forecast_for(known_on(chart, today), hazard, today=on(today))
                if not isinstance(found, Why):
                    days = max(min(came, stop) - today, 0)
                    yield Case(made_after, found, days, came <= stop, maintained)


def gaps(infusions: set[int], course_end: int, last: int) -> Iterator[tuple[int, int]]:
    """Give the days between infusions that are more than a week apart, up to the last."""
    days = sorted(day for day in infusions if day >= course_end)
    for start, following in zip(days, [*days[1:], NEVER], strict=True):
        if following - start > PAUSE.days and start < last:
            yield start, min(following, last)


def came_in(events: Sequence[Event], start: int, stop: int) -> int | None:
    """Give the day of the return in a gap; far away without one, None where it was there before."""
    days = [(event.return_day, event.end) for event in events if event.return_day is not None]
    if any(day <= start <= end for day, end in days):
        return None
    return next((day for day, _ in sorted(days) if start < day <= stop), NEVER)


def known_on(chart: Chart, day: int) -> Chart:
    """Give a chart as it was on a day."""
    return replace(
        chart,
        as_of=noon_of(day + 1),
        infusions=[each for each in chart.infusions if each.local_date <= on(day)],
        entries=[each for each in chart.entries if each.local_date <= on(day)],
        weekly_scores=[each for each in chart.weekly_scores if each.local_date <= on(day)],
    )


def covered(cases: Sequence[Case]) -> tuple[float, float, float]:
    """Give the shares of returns in the 80 % interval, before it and after it."""
    counts = [0, 0, 0]
    for case in cases:
        low = NEVER if case.found.low_days is None else case.found.low_days
        high = NEVER if case.found.high_days is None else case.found.high_days
        if case.days > high:
            counts[2] += 1
        elif case.returned or (high == NEVER and case.days >= low):
            counts[case.days < low] += 1
    inside, before, after = (count / sum(counts) for count in counts)
    return inside, before, after


def brier(cases: Sequence[Case], chances: Sequence[float], days: int) -> tuple[float, float, float]:
    """Give the Brier score of the chances by some days, their mean, and the share that came."""
    kept = {
        group: kaplan_meier([(c.days, not c.returned) for c in cases if c.maintained is group])
        for group in (True, False)
    }
    score = said = came = total = 0.0
    for case, chance in zip(cases, chances, strict=True):
        returned = case.returned and case.days <= days
        if not returned and case.days <= days:
            continue
        until = case.days - 1 if returned else days
        weight = 1 / max(kept[case.maintained](until), LEAST_KEPT)
        score += weight * (chance - returned) ** 2
        said += weight * chance
        came += weight * returned
        total += weight
    return score / total, said / total, came / total


def due_by_review(cases: Sequence[Case]) -> float:
    """Give the share of returns that had come by the suggested review date: 30 % are said to.

    Told by the chance at which each return came, so that what is censored before counts in part.
    """
    reached = [
        (round(1000 * case.found.chance_by[min(case.days, HORIZON)]), case.returned)
        for case in cases
        if case.found.chance_by[0] < REVIEW_CHANCE
    ]
    return 1 - kaplan_meier(reached)(1000 * REVIEW_CHANCE)


def judged(regime: Regime, seeds: tuple[int, int] = SEEDS, patients: int = PATIENTS) -> list[str]:
    """Fit on one clinic, judge on another, and write one line of the table."""
    _, files = clinic(regime, seeds[0], patients)
    stretches = cohort_stretches(files)
    cohort, files = clinic(regime, seeds[1], patients)
    return row_of(regime.name, stretches, list(cases_of(cohort, fit(stretches), files)))


def clinic(regime: Regime, seed: int, patients: int) -> tuple[Cohort, Files]:
    """Draw a clinic and read it as the command does."""
    cohort = make_cohort(regime, patients, seed=seed)
    with TemporaryDirectory() as folder:
        write_cohort(cohort, Path(folder))
        return cohort, read_cohort(Path(folder))


def row_of(name: str, stretches: Sequence[Stretch], cases: Sequence[Case]) -> list[str]:
    """Write one line of the table."""
    left = kaplan_meier([(each.days, each.returned) for each in stretches])
    row = [name, str(len(stretches)), str(len(cases)), *(f"{x:.2f}" for x in covered(cases))]
    row.append(f"{sum(case.found.high_days is None for case in cases) / len(cases):.2f}")
    for days in JUDGED_AT:
        own = [case.found.chance_by[days] for case in cases]
        curve = [1 - left(case.made_after + days) / left(case.made_after) for case in cases]
        row += [f"{brier(cases, chances, days)[0]:.3f}" for chances in (own, curve)]
    _, said, came = brier(cases, [case.found.chance_by[28] for case in cases], 28)
    return [*row, f"{said:.2f}", f"{came:.2f}", f"{due_by_review(cases):.2f}"]


def main() -> None:
    """Print the table; two numbers beside the command are other seeds."""
    seeds = (int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else SEEDS
    console = Console(width=150)
    table = Table(title=f"forecast of return: fitted on seed {seeds[0]}, judged on {seeds[1]}")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "clinic" else "right")
    for regime in track(CLINICS, "clinics", console=console, transient=True):
        table.add_row(*judged(regime, seeds))
    console.print(table)


if __name__ == "__main__":
    main()
