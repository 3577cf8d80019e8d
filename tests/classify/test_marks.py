"""Which words people would mark: the readout beside a model, on every engine, and what it does to highlights."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from classify.engines import load
from classify.engines.passages import PassageScorer
from classify.errors import ModelBroken
from classify.explain import MARKED, weigh
from classify.marks import FILE, Marks, shares
from classify.scorer import Floats
from classify.settings import ClassifySettings
from models.codebook import SIGNALS
from tests.classify.conftest import SHAPE, tiny_tokenizer
from tests.fakes import FakeScorer

HATE, INCITEMENT = SIGNALS.index("hate_speech"), SIGNALS.index("incitement")
WORDS = ["they", "must", "leave", "the", "market", "now"]
ENGINES = ("torch", "openvino")


@pytest.fixture
def marking(own_tiny: Path) -> Path:
    """A tiny model with a readout drawn at random."""
    draw = np.random.default_rng(3)
    weights = draw.normal(size=(3, SHAPE["hidden"])).astype(np.float32)
    save_file({"weights": weights, "bias": np.array([-0.5], np.float32)}, own_tiny / FILE)
    told = json.loads((own_tiny / "config.json").read_text())
    sha256 = hashlib.sha256((own_tiny / FILE).read_bytes()).hexdigest()
    told["marks"] = {"file": FILE, "sha256": sha256, "signals": ["hate_speech"]}
    (own_tiny / "config.json").write_text(json.dumps(told))
    return own_tiny


def scorer(folder: Path, engine: str) -> PassageScorer:
    return load(ClassifySettings(model=str(folder), engine=engine))


def test_tokens_make_words_and_a_word_that_was_cut_off_is_not_seen() -> None:
    tokenizer = tiny_tokenizer()
    belongs, seen = shares(tokenizer.encode("they xyz"), ["they", "xyz"])
    assert seen == [0, 1]
    assert belongs.sum(1).tolist() == [1.0, 1.0]
    assert belongs[1].tolist() == pytest.approx([0, 0, 1 / 3, 1 / 3, 1 / 3, 0])  # mark, they, x, y, z, mark
    tokenizer.enable_truncation(3)
    assert shares(tokenizer.encode("they must"), ["they", "must"])[1] == [0]
    assert shares(tokenizer.encode(""), [])[1] == []


def test_a_word_is_read_with_its_neighbours() -> None:
    marks = Marks(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]], np.float32), 0.5, frozenset({HATE}))
    read = marks.read(np.array([[1.0, 10.0], [2.0, 0.0], [3.0, -10.0]]))
    wanted = np.array([1.0 + 0.0 + 0.5, 2.0 + 10.0 - 20.0 + 0.5, 3.0 + 0.0 + 0.5])
    assert read == pytest.approx(1 / (1 + np.exp(-wanted)))


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_reads_the_same_marks(marking: Path, engine: str) -> None:
    found = scorer(marking, engine).marks(WORDS, HATE)
    right = scorer(marking, "torch").marks(WORDS, HATE)
    assert found is not None
    assert right is not None
    assert found.shape == (len(WORDS),)
    assert np.abs(found - right).max() < 0.02
    assert found.std() > 0.01


@pytest.mark.parametrize("engine", ENGINES)
def test_scores_are_those_of_the_model_without_marks(marking: Path, tiny_folder: Path, engine: str) -> None:
    with_marks, without = (scorer(folder, engine).score([" ".join(WORDS)]).signals for folder in (marking, tiny_folder))
    assert np.array_equal(with_marks, without)


def test_what_nobody_taught_is_not_told(marking: Path, tiny_folder: Path) -> None:
    assert scorer(marking, "torch").marks(WORDS, INCITEMENT) is None
    assert scorer(tiny_folder, "torch").marks(WORDS, HATE) is None
    nothing = scorer(marking, "torch").marks([], HATE)
    assert nothing is not None
    assert len(nothing) == 0


def test_words_beyond_the_longest_passage_have_no_mark(marking: Path) -> None:
    found = scorer(marking, "openvino").marks(WORDS * 20, HATE)
    assert found is not None
    assert (found[:30] > 0).all()
    assert not found[60:].any()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_changed_readout_is_refused(marking: Path, engine: str) -> None:
    (marking / FILE).write_bytes((marking / FILE).read_bytes()[:-1] + b"x")
    with pytest.raises(ModelBroken, match="sha256"):
        scorer(marking, engine)


class Marking(FakeScorer):
    """Knows that people mark what follows a cry."""

    def marks(self, words: Sequence[str], _signal: int, /) -> Floats:  # type: ignore[override]
        return np.array([float(n > 0 and words[n - 1] == "BURN") for n in range(len(words))])


def test_highlights_hold_what_moved_the_score_and_what_people_would_mark() -> None:
    text = "now BURN them all at once"
    [plain] = weigh(FakeScorer(), [text], [INCITEMENT])
    [found] = weigh(Marking(), [text], [INCITEMENT])
    weight = {text[word.start : word.end]: word.weight for word in found}
    before = {text[word.start : word.end]: word.weight for word in plain}
    assert sorted(weight, key=lambda word: -weight[word])[:2] == ["them", "BURN"]
    assert weight["BURN"] == pytest.approx((1 - MARKED) * before["BURN"], rel=0.01)
    assert weight["once"] < 0.2 * weight["BURN"]


def test_marks_are_told_word_by_word_in_a_long_passage_too() -> None:
    text = "calm word " * 40 + "BURN them"
    [found] = weigh(Marking(), [text], [INCITEMENT])
    assert len(found) == 82
    assert text[found[-1].start : found[-1].end] == "them"


def test_where_nothing_spoke_for_the_signal_marks_do_not_either() -> None:
    [found] = weigh(Marking(), ["rain over the hills"], [INCITEMENT])
    assert max(word.weight for word in found) <= 0.1
