"""How well the watches find what was made up, beside simpler ones: `make bench-detection`.

Every cohort goes through the files and functions of `afterglow detect`; thresholds are those that
ship. The rivals' thresholds are cut on other patients than those they are judged on, to the rate
of false alarms that ours is shipped with.
"""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.detection.cohort import Cohort, make_cohort
from bench.detection.detected import detected
from bench.detection.pace import pace
from bench.detection.regime import REGIMES, STANDARD
from bench.detection.rivals import CUT_PATIENTS, CUT_SEED, Judged, judge_rivals, table_of
from bench.detection.score import Alarm, Result, score
from bench.detection.score_watch import (
    MANIA_WITHIN,
    score_dissociation,
    score_mania,
    score_no_response,
    score_silence,
)
from clinical.calibration import SHIPPED
from clinical.finding import Tier

PATIENTS = 300
STANDARD_PATIENTS = 900
"""The sampling error of 300 patients' returns is .02; the standard clinic is held to a line."""
SEED = 20_261
COLUMNS = (
    "regime", "returns", "found", "of written", "in 7 days", "median delay", "p90", "false a month",
    "not helped", "PPV", "window AUROC", "patients/s",
)  # fmt: skip


def row_of(name: str, result: Result, patients_per_second: float) -> list[str]:
    """Write one line of the table."""
    return [
        name, str(result.returns), f"{result.sensitivity:.3f}", f"{result.of_written:.3f}",
        f"{result.within_7_days:.3f}",
        f"{result.median_delay:.1f}", f"{result.p90_delay:.0f}", f"{result.responders.a_month:.2f}",
        f"{result.non_responders.a_month:.2f}", f"{result.ppv:.2f}", f"{result.window_auroc:.3f}",
        f"{patients_per_second:.0f}",
    ]  # fmt: skip


def main() -> None:
    """Print the table of returns for every regime, and the other watches on the standard one."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else SEED
    console = Console(width=130)
    table = Table(title=f"symptom_return.improvement_lost, tier likely, as notified; seed {seed}")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "regime" else "right")
    others: list[str] = []
    compared: list[Judged] = []
    each: list[float] = []
    for name, regime in track(REGIMES.items(), "cohorts", console=console, transient=True):
        patients = STANDARD_PATIENTS if regime is STANDARD else PATIENTS
        cohort = make_cohort(regime, patients, seed=seed)
        found = detected(cohort)
        result = score(cohort, found.alarms, found.scores)
        table.add_row(*row_of(name, result, patients / found.seconds))
        each += found.each
        if regime is STANDARD:
            others = watches(cohort, found.alarms)
            compared = beside(cohort, result)
    console.print(table)
    console.print(table_of(compared, "standard clinic: ours as notified, others cut elsewhere"))
    console.print(pace(each))
    console.print("other watches, standard clinic:")
    for line in others:
        console.print(f"  {line}")


def beside(cohort: Cohort, result: Result) -> list[Judged]:
    """Judge simpler watches on the same patients, cut to the rate ours is shipped with."""
    ours = next(cut for cut in SHIPPED.cuts if cut.tier is Tier.LIKELY)
    cut_on = make_cohort(STANDARD, CUT_PATIENTS, seed=CUT_SEED)
    rivals = judge_rivals(cut_on, cohort, ours.nominal)
    return [Judged("return watch, as notified", ours.threshold, result), *rivals]


def watches(cohort: Cohort, alarms: Sequence[Alarm]) -> list[str]:
    """Say how the other watches did."""
    mania, (unhelped, helped) = score_mania(cohort, alarms), score_no_response(cohort, alarms)
    judged = {
        "mania.activation": mania,
        "dissociation.persistent": score_dissociation(cohort, alarms),
        "silence.broken_habit": score_silence(cohort, alarms),
    }
    return [
        *(
            f"{name}: {each.hits} of {each.events} found, {each.quiet.a_month:.3f} false a month"
            for name, each in judged.items()
        ),
        f"mania.activation within {MANIA_WITHIN} days: {mania.within(MANIA_WITHIN):.3f}",
        f"no_response: told of {unhelped:.3f} of those not helped and of {helped:.3f} of the rest",
    ]


if __name__ == "__main__":
    main()
