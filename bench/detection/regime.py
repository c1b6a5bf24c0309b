"""What a made-up clinic is like: every number that the patients are drawn from."""

from dataclasses import dataclass, replace
from enum import StrEnum

Range = tuple[float, float, float]
"""Lowest, commonest and highest value of something that differs between people."""


class Family(StrEnum):
    """How the daily answers scatter about the level."""

    GAUSSIAN = "gaussian"
    STUDENT = "student"
    SKEWED = "skewed"
    REAL = "real"


class Group(StrEnum):
    """What the course did for a patient (clinical content, section 9)."""

    RESPONDER = "responder"
    PARTIAL = "partial"
    NON_RESPONDER = "non_responder"
    WORSE = "worse"


class Shape(StrEnum):
    """How the symptoms come back."""

    STEPS = "steps"
    SUDDEN = "sudden"
    DRIFT = "drift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """One made-up clinic; shares are 0-1, levels 0-10, times days."""

    name: str
    family: Family = Family.GAUSSIAN
    noise_sd: Range = (0.8, 1.2, 1.8)
    phi: Range = (0.0, 0.2, 0.5)
    whole_points: bool = True
    """Answers are whole numbers, as on the phone."""
    missing: Range = (0.02, 0.10, 0.30)
    miss_after_miss: float = 0.55
    """Source: digiBP, P(miss after miss)."""
    miss_by_level: float = 0.0
    """Log factor on the chance to stop answering, per point above the patient's mean level."""
    item_skipped: float = 0.01
    groups: tuple[float, float, float, float] = (0.60, 0.15, 0.17, 0.08)
    """In the order of `Group`. Source: response 53.6-70.8 %, 8.4 % worse (McInnes, Murrough)."""
    shapes: tuple[float, float, float] = (0.5, 0.2, 0.3)
    """In the order of `Shape`."""
    silent_returns: float = 0.2
    durable: float = 0.12
    onset_scale: float = 36.0
    onset_shape: float = 1.15
    """Weibull time from the last infusion to the first day of the rise, for all but `durable`."""
    maintained: float = 0.25
    maintenance_factor: float = 1.8
    boosted: float = 0.6
    booster_works: float = 0.85
    remits_alone: float = 0.1
    wander_sd: float = 0.25
    bad_day: float = 0.02
    spells_a_day: float = 1 / 45
    bipolar: float = 0.15
    manic: float = 0.25
    persistent: float = 0.06
    broken_habit: float = 0.08
    phq9_sd: float = 2.0
    phq9_bias_sd: float = 1.0
    phq9_skipped: float = 0.15


STANDARD = Regime(name="standard")
PHI = replace(STANDARD, name="phi", phi=(0.6, 0.6, 0.6))
MISSING = replace(STANDARD, name="missing", missing=(0.30, 0.35, 0.40))
NOISY = replace(STANDARD, name="noisy", noise_sd=(1.7, 1.7, 1.7))
REALISTIC = replace(STANDARD, name="realistic", family=Family.REAL)
SLOW = replace(STANDARD, name="slow", shapes=(0.0, 0.0, 1.0))
SUDDEN = replace(STANDARD, name="sudden", shapes=(0.0, 1.0, 0.0))
SKEWED = replace(STANDARD, name="skewed", family=Family.SKEWED)
REGIMES = {
    each.name: each for each in (STANDARD, PHI, MISSING, NOISY, REALISTIC, SLOW, SUDDEN, SKEWED)
}
