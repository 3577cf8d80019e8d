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
HEADS = ("signals", "stage", "stance", "targets", "readings", "gate")
EPSILON = 1e-12
_erf = np.frompyfunc(math.erf, 1, 1)


def matrix(stored: Stored, name: str) -> Single:
    """A tensor in full precision, from its int8 rows and their scales when it was packed."""
    tensor = stored[name]
    scaled = tensor.astype(np.float32)
    return scaled * stored[f"{name}.scale"][:, None] if tensor.dtype == np.int8 else scaled


def heads_of(stored: Stored) -> list[str]:
    """The heads that these weights have, in the order of their logits."""
    return [name for name in HEADS if f"{name}.weight" in stored]


def logits(stored: Stored, heads: int, rows: Sequence[Sequence[int]]) -> Floats:
    """(rows, logits) of some rows of token ids, each attending to itself only; every weight is unpacked once."""
    ids = [token for row in rows for token in row]
    ends = np.cumsum([len(row) for row in rows])[:-1]
    places = matrix(stored, "embeddings.position_embeddings.weight")
    hidden = _words(stored, ids) + np.concatenate([places[: len(row)] for row in rows])
    hidden = _norm(
        stored, "embeddings.LayerNorm", hidden + matrix(stored, "embeddings.token_type_embeddings.weight")[0]
    )
    layers = {name.split(".")[1] for name in stored if name.startswith("layers.")}
    for number in range(len(layers)):
        hidden = _layer(stored, f"layers.{number}", heads, hidden, ends)
    pooled = np.array([row.mean(axis=0) for row in np.split(hidden, ends)])
    return np.concatenate([_linear(stored, name, pooled) for name in heads_of(stored)], axis=1).astype(np.float64)


def _words(stored: Stored, ids: Sequence[int]) -> Single:
    name = "embeddings.word_embeddings.weight"
    part = {"rows": stored[name][list(ids)]}
    if f"{name}.scale" in stored:
        part["rows.scale"] = stored[f"{name}.scale"][list(ids)]
    return matrix(part, "rows")


def _layer(stored: Stored, name: str, heads: int, hidden: Single, ends: NDArray[Any]) -> Single:
    """(tokens, hidden) of all rows to the same: attention within each row and feed-forward, each with its residual."""
    parts = [np.split(_linear(stored, f"{name}.{part}", hidden), ends) for part in ("query", "key", "value")]
    mixed = np.concatenate([_attention(heads, *row) for row in zip(*parts, strict=True)])
    hidden = _norm(stored, f"{name}.attention_norm", hidden + _linear(stored, f"{name}.attention_out", mixed))
    inner = _linear(stored, f"{name}.inner", hidden)
    grown = inner * 0.5 * (1.0 + _erf(inner / math.sqrt(2)).astype(np.float32))
    return _norm(stored, f"{name}.norm", hidden + _linear(stored, f"{name}.outer", grown.astype(np.float32)))


def _attention(heads: int, *parts: Single) -> Single:
    tokens, width = parts[0].shape
    query, key, value = (part.reshape(tokens, heads, -1).transpose(1, 0, 2) for part in parts)
    score = query @ key.transpose(0, 2, 1) / np.float32(math.sqrt(width // heads))  # (heads, tokens, tokens)
    weight = np.exp(score - score.max(axis=-1, keepdims=True))
    mixed: Single = ((weight / weight.sum(axis=-1, keepdims=True)) @ value).transpose(1, 0, 2).reshape(tokens, width)
    return mixed


def _linear(stored: Stored, name: str, values: Single) -> Single:
    made: Single = values @ matrix(stored, f"{name}.weight").T + stored[f"{name}.bias"]
    return made


def _norm(stored: Stored, name: str, values: Single) -> Single:
    centred = values - values.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
    made: Single = centred / spread * stored[f"{name}.weight"] + stored[f"{name}.bias"]
    return made
