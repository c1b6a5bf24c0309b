"""When to look at a patient again, as it goes out to a care team; no patient is ever shown it."""

from datetime import date

from msgspec import UNSET, Struct, UnsetType

from api.answer import given
from clinical.forecast import Forecast
from clinical.stretch import Why

NOTE = "A suggestion when to look again, not a prediction for the patient."


class ForecastOut(Struct, omit_defaults=True):
    """Days are counted from the patient's today; a member that is absent lies beyond half a year.

    `basis` is "prior", the published courses, or "clinic, n courses".
    """

    basis: str
    note: str
    median_days: int | UnsetType = UNSET
    low_days: int | UnsetType = UNSET
    high_days: int | UnsetType = UNSET
    review_on: date | UnsetType = UNSET


def forecast_out(found: Forecast | Why) -> ForecastOut | UnsetType:
    """Put a forecast into the answer; where nothing can be said there is none."""
    if isinstance(found, Why):
        return UNSET
    return ForecastOut(
        basis=basis_of(found),
        note=NOTE,
        median_days=given(found.median_days),
        low_days=given(found.low_days),
        high_days=given(found.high_days),
        review_on=given(found.review_on),
    )


def basis_of(found: Forecast) -> str:
    """Say whose courses the forecast was learnt from."""
    fitted = found.basis["fitted_on_stretches"]
    return f"clinic, {fitted} courses" if fitted else "prior"
