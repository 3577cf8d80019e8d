"""Soft labels from a second reader: a character and word n-gram model per set, asked only about rows it did not learn.

The n-gram model and the transformer err on different rows, and people's labels are noisy; a target between the label
and what the second reader thinks teaches more than the label alone (distillation, Hinton et al. 2015). Run as
`python -m classify.train.teacher DATA soft.json`; it needs scikit-learn, as nothing else here does.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classify.rows import read
from classify.train.rows import DATASETS, Row, clean
from models.assessment import SIGNALS

FOLDS = 4
TRUST = 0.4  # of the second reader; the rest is the label's
TAUGHT = {  # sets on whose development split the two together were better than either, and the signal they teach
    "edos": "hate_speech",
    "implicit_hate": "hate_speech",
    "hatexplain": "hate_speech",
    "kenya_moringa": "hate_speech",
    "cad": "hate_speech",
    "ptc": "propaganda",
}


def write(data: Path, out: Path) -> Path:
    """Write `{set: {row id: probability}}` for every taught set, as JSON."""
    told = {}
    for name, signal in TAUGHT.items():
        use = DATASETS[name]
        rows = [
            raw
            for raw in read(data / "train" / f"{name}.jsonl.gz")
            if raw["lang"] in use.languages and signal in raw["labels"]
        ]
        labels = np.array([raw["labels"][signal] for raw in rows])
        found = out_of_fold([clean(raw["text"]) for raw in rows], labels)
        told[name] = {raw["id"]: round(float(p), 4) for raw, p in zip(rows, found, strict=True)}
    out.write_text(json.dumps(told), encoding="utf-8")
    return out


def out_of_fold(texts: Sequence[str], labels: NDArray[np.int64], folds: int = FOLDS) -> NDArray[np.float64]:
    """Each text's probability of the label 1, (rows,), from a model that was fitted without its fold."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline, make_union

    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    reader = make_pipeline(make_union(characters, words), LogisticRegression(C=4.0, solver="liblinear"))
    split = StratifiedKFold(folds, shuffle=True, random_state=0)
    found = cross_val_predict(reader, np.array(texts, dtype=object), labels, cv=split, method="predict_proba")
    return np.asarray(found[:, 1], dtype=np.float64)


def softened(rows: Mapping[str, Sequence[Row]], told: Path) -> dict[str, list[Row]]:
    """The same rows by set, with targets between their label and what `write` wrote of them."""
    soft: dict[str, dict[str, float]] = json.loads(told.read_text(encoding="utf-8"))
    return {name: [_soft(row, soft.get(name, {}).get(row.key)) for row in found] for name, found in rows.items()}


def _soft(row: Row, probability: float | None) -> Row:
    if probability is None:
        return row
    signals = list(row.signals)
    column = SIGNALS.index(TAUGHT[row.dataset])
    signals[column] += TRUST * (probability - signals[column])
    return replace(row, signals=tuple(signals))


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
