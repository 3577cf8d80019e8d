"""The network once more in plain numpy and full precision: slow, obvious, and what a fast engine is checked against.

It reads the stored weights as they are, layer by layer, so that checking never holds the whole network unpacked.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.scorer import Floats

Single = NDArray[np.float32]
Stored = Mapping[str, NDArray[Any]]
HEADS = ("signals", "stage", "stance", "targets")
EPSILON = 1e-12
_erf = np.frompyfunc(math.erf, 1, 1)


def matrix(stored: Stored, name: str) -> Single:
    """A tensor in full precision, from its int8 rows and their scales when it was packed."""
    tensor = stored[name]
    scaled = tensor.astype(np.float32)
    return scaled * stored[f"{name}.scale"][:, None] if tensor.dtype == np.int8 else scaled


def logits(stored: Stored, heads: int, ids: Sequence[int]) -> Floats:
    """(24,) logits of one row of token ids."""
    embedded = matrix(
        {
            "rows": stored["embeddings.word_embeddings.weight"][list(ids)],
            "rows.scale": _scales(stored, ids),
        },
        "rows",
    )
    embedded += matrix(stored, "embeddings.position_embeddings.weight")[: len(ids)]
    embedded += matrix(stored, "embeddings.token_type_embeddings.weight")[0]
    hidden = _norm(stored, "embeddings.LayerNorm", embedded)
    layers = {name.split(".")[1] for name in stored if name.startswith("layers.")}
    for number in range(len(layers)):
        hidden = _layer(stored, f"layers.{number}", heads, hidden)
    pooled = hidden.mean(axis=0)
    return np.concatenate([_linear(stored, name, pooled) for name in HEADS]).astype(np.float64)


def _scales(stored: Stored, ids: Sequence[int]) -> NDArray[Any]:
    name = "embeddings.word_embeddings.weight.scale"
    return stored[name][list(ids)] if name in stored else np.ones(len(ids), np.float32)


def _layer(stored: Stored, name: str, heads: int, hidden: Single) -> Single:
    """(tokens, hidden) to the same: attention and feed-forward, each with its residual."""
    tokens, width = hidden.shape
    query, key, value = (
        _linear(stored, f"{name}.{part}", hidden).reshape(tokens, heads, -1).transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    score = query @ key.transpose(0, 2, 1) / np.float32(math.sqrt(width // heads))  # (heads, tokens, tokens)
    weight = np.exp(score - score.max(axis=-1, keepdims=True))
    mixed = (weight / weight.sum(axis=-1, keepdims=True)) @ value
    mixed = _linear(stored, f"{name}.attention_out", mixed.transpose(1, 0, 2).reshape(tokens, width))
    hidden = _norm(stored, f"{name}.attention_norm", hidden + mixed)
    inner = _linear(stored, f"{name}.inner", hidden)
    grown = inner * 0.5 * (1.0 + _erf(inner / math.sqrt(2)).astype(np.float32))
    return _norm(stored, f"{name}.norm", hidden + _linear(stored, f"{name}.outer", grown.astype(np.float32)))


def _linear(stored: Stored, name: str, values: Single) -> Single:
    made: Single = values @ matrix(stored, f"{name}.weight").T + stored[f"{name}.bias"]
    return made


def _norm(stored: Stored, name: str, values: Single) -> Single:
    centred = values - values.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
    made: Single = centred / spread * stored[f"{name}.weight"] + stored[f"{name}.bias"]
    return made
