"""A form as the diary asks it: items, allowed answers, scoring; values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

Code = int | str
"""What an answer may be on the wire: a whole number, or the code of a choice."""


class InstrumentError(ValueError):
    """A data file is not fit for use; the message names the file and says why."""


class Kind(StrEnum):
    """What a form is for."""

    DAILY = "daily"
    CHECK = "check"
    INSTRUMENT = "instrument"


class Asked(StrEnum):
    """When an item is asked: of the primary condition, of everybody, or when a clinic adds it."""

    CORE = "core"
    EVERY = "every"
    EXTRA = "extra"


class Method(StrEnum):
    """How points become a total."""

    SUM = "sum"
    MEAN = "mean"
    SUM_TIMES_4 = "sum_times_4"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """Why the wording may be shipped."""

    text: str
    source: str
    checked_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One choice of an item."""

    code: Code
    text: str
    points: int | None
    loinc: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A scale of whole numbers; the low end is the good end."""

    minimum: int
    maximum: int
    low: str
    high: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suicidality:
    """Answers that page a human, and answers that somebody must read."""

    escalate: frozenset[Code]
    review: frozenset[Code]
    safe: frozenset[Code]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question, with its scale or its choices."""

    id: str
    text: str
    asked: Asked
    range: Range | None
    answers: tuple[Answer, ...]
    loinc: str | None
    suicidality: Suicidality | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """How a total is made; `prorate_up_to` items may be missing, by the instrument's own rule."""

    method: Method
    minimum: int | None
    maximum: int | None
    prorate_up_to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """The daily level: mean of the answered core items, if at least so many were answered."""

    items: tuple[str, ...]
    at_least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A named part of the range, from this total up to the next band."""

    at: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A published size of change, with its source."""

    kind: str
    value: float
    unit: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An answer set with the total it must give; checked when the file is read."""

    answers: Mapping[str, Code]
    total: float | None
    composite: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One version of an item set or instrument in one language."""

    id: str
    version: int
    language: str
    kind: Kind
    title: str
    recall: str
    status: str
    licence: Licence
    conditions: tuple[str, ...]
    items: tuple[Item, ...]
    scoring: Scoring
    composite: Composite | None
    bands: tuple[Band, ...]
    change: tuple[Change, ...]
    loinc_panel: str | None
    loinc_total: str | None
    comparable_with: tuple[str, ...]
    examples: tuple[Example, ...]
    allowed: Mapping[str, frozenset[Code]]
    points: Mapping[str, Mapping[Code, int]]
    scored: tuple[str, ...]
    suicidality: Mapping[str, Suicidality]

    @property
    def name(self) -> str:
        """The name entries carry for ever: `<id>@<version>`."""
        return f"{self.id}@{self.version}"


def allowed_answers(items: tuple[Item, ...]) -> Mapping[str, frozenset[Code]]:
    """List, item by item, every answer that is valid."""
    return MappingProxyType({item.id: frozenset(_codes(item)) for item in items})


def answer_points(items: tuple[Item, ...]) -> Mapping[str, Mapping[Code, int]]:
    """List the points of every answer that has points, for the items that have any."""
    table = {item.id: _points(item) for item in items}
    return MappingProxyType({item: points for item, points in table.items() if points})


def _codes(item: Item) -> list[Code]:
    if item.range is not None:
        return list(range(item.range.minimum, item.range.maximum + 1))
    return [answer.code for answer in item.answers]


def _points(item: Item) -> Mapping[Code, int]:
    if item.range is not None:
        whole = range(item.range.minimum, item.range.maximum + 1)
        return MappingProxyType({number: number for number in whole})
    return MappingProxyType(
        {answer.code: answer.points for answer in item.answers if answer.points is not None}
    )
