"""A tiny model in our own format, made with random weights, so that the engine is tested in seconds."""

import hashlib
import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from models.codebook import SIGNALS, STANCES, TARGETS

SHAPE = {"vocabulary": 200, "hidden": 24, "layers": 2, "heads": 4, "inner": 48, "positions": 64}
WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    *["the", "of", "burn", "rats", "they", "must", "leave", "now", "market", "rain", "police", "said", "people"],
]


def tiny_tokenizer() -> Tokenizer:
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = [*WORDS, *letters, *(f"##{letter}" for letter in letters)]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def write_tiny(folder: Path, seed: int = 5) -> Path:
    import torch
    from safetensors.torch import save

    from classify.checkpoint import FORMAT
    from classify.model import Network, Shape, quantised

    torch.manual_seed(seed)
    weights = save(quantised(Network(Shape(**SHAPE)).state_dict()))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(weights)
    tiny_tokenizer().save(str(folder / "tokenizer.json"))
    half = dict.fromkeys(SIGNALS, 0.5)
    told = {
        "format": FORMAT,
        "name": "tiny",
        "shape": SHAPE,
        "max_tokens": 40,
        "signals": list(SIGNALS),
        "stances": list(STANCES),
        "targets": list(TARGETS),
        "weights": {"sha256": hashlib.sha256(weights).hexdigest()},
        "tokenizer": {"sha256": hashlib.sha256((folder / "tokenizer.json").read_bytes()).hexdigest()},
        "calibration": {},
        "thresholds": {"flag": half, "high_recall": half, "high_precision": half},
        "band": {key: [0.45, 0.55] for key in SIGNALS},
        "languages": {"en": {"validated": True}},
    }
    (folder / "config.json").write_text(json.dumps(told))
    return folder


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def own_tiny(tmp_path: Path) -> Path:
    """A tiny model that the test may break."""
    return write_tiny(tmp_path / "model")
