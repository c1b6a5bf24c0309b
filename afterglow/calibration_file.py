"""The thresholds of every tier as a file of JSON, read strictly."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from clinical.calibration import Calibration, Cut
from clinical.finding import Tier

Odds = Annotated[float, Meta(ge=-14, le=14)]
"""The filter's log odds end there: beyond it a tier always speaks, or never."""
MonthlyRate = Annotated[float, Meta(gt=0, le=30)]
"""False alarms for each stable patient-month: at most one a day."""


class CutIn(Struct, forbid_unknown_fields=True):
    """One tier."""

    threshold: Odds
    nominal: MonthlyRate


class TiersIn(Struct, forbid_unknown_fields=True):
    """Every tier that has a threshold, lowest first."""

    watch: CutIn
    likely: CutIn
    strong: CutIn


class CalibrationIn(Struct, forbid_unknown_fields=True):
    """The file; the hashes of what it was cut with are kept by whoever cut it."""

    version: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    floor: Annotated[float, Meta(ge=0, le=10)]
    tiers: TiersIn
    cohort: str = ""
    code: str = ""


class Refused(Exception):
    """A file is no calibration; the sentence names the file and the key."""

    def __init__(self, path: Path, what: str) -> None:
        """Name the place."""
        super().__init__(f"{path.name}: {what}.")


def read_calibration(path: Path) -> Calibration:
    """Read one file.

    Raises:
        Refused: it is not of its form.
        OSError: it cannot be read.
    """
    raw = path.read_bytes()
    try:
        given = msgspec.json.decode(raw, type=CalibrationIn)
        json.loads(raw, object_pairs_hook=_once)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Refused(path, str(error)) from error
    cuts = tuple(
        Cut(tier=tier, threshold=cut.threshold, nominal=cut.nominal)
        for tier in (Tier.WATCH, Tier.LIKELY, Tier.STRONG)
        for cut in (getattr(given.tiers, tier.value),)
    )
    _check_order(path, cuts)
    return Calibration(version=given.version, floor=given.floor, cuts=cuts)


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Refuse a key that stands twice: nobody knows which one counts."""
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key `{key}` stands twice")
        found[key] = value
    return found


def _check_order(path: Path, cuts: Sequence[Cut]) -> None:
    """See that a surer tier needs no lower odds than the one below, nor is wrong more often."""
    for low, high in pairwise(cuts):
        if high.threshold < low.threshold:
            place = f"`$.tiers.{high.tier}.threshold`"
            raise Refused(path, f"{place} is below that of `{low.tier}`")
        if high.nominal > low.nominal:
            raise Refused(path, f"`$.tiers.{high.tier}.nominal` is above that of `{low.tier}`")
