"""Fit the n-gram reader: a linear model for each reading of a line-up, on the rows of its own set.

Run as `python -m classify.train.ngrams LINEUP DATA RUN`, where RUN is a folder with the tokenizer whose spelling it
shares; writes `ngrams.safetensors` there. Needs scikit-learn and scipy, as nothing else here does: for a linear model
of a hundred thousand columns its liblinear is faster and better tried than anything of ours.
"""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from classify.ngrams import BITS, grams, weighted
from classify.train import rows
from classify.train.lineup import LINEUPS, Lineup

FILE = "ngrams.safetensors"
BUCKETS = 1 << BITS
FREEDOM = 4.0  # the inverse of the penalty on weights; the floors of `shared/README.md` use the same


def fit(lineup: Lineup, data: Path, run: Path) -> Path:
    """Write the weights of every reading of the line-up."""
    from sklearn.linear_model import LogisticRegression

    folded = Tokenizer.from_file(str(run / "tokenizer.json")).normalizer.normalize_str
    found = rows.public(data, lineup)
    texts = {
        reading: [row for row in found[name] if row.reading == reading and not math.isnan(row.answer)]
        for reading, name, _ in lineup.readings
    }
    folded_texts = {reading: [folded(row.text) for row in of] for reading, of in texts.items()}
    rarity = rarity_of([text for of in folded_texts.values() for text in of])
    weights = np.zeros((BUCKETS, len(texts)), np.int8)
    scales, bias = np.zeros(len(texts), np.float32), np.zeros(len(texts), np.float32)
    for column, (reading, of) in enumerate(texts.items()):
        model = LogisticRegression(C=FREEDOM, solver="liblinear", class_weight="balanced")
        model.fit(matrix(folded_texts[reading], rarity), np.array([int(row.answer) for row in of]))
        told = model.coef_[0]
        scales[column] = max(float(np.abs(told).max()), 1e-9) / 127.0
        weights[:, column] = np.round(told / scales[column]).astype(np.int8)
        bias[column] = float(model.intercept_[0])
        sys.stderr.write(f"{reading}: {len(of)} rows\n")
    stored: dict[str, NDArray[Any]] = {
        "weights": weights,
        "scales": scales,
        "bias": bias,
        "rarity": rarity.astype(np.float16),
    }
    save_file(stored, run / FILE)
    return run / FILE


def rarity_of(texts: Sequence[str]) -> NDArray[np.float32]:
    """(buckets,) smoothed inverse document frequency."""
    seen = np.zeros(BUCKETS)
    for text in texts:
        seen[np.unique(np.concatenate(grams(text)))] += 1
    return (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float16).astype(np.float32)


def matrix(texts: Sequence[str], rarity: NDArray[np.float32]) -> Any:
    """The texts as a sparse matrix, (texts, buckets)."""
    from scipy.sparse import csr_matrix

    each = [weighted(text, rarity) for text in texts]
    ends = np.cumsum([0, *(len(buckets) for buckets, _ in each)])
    values = np.concatenate([value for _, value in each])
    places = np.concatenate([buckets for buckets, _ in each])
    made = csr_matrix((values, places, ends), shape=(len(texts), BUCKETS), dtype=np.float32)
    made.sum_duplicates()
    return made


if __name__ == "__main__":
    fit(LINEUPS[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3]))
