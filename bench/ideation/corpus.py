"""The authored texts: what may be trained on, and what only measures.

Each file is JSON lines; the first says who wrote it, under which licence, and how it came about.
`corpus/` may be trained on. `unseen/` never is, and no pattern is written with it in view;
`unseen/final.jsonl` is looked at once a release.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
UNSEEN = HERE / "unseen"
DEVELOPMENT = HERE.parents[1] / "tests" / "data" / "checklist_dev.jsonl"
LABELS = ("escalate", "review", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One text, who wrote it, and what two careful readers should make of it."""

    id: str
    text: str
    lang: str
    label: str
    theme: str
    register: str
    author: str


def load_file(file: Path) -> list[Row]:
    """Read one file."""
    first, *lines = file.read_text(encoding="utf-8").splitlines()
    author = json.loads(first)["author"]
    return [Row(**json.loads(line), author=author) for line in lines]


def load_folder(folder: Path) -> list[Row]:
    """Read every file of a folder, by name."""
    return [row for file in sorted(folder.glob("*.jsonl")) for row in load_file(file)]


def development() -> list[Row]:
    """Read the development file: trained on as well, so a smoke test and no evidence."""
    rows = [json.loads(line) for line in DEVELOPMENT.read_text(encoding="utf-8").splitlines()]
    return [
        Row(
            id=row["id"], text=row["text"], lang=row["lang"], label=row["expected"],
            theme=row["category"], register="-", author="development",
        )
        for row in rows
    ]  # fmt: skip


def hash_of(folder: Path) -> str:
    """Name a state of the files."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.jsonl")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
