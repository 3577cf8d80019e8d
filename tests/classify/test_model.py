"""The engines, on a tiny model of random weights: every one passes the same tests."""

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from classify.errors import ModelBroken, ScoringFailed
from classify.explain import weigh
from classify.scorer import Floats, Scores
from classify.settings import ClassifySettings
from models.codebook import SIGNALS

if TYPE_CHECKING:
    from classify.engines.passages import PassageScorer

TEXTS = ["burn", "the rats must leave now", "police said the rain", "", "they " * 60, "\ud800 x \x00", "market"] * 5


ENGINES = ("openvino", "torch")
every_engine = pytest.mark.parametrize("engine", ENGINES)


def scorer(folder: Path, batch_tokens: int = 256, engine: str = "torch") -> "PassageScorer":
    from classify.engines import load

    return load(ClassifySettings(model=str(folder), batch_tokens=batch_tokens, engine=engine))


def everything(scores: Scores) -> Floats:
    return np.concatenate([scores.signals, scores.stage, scores.stance, scores.targets], axis=1)


@every_engine
def test_a_score_never_depends_on_its_batch(tiny_folder: Path, engine: str) -> None:
    together = everything(scorer(tiny_folder, engine=engine).score(TEXTS))
    alone = np.concatenate([everything(scorer(tiny_folder, engine=engine).score([text])) for text in TEXTS])
    assert together.shape == (35, 24)
    assert np.abs(together - alone).max() < 1e-5
    assert np.array_equal(together, everything(scorer(tiny_folder, engine=engine).score(TEXTS)))


@every_engine
def test_different_texts_score_differently(tiny_folder: Path, engine: str) -> None:
    first, second = everything(scorer(tiny_folder, engine=engine).score(["burn the rats", "police said"]))
    assert np.abs(first - second).max() > 1e-3


@every_engine
def test_no_passages_give_empty_scores(tiny_folder: Path, engine: str) -> None:
    assert scorer(tiny_folder, engine=engine).score([]).signals.shape == (0, 8)


def test_weights_survive_packing(tiny_folder: Path) -> None:
    import torch

    from classify.model import dequantised, quantised

    weights = {"a": torch.randn(50, 30), "b": torch.randn(30)}
    back = dequantised(quantised(weights))
    assert torch.equal(back["b"], weights["b"])
    assert (back["a"] - weights["a"]).abs().max() <= weights["a"].abs().amax() / 127


