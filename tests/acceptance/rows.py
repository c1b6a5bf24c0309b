"""The rows of the acceptance table (security, section 8) and the issue that brings each.

A row of an issue that is done has a case in the tests: a function `test_e12_...`, or a parameter
whose id begins with `E12-`. `tests/test_acceptance.py` looks.
"""

from collections.abc import Iterator
from enum import IntEnum


class Issue(IntEnum):
    """The number of what is built together; `LATER` has none yet."""

    LATER = 0
    FOUNDATION = 2
    ESCALATION = 5
    FEED_AND_DIARY = 6
    EXPORT = 7


def ids(letter: str, *spans: int | tuple[int, int]) -> Iterator[str]:
    """Name rows: single ones and spans with both ends."""
    for span in spans:
        first, last = (span, span) if isinstance(span, int) else span
        yield from (f"{letter}{n}" for n in range(first, last + 1))


ISSUES: dict[Issue, list[str]] = {
    Issue.FOUNDATION: [
        *ids("E", (1, 44)),
        *ids("S", (1, 10)),
        *ids("A", (1, 21), 24, 25, 28),
        *ids("D", (1, 4)),
        *ids("F", (1, 4), 8, 9),
        *ids("M", 8, 10, (12, 15)),
    ],
    Issue.ESCALATION: [*ids("D", (5, 8)), *ids("F", 5, (10, 12))],
    Issue.FEED_AND_DIARY: [
        *ids("A", 22, 23),
        *ids("F", 6, 7),
        *ids("M", (1, 4)),
        *ids("W", (1, 9)),
    ],
    Issue.EXPORT: [*ids("X", (1, 11)), *ids("M", 5), "M5b", *ids("M", 6, 7, 9, 11)],
    Issue.LATER: [*ids("A", 26, 27), *ids("D", 9)],
}
DONE = (Issue.FOUNDATION,)

COUNTS = {"E": 44, "S": 10, "A": 28, "D": 9, "F": 12, "X": 11, "M": 16, "W": 9}
"""Rows of each part. Source: spec, security section 8."""

ELSEWHERE = {"S7": "faults"}
"""Rows whose case kills a process: it stands in another folder of the tests than the others."""
