"""Stage 0, the structured answers, and the whole reading of one entry: the highest label stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb

from clinical.ideation.fold import NORMALISER_VERSION
from clinical.ideation.label import (
    RULE_ITEM,
    Label,
    Reason,
    Screening,
    Span,
    highest,
)
from clinical.ideation.lexicon import Lexicon
from clinical.ideation.screen import screen, unavailable
from clinical.instruments.form import Suicidality

STAFF_EFFECTS = frozenset({"suicidal_ideation", "suicide_attempt"})
"""Side effects that are themselves a report of suicidality; any grade escalates.

Source: clinical content, section 5 (all four CTCAE grades of suicidal ideation escalate at once).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerScreening:
    """What the structured answers alone come to."""

    label: Label
    rule_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryScreening:
    """The reading of one revision of an entry, as it is stored: ids and offsets, no words."""

    label: Label
    reason: Reason
    rule_ids: tuple[str, ...]
    spans: tuple[Span, ...]
    normaliser_version: str
    lexicon_version: str
    steps: int
    fault: str = ""


def screen_answers(
    suicidality: Mapping[str, Suicidality],
    answers: Mapping[str, object],
    side_effects: Iterable[str] = (),
) -> AnswerScreening:
    """Read the suicidality items of an answer set, valid or not.

    `suicidality` is the form's, or the registry's where the form is unknown. An answer that is
    neither listed nor absent (a text for a number, a number out of range) escalates: it is no "no".
    """
    label, rules = Label.NONE, list[str]()
    for item, mark in suicidality.items():
        if item in answers:
            said = _label_of(mark, answers[item])
            if said is not Label.NONE:
                label = highest(label, said)
                rules.append(f"{RULE_ITEM}.{item}")
    for effect in side_effects:
        if effect in STAFF_EFFECTS:
            label = Label.ESCALATE
            rules.append(f"{RULE_ITEM}.{effect}")
    return AnswerScreening(label=label, rule_ids=tuple(sorted(set(rules))))


def _label_of(mark: Suicidality, answer: object) -> Label:
    if answer is None:
        return Label.NONE
    if isinstance(answer, int | str) and not isinstance(answer, bool):
        if answer in mark.safe or answer in {str(code) for code in mark.safe}:
            return Label.NONE
        if answer in mark.review:
            return Label.REVIEW
    return Label.ESCALATE


def screen_entry(
    suicidality: Mapping[str, Suicidality],
    answers: Mapping[str, object],
    note: str | None,
    lexicon: Lexicon,
    *,
    side_effects: Iterable[str] = (),
) -> EntryScreening:
    """Read one entry, answers and words; neither can cancel the other. Never raises."""
    said = screen_answers(suicidality, answers, side_effects)
    read = screen_note(note, lexicon)
    from_item = said.label.rank >= read.label.rank and said.label is not Label.NONE
    return EntryScreening(
        label=highest(said.label, read.label),
        reason=Reason.ITEM if from_item else read.reason,
        rule_ids=tuple(sorted({*said.rule_ids, *read.rule_ids})),
        spans=read.spans,
        normaliser_version=read.normaliser_version,
        lexicon_version=read.lexicon_version,
        steps=read.steps,
        fault=read.fault,
    )


def screen_note(note: str | None, lexicon: Lexicon) -> Screening:
    """Read a note; a fault in the reading itself becomes a page, never a lost entry."""
    if not note:
        return Screening(
            label=Label.NONE,
            reason=Reason.NONE,
            normaliser_version=NORMALISER_VERSION,
            lexicon_version=lexicon.version,
        )
    try:
        return screen(note, lexicon)
    except Exception as error:  # noqa: BLE001 # it must page a human, not fail the entry
        return unavailable(lexicon.version, fault=_place_of(error))


def _place_of(error: Exception) -> str:
    """Name class and line: the message of an error may hold what a patient wrote."""
    frame = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} {Path(frame.filename).stem}:{frame.lineno}"