@every_engine
def test_a_changed_byte_is_refused(own_tiny: Path, engine: str) -> None:
    weights = bytearray((own_tiny / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (own_tiny / "model.safetensors").write_bytes(weights)
    with pytest.raises(ModelBroken, match="was changed"):
        scorer(own_tiny, engine=engine)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_missing_file_is_named(own_tiny: Path, name: str) -> None:
    (own_tiny / name).unlink()
    with pytest.raises(ModelBroken, match=name.replace(".", r"\.")):
        scorer(own_tiny)


@every_engine
def test_labels_in_another_order_are_refused(own_tiny: Path, engine: str) -> None:
    told = json.loads((own_tiny / "config.json").read_text())
    told["signals"].reverse()
    (own_tiny / "config.json").write_text(json.dumps(told))
    with pytest.raises(ModelBroken, match="labels"):
        scorer(own_tiny, engine=engine)


def test_other_thresholds_are_another_model(own_tiny: Path) -> None:
    before = scorer(own_tiny).config.model
    told = json.loads((own_tiny / "config.json").read_text())
    told["thresholds"]["flag"]["incitement"] = 0.7
    (own_tiny / "config.json").write_text(json.dumps(told))
    assert scorer(own_tiny).config.model != before


@every_engine
def test_weights_of_another_shape_are_refused(own_tiny: Path, engine: str) -> None:
    told = json.loads((own_tiny / "config.json").read_text())
    told["shape"]["layers"] = 3
    (own_tiny / "config.json").write_text(json.dumps(told))
    with pytest.raises(ModelBroken, match="do not fit"):
        scorer(own_tiny, engine=engine)


@every_engine
def test_a_pickle_is_refused(tmp_path: Path, engine: str) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelBroken, match="pickle"):
        scorer(tmp_path, engine=engine)


@every_engine
def test_a_folder_that_is_not_there_says_what_to_set(tmp_path: Path, engine: str) -> None:
    with pytest.raises(ModelBroken, match="TOCSIN_MODEL"):
        scorer(tmp_path / "none" / "here", engine=engine)


@every_engine
def test_weights_that_give_no_number_are_noticed(own_tiny: Path, engine: str) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(own_tiny / "model.safetensors")
    weights["signals.bias"][:] = np.nan
    save_file(weights, own_tiny / "model.safetensors")
    told = json.loads((own_tiny / "config.json").read_text())
    told["weights"]["sha256"] = hashlib.sha256((own_tiny / "model.safetensors").read_bytes()).hexdigest()
    (own_tiny / "config.json").write_text(json.dumps(told))
    broken = scorer(own_tiny, engine=engine)
    with pytest.raises(ScoringFailed, match="no number"):
        broken.score(["burn"])


@every_engine
def test_a_batch_too_large_for_memory_is_halved(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    whole = everything(scorer(tiny_folder, engine=engine).score(TEXTS))
    small = scorer(tiny_folder, batch_tokens=4096, engine=engine)
    inner = small._engine.forward

    fired = []

    def forward(ids: Any) -> Any:
        if len(ids) > 2:
            fired.append(len(ids))
            raise RuntimeError("DefaultCPUAllocator: not enough memory")
        return inner(ids)

    monkeypatch.setattr(small._engine, "forward", forward)
    assert np.abs(everything(small.score(TEXTS)) - whole).max() < 1e-5
    assert fired


@every_engine
def test_one_passage_too_large_for_memory_fails_alone(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    small = scorer(tiny_folder, engine=engine)

    def forward(ids: Any) -> Any:
        raise RuntimeError("not enough memory")

    monkeypatch.setattr(small._engine, "forward", forward)
    with pytest.raises(ScoringFailed, match="memory"):
        small.score(["burn"])


@every_engine
def test_every_word_is_weighed_where_it_stands(tiny_folder: Path, engine: str) -> None:
    text = "They  must b u r n  #TheRats now"
    [weighted] = weigh(scorer(tiny_folder, engine=engine), [text], [1])
    assert [text[w.start : w.end] for w in weighted] == ["They", "must", "b u r n", "#TheRats", "now"]
    assert any(w.weight != 0 for w in weighted)


@every_engine
def test_a_long_passage_is_explained_by_runs_of_words(tiny_folder: Path, engine: str) -> None:
    text = " ".join(["they must leave now"] * 9)
    [weighted] = weigh(scorer(tiny_folder, engine=engine), [text], [1])
    assert len(weighted) <= 24
    assert text[weighted[0].start : weighted[0].end] == "they must"
    assert weighted[-1].end == len(text)


@every_engine
def test_nothing_to_read_has_nothing_to_explain(tiny_folder: Path, engine: str) -> None:
    assert weigh(scorer(tiny_folder, engine=engine), [""], [1]) == [[]]


def hugging_face(folder: Path, labels: list[str], **config: object) -> Path:
    from transformers import BertConfig, BertForSequenceClassification

    from tests.classify.conftest import SHAPE, tiny_tokenizer

    made = BertForSequenceClassification(
        BertConfig(
            vocab_size=SHAPE["vocabulary"],
            hidden_size=SHAPE["hidden"],
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=48,
            id2label=dict(enumerate(labels)),
            label2id={label: number for number, label in enumerate(labels)},
        )
    )
    made.save_pretrained(folder)
    tiny_tokenizer().save(str(folder / "tokenizer.json"))
    told = json.loads((folder / "config.json").read_text()) | config
    (folder / "config.json").write_text(json.dumps(told))
    return folder


def test_a_hugging_face_folder_with_our_labels_is_read(tmp_path: Path) -> None:
    folder = hugging_face(
        tmp_path / "hf", ["hate_speech", "incitement"], tocsin={"languages": {"en": {"validated": True}}}
    )
    other = scorer(folder)
    scores = other.score(["burn the rats", "market"])
    assert scores.signals[0, SIGNALS.index("hate_speech")] > -20
    assert scores.signals[0, SIGNALS.index("impunity")] < -20
    assert (scores.stance.argmax(axis=1) == 0).all()
    assert other.config.languages["en"]["validated"]
    [weighted] = weigh(other, ["burn the rats"], [1])
    assert len(weighted) == 3


def test_a_hugging_face_folder_with_other_labels_is_refused(tmp_path: Path) -> None:
    folder = hugging_face(tmp_path / "hf", ["POSITIVE", "NEGATIVE"])
    with pytest.raises(ModelBroken, match="POSITIVE"):
        scorer(folder)


def test_a_hugging_face_pickle_is_refused(tmp_path: Path) -> None:
    folder = hugging_face(tmp_path / "hf", ["hate_speech", "incitement"])
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelBroken, match="pickle"):
        scorer(folder)


def test_an_engine_that_is_not_there_is_passed_over_with_its_reason(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    chosen = scorer(tiny_folder, engine="auto")
    assert chosen.engine.startswith("torch")
    assert "openvino is not installed" in chosen.engine
    with pytest.raises(ModelBroken, match="TOCSIN_ENGINE"):
        scorer(tiny_folder, engine="openvino")


def test_an_engine_that_computes_something_else_is_passed_over(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from classify.engines import reference

    right = reference.logits
    monkeypatch.setattr(reference, "logits", lambda *given: right(*given)[:, ::-1])
    chosen = scorer(tiny_folder, engine="auto")
    assert chosen.engine.startswith("torch")
    assert "strays" in chosen.engine


def test_an_engine_whose_scores_depend_on_the_batch_is_passed_over(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from classify.engines.openvino import OpenVino

    right = OpenVino.forward
    monkeypatch.setattr(OpenVino, "forward", lambda self, ids: right(self, ids) + 0.001 * len(ids))
    assert "by its batch" in scorer(tiny_folder, engine="auto").engine


def test_auto_takes_the_fast_engine_and_says_why(tiny_folder: Path) -> None:
    chosen = scorer(tiny_folder, engine="auto").engine
    assert chosen.startswith("openvino: int8 weights")
    assert "checked" in chosen


def test_a_second_process_need_not_share_the_first_core(tiny_folder: Path) -> None:
    engine = scorer(tiny_folder, engine="openvino")._engine
    assert engine._request.get_compiled_model().get_property("ENABLE_CPU_PINNING") is False


@pytest.mark.parametrize("tiled", [False, True])
def test_unpacked_weights_say_what_packed_ones_do(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, tiled: bool
) -> None:
    from classify.engines import openvino

    graph = openvino._graph
    monkeypatch.setattr(openvino, "_graph", lambda *given, **_: graph(*given, unpacked=tiled))
    fast, slow = (everything(scorer(tiny_folder, engine=engine).score(TEXTS)) for engine in ENGINES)
    assert np.sqrt(((fast - slow) ** 2).mean()) < 0.1 * slow.std()


def test_the_engines_agree(tiny_folder: Path) -> None:
    fast, slow = (everything(scorer(tiny_folder, engine=engine).score(TEXTS)) for engine in ENGINES)
    assert np.sqrt(((fast - slow) ** 2).mean()) < 0.1 * slow.std()


def test_the_reference_is_the_network(tiny_folder: Path) -> None:
    from safetensors.numpy import load_file

    from classify.engines import reference

    rows = [[2, 5, 6, 3], [2, 7, 3]]
    stored = load_file(tiny_folder / "model.safetensors")
    right = scorer(tiny_folder)._engine.forward(rows)
    assert np.abs(reference.logits(stored, 4, rows) - right).max() < 1e-5


def test_a_hugging_face_folder_has_no_other_engine(tmp_path: Path) -> None:
    folder = hugging_face(tmp_path / "hf", ["hate_speech", "incitement"])
    assert scorer(folder, engine="auto").engine.startswith("torch")
    with pytest.raises(ModelBroken, match="TOCSIN_ENGINE"):
        scorer(folder, engine="openvino")
