"""What can still be read of a body that is refused: it is screened before the answer goes out.

Reading errs on the side of too much. Words that are screened twice cost a little time; words that
are lost may have been a call for help.
"""

import json
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import cast
from urllib.parse import unquote_plus

from api.strict_json import MOST_DIGITS

FEWEST_READABLE = 0.5
"""Share of a body that has to decode; below it nobody can say what the text is."""
SHORT_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
HEX = frozenset("0123456789abcdefABCDEF")
WHITESPACE = " \t\r\n"
SCALAR_BEGINS = frozenset("-0123456789tfn")
LONGEST_SCALAR = 64
"""Characters an answer may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """What a refused body held."""

    text: str
    """All words, for the text screen; empty when there are none."""
    answers: tuple[tuple[str, object], ...]
    """Names and scalars in the order they came, twice where they came twice, for item rules."""
    readable: bool
    """False when less than half decodes: then the screen is unavailable, which is an alert."""


class Members(list[tuple[str, object]]):
    """A JSON object as it was written, duplicate keys and all."""


def salvage_text(raw: bytes, *, names: Collection[str] = ()) -> str | None:
    """Return the words in a refused body, "" when it has none, None when it cannot be read."""
    found = salvage(raw, names=names)
    if found is None:
        return ""
    return found.text if found.readable else None


def salvage(raw: bytes, *, names: Collection[str] = ()) -> Salvaged | None:
    """Read a refused body as far as possible; None when there is not a letter or digit in it.

    `names` are members of the contract and ids of items. In a damaged body they are left out of
    the text, because the patient did not write them, and what stands behind them is an answer.
    """
    texts: list[str] = []
    answers: list[tuple[str, object]] = []
    letters = readable = False
    for text in readings(raw):
        readable = True
        letters = letters or any(map(str.isalnum, text))
        whole = parse_leniently(text)
        if whole:
            texts.append("\n".join(strings_of(whole)))
            answers.extend(scalars_of(whole))
        else:
            rest, found = read_damaged(text, frozenset(names))
            answers.extend(found)
            texts.append(undo_escapes(rest))
    if not letters and (readable or not raw):
        return None
    words = mend("\n".join(filter(None, texts)))
    return Salvaged(text=words, answers=tuple(answers), readable=readable)


def readings(raw: bytes) -> Iterator[str]:
    """Yield the body as text, in each encoding in which at least half of it makes sense."""
    encoding = json.detect_encoding(raw)
    if not encoding.startswith("utf-8"):
        text = raw.decode(encoding, "replace").removeprefix("\ufeff")
        if text.count("\ufffd") <= len(text) * FEWEST_READABLE:
            yield text
            if not any(raw[2::2]) or not any(raw[3::2]):
                return  # plain ASCII in UTF-16: as UTF-8 it is the same with a NUL between
    readable = len(raw.decode("utf-8", "ignore").encode())
    if raw and readable >= len(raw) * FEWEST_READABLE:
        yield raw.decode("utf-8", "replace").removeprefix("\ufeff")


def parse_leniently(text: str) -> list[object]:
    """Parse JSON with every tolerance there is, into a list of one; empty when it is damaged."""
    try:
        return [cast("object", lenient_json.decode(text))]
    except (ValueError, RecursionError):
        return []


def walk(values: list[object]) -> Iterator[object]:
    """Yield parsed values and everything inside them, in the order it was written."""
    pending = values[::-1]
    while pending:
        found = pending.pop()
        yield found
        if isinstance(found, Members):
            pending.extend(member for _, member in reversed(found))
        elif isinstance(found, list):
            pending.extend(reversed(cast("list[object]", found)))


def strings_of(values: list[object]) -> Iterator[str]:
    """Yield every string, and every key that reads like prose and not like a name in a program."""
    for found in walk(values):
        if isinstance(found, str):
            yield found
        elif isinstance(found, Members):
            yield from (key for key, _ in found if not is_name(key))


def is_name(key: str) -> bool:
    """Say whether a key looks like `occurred_at`."""
    return key.isascii() and key.replace("_", "").replace("-", "").replace(".", "").isalnum()


def scalars_of(values: list[object]) -> Iterator[tuple[str, object]]:
    """Yield every member whose value is no container."""
    for found in walk(values):
        if isinstance(found, Members):
            yield from (pair for pair in found if not isinstance(pair[1], list))


def read_damaged(text: str, names: Collection[str]) -> tuple[str, list[tuple[str, object]]]:
    """Leave the names of the contract out of damaged JSON, and read the scalars behind them."""
    parts = text.split('"')
    answers: list[tuple[str, object]] = []
    for i, name in enumerate(parts[:-1]):
        if name in names and (after := parts[i + 1].lstrip(WHITESPACE)).startswith(":"):
            parts[i] = ""
            number = after[1:LONGEST_SCALAR].strip(WHITESPACE)
            if number:
                answers.extend((name, value) for value in read_scalar(number))
            elif i + 3 < len(parts):
                answers.append((name, parts[i + 2][:LONGEST_SCALAR]))
    return '"'.join(parts), answers


def read_scalar(text: str) -> Iterator[object]:
    """Yield the number or constant that a text begins with, if it does."""
    if text[0] in SCALAR_BEGINS:
        with suppress(ValueError):
            yield lenient_json.raw_decode(text)[0]


def undo_escapes(text: str) -> str:
    """Undo the escapes of JSON, or of a form, in a text that is damaged or was neither."""
    if '"' not in text:
        encoded = "=" in text and not set(text) & set(WHITESPACE)
        return f"{text}\n{unquote_plus(text)}" if encoded else text
    first, *rest = text.split("\\")
    pieces = [first]
    escaped = False
    for piece in rest:
        pieces.append(piece if escaped else undo_escape(piece))
        escaped = not escaped and not piece
    return "".join(pieces)


def undo_escape(piece: str) -> str:
    """Undo one escape: `piece` is what follows the backslash."""
    if not piece:
        return "\\"
    digits = piece[1:5]
    if piece[0] == "u" and len(digits) == len("ffff") and set(digits) <= HEX:
        return chr(int(digits, 16)) + piece[5:]
    if piece[0] in SHORT_ESCAPES:
        return SHORT_ESCAPES[piece[0]] + piece[1:]
    return piece


def mend(text: str) -> str:
    """Join the halves of surrogate pairs and replace what has no other half."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def read_integer(digits: str) -> int | None:
    """Read an integer of any sensible size; a longer one says nothing."""
    return int(digits) if len(digits) <= MOST_DIGITS else None


lenient_json = json.JSONDecoder(object_pairs_hook=Members, parse_int=read_integer, strict=False)
