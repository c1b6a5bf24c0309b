"""`afterglow screen` says of a text what ingest and worker say of it, reason and place included."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from afterglow.commands import screen as module
from afterglow.commands.screen import screen
from models.cipher import Keyring
from models.session import Connection, Pool
from tests.acceptance.entry import entry, put
from tests.cast import Clock, Person
from worker.meaning import Model, load_model
from worker.second_reading import Desk

TEXTS = (
    "Slept well, walked the dog, made soup.",
    "I want to die.",
    "The suicidal thoughts are gone since the third infusion.",
    "They can give my slot in March to somebody else, I won't be around for it.",
    "They can give my slot in March to somebody else.",
    "Slept badly.\nWhat is the point of any of it.\nSoup.",
    (
        "\u042f \u043d\u0435 \u0445\u043e\u0447\u0443 "
        "\u0431\u043e\u043b\u044c\u0448\u0435 \u0436\u0438\u0442\u044c \u0442\u0430\u043a"
    ),
    "K\u00f6nnt ihr den Hund nehmen, wenn ich nicht mehr da bin? \U0001f62d",
    "During the drip I died and came back as a carpet, lovely.",
)
STORED = """
SELECT stage, label, reason, rule_ids, spans FROM screening WHERE entry_id = $1 ORDER BY stage
"""
RANKS = ("none", "review", "escalate")


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.fixture
def offline(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Screen every text with nothing running."""
    monkeypatch.setattr(module, "model", lambda: model)
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps({"id": n, "text": t}) for n, t in enumerate(TEXTS)))
    told = CliRunner().invoke(screen, ["--in", str(source), "--out", str(target)])
    assert told.exit_code == 0
    return [json.loads(line) for line in target.read_text().splitlines()]


async def test_offline_and_online_say_the_same(
    api: httpx.AsyncClient, pool: Pool, keyring: Keyring, ana: Person, superuser: Connection,
    model: Model, offline: list[dict[str, Any]], clock: Clock,
) -> None:  # fmt: skip
    desk = Desk(pool=pool, keyring=keyring, reader=model)
    for text, told in zip(TEXTS, offline, strict=True):
        stored = await put(api, ana, entry(note=text))
        assert stored.status_code == 201
        await desk.read_again(ana.clinic_id, ana.id)
        await clock.advance(minutes=1)

        first, second = await superuser.fetch(STORED, stored.json()["id"])

        higher = second if RANKS.index(second["label"]) > RANKS.index(first["label"]) else first
        assert (told["label"], told["reason"], told["stage"]) == (
            higher["label"],
            higher["reason"],
            higher["stage"],
        )
        places = {(s["start"], s["end"]) for s in (*first["spans"], *second["spans"])}
        assert {(s["start"], s["end"]) for s in told["spans"]} == places
        assert set(first["rule_ids"]) <= set(told["rule_ids"])


def test_the_texts_are_of_every_kind(offline: list[dict[str, Any]]) -> None:
    assert {told["label"] for told in offline} == set(RANKS)
    assert "screening_unavailable" in {told["reason"] for told in offline}
