"""The six-state filter: how likely it is, day by day, that the improvement is being lost.

A patient holds the good level, has lost a quarter, half, three quarters or all of the improvement,
or goes through a bad spell that will pass. Plain numbers in, plain numbers out; no chart.
"""

from collections.abc import Callable, Container, Iterator, Sequence
from math import exp, log, sqrt
from typing import NamedTuple

from clinical.return_tuning import SPECIFIED, Chances, Tuning

TINY = 1e-6
"""Keeps the log odds finite. Source: detection, section 3."""


class Step(NamedTuple):
    """What the filter knows at the end of one day."""

    chances: Chances
    lost_before: float
    """Chance that half or more is lost, before the day's own readings: from time alone."""
    good: float
    """The good level, learnt so far."""
    good_variance: float
    noise: float
    """Variance of one daily level about its state, learnt so far."""

    @property
    def lost(self) -> float:
        """Chance that half or more of the improvement is lost."""
        return self.chances[2] + self.chances[3] + self.chances[4]

    @property
    def statistic(self) -> float:
        """The log odds L of that chance."""
        _, _, half, more, full, _ = self.chances
        lost = half + more + full
        return log((lost + TINY) / (1 - lost + TINY))


Weigh = Callable[[Chances, float, float, float, float], Chances]
"""From chances, points above the good level, size of a full return, variance and stray share."""


def follow(
    levels: Sequence[float | None],
    weekly: Sequence[float | None],
    infusions: Sequence[int],
    *,
    before: float,
    noise: float,
    tuning: Tuning = SPECIFIED,
) -> list[Step]:
    """Run the filter over the days since the course; day 0 is the first one after it.

    Args:
        levels: daily level of each day, None where there is none.
        weekly: weekly score of each day on the same scale, None where there is none.
        infusions: days of infusions; the course itself ended on day -1.
        before: level before treatment.
        noise: variance of one daily level (`Tuning.noise`), as known at the end of the course.
        tuning: what a bench may vary.

    """
    given = {-1, *infusions}
    weigh_day = _weigher(tuning.spell_rise, tuning.spell_variance, tuning)
    weigh_week = _weigher(tuning.spell_rise_weekly, 0.0, tuning)
    stray, stray_weekly = tuning.stray / tuning.plausible, tuning.stray_weekly
    low, least, top = tuning.least_holding, tuning.least_return, tuning.full_share * before
    chances, good, variance = tuning.prior, tuning.good_share * before, tuning.good_variance
    known_noise, most_off = tuning.noise_weight, tuning.most_off * noise
    scatter = noise * known_noise
    steps: list[Step] = []
    days = zip(_moves(len(levels), given, tuning), levels, weekly, strict=True)
    for (move, unsettled), level, score in days:
        chances = move(chances)
        variance += unsettled
        lost_before = chances[2] + chances[3] + chances[4]
        if level is not None or score is not None:
            known, spread, full = good, variance, least if top - good < least else top - good
            if level is not None:
                wide = noise + spread
                chances = weigh_day(chances, level - known, full, wide, stray * sqrt(wide))
                holding, off = chances[0], (level - known) * (level - known) * noise / wide
                pull = noise / (low if holding < low else holding)
                good, variance = _learn(level, good, variance, pull, tuning)
                known_noise += holding
                scatter += holding * (most_off if most_off < off else off)
                noise = scatter / known_noise
            if score is not None:
                wide = tuning.weekly_variance + spread
                chances = weigh_week(chances, score - known, full, wide, stray_weekly)
        steps.append(Step(chances, lost_before, good, variance, noise))
    return steps


def _moves(
    days: int, given: Container[int], tuning: Tuning
) -> Iterator[tuple[Callable[[Chances], Chances], float]]:
    """Give what each day does by itself, and the variance an infusion on it adds."""
    low, high = tuning.hazard_bounds
    known = [_move(min(max(hazard, low), high), tuning) for hazard in tuning.hazards]
    restoring = [_restored(move, tuning.infusion_restores) for move in known]
    last = -1
    for day in range(days):
        nth = min(day - last, len(known)) - 1
        today = day in given
        if today:
            last = day
        kind = restoring if today or day - 1 in given else known
        yield kind[nth], tuning.infusion_unsettles if today else 0.0


