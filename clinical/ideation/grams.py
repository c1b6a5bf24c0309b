"""The pieces of words a text is made of, as numbers: what the wording half of stage 2 weighs.

Linear in the length of the text; no table of words is kept, so a release holds none of the corpus.
"""

import unicodedata
from collections.abc import Iterator
from zlib import crc32

BUCKETS = 1 << 18
"""Numbers a piece may have; two that share one are rare enough not to matter."""
LONGEST_PHRASE = 3
SHORTEST_PART, LONGEST_PART = 2, 5


def words_of(text: str) -> list[str]:
    """Split into words: small letters, no accents, digits kept, apostrophes inside a word kept."""
    plain = unicodedata.normalize("NFKD", text.casefold()).replace("\u2019", "'")
    kept = (c if c.isalnum() or c == "'" else " " for c in plain if not unicodedata.combining(c))
    return "".join(kept).split()


def pieces_of(text: str) -> Iterator[str]:
    """Yield phrases of up to three words, and parts of two to five signs of each word."""
    words = words_of(text)
    for size in range(1, LONGEST_PHRASE + 1):
        for at in range(len(words) - size + 1):
            yield " ".join(words[at : at + size])
    for word in words:
        padded = f"_{word}_"
        for size in range(SHORTEST_PART, LONGEST_PART + 1):
            for at in range(len(padded) - size + 1):
                yield "~" + padded[at : at + size]


def grams(text: str) -> list[int]:
    """Return the numbers of a text's pieces, each once, in order."""
    return sorted({crc32(piece.encode()) % BUCKETS for piece in pieces_of(text)})
