"""How long the rules take over one patient, from rows to findings: no engine, nothing written."""

import time
from collections.abc import Iterable, Sequence

from afterglow.cohort_files import Cohort, Patient
from afterglow.commands.detect import chart_of
from bench.machine import percentile
from clinical.assess import assess
from clinical.finding import Finding


def assess_rows(cohort: Cohort, patient: Patient) -> list[Finding]:
    """Build the chart of a patient from rows, and run every rule over it."""
    chart = chart_of(cohort, patient)
    return assess(chart, now=chart.as_of)


def seconds_each(cohort: Cohort, patients: Iterable[Patient]) -> list[float]:
    """Give the processor's time for each patient."""
    found: list[float] = []
    for patient in patients:
        began = time.process_time()
        assess_rows(cohort, patient)
        found.append(time.process_time() - began)
    return found


def pace(seconds: Sequence[float]) -> str:
    """Tell the times of patients in one line."""
    half, most = (1000 * percentile(list(seconds), share) for share in (0.5, 0.99))
    return (
        f"rows to findings of one patient, every rule: p50 {half:.2f} ms, p99 {most:.2f} ms, "
        f"{len(seconds) / sum(seconds):.0f} patients/s on one core"
    )
