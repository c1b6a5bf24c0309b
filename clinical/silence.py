"""A diary that falls silent: more days in a row without an entry than this patient ever leaves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count, pairwise

from clinical.calibration import SHIPPED, Calibration
from clinical.chart import Chart, answered
from clinical.finding import Finding, Severity, Tier
from clinical.return_watch import Watched, watched

BROKEN_HABIT = "silence.broken_habit"
SUICIDALITY = "si_daily"

MISS_AFTER_ENTRY = 0.056
"""Usual chance of no entry on the day after an entry. Source: digiBP, 43 patients."""
MISS_AFTER_MISS = 0.55
"""Usual chance of no entry on the day after a day without. Source: digiBP, 43 patients."""
WEIGHT = 20
"""Days that the usual chances weigh against the patient's own. Source: section 9 (start)."""
MOST_RUNS = 0.15
"""Runs in a month of habit, at most, that may be as long as the one that is told.

Source: detection, sections 9 and 12 (<= .15 per month on engaged patients).
"""
MONTH = 30
"""Days in the month of that rate. Source: detection, section 9."""
SHORTEST_RUN = 2
"""Days without an entry that are told at the soonest.

Source: detection, section 9 (at least 2); house rule for patients who are not worried about.
"""
SOONER = 2
"""Days sooner that a patient who is worried about is told. Source: detection, section 9 (k - 2)."""
WORRY = timedelta(days=14)
"""How long a positive answer about suicide, or a tier of the return watch, shortens the run.

Source: detection, section 9; for a tier as well, because one that has stood for weeks shortened
every run of engaged patients (.174 false a month for .147, measured).
"""
ENGAGED = timedelta(days=28)
"""The days up to the last entry that show whether there is a habit. Source: house rule (start)."""
FEWEST_ENTRIES = 7
"""Days with an entry, among those, that make a habit. Source: house rule (start)."""
WESTERNMOST = timedelta(hours=12)
"""A day is over everywhere when it is over in the zone furthest behind UTC.

Source: time zone database, UTC-12; the chart does not know the patient's zone.
"""
NEVER = date.max.toordinal()
NOT_SHORTENED, BY_SUICIDALITY, BY_TIER = "no", "suicidality", "tier"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habit:
    """A chain of two states, entry or miss, learnt from the days up to the last entry."""

    entries: int
    missed_after_entry: int
    misses: int
    missed_after_miss: int

    @property
    def stops(self) -> float:
        """Chance of a miss after an entry."""
        return (MISS_AFTER_ENTRY * WEIGHT + self.missed_after_entry) / (WEIGHT + self.entries)

    @property
    def stays_away(self) -> float:
        """Chance of a miss after a miss."""
        return (MISS_AFTER_MISS * WEIGHT + self.missed_after_miss) / (WEIGHT + self.misses)

    def runs_a_month(self, length: int) -> float:
        """Expect so many runs of at least this length in a month."""
        answered = (1 - self.stays_away) / (1 - self.stays_away + self.stops)
        return MONTH * answered * self.stops * self.stays_away ** (length - 1)

    def unusual_run(self) -> int:
        """Give the shortest run that is longer than this patient's habit explains."""
        return next(
            length for length in count(SHORTEST_RUN) if self.runs_a_month(length) <= MOST_RUNS
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Silence:
    """A run of days without an entry, as it is told."""

    last: date
    needed: int
    usual: int
    shortened: str
    habit: _Habit

    @property
    def day(self) -> date:
        """The last of the missed days that were needed."""
        return self.last + timedelta(days=self.needed)


def detect_broken_habit(chart: Chart, calibration: Calibration = SHIPPED) -> Iterator[Finding]:
    """Say, once for each run, that a patient with a habit has not written for unusually long."""
    return broken_habits(chart, worried_on=lambda day: _stood(watched(chart, calibration), day))


def _stood(watch: Watched, day: date) -> bool:
    """Say whether the return watch was in an open episode, and had rung for it lately."""
    return day in watch.standing and any(
        each.tier is not Tier.WATCH and timedelta() <= day - each.local_date <= WORRY
        for each in watch.findings
    )


def broken_habits(chart: Chart, *, worried_on: Callable[[date], bool]) -> Iterator[Finding]:
    """Say it sooner where another watch, asked with the day of the last entry, was worried then."""
    today = _today(chart.as_of)
    answers = answered(chart.entries, SUICIDALITY)
    positive = [entry.local_date for entry, points in answers if points > 0]
    written = sorted({each.local_date for each in chart.entries})
    days = [*map(date.toordinal, written), NEVER]
    gaps = [later - day - 1 for day, later in pairwise(days)]
    for place, (last, gap) in enumerate(zip(written, gaps, strict=True), start=1):
        missed = min(gap, (today - last).days - 1) if gap >= SHORTEST_RUN else 0
        if missed < SHORTEST_RUN or not _engaged(written[:place]):
            continue
        latest = max((day for day in positive if day <= last), default=date.min)
        found = _silence(_habit(gaps[: place - 1]), last, latest, tier=worried_on(last))
        if missed >= found.needed:
            yield _finding(found)


def _today(as_of: datetime) -> date:
    """Give the first day that may not be over yet where the patient is."""
    return (as_of.astimezone(UTC) - WESTERNMOST).date()


def _habit(gaps: list[int]) -> _Habit:
    """Learn from entries, the days missed after each of them, and the entry that followed."""
    runs = [gap for gap in gaps if gap]
    return _Habit(
        entries=len(gaps),
        missed_after_entry=len(runs),
        misses=sum(runs),
        missed_after_miss=sum(runs) - len(runs),
    )


def _engaged(written: list[date]) -> bool:
    recent = written[-FEWEST_ENTRIES:]
    return len(recent) == FEWEST_ENTRIES and written[-1] - recent[0] < ENGAGED


def _silence(habit: _Habit, last: date, positive: date, *, tier: bool) -> _Silence:
    usual = habit.unusual_run()
    sooner = max(usual - SOONER, SHORTEST_RUN)
    shortened = NOT_SHORTENED
    if last + timedelta(days=sooner) - positive <= WORRY:
        shortened = BY_SUICIDALITY
    elif tier:
        shortened = BY_TIER
    return _Silence(
        last=last,
        needed=usual if shortened == NOT_SHORTENED else sooner,
        usual=usual,
        shortened=shortened,
        habit=habit,
    )


def _finding(silence: _Silence) -> Finding:
    habit, sooner = silence.habit, silence.shortened != NOT_SHORTENED
    days = silence.usual - silence.needed
    why = f", {days} sooner because of {silence.shortened}" if sooner else ""
    return Finding(
        rule=BROKEN_HABIT,
        severity=Severity.URGENT if sooner else Severity.NOTICE,
        because=(
            f"no entry for {silence.needed} days up to {silence.day}, the last on {silence.last}; "
            f"in this habit {silence.usual} days in a row come up at most {MOST_RUNS:g} times in "
            f"{MONTH} days (missed after an entry {habit.stops:.2f}, after a missed day "
            f"{habit.stays_away:.2f}); told after {silence.needed}{why}"
        ),
        local_date=silence.day,
        period=2 * silence.last.toordinal() + sooner,
        tier=Tier.LIKELY if sooner else Tier.WATCH,
        numbers={
            "last_entry": silence.last.isoformat(),
            "missed_days": silence.needed,
            "unusual_run_days": silence.usual,
            "shortened_by": silence.shortened,
            "missed_after_entry": round(habit.stops, 3),
            "missed_after_miss": round(habit.stays_away, 3),
        },
    )
