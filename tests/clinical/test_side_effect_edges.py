"""Which side effects need a call: every effect, severity and day at the edge of its rule."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.chart import Entry
from clinical.finding import Finding, Severity, period_of
from clinical.instruments import registry
from clinical.side_effect import SEVERE, detect_severe
from tests.clinical.charts import COURSE, FIRST, after, at, chart, entry, infusion

ALL_EFFECTS = sorted(registry().effects.patient_ids)
UNCLEAR = {"hallucinations", "confusion", "psychosis", "delirium"}
BY_SEVERITY = {
    **dict.fromkeys(ALL_EFFECTS, (False, False, False, True)),
    **dict.fromkeys(UNCLEAR, (False, True, True, True)),
    "hematuria": (False, True, True, True),
}
"""Whether one day with the effect at severity 0, 1, 2, 3 needs a call. Detection, section 9."""


def told(*entries: Entry) -> list[Finding]:
    return list(detect_severe(chart(entries)))


def bothered(day: int, points: int, **more: int) -> Entry:
    return entry(after(day), answers={"side_effects": points, **more})


@pytest.mark.parametrize("severity", range(4))
@pytest.mark.parametrize("effect", ALL_EFFECTS)
def test_one_day_with_one_effect(effect: str, severity: int) -> None:
    found = told(entry(after(3), effects=[(effect, severity)]))

    assert bool(found) is BY_SEVERITY[effect][severity]


@pytest.mark.parametrize("effect", ALL_EFFECTS)
def test_help_that_was_needed_names_the_effect_and_the_grade(effect: str) -> None:
    strong = told(entry(after(3), effects=[(effect, 3)]))[0]

    assert (strong.rule, strong.severity) == (SEVERE, Severity.URGENT)
    assert strong.numbers == {"effect": effect, "points": 3}
    assert strong.because == f"{effect}, rated 3 by the patient on {after(3)}"
    assert strong.period == period_of(6, 0, strong=True)


@pytest.mark.parametrize("effect", sorted(UNCLEAR))
@pytest.mark.parametrize(
    ("hours", "counts"), [(0, False), (23, False), (24, True), (48, True)], ids=str
)
def test_an_unclear_mind_is_expected_for_a_day(effect: str, hours: int, *, counts: bool) -> None:
    given_at = at(after(3), 0)
    when = given_at + timedelta(hours=hours)
    noted = entry(when.date(), hour=when.hour, effects=[(effect, 1)])
    found = detect_severe(chart([noted], more_infusions=[infusion(7, after(3), hour=0)]))

    assert bool(list(found)) is counts


def test_blood_and_needed_help_count_on_the_day_of_the_infusion_too() -> None:
    assert told(entry(COURSE[3], effects=[("hematuria", 1)]))
    assert told(entry(COURSE[3], effects=[("dizziness", 3)]))


@pytest.mark.parametrize("effect", ["vomiting", "headache"])
@pytest.mark.parametrize(
    ("gap", "fires"), [(0, False), (1, True), (6, True), (7, True), (8, False)], ids=str
)
def test_limiting_effects_count_on_two_days_of_one_week(
    effect: str, gap: int, *, fires: bool
) -> None:
    found = told(
        entry(after(2), effects=[(effect, 2)]), entry(after(2 + gap), effects=[(effect, 2)])
    )

    assert bool(found) is fires


@pytest.mark.parametrize(
    ("first", "second", "fires"),
    [(1, 2, False), (2, 1, False), (1, 1, False), (2, 2, True), (2, 3, True)],
)
def test_both_days_must_have_been_limited(first: int, second: int, *, fires: bool) -> None:
    found = told(
        entry(after(2), effects=[("vomiting", first)]),
        entry(after(4), effects=[("vomiting", second)]),
    )

    assert bool(found) is fires


def test_two_different_effects_do_not_make_two_days() -> None:
    found = told(
        entry(after(2), effects=[("vomiting", 2)]), entry(after(4), effects=[("headache", 2)])
    )

    assert found == []


def test_an_effect_on_two_days_says_so() -> None:
    (found,) = told(
        entry(after(2), effects=[("headache", 2)]), entry(after(5), effects=[("headache", 2)])
    )

    assert found.local_date == after(5)
    assert found.numbers == {"effect": "headache on two days", "points": 2}


@pytest.mark.parametrize("points", range(11))
def test_the_daily_item_alone_counts_from_eight(points: int) -> None:
    assert bool(told(bothered(3, points))) is (points >= 8)


@pytest.mark.parametrize("first", range(3, 8))
@pytest.mark.parametrize("second", range(3, 8))
def test_the_daily_item_twice_counts_from_five(first: int, second: int) -> None:
    assert bool(told(bothered(3, first), bothered(5, second))) is (min(first, second) >= 5)


@pytest.mark.parametrize(
    ("gap", "fires"), [(1, True), (7, True), (8, False)], ids=["next day", "a week", "longer"]
)
def test_the_daily_item_twice_means_within_a_week(gap: int, *, fires: bool) -> None:
    assert bool(told(bothered(3, 5), bothered(3 + gap, 5))) is fires


@pytest.mark.parametrize(("severity", "fires"), [(0, True), (1, False), (2, False)])
def test_only_an_effect_that_was_there_stands_in_for_the_daily_item(
    severity: int, *, fires: bool
) -> None:
    listed = entry(after(3), answers={"side_effects": 9}, effects=[("nausea", severity)])

    assert bool(told(listed)) is fires


def test_a_list_of_effects_that_were_not_there_does_not_hide_the_bother() -> None:
    ticked_none = [(effect, 0) for effect in ALL_EFFECTS]
    found = told(entry(after(3), answers={"side_effects": 8}, effects=ticked_none))

    assert [each.numbers["points"] for each in found] == [8]


def test_the_daily_item_on_infusion_days_is_left_out() -> None:
    noted = [entry(day, answers={"side_effects": 10}) for day in COURSE]

    assert told(*noted) == []


def test_before_the_first_infusion_needed_help_is_told_too() -> None:
    early = entry(FIRST - timedelta(days=2), effects=[("palpitations", 3)])
    (found,) = told(early)

    assert found.period == period_of(0, 0, strong=True)


def test_a_run_of_bad_days_is_one_finding() -> None:
    run = [entry(after(day), effects=[("nausea", 3)]) for day in range(2, 30)]

    assert [each.local_date for each in told(*run)] == [after(2)]


@pytest.mark.parametrize(("quiet", "findings"), [(7, 1), (8, 2)], ids=["a week", "longer"])
def test_after_a_quiet_week_the_same_effect_is_news(quiet: int, findings: int) -> None:
    found = told(
        entry(after(2), effects=[("nausea", 3)]), entry(after(2 + quiet), effects=[("nausea", 3)])
    )

    assert len(found) == findings
    assert len({each.period for each in found}) == findings


def test_the_worst_of_a_day_is_named_whatever_came_first() -> None:
    effects = [("hallucinations", 1), ("hematuria", 2), ("confusion", 2)]
    said = {
        str(told(entry(after(3), effects=order))[0].numbers["points"])
        for order in permutations(effects)
    }

    assert said == {"2"}


EFFECT = st.tuples(st.sampled_from(ALL_EFFECTS), st.integers(0, 3))


def noted_on(day: int, effects: list[tuple[str, int]], points: int) -> Entry:
    return entry(after(day), answers={"side_effects": points}, effects=effects)


NOTED = st.lists(
    st.builds(
        noted_on,
        st.integers(1, 20),
        st.lists(EFFECT, max_size=3),
        st.integers(0, 10),
    ),
    max_size=8,
)


@given(NOTED, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(noted: list[Entry], chance: object) -> None:
    shuffled = [*noted, *noted]
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random

    assert told(*shuffled) == told(*noted)


@given(NOTED, st.integers(1, 20), st.sampled_from(ALL_EFFECTS))
def test_needing_help_is_never_lost_among_other_entries(
    noted: list[Entry], day: int, effect: str
) -> None:
    found = told(*noted, entry(after(day), effects=[(effect, 3)]))
    strong = [each for each in found if each.period >= period_of(6, 0, strong=True)]

    assert strong
    assert min(each.local_date for each in strong) <= after(day)


@given(NOTED)
def test_findings_hold_ids_and_numbers_only(noted: list[Entry]) -> None:
    for each in told(*noted):
        effect = str(each.numbers["effect"]).removesuffix(" on two days")

        assert effect in {*ALL_EFFECTS, "side effects in all"}
        assert each.because.startswith(str(each.numbers["effect"]))
