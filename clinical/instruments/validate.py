"""Is an answer set what the form allows? Called on every entry, so all tables are made before."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from clinical.instruments.effects import EffectList
from clinical.instruments.form import Form


class FaultCode(StrEnum):
    """What is wrong with one value; the words for people belong to the API."""

    UNKNOWN_FIELD = "unknown-field"
    WRONG_TYPE = "wrong-type"
    OUT_OF_RANGE = "out-of-range"


class Fault(NamedTuple):
    """One wrong value, as a JSON pointer that never repeats what was sent."""

    pointer: str
    code: FaultCode


class Reported(Protocol):
    """A side effect as somebody reported it."""

    @property
    def id(self) -> str:
        """Which side effect, by the list's id."""
        ...

    @property
    def severity(self) -> int:
        """How bad, 0 to 3."""
        ...


def validate_answers(
    form: Form,
    answers: Mapping[str, object],
    side_effects: Sequence[Reported] = (),
    *,
    effects: EffectList,
    by_staff: bool = False,
) -> list[Fault]:
    """List every answer and side effect the form does not allow; empty when all are valid."""
    faults: list[Fault] = []
    allowed = form.allowed
    if not answers.keys() <= allowed.keys():
        faults.append(Fault("/answers", FaultCode.UNKNOWN_FIELD))
    for item, value in answers.items():
        codes = allowed.get(item)
        if codes is None:
            continue
        if type(value) is not int and type(value) is not str:
            faults.append(Fault(f"/answers/{item}", FaultCode.WRONG_TYPE))
        elif value not in codes:
            faults.append(Fault(f"/answers/{item}", _kind_of(value, codes)))
    if side_effects:
        ids = effects.staff_ids if by_staff else effects.patient_ids
        faults.extend(_effect_faults(side_effects, ids, effects.severities))
    return faults


def _kind_of(value: object, codes: frozenset[int | str]) -> FaultCode:
    same_type = any(type(code) is type(value) for code in codes)
    return FaultCode.OUT_OF_RANGE if same_type else FaultCode.WRONG_TYPE


def _effect_faults(
    side_effects: Sequence[Reported], ids: frozenset[str], severities: frozenset[int]
) -> list[Fault]:
    faults: list[Fault] = []
    for at, effect in enumerate(side_effects):
        if effect.id not in ids:
            faults.append(Fault(f"/side_effects/{at}/id", FaultCode.UNKNOWN_FIELD))
        if type(effect.severity) is not int:
            faults.append(Fault(f"/side_effects/{at}/severity", FaultCode.WRONG_TYPE))
        elif effect.severity not in severities:
            faults.append(Fault(f"/side_effects/{at}/severity", FaultCode.OUT_OF_RANGE))
    return faults
