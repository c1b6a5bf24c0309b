"""A data file becomes a form, or an error with a sentence that names the file."""

from datetime import date
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from clinical.instruments.effects import read_licence
from clinical.instruments.form import (
    Answer,
    Asked,
    Band,
    Change,
    Composite,
    Example,
    Form,
    Item,
    Kind,
    Method,
    Range,
    Scoring,
    Suicidality,
    allowed_answers,
    answer_points,
)
from clinical.instruments.score import composite, score
from clinical.instruments.source import Source, open_source

Word = TypeVar("Word", bound=StrEnum)


def read_form(path: Path) -> Form:
    """Read one form in one language and check it against its own examples.

    Raises:
        InstrumentError: the file is not fit for use; the message names it.
    """
    source = open_source(path)
    form = _form(source)
    if path.name != f"{form.name}.{form.language}.json":
        raise source.fault(f"the name should be {form.name}.{form.language}.json")
    _check_licence(source, form)
    _check_items(source, form)
    _check_composite(source, form)
    _check_bands(source, form)
    _check_examples(source, form)
    return form


def _form(source: Source) -> Form:
    items = tuple(_item(each) for each in source.parts("items"))
    loinc = source.part("loinc")
    return Form(
        id=source.text("id"),
        version=source.whole("version"),
        language=source.text("language"),
        kind=_word(source, "kind", Kind),
        title=source.text("title"),
        recall=source.text("recall"),
        status=source.text("status"),
        licence=read_licence(source),
        conditions=tuple(source.texts("conditions")),
        items=items,
        scoring=_scoring(source.part("scoring")),
        composite=_composite(source.part_or_none("composite")),
        bands=tuple(
            Band(at=each.whole("from"), label=each.text("label")) for each in source.parts("bands")
        ),
        change=tuple(_change(each) for each in source.parts("change")),
        loinc_panel=loinc.text_or_none("panel"),
        loinc_total=loinc.text_or_none("total"),
        comparable_with=tuple(source.texts("comparable_with")),
        examples=tuple(_example(each) for each in source.parts("examples")),
        allowed=allowed_answers(items),
        points=answer_points(items),
        scored=tuple(item.id for item in items if item.asked is Asked.CORE),
        suicidality=MappingProxyType(
            {item.id: item.suicidality for item in items if item.suicidality is not None}
        ),
    )


def _word(source: Source, key: str, words: type[Word]) -> Word:
    try:
        return words(source.text(key))
    except ValueError:
        raise source.fault(f"{key!r} must be one of {', '.join(words)}") from None


def _item(source: Source) -> Item:
    scale = source.part_or_none("range")
    answers = tuple(_answer(each) for each in source.parts("answers"))
    if (scale is None) == (not answers):
        raise source.fault(f"item {source.text('id')!r} needs either a range or answers")
    return Item(
        id=source.text("id"),
        text=source.text("text"),
        asked=_word(source, "asked", Asked),
        range=None if scale is None else _range(scale),
        answers=answers,
        loinc=source.text_or_none("loinc"),
        suicidality=_suicidality(source, answers),
    )


def _answer(source: Source) -> Answer:
    return Answer(
        code=source.code("code"),
        text=source.text("text"),
        points=source.whole_or_none("points"),
        loinc=source.text_or_none("loinc"),
    )


def _range(source: Source) -> Range:
    minimum, maximum = source.whole("minimum"), source.whole("maximum")
    if minimum >= maximum:
        raise source.fault("a range must end above its start")
    return Range(minimum=minimum, maximum=maximum, low=source.text("low"), high=source.text("high"))


def _suicidality(source: Source, answers: tuple[Answer, ...]) -> Suicidality | None:
    mark = source.part_or_none("suicidality")
    if mark is None:
        return None
    escalate, review = frozenset(mark.codes("escalate")), frozenset(mark.codes("review"))
    known = frozenset(answer.code for answer in answers)
    if not escalate or not escalate | review <= known or escalate & review:
        raise source.fault(f"item {source.text('id')!r} escalates answers it does not have")
    return Suicidality(escalate=escalate, review=review, safe=known - escalate - review)


def _scoring(source: Source) -> Scoring:
    missing = source.part_or_none("missing_rule")
    if missing is None and source.text("missing") != "refuse":
        raise source.fault("'missing' must be 'refuse', or 'missing_rule' must give a source")
    return Scoring(
        method=_word(source, "method", Method),
        minimum=source.whole_or_none("minimum"),
        maximum=source.whole_or_none("maximum"),
        prorate_up_to=0 if missing is None else _prorate(missing),
    )


def _prorate(source: Source) -> int:
    source.text("source")
    return source.whole("prorate_up_to")


def _composite(source: Source | None) -> Composite | None:
    if source is None:
        return None
    return Composite(items=tuple(source.texts("items")), at_least=source.whole("at_least"))


def _change(source: Source) -> Change:
    value = source.number_or_none("value")
    if value is None:
        raise source.fault("a change needs a 'value'")
    return Change(
        kind=source.text("kind"),
        value=value,
        unit=source.text("unit"),
        source=source.text("source"),
    )


def _example(source: Source) -> Example:
    return Example(
        answers=MappingProxyType(source.answers("answers")),
        total=source.number_or_none("total"),
        composite=source.number_or_none("composite"),
    )


def _check_licence(source: Source, form: Form) -> None:
    try:
        date.fromisoformat(form.licence.checked_on)
    except ValueError:
        raise source.fault("the licence was checked on no date") from None


def _check_items(source: Source, form: Form) -> None:
    ids = [item.id for item in form.items]
    if not ids:
        raise source.fault("there are no items")
    if form.scoring.method is not Method.NONE and not set(form.scored) <= set(form.points):
        raise source.fault("an item that counts for the total has no points")
    if len(ids) != len(set(ids)):
        raise source.fault("two items have the same id")
    for item in form.items:
        codes = [answer.code for answer in item.answers]
        if len(codes) != len(set(codes)):
            raise source.fault(f"two answers of {item.id!r} have the same code")


def _check_composite(source: Source, form: Form) -> None:
    rule = form.composite
    if rule is None:
        return
    if not set(rule.items) <= set(form.points):
        raise source.fault("the composite names an item that has no points")
    if not 2 * rule.at_least >= len(rule.items) >= rule.at_least:
        raise source.fault("a composite needs at least half of its items")


def _check_bands(source: Source, form: Form) -> None:
    starts = [band.at for band in form.bands]
    if not starts:
        return
    rising = all(earlier < later for earlier, later in pairwise(starts))
    top = form.scoring.maximum
    if starts[0] != form.scoring.minimum or not rising or top is None or starts[-1] > top:
        raise source.fault("the bands leave a gap or overlap")


def _check_examples(source: Source, form: Form) -> None:
    if not form.examples:
        raise source.fault("there are no examples")
    for number, example in enumerate(form.examples, start=1):
        wrong = [item for item, code in example.answers.items() if not _valid(form, item, code)]
        total = score(form, example.answers)
        points = None if total is None else total.points
        level = composite(form, example.answers)
        if wrong or points != example.total or level != example.composite:
            raise source.fault(f"example {number} does not give what it says")


def _valid(form: Form, item: str, code: int | str) -> bool:
    return code in form.allowed.get(item, frozenset())
