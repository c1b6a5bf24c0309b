"""How well the text screen does on texts nobody tuned on: `make bench-ideation`.

Every text goes through the functions of ingest and worker, as with `afterglow screen`. Shares are
printed with their 95 % interval (Wilson). `--final` reads the set that is looked at once a release.
"""

import random
import resource
import sys
import time
import timeit
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.ideation.corpus import UNSEEN, Row, development, load_file
from bench.machine import percentile
from clinical.ideation import Label, highest, load_lexicon, screen_note
from clinical.share import Share
from worker.meaning import load_model

FINAL = "final"
NOTES = {500: 1_000, 10_000: 100}
"""Made-up notes that stage 1 is timed with: how long, and how many."""
HARD = frozenset({"ketamine_effect", "idiom"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A text, and what rules, model and both together made of it."""

    row: Row
    rules: Label
    both: Label


def share(answers: Iterable[Answer], label: str, holds: Callable[[Answer], bool]) -> Share:
    """Count, among the texts that should have a label, those of which something holds."""
    own = [answer for answer in answers if answer.row.label == label]
    return Share(sum(holds(answer) for answer in own), len(own))


MEASURES: dict[str, tuple[str, Callable[[Answer], bool]]] = {
    "escalate: paged": ("escalate", lambda a: a.both is Label.ESCALATE),
    "escalate: seen by a human": ("escalate", lambda a: a.both is not Label.NONE),
    "escalate: paged by stage 1 alone": ("escalate", lambda a: a.rules is Label.ESCALATE),
    "none: not paged": ("none", lambda a: a.both is not Label.ESCALATE),
    "none: neither page nor feed": ("none", lambda a: a.both is Label.NONE),
    "none: not paged by stage 1": ("none", lambda a: a.rules is not Label.ESCALATE),
    "review: seen by a human": ("review", lambda a: a.both is not Label.NONE),
    "review: paged": ("review", lambda a: a.both is Label.ESCALATE),
}


@dataclass(frozen=True, slots=True)
class Run:
    """What was read, and how long each stage took over each text, in milliseconds."""

    answers: list[Answer] = field(default_factory=list[Answer])
    first: list[float] = field(default_factory=list[float])
    second: list[float] = field(default_factory=list[float])


def read_all(rows: Sequence[Row], console: Console) -> Run:
    """Read every text by itself, as it arrives in life."""
    lexicon, model, run = load_lexicon(), load_model(), Run()
    for row in track(rows, "reading", console=console, transient=True):
        began = time.perf_counter()
        rules = screen_note(row.text, lexicon).label
        between = time.perf_counter()
        [meaning] = model.read([row.text])
        run.second.append((time.perf_counter() - between) * 1000)
        run.first.append((between - began) * 1000)
        run.answers.append(Answer(row, rules, highest(rules, meaning.label)))
    return run


def stitched(rows: Sequence[Row], length: int, count: int) -> list[str]:
    """Make notes of a length out of harmless texts, the same in every run."""
    rng, texts = random.Random(length), [row.text for row in rows if row.label == "none"]
    notes: list[str] = []
    for _ in range(count):
        note = ""
        while len(note) < length:
            note += rng.choice(texts) + rng.choice((" ", ". ", "\n"))
        notes.append(note[:length])
    return notes


def times_of(notes: Sequence[str]) -> list[float]:
    """Read each note with stage 1, in milliseconds: the best of three, so that it is ours."""
    lexicon = load_lexicon()
    return [
        min(timeit.repeat(lambda note=note: screen_note(note, lexicon), number=1, repeat=3)) * 1000
        for note in notes
    ]


def show(console: Console, answers: Sequence[Answer], groups: Sequence[str]) -> None:
    """Print every measure for every group of texts."""
    table = Table(title="Share of texts [95 % interval]")
    table.add_column("")
    for group in groups:
        table.add_column(group, justify="right")
    for name, (label, holds) in MEASURES.items():
        table.add_row(
            name,
            *(
                str(share([a for a in answers if a.row.author == group], label, holds))
                for group in groups
            ),
        )
    console.print(table)


def show_kinds(console: Console, answers: Sequence[Answer]) -> None:
    """Print what is paged and seen by language and, where there are enough, by theme."""
    table = Table(title="Unseen texts that must page, by kind")
    for column in ("kind", "texts", "paged", "seen by a human"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    unseen = [a for a in answers if a.row.author != "development" and a.row.label == "escalate"]
    for kind, of in (("lang", lambda r: r.lang), ("theme", lambda r: r.theme)):
        names = sorted({of(a.row) for a in unseen})
        for name in names:
            own = [a for a in unseen if of(a.row) == name]
            if len(own) >= 8:  # fewer say nothing
                paged = Share(sum(a.both is Label.ESCALATE for a in own), len(own))
                seen = Share(sum(a.both is not Label.NONE for a in own), len(own))
                table.add_row(f"{kind} {name}", str(len(own)), str(paged), str(seen))
    console.print(table)


def main() -> None:
    """Print the figures of the README."""
    console = Console(width=130)
    files = [
        file
        for file in sorted(UNSEEN.glob("*.jsonl"))
        if (file.stem == FINAL) == ("--final" in sys.argv)
    ]
    rows = [row for file in files for row in load_file(file)]
    if "--final" not in sys.argv:
        rows += development()
    run = read_all(rows, console)
    show(console, run.answers, sorted({row.author for row in rows}))
    show_kinds(console, run.answers)
    unseen = [a for a in run.answers if a.row.author != "development"]
    hard = [a for a in unseen if a.row.theme in HARD and a.row.label == "none"]
    paged = Share(sum(a.both is Label.ESCALATE for a in hard), len(hard))
    console.print(f"ketamine effects and idioms paged: {paged} of {len(hard)}")
    timed = {"stage 1": run.first, "stage 2": run.second} | {
        f"stage 1, {length} code points": times_of(stitched(rows, length, count))
        for length, count in NOTES.items()
    }
    for name, times in timed.items():
        figures = ", ".join(
            f"p{int(p * 100)} {percentile(times, p):.2f}" for p in (0.5, 0.95, 0.99)
        )
        console.print(f"{name}, milliseconds a text: {figures}")
    console.print(f"resident {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
