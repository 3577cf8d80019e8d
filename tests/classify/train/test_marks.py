"""The readout of marked words is fitted on what a network makes of words."""

from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file

from classify.marks import Marks
from classify.model import Network, Shape
from classify.rationales import Rationale
from classify.train import marks
from tests.classify.conftest import SHAPE, tiny_tokenizer
from tests.classify.train.test_rows import write


def test_the_readout_finds_what_marks_a_word_and_what_stands_before_one() -> None:
    draw = np.random.default_rng(5)
    states = [draw.normal(3.0, 2.0, size=(12, 4)) for _ in range(300)]
    marked = [of[:, 0] > 3.0 for of in states]
    for of in marked:
        of[1:] |= of[:-1]  # and the word behind a marked one
    rows = [Rationale(tuple("abcdefghijkl"), tuple(bool(one) for one in of)) for of in marked]
    weights, bias = marks.regression(states, rows)
    read = Marks(weights, float(bias[0]), frozenset())
    right = [(read.read(of) > 0.5) == said for of, said in zip(states, marked, strict=True)]
    assert np.mean(right) > 0.85  # one or the other is no straight line
    assert weights.shape == (3, 4)
    assert np.abs(weights[2]).max() < 0.2 * np.abs(weights[:2]).max()  # what stands behind a word says nothing here


def test_words_are_told_apart_by_the_network_and_written_beside_it(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = Network(Shape(**SHAPE))
    assert marks.fit(network, tiny_tokenizer(), tmp_path, tmp_path) is None  # nobody marked anything here
    texts = ("they burn the market", "the police said they leave", "burn now")
    lines = [{"text": text, "spans": ["burn"] if "burn" in text else [0]} for text in texts * 10]
    write(tmp_path / marks.RATIONALES, *lines)
    file = marks.fit(network, tiny_tokenizer(), tmp_path, tmp_path)
    assert file is not None
    stored = load_file(file)
    read = Marks(stored["weights"], float(stored["bias"][0]), frozenset())
    [states] = marks.states(network, tiny_tokenizer(), [Rationale(("they", "burn", "the", "market"), (False,) * 4)])
    assert int(np.argmax(read.read(states))) == 1
