"""Totals, bands and the daily composite; a missing answer is missing, never zero."""

from collections.abc import Mapping
from dataclasses import dataclass

from clinical.instruments.form import Code, Form, Method

PER_WHO5_POINT = 4
"""WHO-5 turns its sum of 0-25 into percent by this factor.

Source: WHO-5 scoring rule (sum x 4, 0-100).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A total, the band it falls in, and whether missing answers were prorated."""

    points: float
    band: str | None
    prorated: bool


def score(form: Form, answers: Mapping[str, Code]) -> Score | None:
    """Score a complete answer set; None when answers are missing or the form has no total."""
    rule = form.scoring
    if rule.method is Method.NONE:
        return None
    given = _given(form, answers, form.scored)
    missing = len(form.scored) - len(given)
    if missing > rule.prorate_up_to or not given:
        return None
    points = _total(rule.method, given, of=len(form.scored))
    return Score(points=points, band=band_for(form, points), prorated=missing > 0)


def composite(form: Form, answers: Mapping[str, Code]) -> float | None:
    """Average the answered core items; None when fewer were answered than the form asks for."""
    rule = form.composite
    if rule is None:
        return None
    given = _given(form, answers, rule.items)
    return sum(given) / len(given) if len(given) >= rule.at_least else None


def band_for(form: Form, points: float) -> str | None:
    """Name the band a total falls in."""
    label = None
    for band in form.bands:
        if band.at > points:
            break
        label = band.label
    return label


def _given(form: Form, answers: Mapping[str, Code], items: tuple[str, ...]) -> list[int]:
    points = form.points
    return [points[item][answers[item]] for item in items if answers.get(item) in points[item]]


def _total(method: Method, given: list[int], *, of: int) -> float:
    mean = sum(given) / len(given)
    if method is Method.MEAN:
        return mean
    whole = sum(given) if len(given) == of else mean * of
    return whole * PER_WHO5_POINT if method is Method.SUM_TIMES_4 else whole
