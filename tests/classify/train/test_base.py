"""A base of the BERT or RoBERTa family gives, poured into our network, the very numbers it gave before."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from classify.errors import ModelBroken
from classify.train import base
from tests.classify.conftest import tiny_tokenizer

SIZES: dict[str, Any] = {
    "vocab_size": 200, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
    "max_position_embeddings": 40,
}  # fmt: skip


def save(folder: Path, model: Any) -> Path:
    model.save_pretrained(folder, safe_serialization=True)
    tiny_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def _bert() -> Any:
    from transformers import BertConfig, BertModel

    return BertModel(BertConfig(**SIZES))


def _roberta() -> Any:
    from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM

    return XLMRobertaForMaskedLM(XLMRobertaConfig(**SIZES, type_vocab_size=1, pad_token_id=1, layer_norm_eps=1e-5))


@pytest.mark.slow
@pytest.mark.parametrize("make", [_bert, _roberta])
def test_our_body_computes_what_the_checkpoint_computes(make: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = make().eval()
    ours = base.network_from(base.find(str(save(tmp_path, theirs)))).eval()
    ids = torch.tensor([[2, 9, 14, 30, 3]])
    mask = torch.ones_like(ids)
    with torch.inference_mode():
        body = getattr(theirs, "roberta", theirs)
        expected: Tensor = body(input_ids=ids, attention_mask=mask).last_hidden_state.mean(1)
        assert torch.allclose(ours.signals(expected), ours(ids, mask).signals, atol=1e-5)


@pytest.mark.slow
def test_a_base_that_is_no_bert_is_named(tmp_path: Path) -> None:
    folder = save(tmp_path, _bert())
    told = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(told | {"model_type": "deberta-v2"}))
    with pytest.raises(ModelBroken, match="deberta-v2"):
        base.find(str(folder))


def test_a_pickle_is_never_a_base(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80")
    with pytest.raises(ModelBroken, match=r"pytorch_model\.bin, a pickle"):
        base.find(str(tmp_path))


@pytest.mark.slow
def test_weights_that_a_config_promises_must_be_there(tmp_path: Path) -> None:
    folder = save(tmp_path, _bert())
    told = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(told | {"num_hidden_layers": 3}))
    with pytest.raises(ModelBroken, match=r"layers\.2"):
        base.network_from(base.find(str(folder)))


def test_the_tokenizer_of_a_run_is_cut_at_the_longest_passage(tmp_path: Path) -> None:
    from classify.train.earlier import MAX_TOKENS, read_tokenizer

    tiny_tokenizer().save(str(tmp_path / "tokenizer.json"))
    assert len(read_tokenizer(tmp_path).encode("burn " * 500).ids) == MAX_TOKENS
