"""The weights of stage 2: what is saved is what is read, and what is damaged is refused."""

from pathlib import Path

import numpy as np
import pytest

from clinical.ideation.grams import BUCKETS, grams
from worker.head import (
    DIMENSIONS,
    ENCODER,
    HEAD_FILE,
    Array,
    Head,
    HeadInvalid,
    Layer,
    load_head,
    save_head,
)


def layer(weight: float, bias: float = 0.0) -> Layer:
    inner = np.zeros((DIMENSIONS, 2), np.float32)
    inner[0, 0] = weight
    return Layer(
        inner=inner,
        inner_bias=np.zeros(2, np.float32),
        outer=np.array([1.0, 5.0], np.float32),
        outer_bias=bias,
    )


def head(*layers: Layer, encoder: str = ENCODER) -> Head:
    wording = np.zeros(BUCKETS, np.float32)
    wording[grams("march")] = 0.5
    return Head(
        encoder=encoder,
        corpus="0" * 64,
        wording=wording,
        wording_bias=-1.0,
        layers=layers or (layer(1.0),),
        page=2.0,
        read=1.0,
    )


def vector(first: float) -> Array:
    found: Array = np.zeros((1, DIMENSIONS), np.float32)
    found[0, 0] = first
    return found


def test_wording_and_meaning_are_added() -> None:
    pieces = len(grams("march"))

    [score] = head(layer(1.0, bias=3.0)).scores(["march"], vector(0.25))

    assert score == pytest.approx(0.25 * 8 + 3.0 + 0.5 * pieces**0.5 - 1.0)


def test_networks_are_averaged_and_what_is_below_nothing_counts_nothing() -> None:
    [score] = head(layer(1.0), layer(-1.0)).scores([""], vector(0.5))

    assert score == pytest.approx((0.5 * 8 + 0.0) / 2 - 1.0)


def test_what_is_saved_is_what_is_read(tmp_path: Path) -> None:
    file = tmp_path / "head.npz"
    written = head(layer(1.0, bias=2.0), layer(0.5))
    save_head(written, file)

    read, version = load_head(file)

    texts, vectors = ["march", "april"], np.concatenate([vector(0.3), vector(-0.1)])
    assert read.scores(texts, vectors) == pytest.approx(written.scores(texts, vectors), abs=1e-2)
    assert (read.thresholds.page, read.thresholds.read, read.corpus) == (2.0, 1.0, "0" * 64)
    assert version.startswith(f"{ENCODER}+")


def test_other_weights_have_another_name(tmp_path: Path) -> None:
    names = set[str]()
    for page in (1.0, 2.0):
        save_head(head().with_thresholds(page=page, read=0.0), tmp_path / "head.npz")
        names.add(load_head(tmp_path / "head.npz")[1])

    assert len(names) == 2


@pytest.mark.parametrize("damage", ["missing", "no weights", "cut short", "another encoder"])
def test_what_is_damaged_is_refused(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "head.npz"
    if damage != "missing":
        save_head(head(encoder="other 1" if damage == "another encoder" else ENCODER), file)
    if damage == "no weights":
        file.write_bytes(b"{}")
    if damage == "cut short":
        file.write_bytes(file.read_bytes()[:500])

    with pytest.raises(HeadInvalid):
        load_head(file)


def test_the_weights_in_the_package_fit_their_encoder() -> None:
    shipped, _ = load_head(HEAD_FILE)

    assert shipped.thresholds.read < shipped.thresholds.page
    assert len(shipped.corpus) == 64
    assert HEAD_FILE.stat().st_size < 3_000_000
