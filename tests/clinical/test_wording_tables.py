"""The forms say what was agreed, in both languages, and nothing else."""

import pytest

from clinical.instruments import Effect, registry
from clinical.instruments.form import Asked, Form, Kind, Suicidality
from tests.clinical.effect_table import EFFECTS
from tests.clinical.wording import GAD7, PHQ9, WORDING

ALL = registry()
EVERY = ("dissociation", "activation", "side_effects", "si_daily")
CORE = {
    "daily_depression@1": ("low_mood", "anhedonia", "hopelessness", "fatigue"),
    "daily_anxiety@1": ("anxiety", "worry", "panic", "avoidance"),
    "daily_ptsd@1": ("intrusion", "trauma_avoidance", "on_guard", "numbness"),
    "daily_ocd@1": ("obsession_time", "urge", "obsession_distress", "hard_to_resist"),
    "daily_pain@1": ("pain_now", "pain_worst", "pain_activity", "pain_enjoyment"),
    "offline_four@1": ("low_mood", "anhedonia", "anxiety", "sleep_bad"),
}
SET_FOR = {
    "trd": "daily_depression@1",
    "mdd": "daily_depression@1",
    "bipolar_depression": "daily_depression@1",
    "suicidal_ideation": "daily_depression@1",
    "anxiety": "daily_anxiety@1",
    "ptsd": "daily_ptsd@1",
    "ocd": "daily_ocd@1",
    "chronic_pain": "daily_pain@1",
}
CHECK = ("dis_unreal", "dis_slow", "dis_apart", "dis_body", "dis_far", "dis_gap")
FROM_SIXTH = {
    "cystitis_noninfective",
    "urinary_frequency",
    "urinary_urgency",
    "dysuria",
    "urinary_tract_pain",
    "hematuria",
}
SI_ANSWERS = {
    "en": {
        0: "No",
        1: "I wished I were dead or would not wake up",
        2: "I thought about ending my life",
        3: "I thought about how or when, or I might act on it",
        "prefer_not": "I would rather not say",
    },
    "es": {
        0: "No",
        1: "Deseé estar muerto/a o no despertar",
        2: "Pensé en terminar con mi vida",
        3: "Pensé en cómo o cuándo, o podría llegar a hacerlo",
        "prefer_not": "Prefiero no decirlo",
    },
}
ASQ = {
    "asq_1": "In the past few weeks, have you wished you were dead?",
    "asq_2": "In the past few weeks, have you felt that you or your family would be better off if"
    " you were dead?",
    "asq_3": "In the past week, have you been having thoughts about killing yourself?",
    "asq_4": "Have you ever tried to kill yourself?",
    "asq_5": "Are you having thoughts of killing yourself right now?",
}
"""Source: NIMH, ASQ Suicide Risk Screening Tool; its open questions are for a human."""
FREQUENCY = {
    "en": ["Not at all", "Several days", "More than half the days", "Nearly every day"],
    "es": ["Nunca", "Varios días", "Más de la mitad de los días", "Casi todos los días"],
}


def form(name: str, language: str = "en") -> Form:
    found = ALL.wordings[name, language]
    assert found.language == language
    return found


@pytest.mark.parametrize(("at", "language"), [(0, "en"), (1, "es")], ids=["en", "es"])
@pytest.mark.parametrize("name", [*CORE, "dissociation_check@1"])
def test_each_item_reads_as_agreed(name: str, at: int, language: str) -> None:
    items = {item.id: item.text for item in form(name, language).items}

    assert items == {item: WORDING[item][at] for item in items}


def test_no_agreed_wording_is_left_out() -> None:
    shown = {item.id for each in ALL.forms.values() for item in each.items}

    assert set(WORDING) | set(PHQ9) | set(GAD7) | set(ASQ) == shown


@pytest.mark.parametrize("item", list(WORDING))
def test_both_languages_have_words_of_their_own(item: str) -> None:
    english, spanish = WORDING[item]

    assert english != spanish
    assert english.endswith("?") == spanish.endswith("?") == ("¿" in spanish)


@pytest.mark.parametrize("name", list(CORE))
def test_a_daily_set_asks_its_core_then_what_everybody_is_asked(name: str) -> None:
    items = form(name).items
    first_eight = tuple(item.id for item in items[:8])
    rule = form(name).composite

    assert first_eight == CORE[name] + EVERY
    assert rule is not None
    assert (rule.items, rule.at_least) == (CORE[name], 2)
    assert all(item.asked is Asked.EXTRA for item in items[8:])


@pytest.mark.parametrize("name", list(CORE))
def test_the_minimal_path_is_eight_answers(name: str) -> None:
    always = [item for item in form(name).items if item.asked is not Asked.EXTRA]

    assert len(always) == 8


@pytest.mark.parametrize(("condition", "name"), SET_FOR.items())
def test_each_condition_has_its_daily_set(condition: str, name: str) -> None:
    assert ALL.daily_for[condition] == name
    assert condition in form(name).conditions


def test_the_fixed_four_belong_to_no_condition() -> None:
    assert form("offline_four@1").conditions == ()
    assert form("offline_four@1").kind is Kind.DAILY


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("name", list(CORE))
def test_every_scale_runs_from_zero_to_ten_with_the_good_end_low(name: str, language: str) -> None:
    scales = [item.range for item in form(name, language).items if item.range is not None]

    assert {(scale.minimum, scale.maximum) for scale in scales} == {(0, 10)}
    assert all(scale.low and scale.high and scale.low != scale.high for scale in scales)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("name", list(CORE))
