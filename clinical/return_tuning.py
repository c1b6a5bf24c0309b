"""What the return filter takes for granted of patients: every value that a bench may vary."""

from dataclasses import dataclass, replace

Chances = tuple[float, float, float, float, float, float]
"""Of holding, of a quarter, half, three quarters and all lost, and of a bad spell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Everything a bench may vary.

    Source: detection, section 3, for every value whose own line names no other.
    """

    floor: float = 0.75
    """Least variance of the good level: below it the filter becomes too sure of real people."""
    phi: float = 0.25
    """Lag-1 correlation of the daily level. Source: clinical content, section 10 (.18-.28)."""
    between_days: float = 0.8
    """Share of the variance before treatment that is noise of days. Source: section 2."""
    good_share: float = 0.35
    """Good level at the end of the course, as a share of the level before. Source: section 2."""
    good_variance: float = 1.6 * 1.6
    """How little is known of it then. Source: section 2."""
    full_share: float = 0.95
    """A full return leads back to this share of the level before. Source: section 2."""
    least_return: float = 1.5
    """Points (0-10) that a full return has at least. Source: section 2."""
    prior: Chances = (0.90, 0.02, 0.02, 0.02, 0.04, 0.0)
    """Chances at the end of the course."""
    hazards: tuple[float, ...] = (1 / 35,)
    """Daily hazard of a return by days since the last infusion, from 1 on; the last one stays."""
    hazard_bounds: tuple[float, float] = (1 / 120, 1 / 10)
    onsets: tuple[float, float, float] = (0.60, 0.25, 0.15)
    """Shares of returns that begin with a quarter, with half, and with all of it lost."""
    climb: float = 0.30
    """Daily chance that a return reaches its next quarter."""
    recovery: float = 0.03
    """Daily chance that a return ends by itself before all is lost."""
    late_recovery: float = 0.015
    """Daily chance that it does when all is lost."""
    spell_rate: float = 1 / 35
    """Daily chance that a bad spell begins."""
    spell_ends: float = 0.40
    """Daily chance that it passes."""
    spell_turns: float = 0.02
    """Daily chance that it turns into a return."""
    spell_rise: float = 2.4
    """Points that a bad spell adds to a day; never more than half of a full return."""
    spell_rise_weekly: float = 0.8
    """Points that it adds to a weekly score; never more than half of a full return."""
    spell_like_return: float = 0.0
    """Share of bad spells whose days look like those of a return, and only end sooner.

    Source: measured (docs/detection.md, "How it was tuned").
    """
    spell_variance: float = 1.0
    """Variance by which the days of a bad spell differ more."""
    infusion_restores: float = 0.85
    """Share of all other chances that an infusion turns into holding, that day and the next."""
    infusion_unsettles: float = 1.0
    """Variance that an infusion adds to the good level."""
    below_good: float = 1.0
    """A reading counts from so far below the good level on."""
    above_full: float = 0.5
    """It counts up to so far above a full return."""
    plausible: float = 0.98
    """Weight of what the states say of a daily level, against a stray one."""
    stray: float = 0.002
    """Density of a stray daily level at the worst that counts."""
    stray_weekly: float = 0.01
    """The same of a weekly score."""
    stray_growth: float = 10.0
    """How much more likely, at most, a stray reading is between the states than at the worst.

    Source: house rule; keeps a large return readable at its half.
    """
    weekly_variance: float = (2.3 / 2.7) * (2.3 / 2.7) + 0.5
    """Error of a weekly score on the scale of the daily level."""
    least_holding: float = 0.001
    """Chance of holding below which the good level learns no slower."""
    noise_weight: float = 1e9
    """Days of holding that the noise known at the end of the course is worth.

    Source: measured (docs/detection.md, "How it was tuned").
    """
    most_off: float = 9.0
    """A day counts as so many variances off at most when the noise is learnt: three SDs.

    Source: house rule; one wild day must not make a patient deaf.
    """
    drift: float = 0.004
    """Variance that the good level gains with each daily level."""

    def noise(self, sd: float) -> float:
        """Give the variance of a daily level around its state, from the patient's own SD."""
        return self.between_days * sd * sd * (1 + self.phi) / (1 - self.phi)

    def full_return(self, before: float, good: float) -> float:
        """Give the points from the good level to that of a full return."""
        return max(self.least_return, self.full_share * before - good)


SPECIFIED = Tuning()
"""The first values, from the specification."""
TUNED = replace(
    SPECIFIED,
    between_days=0.97,
    good_share=0.365,
    good_variance=1.93,
    full_share=0.97,
    least_return=1.25,
    hazards=(0.045,),
    onsets=(0.68, 0.29, 0.03),
    climb=0.54,
    recovery=0.023,
    late_recovery=0.009,
    spell_rate=0.04,
    spell_ends=0.65,
    spell_turns=0.04,
    spell_rise=2.8,
    spell_like_return=0.57,
    spell_variance=0.8,
    infusion_restores=0.73,
    infusion_unsettles=0.3,
    stray=0.0036,
    weekly_variance=1.75,
    noise_weight=20,
    drift=0.005,
)
"""The values at work: found by chance steps from the first ones.

Source: measured on made-up patients of seven regimes and on three public series without an event
(docs/detection.md, "How it was tuned").
"""
