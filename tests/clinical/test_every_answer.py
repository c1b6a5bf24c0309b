"""Every item of every form: lowest and highest answer, one beyond, wrong types, one missing."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.instruments import (
    Code,
    Fault,
    FaultCode,
    Form,
    SideEffect,
    composite,
    registry,
    score,
    validate_answers,
)
from clinical.instruments.form import Kind, Method

ALL = registry()
ITEMS = [(name, item.id) for name, form in sorted(ALL.forms.items()) for item in form.items]
SCALES = [
    (name, item.id, item.range.minimum, item.range.maximum)
    for name, form in sorted(ALL.forms.items())
    for item in form.items
    if item.range is not None
]
TOTALLED = [
    name
    for name, form in sorted(ALL.forms.items())
    if form.kind is not Kind.DAILY and form.scoring.method is not Method.NONE
]
TRANSLATED = sorted(name for name, language in ALL.wordings if language == "es")
DAILY = [name for name, form in sorted(ALL.forms.items()) if form.kind is Kind.DAILY]
EFFECT_IDS = sorted(ALL.effects.patient_ids)


def faults(name: str, answers: dict[str, object]) -> list[Fault]:
    return validate_answers(ALL.forms[name], answers, effects=ALL.effects)


def highest(form: Form) -> dict[str, Code]:
    return {item: max(form.points[item].values()) for item in form.scored}


@pytest.mark.parametrize(("name", "item", "low", "high"), SCALES)
def test_a_scale_takes_both_ends_and_nothing_beyond(
    name: str, item: str, low: int, high: int
) -> None:
    beyond = [Fault(f"/answers/{item}", FaultCode.OUT_OF_RANGE)]

    assert all(faults(name, {item: value}) == [] for value in range(low, high + 1))
    assert faults(name, {item: low - 1}) == faults(name, {item: high + 1}) == beyond


@pytest.mark.parametrize(("name", "item"), ITEMS)
def test_every_item_refuses_what_is_no_answer(name: str, item: str) -> None:
    wrong = [Fault(f"/answers/{item}", FaultCode.WRONG_TYPE)]
    values: list[object] = [None, True, False, 0.0, 1.5, [0], {"code": 0}, b"0"]

    assert [value for value in values if faults(name, {item: value}) != wrong] == []


@pytest.mark.parametrize(("name", "item"), ITEMS)
def test_every_item_takes_exactly_its_own_answers(name: str, item: str) -> None:
    allowed = ALL.forms[name].allowed[item]
    tried: list[Code] = [*range(-2, 13), "no", "yes", "prefer_not", "", "0", "1"]

    assert {value for value in tried if not faults(name, {item: value})} == allowed


@pytest.mark.parametrize("name", TOTALLED)
def test_the_lowest_and_the_highest_total(name: str) -> None:
    form = ALL.forms[name]
    least, most = score(form, dict.fromkeys(form.scored, 0)), score(form, highest(form))

    assert least is not None
    assert most is not None
    assert (least.points, most.points) == (form.scoring.minimum, form.scoring.maximum)


@pytest.mark.parametrize("name", TOTALLED)
def test_every_item_moves_the_total_by_its_own_points(name: str) -> None:
    form = ALL.forms[name]
    none: dict[str, Code] = dict.fromkeys(form.scored, 0)
    for item in form.scored:
        for code, points in form.points[item].items():
            moved = score(form, {**none, item: code})

            assert moved is not None
            assert moved.points == points


@pytest.mark.parametrize("name", TOTALLED)
def test_no_total_with_any_one_or_two_answers_missing(name: str) -> None:
    form, full = ALL.forms[name], highest(ALL.forms[name])
    for count in (1, 2):
        for gone in combinations(form.scored, count):
            left = {item: code for item, code in full.items() if item not in gone}

            assert score(form, left) is None


@pytest.mark.parametrize("name", TOTALLED)
def test_nothing_answered_is_no_total_and_no_zero(name: str) -> None:
    assert score(ALL.forms[name], {}) is None
    assert score(ALL.forms[name], {"no_such_item": 3}) is None


@pytest.mark.parametrize("name", TOTALLED)
@pytest.mark.parametrize("wrong", [9, -1, "1", "no"])
def test_an_answer_that_does_not_exist_is_a_missing_one(name: str, wrong: Code) -> None:
    form = ALL.forms[name]
    first = form.scored[0]

    assert score(form, {**highest(form), first: wrong}) is None


@pytest.mark.parametrize("name", DAILY)
@pytest.mark.parametrize("answered", range(5))
def test_the_level_needs_two_of_four_whichever_they_are(name: str, answered: int) -> None:
    form = ALL.forms[name]
    rule = form.composite
    assert rule is not None
    for chosen in combinations(rule.items, answered):
        level = composite(form, dict.fromkeys(chosen, 7))

        assert level == (7 if answered >= 2 else None)


@pytest.mark.parametrize("name", DAILY)
def test_the_level_is_the_mean_of_what_was_answered(name: str) -> None:
    form = ALL.forms[name]
    assert form.composite is not None
    one, two, three, four = form.composite.items

    assert composite(form, {one: 0, two: 10}) == 5
    assert composite(form, {one: 0, two: 10, three: 2}) == 4
    assert composite(form, {one: 0, two: 10, three: 2, four: 8}) == 5
    assert composite(form, {one: 0, two: 11, three: 2}) == 1


@pytest.mark.parametrize("name", DAILY)
def test_what_stands_beside_the_core_never_moves_the_level(name: str) -> None:
    form = ALL.forms[name]
    assert form.composite is not None
    core: dict[str, Code] = dict.fromkeys(form.composite.items, 3)
    others = {i: max(map(str, form.allowed[i])) for i in form.allowed if i not in core}

    assert composite(form, {**core, **dict.fromkeys(others, 10)}) == 3
    assert score(form, core) is None


@pytest.mark.parametrize("name", TRANSLATED)
def test_both_languages_score_alike(name: str) -> None:
    english, spanish = ALL.wordings[name, "en"], ALL.wordings[name, "es"]

    assert [item.id for item in english.items] == [item.id for item in spanish.items]
    assert [item.asked for item in english.items] == [item.asked for item in spanish.items]
    assert (english.allowed, english.points) == (spanish.allowed, spanish.points)
    assert english.scored == spanish.scored
    assert english.suicidality == spanish.suicidality
    assert [band.at for band in english.bands] == [band.at for band in spanish.bands]
    assert [band.label for band in english.bands] != [band.label for band in spanish.bands] or (
        not english.bands
    )
    assert [example.total for example in english.examples] == [
        example.total for example in spanish.examples
    ]


PHQ9_ANSWERS = st.fixed_dictionaries(
    {item: st.integers(0, 3) for item in ALL.forms["phq9@1"].scored}
)


@given(PHQ9_ANSWERS, st.sampled_from(ALL.forms["phq9@1"].scored))
def test_a_worse_answer_never_lowers_total_or_band(answers: dict[str, int], item: str) -> None:
    form = ALL.forms["phq9@1"]
    worse = {**answers, item: min(3, answers[item] + 1)}
    before, after = score(form, dict(answers)), score(form, dict(worse))
    labels = [band.label for band in form.bands]

    assert before is not None
    assert after is not None
    assert after.points >= before.points
    assert labels.index(str(after.band)) >= labels.index(str(before.band))


@pytest.mark.parametrize("effect", EFFECT_IDS)
def test_every_effect_takes_its_four_severities_only(effect: str) -> None:
    form = ALL.forms["daily_depression@1"]
    taken = {
        severity
        for severity in range(-1, 6)
        if not validate_answers(
            form, {}, [SideEffect(id=effect, severity=severity)], effects=ALL.effects
        )
    }

    assert taken == {0, 1, 2, 3}
