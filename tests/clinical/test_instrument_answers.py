"""Which answers and side effects are taken, and what is said about the others."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.instruments import Fault, FaultCode, SideEffect, registry, validate_answers

ALL = registry()
DAILY = ALL.forms["daily_depression@1"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def faults(
    answers: dict[str, object], side_effects: Sequence[SideEffect] = (), *, by_staff: bool = False
) -> list[Fault]:
    return validate_answers(DAILY, answers, side_effects, effects=ALL.effects, by_staff=by_staff)


def test_a_full_ordinary_day_is_taken() -> None:
    answers: dict[str, object] = {
        "low_mood": 0,
        "anhedonia": 10,
        "hopelessness": 5,
        "fatigue": 7,
        "dissociation": 0,
        "activation": 0,
        "side_effects": 3,
        "si_daily": 0,
        "other_ketamine": "no",
    }
    nausea = SideEffect(id="nausea", severity=1)

    assert faults(answers, [nausea]) == []


def test_every_item_can_be_skipped() -> None:
    assert faults({}) == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (11, FaultCode.OUT_OF_RANGE),
        (-1, FaultCode.OUT_OF_RANGE),
        (10**30, FaultCode.OUT_OF_RANGE),
        (5.5, FaultCode.WRONG_TYPE),
        (5.0, FaultCode.WRONG_TYPE),
        ("5", FaultCode.WRONG_TYPE),
        (True, FaultCode.WRONG_TYPE),
        (None, FaultCode.WRONG_TYPE),
        ([5], FaultCode.WRONG_TYPE),
        ({"value": 5}, FaultCode.WRONG_TYPE),
    ],
)
def test_a_scale_takes_whole_numbers_in_range_only(value: object, code: FaultCode) -> None:
    assert faults({"low_mood": value}) == [Fault("/answers/low_mood", code)]


@pytest.mark.parametrize("value", [0, 1, 2, 3, "prefer_not"])
def test_the_suicidality_item_takes_its_five_answers(value: object) -> None:
    assert faults({"si_daily": value}) == []


@pytest.mark.parametrize("value", [4, "1", "no", ""])
def test_the_suicidality_item_takes_nothing_else(value: object) -> None:
    assert faults({"si_daily": value}) == [Fault("/answers/si_daily", FaultCode.OUT_OF_RANGE)]


def test_a_choice_does_not_take_a_number() -> None:
    expected = Fault("/answers/other_ketamine", FaultCode.WRONG_TYPE)

    assert faults({"other_ketamine": 1}) == [expected]


def test_an_unknown_item_is_named_without_repeating_what_was_sent() -> None:
    found = faults({"I want to die": 1, "risk_level": 2, "low_mood": 3})

    assert found == [Fault("/answers", FaultCode.UNKNOWN_FIELD)]


def test_several_faults_are_all_told() -> None:
    found = faults({"low_mood": 11, "anhedonia": "x", "fatigue": 4})

    assert {fault.pointer for fault in found} == {"/answers/low_mood", "/answers/anhedonia"}


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (SideEffect(id="nausea", severity=4), ("/severity", FaultCode.OUT_OF_RANGE)),
        (SideEffect(id="nausea", severity=-1), ("/severity", FaultCode.OUT_OF_RANGE)),
        (SideEffect(id="nausea", severity=True), ("/severity", FaultCode.WRONG_TYPE)),
        (SideEffect(id="hiccups", severity=1), ("/id", FaultCode.UNKNOWN_FIELD)),
    ],
    ids=["too severe", "negative", "truth value", "unknown effect"],
)
def test_a_wrong_side_effect_is_named_by_its_place(
    effect: SideEffect, expected: tuple[str, FaultCode]
) -> None:
    fine = SideEffect(id="headache", severity=0)
    where, code = expected

    assert faults({}, [fine, effect]) == [Fault(f"/side_effects/1{where}", code)]


def test_staff_may_record_what_the_patient_has_an_item_for() -> None:
    attempt = [SideEffect(id="suicide_attempt", severity=3)]

    assert faults({}, attempt) == [Fault("/side_effects/0/id", FaultCode.UNKNOWN_FIELD)]
    assert faults({}, attempt, by_staff=True) == []


@given(st.dictionaries(st.sampled_from([*DAILY.allowed, "x", ""]), JSON))
def test_any_json_gets_an_answer_and_only_valid_values_pass(answers: dict[str, object]) -> None:
    found = faults(answers)
    clean = all(
        type(value) in (int, str) and value in DAILY.allowed.get(item, frozenset())
        for item, value in answers.items()
        if isinstance(value, int | str)
    ) and all(isinstance(value, int | str) for value in answers.values())

    assert (found == []) is clean
