"""Fit the n-gram reader: a linear model for each reading of a line-up, on the rows of its own set, and one of origin.

Run as `python -m classify.train.ngrams LINEUP DATA RUN`, where RUN is a folder with the tokenizer whose spelling it
shares; writes `ngrams.safetensors.gz` there. Needs scikit-learn and scipy, as little else here does: for a linear
model of a hundred thousand columns its liblinear is faster and better tried than anything of ours.
"""

import gzip
import math
import random
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from tokenizers import Tokenizer

from classify.ngrams import BITS, FILE, grams, weighted
from classify.train import authored, rows
from classify.train.lineup import LINEUPS, Lineup

BUCKETS = 1 << BITS
GATE_ROWS = 2_500  # of a set, to learn how texts of it look
GATE_STEPS = 40
FREEDOM = 4.0  # the inverse of the penalty on weights; the floors of `shared/README.md` use the same


def fit(lineup: Lineup, data: Path, run: Path) -> Path:
    """Write the weights of every reading of the line-up, then those of the gate."""
    from sklearn.linear_model import LogisticRegression

    folded = Tokenizer.from_file(str(run / "tokenizer.json")).normalizer.normalize_str
    found = rows.public(data, lineup)
    of = {
        reading: [row for row in found[name] if row.reading == reading and not math.isnan(row.answer)]
        for reading, name, _ in lineup.readings
    }
    texts = {reading: [folded(row.text) for row in one] for reading, one in of.items()}
    rarity = rarity_of([text for one in texts.values() for text in one])
    columns, bias = [], []
    for reading, one in of.items():
        judge = LogisticRegression(C=FREEDOM, solver="liblinear", class_weight="balanced")
        judge.fit(matrix(texts[reading], rarity), np.array([int(row.answer) for row in one]))
        columns.append(judge.coef_[0])
        bias.append(float(judge.intercept_[0]))
        sys.stderr.write(f"{reading}: {len(one)} rows\n")
    seen, origin = _origins(lineup, data, texts, [row for one in found.values() for row in one if not row.reading])
    gate = LogisticRegression(C=FREEDOM, max_iter=GATE_STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is stopped on purpose: more steps make it surer, not better
        gate.fit(matrix([folded(text) for text in seen], rarity), np.array(origin))
    stored = save(_packed([*columns, *gate.coef_], [*bias, *gate.intercept_], rarity))
    (run / FILE).write_bytes(gzip.compress(stored, mtime=0))
    return run / FILE


def _origins(
    lineup: Lineup, data: Path, texts: Mapping[str, Sequence[str]], others: Sequence[rows.Row]
) -> tuple[list[str], list[int]]:
    """Texts and the number of the reading each belongs to; the last number is for those of no set with a reading."""
    draw = random.Random(5)  # noqa: S311 - sampling, not secrecy
    home = len(texts)
    own = authored.rows("train", 7, per_core=3, per_wrapper=10, languages=lineup.languages)
    news = rows.negatives(data, unseen=False, languages=lineup.news)
    parts = [(number, list(of)) for number, of in enumerate(texts.values())]
    parts += [(home, [row.text for row in of]) for of in (others, own, news)]
    seen, origin = [], []
    for number, of in parts:
        most = GATE_ROWS if number < home else 2 * GATE_ROWS
        part = draw.sample(of, min(most, len(of)))
        seen += part
        origin += [number] * len(part)
    return seen, origin


def _packed(
    columns: Sequence[NDArray[np.float64]], bias: Sequence[float], rarity: NDArray[np.float32]
) -> dict[str, NDArray[Any]]:
    """Int8 with one scale to a column."""
    told = np.stack(columns, axis=1)
    scales = np.maximum(np.abs(told).max(axis=0), 1e-9) / 127.0
    return {
        "weights": np.round(told / scales).astype(np.int8),
        "scales": scales.astype(np.float32),
        "bias": np.array(bias, np.float32),
        "rarity": rarity.astype(np.float16),
    }


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