def test_the_suicidality_item_has_its_five_answers(name: str, language: str) -> None:
    (item,) = [item for item in form(name, language).items if item.id == "si_daily"]
    mark = item.suicidality

    assert {answer.code: answer.text for answer in item.answers} == SI_ANSWERS[language]
    assert mark is not None
    assert mark.escalate == frozenset({1, 2, 3})
    assert (mark.review, mark.safe) == (frozenset({"prefer_not"}), frozenset({0}))


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_six_item_check_runs_from_zero_to_four_each(language: str) -> None:
    check = form("dissociation_check@1", language)

    assert tuple(item.id for item in check.items) == CHECK
    assert {(i.range.minimum, i.range.maximum) for i in check.items if i.range} == {(0, 4)}
    assert (check.scoring.minimum, check.scoring.maximum) == (0, 24)


@pytest.mark.parametrize(("name", "language"), sorted(ALL.wordings))
def test_nothing_is_called_by_the_name_of_a_licensed_scale(name: str, language: str) -> None:
    shown = form(name, language)
    words = " ".join([shown.title, shown.recall, *(item.text for item in shown.items)])

    assert "CADSS" not in words
    assert "C-SSRS" not in words


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    ("name", "table"), [("phq9@1", PHQ9), ("gad7@1", GAD7)], ids=["PHQ-9", "GAD-7"]
)
def test_an_instrument_is_worded_and_coded_as_published(
    name: str, table: dict[str, tuple[str, str, str]], language: str
) -> None:
    items = form(name, language).items
    text = 1 if language == "en" else 2

    assert [item.id for item in items] == list(table)
    assert {item.id: item.loinc for item in items} == {i: row[0] for i, row in table.items()}
    assert {item.id: item.text for item in items} == {i: row[text] for i, row in table.items()}
    assert all([a.text for a in item.answers] == FREQUENCY[language] for item in items)
    assert all([a.code for a in item.answers] == [0, 1, 2, 3] for item in items)
    assert all(answer.code == answer.points for item in items for answer in item.answers)


@pytest.mark.parametrize(
    ("name", "panel", "total", "changes"),
    [
        (
            "phq9@1",
            "44249-1",
            "44261-6",
            {
                "response_drop_share": 0.5,
                "remission_below": 5,
                "clinically_important": 5,
                "minimal_important": 1.7,
                "reliable_change": 6,
            },
        ),
        ("gad7@1", "69737-5", "70274-6", {"reliable_change": 4, "minimal_important": 0.268}),
    ],
)
def test_an_instrument_carries_its_codes_and_published_changes(
    name: str, panel: str, total: str, changes: dict[str, float]
) -> None:
    found = form(name)

    assert (found.loinc_panel, found.loinc_total) == (panel, total)
    assert {change.kind: change.value for change in found.change} == changes
    assert all(change.source for change in found.change)


@pytest.mark.parametrize(("name", "language"), sorted(ALL.wordings))
def test_every_form_says_why_it_may_be_shipped(name: str, language: str) -> None:
    found = form(name, language)

    assert found.status == "ship"
    assert found.licence.text
    assert found.licence.source
    assert found.recall
    assert found.examples


@pytest.mark.parametrize(("at", "language"), [(2, "en"), (3, "es")], ids=["en", "es"])
def test_the_list_of_side_effects_reads_as_agreed(at: int, language: str) -> None:
    effects = {effect.id: effect for effect in ALL.effects_in(language).effects}

    assert list(effects) == list(EFFECTS)
    assert {i: e.group for i, e in effects.items()} == {i: r[0] for i, r in EFFECTS.items()}
    assert {i: e.meddra for i, e in effects.items()} == {i: r[1] for i, r in EFFECTS.items()}
    assert {i: e.text for i, e in effects.items()} == {i: r[at] for i, r in EFFECTS.items()}


def test_a_code_is_shared_by_confusion_and_disorientation_only() -> None:
    codes = [row[1] for row in EFFECTS.values() if row[1] is not None]
    twice = {code for code in codes if codes.count(code) > 1}

    assert twice == {"10010300"}
    assert {i for i, row in EFFECTS.items() if row[1] is None} == {
        "dissociation",
        "dysgeusia_ketamine",
        "craving",
        "other",
    }


@pytest.mark.parametrize("effect", ALL.effects.effects, ids=lambda effect: effect.id)
def test_who_enters_an_effect_and_from_when(effect: Effect) -> None:
    staff_only = {"suicidal_ideation", "suicide_attempt"}

    assert effect.entered_by == ("staff" if effect.id in staff_only else "patient")
    assert effect.from_infusion == (6 if effect.id in FROM_SIXTH else 1)


@pytest.mark.parametrize(
    ("language", "steps"),
    [
        ("en", ["None", "I noticed it", "It limits my day", "I needed help"]),
        ("es", ["Nada", "Lo noté", "Limita mi día", "Necesité ayuda"]),
    ],
)
def test_severity_has_four_steps_and_their_grades(language: str, steps: list[str]) -> None:
    scale = ALL.effects_in(language).scale

    assert [step.code for step in scale] == [0, 1, 2, 3]
    assert [step.ctcae_grade for step in scale] == [None, 1, 2, 3]
    assert [step.text for step in scale] == steps


def test_the_screener_asks_in_the_words_of_its_authors_and_every_yes_pages() -> None:
    asked = ALL.forms["asq@1"]

    assert {item.id: item.text for item in asked.items} == ASQ
    assert {item.suicidality for item in asked.items} == {
        Suicidality(
            escalate=frozenset({"yes"}), review=frozenset({"prefer_not"}), safe=frozenset({"no"})
        )
    }
