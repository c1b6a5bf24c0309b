"""Each language has its explicit forms and its harmless look-alikes, as tables."""

from unicodedata import normalize

import pytest

from clinical.ideation import Label, Reason, load_lexicon, screen
from tests.clinical.ideation.explicit_forms import EXPLICIT
from tests.clinical.ideation.harmless_forms import HARMLESS

LEXICON = load_lexicon()
SAID = [(language, text) for language, texts in EXPLICIT.items() for text in texts]
QUIET = [(language, text) for language, texts in HARMLESS.items() for text in texts]
LATIN_WITHOUT_WORDS = {
    "Turkish": "Bugun hava guzeldi sonra parka yuruyup eve dondum",
    "Finnish": "Tanaan kavelin metsassa koirani kanssa pitkaan",
    "Hungarian": "Reggel elmentem kenyeret venni aztan hazajottem",
    "Swahili": "Leo nimeamka mapema nikaenda sokoni kununua matunda",
}
OTHER_SCRIPTS = {
    "Russian": "Я хочу умереть",
    "Ukrainian": "Я не хочу більше жити",
    "Greek": "Θέλω \u03bd\u03b1 πεθάνω",
    "Arabic": "أريد أن أموت",
    "Hebrew": "אני רוצה למות",
    "Hindi": "मैं मरना चाहता हूँ",
    "Bengali": "আমি মরতে চাই",
    "Thai": "ฉันอยากตาย",
    "Chinese": "我想死",
    "Chinese, two signs": "想死",
    "Japanese": "死にたい",
    "Korean": "죽고 싶어",
    "Korean, two signs": "자살",
    "Georgian": "სიკვდილი მინდა",
    "Armenian": "Ես ուզում եմ մեռնել",
    "Tamil": "நான் சாக விரும்புகிறேன்",
}


@pytest.mark.parametrize(("language", "text"), SAID)
def test_plain_words_page_by_rule(language: str, text: str) -> None:
    read = screen(text, LEXICON)

    assert (read.label, read.reason) == (Label.ESCALATE, Reason.RULE)
    assert read.spans


@pytest.mark.parametrize(("language", "text"), SAID)
def test_plain_words_page_however_they_are_typed(language: str, text: str) -> None:
    bare = "".join(c for c in normalize("NFD", text) if c.isascii())
    forms = [text.upper(), text.lower(), f"{text}.", f"  {text}  ", f"{text}!!!", bare]

    assert [form for form in forms if screen(form, LEXICON).label is not Label.ESCALATE] == []


@pytest.mark.parametrize(("language", "text"), SAID)
def test_plain_words_page_in_the_middle_of_an_ordinary_day(language: str, text: str) -> None:
    day = f"Slept six hours, soup for lunch.\n{text}.\nThen the garden with my sister."
    read = screen(day, LEXICON)

    assert read.label is Label.ESCALATE
    assert any(day.index(text) <= span.start < day.index(text) + len(text) for span in read.spans)


@pytest.mark.parametrize("language", sorted(EXPLICIT))
def test_the_rules_that_page_are_named_by_a_language(language: str) -> None:
    speaking = {span.lang for text in EXPLICIT[language] for span in screen(text, LEXICON).spans}

    assert language in speaking


@pytest.mark.parametrize(("language", "text"), QUIET)
def test_idioms_and_effects_of_the_infusion_stay_quiet(language: str, text: str) -> None:
    read = screen(text, LEXICON)

    assert (read.label, read.rule_ids) == (Label.NONE, ())


@pytest.mark.parametrize("language", sorted(HARMLESS))
def test_a_page_of_harmless_lines_stays_quiet(language: str) -> None:
    assert screen("\n".join(HARMLESS[language]), LEXICON).label is Label.NONE


@pytest.mark.parametrize("language", sorted(HARMLESS))
@pytest.mark.parametrize("said", ["I want to kill myself.", "Quiero matarme."])
def test_harmless_lines_never_drown_a_plain_one(language: str, said: str) -> None:
    lines = list(HARMLESS[language])
    half = len(lines) // 2
    text = "\n".join([*lines[:half], said, *lines[half:]])

    assert screen(text, LEXICON).label is Label.ESCALATE


