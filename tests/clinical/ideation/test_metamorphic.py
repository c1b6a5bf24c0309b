"""The development file, changed in every way a phone or a person changes a text.

A label must not fall. Where a few rows do fall today they are counted: the numbers are upper
bounds that may only go down.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast
from unicodedata import combining, normalize

import pytest

from clinical.ideation import Label, Screening, load_lexicon, screen
from tests.clinical.ideation.disguise import BENIGN, EXPLICIT, SPELLINGS, TAGS

LEXICON = load_lexicon()
DATA = Path(__file__).parents[2] / "data" / "checklist_dev.jsonl"
ROWS = [cast("dict[str, str]", json.loads(line)) for line in DATA.read_text("utf-8").splitlines()]
READ: dict[str, Screening] = {row["id"]: screen(row["text"], LEXICON) for row in ROWS}
PAGING = [row for row in ROWS if READ[row["id"]].label is Label.ESCALATE]
READING = [row for row in ROWS if READ[row["id"]].label is Label.REVIEW]
QUIET = [row for row in ROWS if READ[row["id"]].label is Label.NONE]
DAY = "Slept six hours and walked the dog. Soup with my sister. "
GREEK = str.maketrans("aoivupTtkABEIOK", "αοινυρΤτκΑΒΕΙΟΚ")
Change = Callable[[str], str]


def alphabet(first: int) -> Change:
    """Write in another alphabet of Unicode, by the code point of its letter a."""
    small = {code: code - ord("a") + first for code in range(ord("a"), ord("z") + 1)}
    return lambda text: text.lower().translate(small)


def split_words(mark: str) -> Change:
    return lambda text: text.replace(" ", mark)


def in_the_middle(text: str) -> str:
    half = BENIGN.rfind(". ", 0, len(BENIGN) // 2) + 2
    return f"{BENIGN[:half]}\n{text}\n{BENIGN[half:]}"


def struck_through(text: str) -> str:
    return "".join(f"{char}\u0336" if char.isalpha() else char for char in text)


def zalgo(text: str) -> str:
    return "".join(char + "\u0301\u0323\u0308" * 10 * char.isalpha() for char in text)


def without_marks(text: str) -> str:
    return "".join(char for char in normalize("NFD", text) if not combining(char))


CHANGES: dict[str, Change] = {
    "mixed case": lambda t: "".join(c.upper() if n % 2 else c.lower() for n, c in enumerate(t)),
    "title case": str.title,
    "swapped case": str.swapcase,
    "compatibility form": lambda t: normalize("NFKC", t),
    "fully decomposed": lambda t: normalize("NFKD", t),
    "no marks, upper case": lambda t: without_marks(t).upper(),
    "Greek look-alikes": lambda t: t.translate(GREEK),
    "mathematical bold": alphabet(0x1D41A),
    "mathematical script": alphabet(0x1D4EA),
    "typewriter": alphabet(0x1D68A),
    "circled letters": alphabet(0x24D0),
    "struck through": struck_through,
    "thirty marks a letter": zalgo,
    "no-break spaces": split_words("\u00a0"),
    "two spaces": split_words("  "),
    "tabs": split_words("\t"),
    "line separators": split_words("\u2028"),
    "old line ends": split_words("\r"),
    "blank lines": split_words("\n\n"),
    "underscores": split_words("_"),
    "emoji between words": split_words(" 🙂 "),
    "joiners around spaces": split_words("\u200d \u200d"),
    "nul after words": split_words("\0 "),
    "no apostrophes": lambda t: t.replace("'", ""),
    "three dots": lambda t: t.replace(".", "…"),
    "stops without spaces": lambda t: t.replace(". ", "."),
    "in quotation marks": lambda t: f'"{t}"',
    "in angled quotation marks": lambda t: f"«{t}»",
    "in brackets": lambda t: f"({t})",
    "in bold": lambda t: f"**{t}**",
    "in code": lambda t: f"`{t}`",
    "crossed out": lambda t: f"~~{t}~~",
    "in markup": lambda t: f"<p>{t}</p>",
    "as a list item": lambda t: f"- {t}",
    "as a numbered item": lambda t: f"1. {t}",
    "as a reply": lambda t: f"> > {t}",
    "as an answer": lambda t: f"Note: {t}",
    "under the day's numbers": lambda t: f"Mood 3/10. Sleep 6 h. Pain 2/10.\n{t}",
    "with a byte order mark": lambda t: f"\ufeff{t}",
    "in tag characters": lambda t: t.translate(TAGS),
    "zero width, upper case": lambda t: "\u200b".join(t.upper()),
    "look-alikes on lines": lambda t: t.translate(GREEK).replace(" ", "\r\n"),
    "twice": lambda t: f"{t}\n{t}",
    "after a short day": lambda t: DAY + t,
    "between short days": lambda t: f"{DAY}\n\n{t}\n\n{DAY}",
    "in a long day": in_the_middle,
    "behind a long day, same line": lambda t: BENIGN + t,
    "digits for letters": lambda t: t.translate(str.maketrans("ieo", "130")),
}
"""Nothing may fall under these."""

FALLING: dict[str, tuple[Change, int, int]] = {
    "stops left out": (lambda t: "".join(c for c in t if c not in ".,;:!?"), 2, 0),
    "three exclamation marks": (lambda t: t.replace(".", "!!!"), 1, 1),
    "every word in asterisks": (lambda t: " ".join(f"*{w}*" for w in t.split()), 1, 1),
    "before a short day, same line": (lambda t: f"{t} {DAY}", 1, 1),
    "e stretched": (lambda t: t.replace("e", "eee"), 2, 2),
    "i stretched": (lambda t: t.replace("i", "iiii"), 3, 3),
    "letters apart": (EXPLICIT["letters apart"], 11, 7),
    "letters dotted": (EXPLICIT["letters dotted"], 12, 8),
    "letters dashed": (lambda t: "-".join(t.replace(" ", "")), 11, 7),
    "words of letters apart": (lambda t: "   ".join(" ".join(w) for w in t.split()), 11, 7),
    "mirrored": (EXPLICIT["mirrored"], 1, 1),
    "leet": (EXPLICIT["leet"], 1, 1),
}
"""A change, how many paging rows fall under it today, and how many of those to silence."""


def fallen(rows: list[dict[str, str]], change: Change) -> dict[str, Label]:
    """Give the rows whose label is lower after the change."""
    after = {row["id"]: screen(change(row["text"]), LEXICON).label for row in rows}
    return {name: label for name, label in after.items() if label.rank < READ[name].label.rank}


def test_there_is_enough_to_change() -> None:
    assert len(PAGING) >= 170
    assert len(READING) >= 80
    assert len(QUIET) >= 110


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_no_label_falls(change: Change) -> None:
    assert fallen(PAGING, change) == {}


@pytest.mark.parametrize("name", [*CHANGES, *SPELLINGS])
def test_what_somebody_reads_is_never_silenced(name: str) -> None:
    assert fallen(READING, {**CHANGES, **SPELLINGS}[name]) == {}


@pytest.mark.parametrize(("change", "most", "silent"), FALLING.values(), ids=list(FALLING))
def test_no_more_labels_fall_than_before(change: Change, most: int, silent: int) -> None:
    found = fallen(PAGING, change)

    assert len(found) <= most
    assert sum(label is Label.NONE for label in found.values()) <= silent


@pytest.mark.parametrize("change", SPELLINGS.values(), ids=list(SPELLINGS))
def test_statements_that_hide_already_survive_one_more_disguise(change: Change) -> None:
    hidden = [row for row in PAGING if row["category"] == "obfuscation"]

    assert fallen(hidden, change) == {}


@pytest.mark.parametrize(
    "name",
    ["upper case", "zero width", "look-alikes", "wide spaces", "quoted", "emoji behind"],
)
def test_harmless_rows_stay_harmless(name: str) -> None:
    raised = [row["id"] for row in QUIET if screen(SPELLINGS[name](row["text"]), LEXICON).rule_ids]

    assert raised == []


@pytest.mark.parametrize("name", ["mixed case", "in bold", "in brackets", "tabs", "as a list item"])
def test_the_form_of_a_note_alone_pages_nobody(name: str) -> None:
    raised = [row["id"] for row in QUIET if screen(CHANGES[name](row["text"]), LEXICON).rule_ids]

    assert raised == []


@pytest.mark.parametrize(
    "text",
    [
        "**s u i c i d a l today**",
        "*i want to d i e*",
        "**S.U.I.C.I.D.E.**",
        "#s u i c i d e#",
        "\uff4b\uff01\uff4c\uff4c \uff4d\uff59\uff53\uff45\uff4c\uff46",
        "\uff4d\uff59 \uff53\uff55\uff11\uff43\uff11\uff44\uff45 \uff50\uff4c\uff41\uff4e",
    ],
)
def test_two_disguises_at_once_page(text: str) -> None:
    assert screen(text, LEXICON).label is Label.ESCALATE