def _move(hazard: float, tuning: Tuning) -> Callable[[Chances], Chances]:
    to_quarter, to_half, to_all = (share * hazard for share in tuning.onsets)
    to_spell, spell_ends, spell_turns = tuning.spell_rate, tuning.spell_ends, tuning.spell_turns
    climb, back, late_back = tuning.climb, tuning.recovery, tuning.late_recovery
    holds, stays = 1 - to_quarter - to_half - to_all - to_spell, 1 - climb - back
    last_stays, spell_stays = 1 - late_back, 1 - spell_ends - spell_turns

    def move(chances: Chances) -> Chances:
        holding, quarter, half, more, full, spell = chances
        return (
            holds * holding
            + back * (quarter + half + more)
            + late_back * full
            + spell_ends * spell,
            to_quarter * holding + stays * quarter + spell_turns * spell,
            to_half * holding + climb * quarter + stays * half,
            climb * half + stays * more,
            to_all * holding + climb * more + last_stays * full,
            to_spell * holding + spell_stays * spell,
        )

    return move


def _restored(move: Callable[[Chances], Chances], share: float) -> Callable[[Chances], Chances]:
    keep = 1 - share

    def restore(chances: Chances) -> Chances:
        holding, quarter, half, more, full, spell = move(chances)
        return (
            holding + share * (quarter + half + more + full + spell),
            quarter * keep,
            half * keep,
            more * keep,
            full * keep,
            spell * keep,
        )

    return restore


def _weigher(rise: float, wider: float, tuning: Tuning) -> Weigh:
    """Make the step that weighs each state by how well it explains a reading.

    A worse reading must never make a return less likely. So, measured against `half`, the weight
    of every better state only falls as the reading rises, and that of every worse one only rises:
    the stray share has the shape of `half`, and a bad spell, however wide, is told from `half` by
    days and no longer by level beyond the point where the two are furthest apart; a spell that
    looks like a return weighs what the returns themselves weigh.
    """
    like_return = tuning.spell_like_return
    lowest, beyond, growth = -tuning.below_good, tuning.above_full, log(tuning.stray_growth)

    def weigh(
        chances: Chances, above: float, full: float, variance: float, stray: float
    ) -> Chances:
        middle, per = full / 2, -0.5 / variance
        top = full + beyond
        above = lowest if above < lowest else top if above > top else above
        off, worst = above - middle, top - middle
        near, grown = per * off * off, -per * worst * worst
        stray *= exp(near + (grown if grown < growth else growth))
        near_half, step = exp(near), exp(full * off / (4 * variance))
        bend = exp(per * full * full / 16)
        near_one, near_two = near_half * bend, near_half * bend * bend * bend * bend
        passing = _spell(above, middle, variance, rise if rise < middle else middle, wider)
        holding, quarter, half, more, everything, spell = chances
        returned = (
            half * near_half + more * near_one * step + everything * near_two * step * step
        ) / (half + more + everything)
        passing += like_return * (returned - passing)
        holding *= near_two / (step * step) + stray
        quarter *= near_one / step + stray
        half *= near_half + stray
        more *= near_one * step + stray
        everything *= near_two * step * step + stray
        spell *= passing + stray
        share = 1 / (holding + quarter + half + more + everything + spell)
        return (
            holding * share,
            quarter * share,
            half * share,
            more * share,
            everything * share,
            spell * share,
        )

    return weigh


def _spell(above: float, middle: float, variance: float, rise: float, wider: float) -> float:
    """Give the density of a bad spell, as a share of the peak of the other states."""
    apart, off, wide = middle - rise, above - middle, variance + wider
    if off * wider > apart * variance:
        exponent = apart * apart / wider + off * off / variance
    else:
        exponent = (above - rise) * (above - rise) / wide
    return sqrt(variance / wide) * exp(-0.5 * exponent)


def _learn(
    level: float, good: float, variance: float, pull: float, tuning: Tuning
) -> tuple[float, float]:
    """Learn the good level from a reading whose variance, as far as it tells of it, is `pull`."""
    gain, floor = variance / (variance + pull), tuning.floor
    left = (1 - gain) * variance + tuning.drift
    return good + gain * (level - good), floor if left < floor else left
