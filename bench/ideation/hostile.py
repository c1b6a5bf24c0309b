"""The longest that stage 1 takes over texts made to slow it: `python -m bench.ideation.hostile`.

Each text is up to 10,000 code points of what costs the reader most: words that patterns hang on,
near misses of long words, letters apart, masks, stops, digits for letters, other alphabets.
The texts are the same in every run, the slowest are named by their seed. Times are those of the
processor: what else a machine does while it reads 100,000 texts says nothing of the reader.
"""

import random
import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import track

from bench.machine import percentile
from clinical.ideation import load_lexicon, screen_note
from clinical.ideation.screen import LONGEST_TEXT

TEXTS = 100_000
SLOWEST_SHOWN = 5
SIGNS = "*#!|@$0135.,;:?-_'\u2019\n \u200b\u202e\u00e9\u0430\U0001f642\u4e00"


def makers(rng: random.Random) -> list[Callable[[], str]]:
    """List ways to make one word of a hostile text."""
    lexicon = load_lexicon()
    triggers, segments = sorted(lexicon.triggers), sorted(lexicon.segments)

    def masked() -> str:
        return "".join(rng.choice("*#" + letter * 2) for letter in rng.choice(triggers))

    def slipped() -> str:
        letters = list(rng.choice(segments))
        letters[rng.randrange(len(letters))] = rng.choice("qxzj")
        return "".join(letters) + rng.choice("abcdefgh")

    return [
        lambda: rng.choice(triggers),
        lambda: rng.choice(segments),
        lambda: rng.choice("abcdeiklmnorstu"),
        lambda: rng.choice(SIGNS) * rng.randint(1, 9),
        lambda: rng.choice("aeiou") * rng.randint(3, 30),
        lambda: "".join(rng.choice("i1!|l") for _ in range(rng.randint(2, 12))),
        masked,
        slipped,
    ]


def hostile(seed: int) -> str:
    """Make one text: few kinds of words, many of each."""
    rng = random.Random(seed)  # the same texts in every run
    kinds = rng.sample(makers(rng), rng.randint(1, 3))
    parts = [rng.choice(kinds)() for _ in range(rng.randint(1, 40))]
    between = rng.choice((" ", " ", "", "\n", ". ", "."))
    length = int(LONGEST_TEXT ** rng.uniform(0.4, 1.0))
    text = between.join(parts)
    return (text * (length // max(len(text), 1) + 1))[:length]


def main() -> None:
    """Print how long the screen takes over hostile texts."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else TEXTS
    console, lexicon = Console(width=130), load_lexicon()
    times: list[tuple[float, int, int]] = []
    for seed in track(range(count), "reading", console=console, transient=True):
        text = hostile(seed)
        began = time.process_time()
        screen_note(text, lexicon)
        times.append(((time.process_time() - began) * 1000, seed, len(text)))
    taken = [each[0] for each in times]
    shares = ", ".join(
        f"p{share:.1%} {percentile(taken, share):.1f}" for share in (0.5, 0.99, 0.999)
    )
    console.print(
        f"{count} hostile texts, milliseconds of processor: {shares}, worst {max(taken):.1f}"
    )
    for took, seed, length in sorted(times, reverse=True)[:SLOWEST_SHOWN]:
        console.print(f"  {took:.1f} ms: seed {seed}, {length} code points")


if __name__ == "__main__":
    main()
