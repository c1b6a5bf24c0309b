"""A patient who is not there: infusions, good weeks, returns, and entries about them, by a seed.

The numbers are those of clinical content, section 10: what the published series of diaries show.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from random import Random
from statistics import fmean

from afterglow.demo_cohort import Sketch
from afterglow.demo_notes import BETTER, INFUSION, LOW, MIDDLING, NOTES

COURSE = (0, 3, 7, 10, 14, 18)
"""Days of the six infusions, from the first. Source: Murrough 2013; Phillips 2019."""
BASELINE = (6.6, 8.4)
"""Daily level before treatment; a total of QIDS 17.6 (3.6) of 27 is 6.5. Source: Carmody 2006."""
BEFORE_DAYS = 11
NOISE_SD, NOISE_PHI = 1.3, 0.25
"""Of the daily mean within a person, lag one. Source: Fisher 2017."""
ITEM_SD = 0.7
MISS_AFTER_MISS, MISS_AFTER_ENTRY = 0.55, 0.056
"""Source: digiBP, 43 patients."""
SILENT_AFTER = 14
"""Days from the first of a return to the last entry of somebody who goes silent."""
HIGH, HIGH_DAYS = 6, 5
"""Points of activation in the last days of somebody who speeds up."""
NOTE_SHARE = 0.09
PHQ9_DAYS, PHQ9_SD = 14, 1.5
PHQ9_ITEMS, PHQ9_PER_LEVEL = 8, 2.7
"""The ninth item is answered 0: an answer above it pages somebody."""
BOOSTER_WAITS = 9
BOOSTER_REACHES = 0.9
LOST = 0.95
TOP = 10
AFTERNOON = time(16, 30)
INFUSION_EFFECTS = ("nausea", "dizziness", "somnolence", "blurred_vision", "dissociation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One entry as the phone would have sent it; `infusion` counts that day's from 0."""

    at: datetime
    local_date: date
    form: str
    answers: Mapping[str, int]
    side_effects: Sequence[tuple[str, int]] = ()
    note: str | None = None
    infusion: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The daily form of a condition and the items its level is made of."""

    form: str
    core: Sequence[str]


@dataclass(slots=True, kw_only=True)
class Simulated:
    """One patient's days, the last of them today."""

    sketch: Sketch
    rng: Random
    scale: Scale
    zone: tzinfo
    now: datetime
    infusion_days: list[int] = field(init=False)
    baseline: float = field(init=False)

    def __post_init__(self) -> None:
        self.baseline = self.rng.uniform(*BASELINE)
        self.infusion_days = [*infusion_days(self.sketch)]

    @property
    def course_end(self) -> int:
        """Give the day of the last infusion of the course."""
        return BEFORE_DAYS + COURSE[-1]

    def date_of(self, day: int) -> date:
        """Turn a day into a date of the patient's calendar."""
        return self.now.astimezone(self.zone).date() - timedelta(days=self.sketch.days - day)

    def infusions(self) -> list[datetime]:
        """List the instants at which infusions began: in the morning."""
        return [
            datetime.combine(self.date_of(day), time(10, 15), self.zone)
            for day in self.infusion_days
        ]

    def intake_points(self) -> int:
        """Give the PHQ-9 of the first visit."""
        return min(27, round(self.baseline * PHQ9_PER_LEVEL))

    def entries(self) -> list[Written]:
        """Write the diary: one entry on most days and a questionnaire each week."""
        written = [entry for day, noise in self.answered() for entry in self.of_day(day, noise)]
        return [entry for entry in written if entry.at <= self.now]

    def answered(self) -> Iterator[tuple[int, float]]:
        """Go through the days that are not missed, with the noise of each."""
        noise, missed = 0.0, False
        step = NOISE_SD * math.sqrt(1 - NOISE_PHI**2)
        for day in range(self.sketch.days + 1):
            noise = NOISE_PHI * noise + self.rng.gauss(0, step)
            missed = self.rng.random() < self.chance_to_miss(day, missed=missed)
            is_told = self.sketch.in_need and day == self.sketch.days
            if not missed and not is_told:
                yield day, noise

    def chance_to_miss(self, day: int, *, missed: bool) -> float:
        """Say how likely a day is missed; some go silent when symptoms return."""
        back = self.sketch.returns_after
        if self.sketch.goes_silent and back is not None:
            last = self.course_end + back + SILENT_AFTER
            return 1.0 if day > last else MISS_AFTER_ENTRY
        return MISS_AFTER_MISS if missed else MISS_AFTER_ENTRY

    def relief(self, day: int) -> float:
        """Give the share of the symptoms that is gone on a day."""
        given = sum(1 for each in self.infusion_days[: len(COURSE)] if each < day)
        won = self.sketch.response * (1 - math.exp2(-given / 1.5)) / (1 - math.exp2(-4))
        if self.sketch.returns_after is None or given < len(COURSE):
            return won
        back = self.course_end + self.sketch.returns_after
        boosted = [each for each in self.infusion_days if back < each < day]
        if boosted:
            return won * BOOSTER_REACHES
        lost = min(1.0, max(0, day - back) / self.sketch.return_takes)
        return won * (1 - LOST * lost)

    def level(self, day: int) -> float:
        """Give the true level of a day, 0 to 10."""
        return self.baseline * (1 - self.relief(day))

    def of_day(self, day: int, noise: float) -> Iterator[Written]:
        """Write the entry of one day, and each week the questionnaire."""
        level = self.level(day) + noise
        on = self.date_of(day)
        hour = self.rng.uniform(1.5, 5.5)
        at = datetime.combine(on, AFTERNOON, self.zone) + timedelta(hours=hour)
        infusion = self.infusion_days.index(day) if day in self.infusion_days else None
        bother, effects = self.effects(day)
        yield Written(
            at=at,
            local_date=on,
            form=self.scale.form,
            answers=self.core(level)
            | {
                "dissociation": self.dissociation(day),
                "activation": whole(self.activation(day) + self.rng.gauss(0.4, 0.7)),
                "side_effects": bother,
                "si_daily": 0,
            },
            side_effects=effects,
            note=self.note(level, is_infusion=infusion is not None),
            infusion=infusion,
        )
        if day % 7 == 0:
            yield Written(
                at=at + timedelta(minutes=2), local_date=on, form="phq9@1", answers=self.phq9(day)
            )

    def core(self, level: float) -> dict[str, int]:
        """Answer the core items around a level."""
        return {item: whole(level + self.rng.gauss(0, ITEM_SD)) for item in self.scale.core}

    def dissociation(self, day: int) -> int:
        """Answer how far away the world was: on the day of an infusion, and seldom for longer."""
        if day in self.infusion_days:
            return whole(self.rng.gauss(5, 1.5))
        since = day - self.course_end
        if self.sketch.lingering_dissociation and 0 < since <= 5:  # noqa: PLR2004 # days it lingers
            return 4
        return whole(self.rng.gauss(0.2, 0.5))

    def activation(self, day: int) -> int:
        """Say how sped up a day was beyond the usual: a high begins in the last days."""
        return HIGH if self.sketch.speeds_up and day > self.sketch.days - HIGH_DAYS else 0

    def effects(self, day: int) -> tuple[int, list[tuple[str, int]]]:
        """List the side effects of a day, and how much they bothered."""
        if day in self.infusion_days:
            felt = self.rng.sample(INFUSION_EFFECTS, self.rng.randint(1, 3))
            return self.rng.randint(1, 4), [(name, self.rng.choice((1, 1, 2))) for name in felt]
        if self.sketch.headaches and day - self.course_end in (2, 4):
            return 5, [("headache", 2)]
        return 0, []

    def note(self, level: float, *, is_infusion: bool) -> str | None:
        """Add a few words now and then."""
        if self.rng.random() > NOTE_SHARE:
            return None
        mood = INFUSION if is_infusion else LOW if level >= 6 else MIDDLING  # noqa: PLR2004 # of 10
        if mood == MIDDLING and level < 3.5:  # noqa: PLR2004 # of 10
            mood = BETTER
        return self.rng.choice(NOTES[self.sketch.language, mood])

    def phq9(self, day: int) -> dict[str, int]:
        """Answer the questionnaire about the last two weeks, with an error of its own."""
        level = fmean(self.level(day - ago) for ago in range(PHQ9_DAYS))
        points = level * PHQ9_PER_LEVEL + self.rng.gauss(0, PHQ9_SD)
        wanted = max(0, min(3 * PHQ9_ITEMS, round(points)))
        answers = dict.fromkeys((f"phq9_{n}" for n in range(1, 10)), 0)
        for _ in range(wanted):
            open_items = [f"phq9_{n}" for n in range(1, 9) if answers[f"phq9_{n}"] < 3]  # noqa: PLR2004 # nearly every day
            answers[self.rng.choice(open_items)] += 1
        return answers


def infusion_days(sketch: Sketch) -> Iterator[int]:
    """Go through the days of infusions up to today."""
    course = [BEFORE_DAYS + day for day in COURSE]
    yield from (day for day in course if day < sketch.days)
    if sketch.maintenance_every:
        yield from range(course[-1] + 14, sketch.days, sketch.maintenance_every)
    if sketch.booster and sketch.returns_after is not None:
        first = course[-1] + sketch.returns_after + sketch.return_takes + BOOSTER_WAITS
        yield from (day for day in (first, first + 4) if day < sketch.days)


def whole(value: float) -> int:
    """Round onto the scale of 0 to 10."""
    return max(0, min(TOP, round(value)))
