"""Findings are values: ranked, frozen, equal by content."""

from dataclasses import FrozenInstanceError
from datetime import date

import pytest

from clinical.finding import SEVERITY_RANK, Finding, Severity

FOUND = Finding(
    rule="symptom_return.half_lost_twice",
    severity=Severity.URGENT,
    because="level 5.0 on 2 days; best was 2.0",
    local_date=date(2026, 3, 1),
    period=6,
    numbers={"level": 5.0},
)


def test_an_emergency_outranks_urgent_and_urgent_outranks_routine() -> None:
    ranks = [severity.rank for severity in (Severity.EMERGENCY, Severity.URGENT, Severity.ROUTINE)]

    assert ranks == [9, 5, 1]
    assert set(SEVERITY_RANK) == set(Severity)


def test_a_finding_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        FOUND.severity = Severity.ROUTINE  # type: ignore[misc] # the point of the test


def test_severities_are_plain_words_on_the_wire() -> None:
    assert f"{FOUND.severity}" == "urgent"
