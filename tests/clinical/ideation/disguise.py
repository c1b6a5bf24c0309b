"""Ways in which the same statement may be written or hidden; none may lower its label."""

import unicodedata
from collections.abc import Callable

BENIGN = (
    "Slept six hours and walked the dog in the morning. Soup with my sister, then the garden. "
    "Headache a bit better than before, some nausea after lunch. "
) * 14
CYRILLIC = (
    "\u0430\u0441\u0435\u0456\u043e\u0440\u0455\u0445\u0443"
    "\u0410\u0421\u0415\u041d\u041a\u041c\u041e\u0420\u0422\u0425"
)
LOOKALIKES = str.maketrans("aceiopsxyACEHKMOPTX", CYRILLIC)
LEET = str.maketrans("ieoas", "!30@$")
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
TAGS = {code: code + 0xE0000 for code in range(0x20, 0x7F)}


def without_marks(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def between_letters(mark: str) -> Callable[[str], str]:
    return mark.join


def spaced(text: str) -> str:
    return " ".join(text.replace(" ", ""))


def mirrored(text: str) -> str:
    return f"\u202e{text[::-1]}\u202c"


def hyphenated(text: str) -> str:
    words = [word if len(word) < 6 else f"{word[:3]}-\n{word[3:]}" for word in text.split(" ")]
    return " ".join(words)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "lower case": str.lower,
    "without accents": without_marks,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "zero width": between_letters("\u200b"),
    "soft hyphens": between_letters("\u00ad"),
    "bidi marks": between_letters("\u200f"),
    "nul": between_letters("\0"),
    "look-alikes": lambda text: text.translate(LOOKALIKES),
    "full width": lambda text: text.translate(FULL_WIDTH),
    "curly quotes": lambda text: text.replace("'", "\u2019"),
    "new lines": lambda text: text.replace(" ", "\n"),
    "carriage returns": lambda text: text.replace(" ", "\r\n"),
    "wide spaces": lambda text: text.replace(" ", "\u2003"),
    "emoji behind": lambda text: f"{text} 😭🙏",
    "quoted": lambda text: f"> {text}",
    "benign before": lambda text: f"{BENIGN}\n{text}",
    "benign behind": lambda text: f"{text}\n{BENIGN}",
    "benign around": lambda text: f"{BENIGN}\n{text}\n{BENIGN}",
}
"""Disguises that every statement must survive."""

EXPLICIT: dict[str, Callable[[str], str]] = {
    "leet": lambda text: text.translate(LEET),
    "letters apart": spaced,
    "letters dotted": lambda text: ".".join(text.replace(" ", "")),
    "mirrored": mirrored,
    "in tags": lambda text: "Good day." + text.translate(TAGS),
    "hyphenated": hyphenated,
}
"""Disguises that explicit statements must survive."""
