"""From which odds on each tier speaks, and how often it may be wrong."""

from dataclasses import dataclass

from clinical.finding import Tier

FLOOR = 0.75
"""Least variance of the good level that the thresholds below were cut with.

Source: detection, section 3, "Floor" (start): the smallest that keeps real series quiet enough.
"""
SHIPPED_CUTS = ((Tier.WATCH, -1.39, 0.50), (Tier.LIKELY, -0.93, 0.25), (Tier.STRONG, -0.32, 0.10))
"""Tier, least log odds L, false alarms for each stable patient-month that it was cut for.

Source: detection, section 5 (start).
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

    def threshold(self, tier: Tier) -> float:
        """Give the least log odds of a tier; infinite where it never speaks."""
        found = (cut.threshold for cut in self.cuts if cut.tier is tier)
        return next(found, float("inf"))


SHIPPED = Calibration(
    version="shipped-0",
    floor=FLOOR,
    cuts=tuple(
        Cut(tier=tier, threshold=threshold, nominal=nominal)
        for tier, threshold, nominal in SHIPPED_CUTS
    ),
)
