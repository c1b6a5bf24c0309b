"""Read what a patient wrote, for suicidality: the one place of the API that calls the screen.

A screen that fails must not lose the entry: whatever goes wrong in it is a reason to call a human.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from api.log import log
from api.salvage import salvage
from clinical.ideation import (
    EntryScreening,
    Label,
    Lexicon,
    Reason,
    Screening,
    screen_entry,
    unavailable,
)
from clinical.instruments import Form, Registry
from models.cipher import Subject
from models.ingest import Decision

CONTRACT_NAMES = (
    "occurred_at", "zone", "local_date", "form", "language", "answers", "side_effects",
    "infusion_id", "note", "id", "severity", "started_at", "ended_at", "entries",
)  # fmt: skip
"""Members of an entry: in a damaged body they are no words of the patient."""
EFFECT_NAME = "id"
"""Under this name a side effect stands, in whatever is left of its list."""


def read_text(
    form: Form,
    answers: Mapping[str, int | str],
    note: str,
    *,
    effects: Sequence[str],
    lexicon: Lexicon,
    subject: Subject,
) -> Decision:
    """Screen an entry that is valid: its answers, its side effects and its note."""
    found = screen_entry(form.suicidality, answers, note, lexicon, side_effects=effects)
    return decision_of(found, note, subject)


def read_refused(
    raw: bytes, registry: Registry, lexicon: Lexicon, subject: Subject
) -> Decision | None:
    """Screen a body that is refused; None when there is not a word in it."""
    try:
        found = salvage(raw, names=(*CONTRACT_NAMES, *registry.suicidality))
    except Exception as error:  # noqa: BLE001 # whatever it was, a human reads the body instead
        log.error("salvage.failed", exc_info=error)
        return decision_of(unavailable(lexicon.version), "", subject)
    if found is None:
        return None
    if not found.readable:
        return decision_of(unavailable(lexicon.version), found.text, subject)
    effects = {str(value) for name, value in found.answers if name == EFFECT_NAME}
    readings = [screen_entry({}, {}, found.text, lexicon, side_effects=effects)]
    for name, value in distinct(found.answers, registry.suicidality):
        readings.append(screen_entry(registry.suicidality, {name: value}, None, lexicon))
        if readings[-1].label is Label.ESCALATE:
            break  # no higher label exists, and a body may hold an answer ten thousand times
    return decision_of(highest_of(readings), found.text, subject)


def distinct(
    answers: Sequence[tuple[str, object]], names: Collection[str]
) -> Collection[tuple[str, object]]:
    """Pick the answers to some items, each kind of value once: 0, 0.0 and false are three."""
    picked = ((name, value) for name, value in answers if name in names)
    return {(name, type(value), value): (name, value) for name, value in picked}.values()


def highest_of(readings: Sequence[EntryScreening]) -> EntryScreening:
    """Combine readings of one body: the highest label stands, every rule that hit is named."""
    leading = max(readings, key=lambda each: each.label.rank)
    rules = {rule for each in readings for rule in each.rule_ids}
    return replace(leading, rule_ids=tuple(sorted(rules)), spans=readings[0].spans)


def decision_of(found: Screening | EntryScreening, text: str, subject: Subject) -> Decision:
    """Turn a screening into the row that records it; one that failed is an alarm as well."""
    if found.reason is Reason.SCREENING_UNAVAILABLE:
        error, _, at = found.fault.partition(" ")
        log.error("screening.unavailable", count=found.steps, error=error or None, at=at or None)
    return Decision(
        label=found.label,
        reason=found.reason,
        spans=[
            {"start": s.start, "end": s.end, "rule_id": s.rule_id, "lang": s.lang}
            for s in found.spans
        ],
        rule_ids=found.rule_ids,
        normaliser_version=found.normaliser_version,
        lexicon_version=found.lexicon_version,
        steps=found.steps,
        text_hmac=subject.index("screening.text", text.encode()) if text else None,
    )
