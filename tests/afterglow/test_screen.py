"""`afterglow screen`: one answer a line, through the functions of ingest and worker."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from afterglow.commands import screen as module
from afterglow.commands.screen import screen
from clinical.ideation import Label, Reason, load_lexicon, screen_note
from clinical.ideation.meaning import Meaning

DARK = "I want to die."
MARCH = "They can give my slot in March to somebody else."


class March:
    """A model that knows one sentence."""

    version = "march"

    def read(self, notes: Sequence[str]) -> list[Meaning]:
        hit = Meaning(label=Label.ESCALATE, reason=Reason.MODEL_HIGH, spans=((0, 5),))
        none = Meaning(label=Label.NONE, reason=Reason.NONE)
        return [hit if "March" in note else none for note in notes]


@pytest.fixture(autouse=True)
def march(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "model", March)


def run(tmp_path: Path, lines: bytes, *options: str) -> tuple[Result, list[dict[str, Any]]]:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(lines)
    result = CliRunner().invoke(screen, ["--in", str(source), "--out", str(target), *options])
    return result, [json.loads(line) for line in target.read_text().splitlines()]


def lines(*texts: str) -> bytes:
    return b"\n".join(
        json.dumps({"id": n, "text": text, "lang": "en"}).encode() for n, text in enumerate(texts)
    )


def test_every_line_has_its_answer_in_order(tmp_path: Path) -> None:
    result, answers = run(tmp_path, lines("Slept well.", DARK, MARCH))

    assert result.exit_code == 0
    told = [(a["id"], a["label"], a["stage"], a["reason"]) for a in answers]
    assert told == [
        (0, "none", 1, "none"),
        (1, "escalate", 1, "rule"),
        (2, "escalate", 2, "model_high"),
    ]
    assert answers[2]["spans"] == [{"start": 0, "end": 5, "rule_id": "ideation.model", "lang": ""}]
    assert answers[2]["rule_ids"] == ["ideation.model"]


def test_the_rules_alone_know_nothing_of_march(tmp_path: Path) -> None:
    _, answers = run(tmp_path, lines(MARCH, DARK), "--stage", "1")

    assert [(a["label"], a["stage"]) for a in answers] == [("none", 1), ("escalate", 1)]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"not json", None),
        (b'{"id": "x", "text": 4}', "x"),
        (b'{"id": "x"}', "x"),
        (b'{"text": "\\ud800", "id": 7}', None),
        (b"\xff\xfe", None),
        (b"[1]", None),
        (b"", None),
    ],
)
def test_what_cannot_be_read_pages(tmp_path: Path, line: bytes, name: object) -> None:
    result, answers = run(tmp_path, line + b"\n" + lines("Slept well."))

    assert result.exit_code == 0
    assert answers[0]["id"] == name
    assert (answers[0]["label"], answers[0]["reason"]) == ("escalate", "screening_unavailable")
    assert answers[1]["label"] == "none"


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    texts = lines(DARK, "Slept well.", MARCH) * 1
    run(tmp_path, texts)
    first = (tmp_path / "out.jsonl").read_bytes()
    run(tmp_path, texts)

    assert (tmp_path / "out.jsonl").read_bytes() == first


def test_labels_and_spans_are_those_of_the_screen(tmp_path: Path) -> None:
    _, [answer] = run(tmp_path, lines(DARK), "--stage", "1")
    read = screen_note(DARK, load_lexicon())

    assert [(s["start"], s["end"], s["rule_id"]) for s in answer["spans"]] == [
        (s.start, s.end, s.rule_id) for s in read.spans
    ]
    assert answer["rule_ids"] == sorted(set(read.rule_ids))


def test_a_file_that_cannot_be_opened_ends_with_two(tmp_path: Path) -> None:
    there = tmp_path / "in.jsonl"
    there.write_bytes(lines(DARK))
    for source, target in ((tmp_path / "no", tmp_path / "out"), (there, tmp_path / "no" / "out")):
        result = CliRunner().invoke(screen, ["--in", str(source), "--out", str(target)])
        assert result.exit_code == 2
        assert "No such file" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl"]


def test_a_run_that_breaks_off_leaves_the_old_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, lines(DARK))
    before = (tmp_path / "out.jsonl").read_bytes()

    def trip(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "answer", trip)
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    CliRunner().invoke(screen, ["--in", str(source), "--out", str(target)])

    assert target.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]
