"""Every form and the side effect list, read once at start and never changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from clinical.instruments.effects import EffectList, read_effects, read_meddra
from clinical.instruments.form import Form, InstrumentError, Kind, Suicidality
from clinical.instruments.read import read_form

DEFAULT_LANGUAGE = "en"
PACKAGED = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """What a diary entry may ask and answer.

    `forms` holds one form by name, for checking and scoring; wording is in `form_in`.
    """

    forms: Mapping[str, Form]
    wordings: Mapping[tuple[str, str], Form]
    effects: EffectList
    effect_wordings: Mapping[str, EffectList]
    daily_for: Mapping[str, str]
    suicidality: Mapping[str, Suicidality]

    def form_in(self, name: str, language: str) -> Form | None:
        """Give a form's wording in a language, or in English where there is none."""
        return self.wordings.get((name, language)) or self.forms.get(name)

    def effects_in(self, language: str) -> EffectList:
        """Give the side effect list in a language, or in English where there is none."""
        return self.effect_wordings.get(language, self.effects)


def registry(extra_dir: Path | None = None) -> Registry:
    """Read the packaged data files, and a clinic's own beside them.

    Raises:
        InstrumentError: a file is not fit for use; the message names it and says why.
    """
    forms = list(_packaged_forms())
    if extra_dir is not None:
        forms += _forms_in(extra_dir)
    return _build(forms, _packaged_effects())


@cache
def _packaged_forms() -> tuple[Form, ...]:
    return tuple(_forms_in(PACKAGED))


@cache
def _packaged_effects() -> Mapping[str, EffectList]:
    folder = PACKAGED / "effects"
    meddra = read_meddra(folder / "meddra.json")
    lists = [read_effects(path, meddra) for path in sorted(folder.glob("side_effects@*.json"))]
    return MappingProxyType({each.language: each for each in lists})


def _forms_in(folder: Path) -> list[Form]:
    if not folder.is_dir():
        raise InstrumentError(f"{folder.name}: there is no such folder of instruments")
    return [read_form(path) for path in sorted(folder.glob("*.json"))]


def _build(forms: Iterable[Form], effects: Mapping[str, EffectList]) -> Registry:
    wordings: dict[tuple[str, str], Form] = {}
    for form in forms:
        if (form.name, form.language) in wordings:
            raise InstrumentError(f"{form.name}.{form.language}.json: this form exists already")
        wordings[form.name, form.language] = form
    plain = _one_each(wordings.values())
    return Registry(
        forms=MappingProxyType(plain),
        wordings=MappingProxyType(wordings),
        effects=effects[DEFAULT_LANGUAGE],
        effect_wordings=effects,
        daily_for=MappingProxyType(_daily_for(plain.values())),
        suicidality=MappingProxyType(_suicidality(plain.values())),
    )


def _one_each(forms: Iterable[Form]) -> dict[str, Form]:
    chosen: dict[str, Form] = {}
    for form in sorted(forms, key=lambda form: form.language != DEFAULT_LANGUAGE):
        first = chosen.setdefault(form.name, form)
        if _shape(first) != _shape(form):
            raise InstrumentError(
                f"{form.name}.{form.language}.json: "
                f"items, answers or scoring differ from the {first.language} file"
            )
    return chosen


def _shape(form: Form) -> tuple[object, ...]:
    bands = tuple(band.at for band in form.bands)
    items = tuple((item.id, item.asked, item.loinc, item.suicidality) for item in form.items)
    return (form.kind, items, form.allowed, form.points, form.scoring, form.composite, bands)


def _daily_for(forms: Iterable[Form]) -> dict[str, str]:
    newest = sorted((form for form in forms if form.kind is Kind.DAILY), key=lambda f: f.version)
    return {condition: form.name for form in newest for condition in form.conditions}


def _suicidality(forms: Iterable[Form]) -> dict[str, Suicidality]:
    marks: dict[str, Suicidality] = {}
    for form in forms:
        for item, mark in form.suicidality.items():
            known = marks.get(item, mark)
            marks[item] = Suicidality(
                escalate=known.escalate | mark.escalate,
                review=(known.review | mark.review) - known.escalate - mark.escalate,
                safe=known.safe & mark.safe,
            )
    return marks
