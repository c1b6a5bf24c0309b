"""Totals at the published boundaries, and missing answers that stay missing."""

import pytest

from clinical.instruments import Registry, composite, registry, score
from clinical.instruments.form import Kind

ALL = registry()
ENGLISH_ONLY = {"asq@1"}
"""Its wording may not be translated by us; the publisher's Spanish is not at hand."""
NINE = [f"phq9_{n}" for n in range(1, 10)]
SEVEN = [f"gad7_{n}" for n in range(1, 8)]
CORE = ["low_mood", "anhedonia", "hopelessness", "fatigue"]


def spread(items: list[str], total: int) -> dict[str, int | str]:
    """Answers with this total, as evenly as it goes."""
    share, rest = divmod(total, len(items))
    return {item: share + (at < rest) for at, item in enumerate(items)}


@pytest.mark.parametrize(
    ("total", "band"),
    [
        (0, "minimal"),
        (4, "minimal"),
        (5, "mild"),
        (9, "mild"),
        (10, "moderate"),
        (14, "moderate"),
        (15, "moderately severe"),
        (19, "moderately severe"),
        (20, "severe"),
        (27, "severe"),
    ],
)
def test_phq9_falls_in_its_band(total: int, band: str) -> None:
    result = score(ALL.forms["phq9@1"], spread(NINE, total))

    assert result is not None
    assert (result.points, result.band, result.prorated) == (total, band, False)


@pytest.mark.parametrize(
    ("total", "band"),
    [
        (0, "minimal"),
        (4, "minimal"),
        (5, "mild"),
        (9, "mild"),
        (10, "moderate"),
        (14, "moderate"),
        (15, "severe"),
        (21, "severe"),
    ],
)
def test_gad7_falls_in_its_band(total: int, band: str) -> None:
    result = score(ALL.forms["gad7@1"], spread(SEVEN, total))

    assert result is not None
    assert (result.points, result.band) == (total, band)


@pytest.mark.parametrize("missing", NINE)
def test_no_total_when_any_answer_is_missing(missing: str) -> None:
    answers = spread(NINE, 18)
    del answers[missing]

    assert score(ALL.forms["phq9@1"], answers) is None


def test_no_total_when_nothing_was_answered() -> None:
    assert score(ALL.forms["phq9@1"], {}) is None


def test_dissociation_check_adds_up_and_has_no_bands() -> None:
    form = ALL.forms["dissociation_check@1"]
    result = score(form, {item.id: 4 for item in form.items})

    assert result is not None
    assert (result.points, result.band) == (24, None)


def test_a_daily_set_has_a_level_and_no_total() -> None:
    form = ALL.forms["daily_depression@1"]
    answers: dict[str, int | str] = dict(zip(CORE, (4, 6, 5, 7), strict=True))

    assert composite(form, answers) == 5.5
    assert score(form, answers) is None


@pytest.mark.parametrize(
    ("answered", "level"), [(0, None), (1, None), (2, 6.0), (3, 6.0), (4, 6.0)]
)
def test_the_level_needs_half_of_the_core(answered: int, level: float | None) -> None:
    form = ALL.forms["daily_depression@1"]

    assert composite(form, dict.fromkeys(CORE[:answered], 6)) == level


def test_items_beside_the_core_do_not_move_the_level() -> None:
    form = ALL.forms["daily_depression@1"]
    plain: dict[str, int | str] = dict.fromkeys(CORE, 2)
    more = {**plain, "anxiety": 10, "dissociation": 10, "si_daily": 3, "other_ketamine": "yes"}

    assert composite(form, more) == composite(form, plain) == 2


def test_an_instrument_has_no_daily_level() -> None:
    assert composite(ALL.forms["phq9@1"], spread(NINE, 9)) is None


def test_every_condition_has_a_daily_set_with_four_core_items() -> None:
    conditions = {
        "trd",
        "mdd",
        "bipolar_depression",
        "anxiety",
        "ptsd",
        "ocd",
        "chronic_pain",
        "suicidal_ideation",
    }
    rules = {name: ALL.forms[ALL.daily_for[name]].composite for name in conditions}

    assert set(ALL.daily_for) == conditions
    assert all(rule is not None and len(rule.items) == 4 for rule in rules.values())


@pytest.mark.parametrize("name", sorted(ALL.forms.keys() - ENGLISH_ONLY))
def test_every_form_exists_in_english_and_spanish(name: str) -> None:
    english, spanish = ALL.form_in(name, "en"), ALL.form_in(name, "es")

    assert english is not None
    assert spanish is not None
    assert english.allowed == spanish.allowed
    assert english.recall != spanish.recall


@pytest.mark.parametrize("name", sorted(ENGLISH_ONLY))
def test_what_has_no_checked_translation_is_asked_in_english(name: str) -> None:
    assert ALL.form_in(name, "es") is ALL.form_in(name, "en") is ALL.forms[name]


def test_wording_falls_back_to_english_where_there_is_none() -> None:
    assert ALL.form_in("phq9@1", "tlh") is ALL.forms["phq9@1"]
    assert ALL.form_in("no_such_form@1", "en") is None
    assert ALL.effects_in("tlh") is ALL.effects


def _daily(all_forms: Registry) -> list[str]:
    return sorted(name for name, form in all_forms.forms.items() if form.kind is Kind.DAILY)


@pytest.mark.parametrize("name", _daily(ALL))
def test_every_daily_set_asks_the_safety_items(name: str) -> None:
    form = ALL.forms[name]
    always = {item.id for item in form.items if item.asked == "every"}

    assert always == {"dissociation", "activation", "side_effects", "si_daily"}
    assert set(form.suicidality) == {"si_daily"}


@pytest.mark.parametrize("language", ["en", "es"])
def test_one_item_reads_the_same_in_every_daily_set(language: str) -> None:
    seen: dict[str, set[str]] = {}
    for name in _daily(ALL):
        form = ALL.form_in(name, language)
        assert form is not None
        for item in form.items:
            seen.setdefault(item.id, set()).add(item.text)

    assert {item: texts for item, texts in seen.items() if len(texts) > 1} == {}


def test_codes_for_exchange_stand_beside_the_phq9() -> None:
    form = ALL.forms["phq9@1"]
    ninth = form.items[8]

    assert (form.loinc_panel, form.loinc_total) == ("44249-1", "44261-6")
    assert ninth.loinc == "44260-8"
    assert [answer.loinc for answer in ninth.answers] == [
        "LA6568-5",
        "LA6569-3",
        "LA6570-1",
        "LA6571-9",
    ]
    assert set(form.suicidality) == {"phq9_9"}
