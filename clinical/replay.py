"""What a chart would raise now, beside what it has raised."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from clinical.finding import Finding

Key = tuple[str, int]
"""Rule and period: what is told once."""


class Change(StrEnum):
    """How a finding fares in a replay."""

    NEW = "new"
    """It would be raised, and was not."""
    GONE = "gone"
    """It was raised, and would not be now; what was raised stays all the same."""
    STAYS = "stays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finding as it was kept."""

    rule: str
    period: int
    tier: str | None
    local_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One finding in both lights; a day is absent where it was not, or would not be, raised."""

    change: Change
    rule: str
    period: int
    tier: str | None
    would_be_on: date | None
    was_on: date | None

    @property
    def day(self) -> date:
        """The day it is listed under."""
        return self.would_be_on or self.was_on or date.min


def differences(kept: Iterable[Told], found: Iterable[Finding]) -> list[Difference]:
    """Compare what was kept with what the rules find now, in the order of days and rules."""
    before = {(each.rule, each.period): each for each in kept}
    now = _first_of_each(found)
    both = [_difference(key, before.get(key), now.get(key)) for key in {*before, *now}]
    return sorted(both, key=lambda each: (each.day, each.rule, each.period))


def _first_of_each(found: Iterable[Finding]) -> dict[Key, Finding]:
    """Keep the first finding of a rule and period, as raising them in order does."""
    firsts: dict[Key, Finding] = {}
    for each in found:
        firsts.setdefault((each.rule, each.period), each)
    return firsts


def _difference(key: Key, was: Told | None, now: Finding | None) -> Difference:
    change = Change.NEW if was is None else Change.GONE if now is None else Change.STAYS
    tier = now.tier.value if now else was.tier if was else None
    return Difference(
        change=change,
        rule=key[0],
        period=key[1],
        tier=tier,
        would_be_on=now.local_date if now else None,
        was_on=was.local_date if was else None,
    )
