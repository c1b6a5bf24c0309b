"""What totals, levels and accepted answers have in common, whatever was answered."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.instruments import (
    Fault,
    FaultCode,
    SideEffect,
    composite,
    registry,
    score,
    validate_answers,
)
from clinical.instruments.form import Band, Code, Form, Method, Scoring
from clinical.instruments.score import band_for

ALL = registry()
PHQ9, GAD7 = ALL.forms["phq9@1"], ALL.forms["gad7@1"]
DAILY = ALL.forms["daily_depression@1"]
DAILIES = [form for _, form in sorted(ALL.forms.items()) if form.composite is not None]
TOTALLED = [form for _, form in sorted(ALL.forms.items()) if form.scoring.method is not Method.NONE]
WHO5 = replace(
    GAD7,
    scoring=Scoring(method=Method.SUM_TIMES_4, minimum=0, maximum=84, prorate_up_to=2),
    bands=(),
)
"""An instrument that multiplies by four and allows two answers to be missing."""
MEAN = replace(WHO5, scoring=replace(WHO5.scoring, method=Method.MEAN, maximum=3))


def codes(form: Form, item: str) -> st.SearchStrategy[Code]:
    return st.sampled_from(sorted(form.allowed[item], key=str))


def complete(form: Form) -> st.SearchStrategy[dict[str, Code]]:
    return st.fixed_dictionaries({item: codes(form, item) for item in form.allowed})


def partial(form: Form) -> st.SearchStrategy[dict[str, Code]]:
    return st.fixed_dictionaries({}, optional={item: codes(form, item) for item in form.allowed})


def faults(form: Form, answers: dict[str, Code]) -> list[Fault]:
    return validate_answers(form, answers, effects=ALL.effects)


ANY_DAILY = st.sampled_from(DAILIES).flatmap(lambda form: st.tuples(st.just(form), partial(form)))
ANY_TOTALLED = st.sampled_from(TOTALLED).flatmap(
    lambda form: st.tuples(st.just(form), complete(form))
)


@settings(max_examples=40)
@given(ANY_TOTALLED)
def test_a_complete_set_is_scored_by_the_points_of_its_answers(
    drawn: tuple[Form, dict[str, Code]],
) -> None:
    form, answers = drawn
    result = score(form, answers)

    assert result is not None
    assert result.points == sum(form.points[item][answers[item]] for item in form.scored)
    assert result.band == band_for(form, result.points)
    assert not result.prorated


@settings(max_examples=40)
@given(ANY_TOTALLED)
def test_a_total_stays_in_the_range_the_form_names(drawn: tuple[Form, dict[str, Code]]) -> None:
    form, answers = drawn
    result = score(form, answers)

    assert result is not None
    assert form.scoring.minimum is not None
    assert form.scoring.maximum is not None
    assert form.scoring.minimum <= result.points <= form.scoring.maximum


@settings(max_examples=40)
@given(complete(PHQ9), st.sampled_from(PHQ9.scored))
def test_a_worse_answer_never_lowers_a_total(answers: dict[str, Code], item: str) -> None:
    now, worst = score(PHQ9, answers), score(PHQ9, {**answers, item: 3})

    assert now is not None
    assert worst is not None
    assert worst.points - now.points == 3 - PHQ9.points[item][answers[item]]


@settings(max_examples=40)
@given(complete(PHQ9), st.sets(st.sampled_from(PHQ9.scored), min_size=1))
def test_a_missing_answer_is_never_counted_as_zero(
    answers: dict[str, Code], missing: set[str]
) -> None:
    assert score(PHQ9, {item: answers[item] for item in answers.keys() - missing}) is None


@settings(max_examples=40)
@given(complete(PHQ9), st.sampled_from(PHQ9.scored), st.sampled_from([-1, 4, "often", ""]))
def test_an_answer_without_points_counts_as_missing(
    answers: dict[str, Code], item: str, unknown: Code
) -> None:
    assert score(PHQ9, {**answers, item: unknown}) is None


@settings(max_examples=40)
@given(complete(WHO5), st.sets(st.sampled_from(WHO5.scored), max_size=7))
def test_missing_answers_are_prorated_as_far_as_the_instrument_allows(
    answers: dict[str, Code], missing: set[str]
) -> None:
    given_points = [WHO5.points[item][answers[item]] for item in WHO5.scored if item not in missing]
    result = score(WHO5, {item: answers[item] for item in WHO5.scored if item not in missing})

    assert (result is None) is (len(missing) > 2)
    if result is not None:
        assert result.points == pytest.approx(28 * sum(given_points) / len(given_points))
        assert result.prorated is bool(missing)


@settings(max_examples=40)
@given(complete(MEAN), st.sets(st.sampled_from(MEAN.scored), max_size=2))
def test_a_mean_is_the_mean_of_what_was_answered(
    answers: dict[str, Code], missing: set[str]
) -> None:
    kept = {item: answers[item] for item in MEAN.scored if item not in missing}
    result = score(MEAN, kept)

    assert result is not None
    assert result.points == pytest.approx(
        sum(MEAN.points[item][code] for item, code in kept.items()) / len(kept)
    )


def test_nothing_answered_is_no_score_however_much_may_be_missing() -> None:
    lenient = replace(WHO5, scoring=replace(WHO5.scoring, prorate_up_to=7))
    first = WHO5.scored[0]
    one = score(lenient, {first: 3})

    assert score(lenient, {}) is None
    assert one is not None
    assert (one.points, one.prorated) == (84, True)


@pytest.mark.parametrize("method", [Method.SUM, Method.SUM_TIMES_4, Method.MEAN])
@pytest.mark.parametrize("code", range(4))
def test_the_same_answer_throughout_by_each_method(method: Method, code: int) -> None:
    form = replace(WHO5, scoring=replace(WHO5.scoring, method=method))
    result = score(form, dict.fromkeys(form.scored, code))
    factor = {Method.SUM: 7, Method.SUM_TIMES_4: 28, Method.MEAN: 1}[method]

    assert result is not None
    assert result.points == factor * code


@settings(max_examples=40)
@given(st.integers(0, 27), st.integers(0, 27))
def test_bands_follow_the_order_of_totals(one: int, other: int) -> None:
    order = [band.label for band in PHQ9.bands]
    low, high = sorted((one, other))

    assert order.index(band_for(PHQ9, low) or "") <= order.index(band_for(PHQ9, high) or "")


@pytest.mark.parametrize(
    ("points", "band"),
    [(1, None), (1.99, None), (2, "some"), (4.99, "some"), (5, "much"), (99, "much")],
)
def test_a_band_begins_at_its_own_total(points: float, band: str | None) -> None:
    form = replace(PHQ9, bands=(Band(at=2, label="some"), Band(at=5, label="much")))

    assert band_for(form, points) == band


@settings(max_examples=40)
@given(ANY_DAILY)
def test_a_level_is_the_mean_of_the_answered_core(drawn: tuple[Form, dict[str, Code]]) -> None:
    form, answers = drawn
    rule = form.composite
    assert rule is not None
    core = [int(answers[item]) for item in rule.items if item in answers]
    level = composite(form, answers)

    assert (level is None) is (len(core) < rule.at_least)
    if level is not None:
        assert level == pytest.approx(sum(core) / len(core))
        assert min(core) <= level <= max(core)


@settings(max_examples=40)
@given(ANY_DAILY)
def test_only_the_core_moves_the_level(drawn: tuple[Form, dict[str, Code]]) -> None:
    form, answers = drawn
    rule = form.composite
    assert rule is not None
    core = {item: code for item, code in answers.items() if item in rule.items}

    assert composite(form, core) == composite(form, answers)


@settings(max_examples=40)
@given(ANY_DAILY)
def test_the_order_of_answers_changes_no_level(drawn: tuple[Form, dict[str, Code]]) -> None:
    form, answers = drawn

    assert composite(form, dict(reversed(answers.items()))) == composite(form, answers)


@settings(max_examples=40)
@given(ANY_DAILY)
def test_every_allowed_answer_is_taken(drawn: tuple[Form, dict[str, Code]]) -> None:
    assert faults(*drawn) == []


@settings(max_examples=40)
@given(
    partial(DAILY), st.sampled_from(sorted(DAILY.allowed)), st.integers(11) | st.integers(-99, -1)
)
def test_one_number_out_of_range_is_the_only_fault(
    answers: dict[str, Code], item: str, number: int
) -> None:
    numeric = any(type(code) is int for code in DAILY.allowed[item])
    kind = FaultCode.OUT_OF_RANGE if numeric else FaultCode.WRONG_TYPE

    assert faults(DAILY, {**answers, item: number}) == [Fault(f"/answers/{item}", kind)]


@settings(max_examples=40)
@given(partial(DAILY), st.text(max_size=20).filter(lambda name: name not in DAILY.allowed))
def test_an_unknown_item_adds_one_fault_that_does_not_name_it(
    answers: dict[str, Code], name: str
) -> None:
    told = faults(DAILY, {**answers, name: 1})

    assert told == [Fault("/answers", FaultCode.UNKNOWN_FIELD)]


@settings(max_examples=40)
@given(st.sets(st.sampled_from(DAILY.composite.items if DAILY.composite else ()), min_size=1))
def test_each_wrong_answer_is_told_once(items: set[str]) -> None:
    told = faults(DAILY, dict.fromkeys(sorted(items), 11))

    assert told == [Fault(f"/answers/{item}", FaultCode.OUT_OF_RANGE) for item in sorted(items)]


EFFECTS = st.lists(
    st.builds(
        SideEffect,
        id=st.sampled_from([*sorted(ALL.effects.staff_ids), "no_such_effect"]),
        severity=st.integers(-2, 6),
    ),
    max_size=5,
)


@settings(max_examples=40)
@given(EFFECTS, st.booleans())
def test_each_side_effect_is_judged_by_itself(
    reported: list[SideEffect],
    by_staff: bool,  # noqa: FBT001 # drawn by position
) -> None:
    known = ALL.effects.staff_ids if by_staff else ALL.effects.patient_ids
    expected = []
    for at, effect in enumerate(reported):
        if effect.id not in known:
            expected.append(Fault(f"/side_effects/{at}/id", FaultCode.UNKNOWN_FIELD))
        if effect.severity not in range(4):
            expected.append(Fault(f"/side_effects/{at}/severity", FaultCode.OUT_OF_RANGE))

    told = validate_answers(DAILY, {}, reported, effects=ALL.effects, by_staff=by_staff)

    assert told == expected


@pytest.mark.parametrize("severity", range(4))
@pytest.mark.parametrize("effect", sorted(ALL.effects.patient_ids))
def test_every_side_effect_is_taken_from_a_patient_at_every_severity(
    effect: str, severity: int
) -> None:
    reported = [SideEffect(id=effect, severity=severity)]

    assert validate_answers(DAILY, {}, reported, effects=ALL.effects) == []
