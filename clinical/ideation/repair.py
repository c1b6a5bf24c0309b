"""The third view: what was pulled apart, masked, stretched, reversed or hidden, put together."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby, islice
from string import ascii_lowercase

from clinical.ideation.fold import ANY_I, MASKS, untagged
from clinical.ideation.pattern import Meter
from clinical.ideation.tokens import MARKS, Marked

FEWEST_LETTERS = 3
"""So many single letters in a row are a word that was pulled apart.

Source: house rule; two in a row occur in everyday notes ("a I").
"""
LONGEST_WORD = 12
"""No word that is put together is longer. Source: length of the lexicon's words."""
MOST_REPEATS = 2
"""More equal letters in a row than this are a stretched word ("diiie"). Source: house rule."""

_REVERSED, _REVERSED_ENDS = frozenset("\u202e\u2067"), frozenset("\u202c\u2069\n")
_HYPHENS = frozenset("-\u2010\u2011\u00ad")

_THREE_ALIKE = tuple(letter * (MOST_REPEATS + 1) for letter in ascii_lowercase)

Piece = tuple[str, int]
"""A character and the code point of the text it came from."""


def needs_repair(text: str, plain: str, words: list[str], chars: set[str]) -> bool:
    """Say cheaply whether anything in the text asks for the third view."""
    if not MASKS.isdisjoint(chars) or needs_reorder(text, chars):
        return True
    return _needs_rejoining(plain, words)


def needs_rejoining(words: list[str]) -> bool:
    """Say whether any of these words was stretched, or letters stand alone that were one word."""
    return _needs_rejoining(" ".join(words), words)


def _needs_rejoining(plain: str, words: list[str]) -> bool:
    if list(map(len, words)).count(1) >= FEWEST_LETTERS and _letters_in_a_row(words):
        return True
    return any(map(plain.__contains__, _THREE_ALIKE))


def needs_reorder(text: str, chars: set[str]) -> bool:
    """Say whether characters are reversed, hidden in tags, or split by a hyphen at a line's end."""
    if "-\n" in text or "-\r" in text:
        return True
    return not text.isascii() and any(
        char in _REVERSED or char in _HYPHENS or untagged(char) != char
        for char in chars
        if not char.isascii()
    )


def _letters_in_a_row(words: list[str]) -> bool:
    run = 0
    for word in words:
        run = run + 1 if len(word) == 1 else 0
        if run == FEWEST_LETTERS:
            return True
    return False


def _stretched(word: str) -> bool:
    if len(word) - len(set(word)) < MOST_REPEATS:
        return False
    return any(
        word[at] == word[at - 1] == word[at - 2] and word[at].isalpha()
        for at in range(2, len(word))
    )


def reordered(text: str) -> list[Piece]:
    """Undo reversal, tags and hyphenation, keeping where each character came from."""
    pieces = [(untagged(char), at) for at, char in enumerate(text)]
    return list(_unhyphenated(_unreversed(pieces)))


def _unreversed(pieces: list[Piece]) -> list[Piece]:
    out: list[Piece] = []
    held: list[Piece] | None = None
    for piece in pieces:
        if piece[0] in _REVERSED:
            out.extend(reversed(held or []))
            held = []
        elif held is not None and piece[0] in _REVERSED_ENDS:
            out.extend(reversed(held))
            out.append(piece)
            held = None
        else:
            (out if held is None else held).append(piece)
    out.extend(reversed(held or []))
    return out


def _unhyphenated(pieces: list[Piece]) -> Iterator[Piece]:
    skipping = False
    for at, piece in enumerate(pieces):
        if piece[0] in _HYPHENS and _splits_a_word(pieces, at):
            skipping = True
        elif not (skipping and piece[0].isspace()):
            skipping = False
            yield piece


def _splits_a_word(pieces: list[Piece], at: int) -> bool:
    """Say whether a word goes on behind this hyphen and a line's end.

    Not where the hyphen stands alone, as before an item of a list, nor where another one follows.
    """
    if at + 1 == len(pieces) or pieces[at + 1][0] not in {"\n", "\r"}:
        return False
    behind = next((sign for sign, _ in islice(pieces, at + 1, None) if not sign.isspace()), "")
    return at > 0 and not pieces[at - 1][0].isspace() and behind not in _HYPHENS | {""}


def rejoined(
    marked: list[str], known: Collection[str], masks: Mapping[int, Sequence[str]], meter: Meter
) -> Marked:
    """Join letters that stood alone, unmask and squeeze the other words."""
    read = {word: word for word in MARKS}
    for word in set(marked) - MARKS:
        read[word] = squeezed(unmasked(word, masks, meter) if "*" in word else word, known)
    if not _letters_in_a_row([word for word in marked if word not in MARKS]):
        return Marked([read[word] for word in marked])
    out, cut = Marked([], []), dict[str, list[str]]()
    at = raw = 0
    while at < len(marked):
        word = marked[at]
        letters, behind = _run(marked, at) if len(word) == 1 else ("", at)
        if len(letters) >= FEWEST_LETTERS:
            if letters not in cut:
                cut[letters] = joined(letters.replace(ANY_I, "i"), known)
            at = behind
            for whole in cut[letters]:
                out.add(whole, (raw, raw + len(whole)))
                raw += len(whole)
        else:
            step = word not in MARKS
            out.add(read[word], (raw, raw + step))
            at, raw = at + 1, raw + step
    return out


def _run(marked: list[str], at: int) -> tuple[str, int]:
    letters: list[str] = []
    behind = at
    for place in range(at, len(marked)):
        word = marked[place]
        if len(word) != 1 or word == "*":
            break
        if word not in MARKS:
            letters.append(word)
            behind = place + 1
        elif not letters:
            break
    return "".join(letters), behind


def joined(letters: str, known: Collection[str]) -> list[str]:
    """Cut letters that stood alone into known words: few letters left over, then long words."""
    best: list[tuple[int, int, int]] = [(0, 0, 0)]
    for end in range(1, len(letters) + 1):
        choices = [(best[end - 1][0] + 1, best[end - 1][1], end - 1)]
        choices += [
            (best[start][0], best[start][1] - (end - start) ** 2, start)
            for start in range(max(0, end - LONGEST_WORD), end)
            if letters[start:end] in known
        ]
        best.append(min(choices))
    cuts: list[str] = []
    end = len(letters)
    while end:
        start = best[end][2]
        cuts.append(letters[start:end])
        end = start
    return cuts[::-1]


def squeezed(word: str, known: Collection[str]) -> str:
    """Take a stretched word back to two or one of each repeated letter, whichever is known."""
    if not _stretched(word):
        return word
    runs = [(letter, sum(1 for _ in group)) for letter, group in groupby(word)]
    double = "".join(letter * min(count, MOST_REPEATS) for letter, count in runs)
    single = "".join(letter if count > MOST_REPEATS else letter * count for letter, count in runs)
    bare = "".join(letter for letter, _ in runs)
    return next((each for each in (single, double, bare) if each in known), single)


def unmasked(word: str, masks: Mapping[int, Sequence[str]], meter: Meter) -> str:
    """Read a word with letters masked by asterisks as the trigger that fits, if one does."""
    bare = word.strip("*")
    if "*" not in bare:
        return bare or word
    likely = masks.get(len(bare), ()) if bare.count("*") <= len(bare) / 2 else ()
    meter.take(len(likely))
    return next((each for each in likely if _fits(bare, each)), bare.replace("*", ""))


def _fits(masked: str, word: str) -> bool:
    return all(mask in {"*", ANY_I, letter} for mask, letter in zip(masked, word, strict=True))
