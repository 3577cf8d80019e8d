"""Any local sequence-to-sequence checkpoint translates, window by window; here a tiny one of random weights."""

from pathlib import Path

import pytest

from classify.errors import NotTranslated
from classify.translate import LocalTranslator
from tests.classify.conftest import tiny_tokenizer

pytestmark = pytest.mark.slow
CODES = ["eng_Latn", "swh_Latn"]


def write_seq2seq(folder: Path, codes: list[str]) -> Path:
    import torch
    from transformers import BartConfig, BartForConditionalGeneration, PreTrainedTokenizerFast

    torch.manual_seed(1)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=tiny_tokenizer(), pad_token="[PAD]", unk_token="[UNK]", bos_token="[CLS]", eos_token="[SEP]"
    )
    tokenizer.add_tokens(codes)
    config = BartConfig(
        vocab_size=200, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, max_position_embeddings=300,
        pad_token_id=0, bos_token_id=2, eos_token_id=3, decoder_start_token_id=3, forced_eos_token_id=3,
        init_std=0.5,
    )  # fmt: skip
    model = BartForConditionalGeneration(config)
    model.generation_config.max_length = None
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_every_window_is_translated_and_the_engine_names_its_weights(tmp_path: Path) -> None:
    made = LocalTranslator(write_seq2seq(tmp_path / "tiny", []), "cpu", "en")
    first, second = "They must leave now. " * 8, "The rain came to the market. " * 8
    both = made.translate(f"{first}\n\n{second}", "sw")
    assert made.name.startswith("tiny@")
    assert len(made.name) == len("tiny@") + 12
    assert both == made.translate(f"{first}\n\n{second}", "sw")
    assert len(both) > len(made.translate(first, "sw")) > 0


def test_a_checkpoint_of_many_languages_is_told_which_one_to_speak(tmp_path: Path) -> None:
    made = LocalTranslator(write_seq2seq(tmp_path / "nllb", CODES), "cpu", "en")
    assert made._code("sw") == "swh_Latn"
    assert made._code("en") == "eng_Latn"
    assert made._code("xx") is None
    assert made.translate("burn the rats", "sw").lower().startswith("eng_latn")


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    folder = write_seq2seq(tmp_path, [])
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(NotTranslated, match="pickle"):
        LocalTranslator(folder, "cpu", "en")


def test_a_folder_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotTranslated, match="no folder and no address"):
        LocalTranslator(tmp_path / "absent", "cpu", "en")
    (tmp_path / "model.safetensors").write_bytes(b"x")
    with pytest.raises(NotTranslated, match="cannot be loaded"):
        LocalTranslator(tmp_path, "cpu", "en")
