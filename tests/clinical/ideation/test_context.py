"""What may lower a hit to `review`, and what takes that back."""

import pytest

from clinical.ideation import Label, Reason, load_lexicon, screen

LEXICON = load_lexicon()


def label(text: str) -> Label:
    return screen(text, LEXICON).label


@pytest.mark.parametrize(
    "text",
    [
        "I am not suicidal.",
        "No thoughts of suicide today.",
        "Suicidal thoughts: none.",
        "I would never take my own life.",
        "Mood low but no suicidal ideation.",
        "I stopped wanting to die.",
        "The suicidal thoughts are gone.",
        "Suicidal thoughts have completely disappeared.",
        "My suicidal ideation lifted the day after and hasn't returned.",
        "I used to wish I was dead every morning.",
        "I attempted suicide in 2016.",
        "Ten years ago I wanted to die.",
        "My brother killed himself.",
        "A friend from group died by suicide last week.",
        "My daughter told me she wants to die.",
        "Watched a documentary about suicide.",
        "World Suicide Prevention Day walk.",
        "The nurse asked about suicide and I said no.",
        "Not suicidal any more, just tired.",
        "Hoy no tengo ideas suicidas.",
        "Ya no quiero morir.",
        "Je n'ai plus envie de mourir.",
        "Pas d'idées suicidaires.",
        "Heute keine Suizidgedanken.",
        "Seit der Infusion will ich nicht mehr sterben.",
        "Não quero mais morrer.",
    ],
)
def test_a_clear_denial_history_or_other_person_is_read_later(text: str) -> None:
    assert label(text) is Label.REVIEW


@pytest.mark.parametrize(
    "text",
    [
        "I can't say I'm not suicidal.",
        "I can't honestly say that I'm not suicidal.",
        "It's not true that I never think about killing myself.",
        "Not a day without thoughts of suicide.",
        "I'm not saying I don't want to die.",
        "No plan but I keep thinking about suicide.",
        "No active SI, passive thoughts only.",
        "Not in danger. I do think about ending my life though.",
        "I said I was no longer suicidal but that isn't quite right.",
        "I don't want to die today, tomorrow I'm not sure.",
        "They asked about suicide and I said no but I lied.",
        "The nurse asked whether I had thoughts of suicide and I said yes.",
        "Watched a film about a suicide and it made me want to do the same.",
        "Suicidal thoughts gone in the morning, back by the evening.",
        "Ten years ago I wanted to die and today I want to die again.",
        "My wife knows that I want to die.",
        "I did not sleep and I want to die.",
        "Am I not suicidal?",
        "Not suicidal yet. Suicidal tomorrow maybe.",
        "My brother killed himself. I want to kill myself.",
        "I am not hungry, I am suicidal.",
        "No puedo decir que no quiero morir.",
        "Ich will nicht mehr sterben, aber manchmal doch.",
    ],
)
def test_doubt_turns_and_other_clauses_raise(text: str) -> None:
    assert label(text) is Label.ESCALATE


@pytest.mark.parametrize(
    "text",
    [
        "I don't want to live anymore.",
        "I wish I had never been born.",
        "No reason to go on living.",
        "I never want to wake up again, not tomorrow, not ever, no will to live.",
        "Nothing to live for.",
        "Everyone is better off without me.",
    ],
)
def test_a_negation_that_is_part_of_the_statement_does_not_lower_it(text: str) -> None:
    assert label(text) is Label.ESCALATE


def test_what_was_lowered_says_so() -> None:
    read = screen("I am not suicidal.", LEXICON)

    assert read.reason is Reason.CONTEXT
    assert read.rule_ids == ("en.word.suicide",)


def test_one_hit_that_stands_raises_all_the_others() -> None:
    assert label("Not suicidal. I keep thinking about suicide.") is Label.ESCALATE


def test_a_cue_reaches_only_its_own_clause() -> None:
    assert label("I am not well. I am suicidal.") is Label.ESCALATE
    assert label("I feel suicidal. My headache is gone.") is Label.ESCALATE
    assert label("Suicidal. None of the walks helped.") is Label.ESCALATE


def test_an_appointment_tomorrow_is_no_threat() -> None:
    assert label("No suicidal thoughts. Next infusion tomorrow.") is Label.REVIEW
    assert label("No suicidal thoughts. We will see tomorrow.") is Label.ESCALATE


def test_dictation_without_stops_is_never_lowered() -> None:
    long = "and then we walked to the shop " * 12

    assert label(f"no suicidal thoughts {long}") is Label.ESCALATE


def test_more_mentions_than_anybody_writes_are_not_lowered() -> None:
    assert label("I am not suicidal. " * 60) is Label.ESCALATE


@pytest.mark.parametrize(
    "text",
    [
        "Felt like I was dying during the infusion, then it was peaceful.",
        "Ego death, peaceful, no fear.",
        "I wanted to disappear into the music.",
        "Thought I had died for a second and then heard the nurse's voice.",
        "This headache is killing me.",
        "I'd die for a coffee right now.",
        "I shot myself in the foot by skipping lunch.",
        "Cut myself a slice of cake.",
        "I hurt myself lifting the sofa.",
        "Me muero de hambre.",
        "Ce mal de tête me tue.",
        "Diese Kopfschmerzen bringen mich um.",
        "Essa dor de cabeça está me matando.",
    ],
)
def test_idioms_and_words_of_the_infusion_are_no_hit(text: str) -> None:
    assert label(text) is Label.NONE
