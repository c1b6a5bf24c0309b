"""What the environment says about each setting: for `afterglow config` and the docs page."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from pydantic.fields import FieldInfo

from afterglow.environment import PREFIX, FromEnvironment, SettingsInvalid, is_secret, load

MASK = "********"
Source = Literal["environment", "file", "default", "missing", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """One setting as it stands. The value of a secret is never in here."""

    name: str
    source: Source
    state: str
    value: str


def survey(
    kinds: Iterable[type[FromEnvironment]], *, every: Iterable[type[FromEnvironment]]
) -> list[Surveyed]:
    """Look at every setting of these classes, and at variables that are none of any class."""
    kinds = [*kinds]
    fields = fields_of(kinds)
    told = faults(kinds)
    accepted = {form for name, field in fields_of(every).items() for form in forms(name, field)}
    known = [
        Surveyed(
            name=name,
            source=source_of(name, field),
            state=told.pop(name, "ok"),
            value=shown(name, field),
        )
        for name, field in fields.items()
    ]
    others = [
        Surveyed(name=name, source="unknown", state="is no setting.", value="")
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and name not in accepted
    ]
    rest = [
        Surveyed(name=name, source="environment", state=fault, value="")
        for name, fault in told.items()
    ]
    return known + others + rest


def fields_of(kinds: Iterable[type[FromEnvironment]]) -> dict[str, FieldInfo]:
    """Return the fields of several classes by the names of their variables."""
    return {f"{PREFIX}{n.upper()}": f for kind in kinds for n, f in kind.model_fields.items()}


def faults(kinds: Sequence[type[FromEnvironment]]) -> dict[str, str]:
    """Return what stands in the way of starting, without the variable each sentence begins with."""
    found: dict[str, str] = {}
    for kind in kinds:
        try:
            load(kind)
        except SettingsInvalid as refused:
            for sentence in str(refused).splitlines():
                variable, _, fault = sentence.partition(" ")
                found.setdefault(variable.removesuffix("_FILE"), fault)
    return found


def forms(name: str, field: FieldInfo) -> tuple[str, ...]:
    """Return the variables that set a field."""
    return (name, f"{name}_FILE") if is_secret(field) else (name,)


def source_of(name: str, field: FieldInfo) -> Source:
    """Say where a setting's value comes from."""
    if os.environ.get(name):
        return "environment"
    if is_secret(field) and os.environ.get(f"{name}_FILE"):
        return "file"
    return "missing" if field.is_required() else "default"


def shown(name: str, field: FieldInfo) -> str:
    """Return what may be shown of the value."""
    source = source_of(name, field)
    if source == "missing" or (source == "default" and field.default is None):
        return ""
    if is_secret(field):
        return MASK
    return os.environ.get(name) or as_variable(field.default)


def as_variable(value: object) -> str:
    """Write a default the way it would stand in the environment."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(map(str, cast("tuple[object, ...]", value)))
    return str(value).lower() if isinstance(value, bool) else str(value)


def settings_page(kinds: Mapping[str, type[FromEnvironment]]) -> Iterator[str]:
    """Write docs/settings.md, line by line."""
    yield "# Settings"
    yield ""
    yield "Made by `afterglow config docs`; the source is `settings.py`. A secret (*) can also be"
    yield "given as a file: `<NAME>_FILE` names it, and only its owner may be able to read it."
    yield "`afterglow config check` shows what is set, what is missing and what is unknown."
    seen: set[str] = set()
    for title, kind in kinds.items():
        yield from ["", f"## {title}", "", "| setting | default | meaning |", "|---|---|---|"]
        for name, field in kind.model_fields.items():
            if name not in seen:
                seen.add(name)
                yield page_row(name, field)


def page_row(name: str, field: FieldInfo) -> str:
    """Write one setting's row."""
    star = " *" if is_secret(field) else ""
    default = "**required**" if field.is_required() else code(as_variable(field.default))
    meaning = " ".join((field.description or "").split())
    return f"| `{PREFIX}{name.upper()}`{star} | {default} | {meaning} |"


def code(text: str) -> str:
    """Quote a value, or show nothing for nothing."""
    return f"`{text}`" if text else ""
