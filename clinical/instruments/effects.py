"""The list of side effects: who may report which, how severe, and the codes for exchange."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from clinical.instruments.form import InstrumentError, Licence
from clinical.instruments.source import Source, open_source


@dataclass(frozen=True, slots=True, kw_only=True)
class SideEffect:
    """One side effect as a diary entry reports it: 0 none, 1 noticed, 2 limits, 3 needed help."""

    id: str
    severity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One side effect that can be reported."""

    id: str
    text: str
    group: str
    entered_by: str
    from_infusion: int
    meddra: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectSeverity:
    """One step of the severity scale and the CTCAE grade it stands for."""

    code: int
    text: str
    ctcae_grade: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectList:
    """One version of the list in one language."""

    version: int
    language: str
    licence: Licence
    scale: tuple[EffectSeverity, ...]
    groups: Mapping[str, str]
    effects: tuple[Effect, ...]
    severities: frozenset[int]
    patient_ids: frozenset[str]
    staff_ids: frozenset[str]


def read_effects(path: Path, meddra: Mapping[str, str]) -> EffectList:
    """Read one language of the list.

    Raises:
        InstrumentError: the file is not fit for use; the message names it.
    """
    source = open_source(path)
    groups = list(source.parts("groups"))
    effects = tuple(effect for group in groups for effect in _effects_of(group, meddra))
    ids = [effect.id for effect in effects]
    if len(ids) != len(set(ids)):
        raise source.fault("two side effects have the same id")
    scale = tuple(_severity(each) for each in source.parts("severities"))
    return EffectList(
        version=source.whole("version"),
        language=source.text("language"),
        licence=read_licence(source),
        scale=scale,
        groups=MappingProxyType({group.text("id"): group.text("text") for group in groups}),
        effects=effects,
        severities=frozenset(step.code for step in scale),
        patient_ids=frozenset(each.id for each in effects if each.entered_by == "patient"),
        staff_ids=frozenset(ids),
    )


def read_meddra(path: Path) -> Mapping[str, str]:
    """Read the MedDRA codes; the file may have been removed, then there are none."""
    if not path.exists():
        return {}
    codes = open_source(path).answers("codes")
    if not all(isinstance(code, str) for code in codes.values()):
        raise InstrumentError(f"{path.name}: every code must be a text")
    return {effect: str(code) for effect, code in codes.items()}


def read_licence(source: Source) -> Licence:
    """Read the licence line, without which nothing is shipped."""
    licence = source.part_or_none("licence")
    if licence is None:
        raise source.fault("there is no licence line")
    return Licence(
        text=licence.text("text"),
        source=licence.text("source"),
        checked_on=licence.text("checked_on"),
    )


def _effects_of(group: Source, meddra: Mapping[str, str]) -> list[Effect]:
    return [
        Effect(
            id=effect.text("id"),
            text=effect.text("text"),
            group=group.text("id"),
            entered_by=group.text("entered_by"),
            from_infusion=group.whole("from_infusion"),
            meddra=meddra.get(effect.text("id")),
        )
        for effect in group.parts("effects")
    ]


def _severity(source: Source) -> EffectSeverity:
    return EffectSeverity(
        code=source.whole("code"),
        text=source.text("text"),
        ctcae_grade=source.whole_or_none("ctcae_grade"),
    )
