"""From which odds on each tier speaks, and how often it may be wrong."""

from dataclasses import dataclass
from datetime import date

from clinical.finding import Tier

FLOOR = 0.1
"""Least variance of the good level that the thresholds below were cut with.

Source: measured (docs/detection.md, "How it was tuned"); detection, section 3, has .75, needed
while the noise of a patient was not learnt.
"""
SHIPPED_CUTS = ((Tier.WATCH, -1.2, 0.50), (Tier.LIKELY, 0.5, 0.17), (Tier.STRONG, 1.2, 0.10))
"""Tier, least log odds L, false alarms for each stable patient-month that it was cut for.

Source: measured with `clinical.return_tuning.TUNED` on 1,500 made-up patients of four seeds, as
notified. `likely` is where public series without an event stay within their limits (Rowland .35,
digiBP .50, Fisher .70 a month; detection, section 12), not where .25 would lie.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One tier: the least log odds it needs, and how often it is wrong."""

    tier: Tier
    threshold: float
    nominal: float
    """False alarms for each stable patient-month that the threshold was cut for."""
    realised: str = "not yet known here (0 blocks)"
    """How often it was in this clinic, in words that stand in every alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The thresholds of every tier, lowest first, and the floor they were cut with."""

    version: str
    floor: float
    cuts: tuple[Cut, ...]
    since: date = date.min
    """The first day that is judged by them: what was said of a day before stays as it was."""
    earlier: "Calibration | None" = None
    """The one in force before that."""

    def on(self, day: date) -> "Calibration":
        """Give the one in force on a day."""
        found = self
        while day < found.since and found.earlier is not None:
            found = found.earlier
        return found

    def threshold(self, tier: Tier) -> float:
        """Give the least log odds of a tier; infinite where it never speaks."""
        found = (cut.threshold for cut in self.cuts if cut.tier is tier)
        return next(found, float("inf"))


SHIPPED = Calibration(
    version="shipped-1",
    floor=FLOOR,
    cuts=tuple(
        Cut(tier=tier, threshold=threshold, nominal=nominal)
        for tier, threshold, nominal in SHIPPED_CUTS
    ),
)
