"""Where the API and the jobs meet besides rows: names, and the hint that a patient has news.

A hint may be lost, late or double; the sweep finds what no hint told.
"""

from uuid import UUID

ASSESS_PATIENT = "assess_patient"
"""Run the rules over one patient's chart."""

ASSESS_HINTS = "afterglow:assess"
"""Sorted set of patients with something new; the member is `<clinic id>:<patient id>`."""


def hint_member(clinic_id: UUID, patient_id: UUID) -> str:
    """Name a patient in the hints."""
    return f"{clinic_id}:{patient_id}"


def read_hint(member: str) -> tuple[UUID, UUID] | None:
    """Read a hint; None for anything else somebody may have put there."""
    clinic, _, patient = member.partition(":")
    try:
        return UUID(clinic), UUID(patient)
    except ValueError:
        return None