@pytest.mark.parametrize("text", LATIN_WITHOUT_WORDS.values(), ids=list(LATIN_WITHOUT_WORDS))
@pytest.mark.parametrize(
    "parting", [" ", "\n", "\r\n", " \n\n "], ids=["one line", "n", "rn", "nn"]
)
def test_a_language_without_a_lexicon_goes_to_a_human_on_any_lines(text: str, parting: str) -> None:
    read = screen(parting.join(text.split()), LEXICON)

    assert (read.label, read.reason) == (Label.ESCALATE, Reason.SCREENING_UNAVAILABLE)


@pytest.mark.parametrize("text", OTHER_SCRIPTS.values(), ids=list(OTHER_SCRIPTS))
def test_a_script_without_a_lexicon_goes_to_a_human(text: str) -> None:
    read = screen(text, LEXICON)

    assert (read.label, read.reason) == (Label.ESCALATE, Reason.SCREENING_UNAVAILABLE)


@pytest.mark.parametrize("text", OTHER_SCRIPTS.values(), ids=list(OTHER_SCRIPTS))
@pytest.mark.parametrize("template", ["Slept well.\n{}", "{}\nSlept well.", "Soup.\n{}\nGarden."])
def test_one_line_of_another_script_among_others_is_seen(text: str, template: str) -> None:
    assert screen(template.format(text), LEXICON).label is Label.ESCALATE


@pytest.mark.parametrize("text", ["我想死", "Я хочу умереть", "死にたい", "자살"])
def test_a_script_is_seen_with_one_letter_on_each_line(text: str) -> None:
    assert screen("\n".join(text), LEXICON).label is Label.ESCALATE


@pytest.mark.parametrize(
    "text",
    [
        "¯\\_(ツ)_/¯",
        "(눈)",
        "π",
        "Pain 3/10, 37.2 °C, 5 µg, Ω",
        "I had a β blocker",
        "良 is the sign on the door",
        "jalapeño, crème brûlée, Straße",
        "🙂🙂🙂 ♥♥♥ ☀️",
        "— … “quoted” \u2018words\u2019 •",
        "12345 67890",
        "½ tablet, 10 mg \u00d7 2",
    ],
)
def test_a_sign_of_another_script_is_no_other_language(text: str) -> None:
    assert screen(text, LEXICON).label is Label.NONE


@pytest.mark.parametrize(("words", "pages"), [(4, False), (5, True)], ids=["four", "five"])
def test_five_unknown_words_are_needed_to_call_it_unreadable(words: int, *, pages: bool) -> None:
    text = " ".join(["zqar", "wexil", "brontu", "kvesh", "plomf"][:words])

    assert (screen(text, LEXICON).label is Label.ESCALATE) is pages


@pytest.mark.parametrize(("known", "pages"), [(2, True), (3, False)], ids=["eight", "seven"])
def test_more_than_seven_of_ten_words_must_be_unknown(known: int, *, pages: bool) -> None:
    strange = ["zqar", "wexil", "brontu", "kvesh", "plomf", "drimz", "gulthe", "xofar"]
    text = " ".join(["the", "dog", "sleep"][:known] + strange[: 10 - known])

    assert (screen(text, LEXICON).reason is Reason.SCREENING_UNAVAILABLE) is pages


@pytest.mark.parametrize(
    "text",
    [
        "Insomnia, ironing, insomnia, radio, dawn.",
        "Tunnel, light, Gran, cuff, biscuit.",
        "Partido en la tele. Perdimos. Empanadas buenas.",
        "Benfica empatou. Jantei sozinho. Adormeci no sofá.",
        "Boca seca, hipo, sabor metálico.",
    ],
)
def test_a_list_of_ordinary_words_is_readable(text: str) -> None:
    assert screen(text, LEXICON).label is Label.NONE


@pytest.mark.parametrize(
    "text",
    [
        "Bugün hava çok güzeldi, köpeğimle parkta yürüdük.",
        "Idag gick jag till affären och köpte mjölk.",
        "Tänään nukuin hyvin ja kävin kävelyllä metsässä.",
        "Ma reggel sokáig aludtam, utána sétáltam.",
    ],
    ids=["Turkish", "Swedish", "Finnish", "Hungarian"],
)
def test_a_language_nobody_here_reads_is_for_a_human(text: str) -> None:
    assert screen(text, LEXICON).reason is Reason.SCREENING_UNAVAILABLE
