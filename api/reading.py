"""Read what a patient wrote, for suicidality: the one place of the API that calls the screen.

A screen that fails must not lose the entry: whatever goes wrong in it is a reason to call a human.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from api.log import log
from api.salvage import salvage
from clinical.ideation.label import RULE_ITEM, Label, Reason, Screening
from clinical.ideation.lexicon import Lexicon
from clinical.ideation.screen import screen, unavailable
from clinical.instruments import Form, Registry, Suicidality
from models.cipher import Subject
from models.ingest import Decision

CONTRACT_NAMES = (
    "occurred_at", "zone", "local_date", "form", "language", "answers", "side_effects",
    "infusion_id", "note", "id", "severity", "started_at", "ended_at", "entries",
)  # fmt: skip
"""Members of an entry: in a damaged body they are no words of the patient."""


def read_text(
    form: Form, answers: Mapping[str, int | str], note: str, lexicon: Lexicon, subject: Subject
) -> Decision:
    """Screen an entry that is valid: its answers and its note."""
    try:
        found = screen_found(note, [*answers.items()], form.suicidality, lexicon)
    except Exception as error:  # noqa: BLE001 # nothing the screen does may cost the entry
        log.error("screening.failed", exc_info=error)
        found = unavailable(lexicon.version)
    return decision_of(found, note, subject)


def read_refused(
    raw: bytes, registry: Registry, lexicon: Lexicon, subject: Subject
) -> Decision | None:
    """Screen a body that is refused; None when there is not a word in it."""
    names = (*CONTRACT_NAMES, *registry.suicidality)
    try:
        found = salvage(raw, names=names)
        if found is None:
            return None
        screened = (
            screen_found(found.text, found.answers, registry.suicidality, lexicon)
            if found.readable
            else unavailable(lexicon.version)
        )
        text = found.text
    except Exception as error:  # noqa: BLE001 # as above
        log.error("screening.failed", exc_info=error)
        screened, text = unavailable(lexicon.version), ""
    return decision_of(screened, text, subject)


def screen_found(
    text: str,
    answers: Sequence[tuple[str, object]],
    marks: Mapping[str, Suicidality],
    lexicon: Lexicon,
) -> Screening:
    """Screen words and every answer to a risk item; the higher of both stands."""
    found = screen(text, lexicon)
    given = [(marks[name], value) for name, value in answers if name in marks]
    if any(value not in mark.safe and value not in mark.review for mark, value in given):
        return raised(found, Label.ESCALATE)
    if any(value in mark.review for mark, value in given):
        return raised(found, Label.REVIEW)
    return found


def raised(found: Screening, label: Label) -> Screening:
    """Lift a screening to what an item says; it is never lowered."""
    rules = tuple(sorted({*found.rule_ids, RULE_ITEM}))
    if found.label.rank >= label.rank:
        return replace(found, rule_ids=rules)
    return replace(found, label=label, reason=Reason.ITEM, rule_ids=rules)


def decision_of(found: Screening, text: str, subject: Subject) -> Decision:
    """Turn a screening into the row that records it."""
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
