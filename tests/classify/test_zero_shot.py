"""The engine `zero-shot`, on tiny NLI checkpoints that the tests make."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classify.assess import classify_texts
from classify.engines import load
from classify.engines.passages import PassageScorer
from classify.engines.zero_shot import entails
from classify.errors import ModelBroken
from classify.scorer import Floats, Scores
from classify.settings import ClassifySettings
from models.codebook import SIGNALS
from tests.classify.conftest import SHAPE, tiny_tokenizer

TEXTS = ["burn", "the rats must leave now", "", "they " * 400, "police said the rain"] * 3
NLI = ("contradiction", "neutral", "entailment")


def write_nli(folder: Path, labels: tuple[str, ...] = NLI, family: str = "bert") -> Path:
    import torch
    import transformers
    from tokenizers import processors

    torch.manual_seed(3)
    sizes: dict[str, Any] = {
        "vocab_size": SHAPE["vocabulary"], "hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 48, "max_position_embeddings": 140, "id2label": dict(enumerate(labels)),
        "label2id": {label: number for number, label in enumerate(labels)}, "initializer_range": 0.8,
    }  # fmt: skip
    tokenizer = tiny_tokenizer()
    if family == "bert":
        model = transformers.BertForSequenceClassification(transformers.BertConfig(**sizes))
        single, pair = "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1"
    else:
        sizes |= {"type_vocab_size": 1, "pad_token_id": 1}
        model = transformers.RobertaForSequenceClassification(transformers.RobertaConfig(**sizes))
        single, pair = "[CLS] $A [SEP]", "[CLS] $A [SEP] [SEP] $B [SEP]"
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def short(folder: Path, **more: object) -> Path:
    """The operator's file, with hypotheses that a tiny model has room for."""
    told: dict[str, object] = {
        "hypotheses": {
            "signals": {key: [f"they {key[:4]}"] for key in SIGNALS},
            "stage": {"4": ["burn now"]},
            "stance": {"asserts": ["they must"], "reports": ["police said"]},
            "targets": {"religion": ["people of the market"]},
        }
    }
    path = folder / "own.json"
    path.write_text(json.dumps(told | more))
    return path


def scorer(folder: Path, own: Path, engine: str = "zero-shot") -> PassageScorer:
    return load(ClassifySettings(model=str(folder), engine=engine, zero_shot=own, batch_tokens=2048))


def everything(scores: Scores) -> Floats:
    return np.concatenate([scores.signals, scores.stage, scores.stance, scores.targets], axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_a_score_never_depends_on_its_batch(tmp_path: Path, family: str) -> None:
    reader = scorer(write_nli(tmp_path, family=family), short(tmp_path))
    together = everything(reader.score(TEXTS))
    alone = np.concatenate([everything(reader.score([text])) for text in TEXTS])
    assert together.shape == (15, 24)
    assert np.abs(together - alone).max() < 1e-5
    assert np.abs(together[0] - together[1]).max() > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_a_logit_is_what_the_checkpoint_itself_says_of_the_pair(tmp_path: Path, family: str) -> None:
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForSequenceClassification

    reader = scorer(write_nli(tmp_path, family=family), short(tmp_path))
    theirs = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    pair = Tokenizer.from_file(str(tmp_path / "tokenizer.json")).encode("the rats", "they inci")
    typed = {"token_type_ids": torch.tensor([pair.type_ids])} if family == "bert" else {}
    with torch.inference_mode():
        logits = theirs(input_ids=torch.tensor([pair.ids]), **typed).logits[0]
    said = reader.score(["the rats"]).signals[0, SIGNALS.index("incitement")]
    assert said == pytest.approx(float(logits[2] - logits[0]), abs=1e-4)


@pytest.mark.slow
def test_nobody_measured_it_so_every_text_goes_to_people(tmp_path: Path) -> None:
    reader = scorer(write_nli(tmp_path), short(tmp_path))
    results = classify_texts(reader, ["they must burn the rats now", "the rain"], "en")
    assert all(one["abstained"] and not one["flag"] for one in results)
    assert "no validated performance" in results[0]["abstain_reason"]
    assert results[0]["model"].startswith(f"zero-shot:{tmp_path.name}@")
    assert "uncalibrated" in reader.engine


@pytest.mark.slow
def test_it_may_flag_where_the_operator_measured_it_and_only_what_was_measured(tmp_path: Path) -> None:
    own = short(tmp_path, thresholds={"incitement": 0.0001}, languages={"sw": {"validated": True}})
    reader = scorer(write_nli(tmp_path), own)
    assert reader.config.languages == {"sw": {"validated": True, "signals": ["incitement"]}}
    [measured, other] = classify_texts(reader, ["burn the rats"] * 2, ["sw", "en"])
    assert "no validated performance" not in (measured["abstain_reason"] or "")
    assert "no validated performance" in other["abstain_reason"]
    assert not other["flag"]


@pytest.mark.slow
def test_other_hypotheses_are_another_model(tmp_path: Path) -> None:
    folder = write_nli(tmp_path)
    before = scorer(folder, short(tmp_path)).config.model
    after = scorer(folder, short(tmp_path, thresholds={"impunity": 0.9})).config.model
    assert before != after


@pytest.mark.slow
def test_auto_knows_an_nli_checkpoint_by_its_labels(tmp_path: Path) -> None:
    assert scorer(write_nli(tmp_path), short(tmp_path), engine="auto").engine.startswith("zero-shot")


@pytest.mark.slow
def test_a_checkpoint_that_entails_nothing_is_refused(tmp_path: Path) -> None:
    folder = write_nli(tmp_path, labels=("bad", "good"))
    assert not entails(json.loads((folder / "config.json").read_text()))
    with pytest.raises(ModelBroken, match="no NLI checkpoint"):
        scorer(folder, short(tmp_path))


@pytest.mark.slow
def test_a_pickle_is_refused(tmp_path: Path) -> None:
    folder = write_nli(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelBroken, match="pickle"):
        scorer(folder, short(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"hypotheses": {"signals": {"rudeness": ["x"]}}}, "signals.rudeness"),
        ({"hypotheses": {"signals": {"impunity": []}}}, "signals.impunity"),
        ({"thresholds": {"rudeness": 0.5}}, "rudeness"),
        ({"thresholds": {"impunity": 1.5}}, "between 0 and 1"),
        ({"languages": {"en": {"validated": True}}}, "without thresholds"),
        ([], "docs/languages.md"),
    ],
)
def test_an_operators_file_that_cannot_be_meant_is_refused(tmp_path: Path, told: object, said: str) -> None:
    folder = write_nli(tmp_path)
    own = tmp_path / "own.json"
    own.write_text(json.dumps(told))
    with pytest.raises(ModelBroken, match=said):
        scorer(folder, own)


@pytest.mark.slow
def test_the_shipped_hypotheses_ask_about_every_signal_and_target() -> None:
    from classify.engines.zero_shot import read_told
    from models.codebook import STANCES, TARGETS

    told = read_told(None)
    assert set(told.hypotheses["signals"]) == set(SIGNALS)
    assert set(told.hypotheses["targets"]) == set(TARGETS)
    assert set(told.hypotheses["stance"]) == set(STANCES)
    assert not told.languages


def test_a_gpu_that_is_not_there_is_refused_by_name(tiny_folder: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ModelBroken, match="TOCSIN_DEVICE is cuda"):
        load(ClassifySettings(model=str(tiny_folder), engine="torch", device="cuda"))
    for device in ("auto", "cpu"):
        made = load(ClassifySettings(model=str(tiny_folder), engine="torch", device=device))
        assert made.engine.startswith("torch: full precision on cpu")
