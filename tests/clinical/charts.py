"""Charts for the rules: one patient, a course of six infusions, and the days after it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from clinical.chart import Chart, Entry, Infusion, Vital, WeeklyScore
from clinical.instruments import Code, SideEffect, registry
from clinical.instruments.form import Composite

FORM = "daily_depression@1"
CORE = registry().forms[FORM].composite or Composite(items=(), at_least=0)
FIRST = date(2026, 3, 2)
"""Day of the first infusion; the others follow every third day."""
COURSE = tuple(FIRST + timedelta(days=3 * n) for n in range(6))
END = COURSE[-1]


def at(day: date, hour: int = 20) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def infusion(number: int, day: date, hour: int = 9) -> Infusion:
    return Infusion(number=number, started_at=at(day, hour), local_date=day)


def read(given: Infusion, *readings: tuple[str, float, int], ready: int | None = None) -> Infusion:
    """Read vitals of an infusion, and say when the patient is ready to go: minutes from its start.

    A reading is its kind, its value and its minute.
    """
    return replace(
        given,
        vitals=tuple(
            Vital(kind=kind, value=value, measured_at=given.started_at + timedelta(minutes=minute))
            for kind, value, minute in readings
        ),
        discharge_ready_at=(None if ready is None else given.started_at + timedelta(minutes=ready)),
    )


def entry(
    day: date,
    level: int | None = None,
    *,
    hour: int = 20,
    answers: Mapping[str, Code] | None = None,
    effects: Iterable[tuple[str, int]] = (),
) -> Entry:
    """Make an entry whose core items all stand at one level."""
    core: dict[str, Code] = {} if level is None else dict.fromkeys(CORE.items, level)
    return Entry(
        local_date=day,
        occurred_at=at(day, hour),
        form=FORM,
        answers={**core, **(answers or {})},
        side_effects=tuple(SideEffect(id=name, severity=rank) for name, rank in effects),
    )


def phq9(day: date, points: int) -> WeeklyScore:
    return WeeklyScore(local_date=day, form="phq9@1", points=points, maximum=27)


def days(start: date, *levels: int | None) -> list[Entry]:
    """Make one entry a day; None is a day without entry."""
    return [
        entry(start + timedelta(days=n), level)
        for n, level in enumerate(levels)
        if level is not None
    ]


def baseline(level: int = 8, count: int = 5) -> list[Entry]:
    return days(FIRST - timedelta(days=count), *[level] * count)


def after(day: int) -> date:
    """Give the day so many days after the course."""
    return END + timedelta(days=day)


def chart(
    entries: Iterable[Entry],
    *,
    weekly: Iterable[WeeklyScore] = (),
    more_infusions: Iterable[Infusion] = (),
    as_of: datetime | None = None,
) -> Chart:
    course = [infusion(number, day) for number, day in enumerate(COURSE, start=1)]
    return Chart(
        as_of=as_of or at(after(120)),
        conditions=("trd",),
        primary_condition="trd",
        composite=CORE,
        infusions=[*course, *more_infusions],
        entries=list(entries),
        weekly_scores=list(weekly),
    )
