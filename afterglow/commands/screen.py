"""`afterglow screen`: read texts from a file as ingest and worker would, with nothing running."""

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import track

from clinical.ideation import Label, Reason, Screening, load_lexicon, screen_note, unavailable
from clinical.ideation.lexicon import Lexicon
from clinical.ideation.meaning import Meaning
from worker.log import configure_log
from worker.second_reading import Reader, read_or_ask

TEXTS_AT_ONCE = 32
MODEL_RULE = "ideation.model"
CANNOT_OPEN = 2

encode = msgspec.json.Encoder().encode


class Row(msgspec.Struct):
    """One text to read; whatever else stands in its line is left alone."""

    text: str
    id: str | int | None = None


@click.command()
@click.option("--in", "source", type=click.Path(path_type=Path), required=True, help="JSON lines.")
@click.option(
    "--out", "target", type=click.Path(path_type=Path), required=True, help="The answers."
)
@click.option(
    "--stage",
    type=click.Choice(["1", "2"]),
    default="2",
    show_default=True,
    help="1: the rules alone; 2: the rules, then the model.",
)
def screen(source: Path, target: Path, stage: str) -> None:
    r"""Screen texts for suicidality, offline.

    Each line of the input is {"id": ..., "text": ...}; each line of the output, in the same order,
    {"id", "label", "spans", "rule_ids", "stage", "reason"}. Spans are code points of the text. A
    line that cannot be read is answered with `escalate`. Ends with 0 when every line has an answer,
    with 2 when a file cannot be opened or written.
    """
    configure_log("ERROR", sys.stderr.buffer)
    reader = model() if stage == "2" else None
    try:
        lines = source.read_bytes().splitlines()
        write_aside(target, answers(lines, load_lexicon(), reader))
    except OSError as error:
        click.echo(f"Error: {error.filename or target}: {error.strerror}.", err=True)
        sys.exit(CANNOT_OPEN)


def model() -> Reader:
    """Load the model of stage 2."""
    from worker.meaning import load_reader  # noqa: PLC0415 # numpy and weights, for stage 2 only

    return load_reader()


def write_aside(target: Path, lines: Iterable[bytes]) -> None:
    """Write a file that is there whole or not at all."""
    target_folder = target.absolute().parent
    with tempfile.NamedTemporaryFile(dir=target_folder, delete=False) as file:
        try:
            file.writelines(lines)
        except BaseException:
            os.unlink(file.name)  # noqa: PTH108 # the name is a string here
            raise
    Path(file.name).replace(target)


def answers(lines: Sequence[bytes], lexicon: Lexicon, reader: Reader | None) -> Iterator[bytes]:
    """Answer line by line, some at a time: a model reads many texts faster than one."""
    rest = iter(track(lines, "screening", console=Console(stderr=True), transient=True))
    while some := list(islice(rest, TEXTS_AT_ONCE)):
        rows = [row_of(line) for line in some]
        notes = [row.text if isinstance(row, Row) else "" for row in rows]
        meant = read_or_ask(reader, notes) if reader else [None] * len(notes)
        for row, meaning in zip(rows, meant, strict=True):
            yield encode(answer(row, meaning, lexicon)) + b"\n"


def row_of(line: bytes) -> Row | Any:
    """Read one line; what is no text keeps its id, if it has one."""
    try:
        return msgspec.json.decode(line, type=Row)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        try:
            return msgspec.json.decode(line)["id"]
        except (msgspec.MsgspecError, UnicodeDecodeError, TypeError, KeyError, IndexError):
            return None


def answer(row: Row | Any, meaning: Meaning | None, lexicon: Lexicon) -> dict[str, Any]:
    """Combine what rules and model say of one text: the higher label stands."""
    if not isinstance(row, Row):
        return told(row, unavailable(lexicon.version), None)
    return told(row.id, screen_note(row.text, lexicon), meaning)


def told(name: Any, read: Screening, meaning: Meaning | None) -> dict[str, Any]:
    """Write one answer."""
    spans = [
        {"start": s.start, "end": s.end, "rule_id": s.rule_id, "lang": s.lang} for s in read.spans
    ]
    rules = set(read.rule_ids)
    label, reason, stage = Label(read.label), Reason(read.reason), 1
    if meaning is not None and meaning.label.rank > label.rank:
        label, reason, stage = meaning.label, meaning.reason, 2
    if meaning is not None and meaning.spans:
        rules.add(MODEL_RULE)
        spans += [
            {"start": start, "end": end, "rule_id": MODEL_RULE, "lang": ""}
            for start, end in meaning.spans
        ]
    return {
        "id": name,
        "label": label,
        "spans": sorted(spans, key=lambda span: (span["start"], span["end"], span["rule_id"])),
        "rule_ids": sorted(rules),
        "stage": stage,
        "reason": reason,
    }
