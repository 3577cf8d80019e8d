"""A second, shallow reader: hashed character and word n-grams of a passage, and what each says for each reading.

Spelling, slang and names that the transformer's words cut to pieces leave their mark here. Weights are those of linear
models, one column to a reading (`classify/train/ngrams.py` fits them). Knows no text but the normalised one.
"""

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.checkpoint import Tensors, checked
from classify.scorer import Floats

FILE = "ngrams.safetensors.gz"  # two weights in three are zero
BITS = 18
SHORTEST, LONGEST = 2, 5  # characters of an n-gram; a space at either end stands for the edge of a word
_BUCKETS = np.uint64((1 << BITS) - 1)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_STIR = np.uint64(0xBF58476D1CE4E5B9)
_SPACE = np.uint64(32)

Buckets = NDArray[np.int64]


def grams(text: str) -> tuple[Buckets, Buckets]:
    """The buckets of a text's character n-grams and of its words and pairs of words, each as often as it occurs."""
    words = text.split()
    if not words:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    code = np.frombuffer(f" {' '.join(words)} ".encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    with np.errstate(over="ignore"):
        said = np.array([zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words], np.uint64)
        single = _bucket(said * _STEP + np.uint64(11))
        double = _bucket(said[:-1] * _STEP * np.uint64(3) + said[1:] + np.uint64(12))
        return _characters(code), np.concatenate([single, double]).astype(np.int64)


def _characters(code: NDArray[np.uint64]) -> Buckets:
    space = code == _SPACE
    found: list[NDArray[np.uint64]] = []
    rolling, across = code, np.zeros(len(code), bool)  # across: whether a space lies inside the n-gram
    for size in range(SHORTEST, LONGEST + 1):
        places = len(code) - size + 1
        if places <= 0:
            break
        rolling = rolling[:places] * _STEP + code[size - 1 :]
        across = across[:places] | (space[size - 2 : size - 2 + places] if size > SHORTEST else False)
        found.append(_bucket(rolling[~across] + np.uint64(size) * _STEP))
    return np.concatenate(found).astype(np.int64) if found else np.zeros(0, np.int64)


def _bucket(hashed: NDArray[np.uint64]) -> NDArray[np.uint64]:
    stirred = (hashed ^ (hashed >> np.uint64(31))) * _STIR
    return (stirred ^ (stirred >> np.uint64(29))) & _BUCKETS


def weighted(text: str, rarity: NDArray[np.float32]) -> tuple[Buckets, NDArray[np.float32]]:
    """Buckets and their values: (1 + log count) times rarity, characters and words each of length one (tf-idf)."""
    parts = [_values(found, rarity) for found in grams(text)]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _values(found: Buckets, rarity: NDArray[np.float32]) -> tuple[Buckets, NDArray[np.float32]]:
    buckets, counts = np.unique(found, return_counts=True)
    values = (1.0 + np.log(counts)).astype(np.float32) * rarity[buckets]
    return buckets, values / max(float(np.sqrt((values * values).sum())), 1e-9)


@dataclass(frozen=True, slots=True)
class Ngrams:
    """The fitted weights: int8 with one scale to a column."""

    weights: NDArray[np.int8]  # (buckets, columns)
    scales: NDArray[np.float32]  # (columns,)
    bias: NDArray[np.float32]  # (columns,)
    rarity: NDArray[np.float32]  # (buckets,) inverse document frequency

    def read(self, texts: Sequence[str]) -> Floats:
        """(texts, columns) logits. Each text alone, so that none depends on its neighbours."""
        out = np.zeros((len(texts), len(self.bias)))
        for number, text in enumerate(texts):
            buckets, values = weighted(text, self.rarity)
            out[number] = values @ self.weights[buckets].astype(np.float32)
        return out * self.scales + self.bias


def load_ngrams(folder: Path, told: dict[str, Any]) -> Ngrams | None:
    """The n-gram weights of a model folder, if it has any, checked by sha256. Raises ModelBroken."""
    if "ngrams" not in told:
        return None
    stored = Tensors(gzip.decompress(checked(folder / FILE, told["ngrams"]["sha256"])))
    return Ngrams(stored["weights"], stored["scales"], stored["bias"], stored["rarity"].astype(np.float32))
