"""Every table, imported once so that the metadata is whole."""

from models.base import metadata
from models.tables import (
    alert,
    alert_history,
    alert_source,
    appointment,
    audit,
    clinic,
    consent,
    credential,
    delivery,
    device,
    endpoint,
    entry,
    finding,
    infusion,
    patient,
    policy,
    practitioner,
    recalibration,
    subject_key,
)

TABLES = (
    alert,
    alert_history,
    alert_source,
    appointment,
    audit,
    clinic,
    consent,
    credential,
    delivery,
    device,
    endpoint,
    entry,
    finding,
    infusion,
    patient,
    policy,
    practitioner,
    recalibration,
    subject_key,
)
"""The modules that define tables."""

__all__ = ["TABLES", "metadata"]
