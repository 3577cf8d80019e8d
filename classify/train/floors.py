"""The floor of each set: TF-IDF of characters 2-5 and words 1-2 with logistic regression, fitted on that set alone.

Run as `python -m classify.train.floors LINEUP DATA [NAME...]`; prints one line to a reading, and to a set without one:
its development rows and macro-F1. A model that does not clear these is not worth its weights. A set whose training rows
are not to be had is asked of a model of all other rows in its language, our own texts among them. Needs scikit-learn.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from classify import calibration
from classify.rows import read
from classify.train import authored, rows
from classify.train.lineup import LINEUPS, Dataset, Lineup
from classify.train.ngrams import FREEDOM
from models.codebook import SIGNALS

Told = tuple[list[str], list[int]]  # texts and their labels
HATE = SIGNALS.index("hate_speech")


def floors(lineup: Lineup, data: Path, only: Sequence[str]) -> Iterator[tuple[str, int, float]]:
    """(reading or set, development rows, macro-F1) of each, or of those asked for."""
    asked = [(reading, name) for reading, name, _ in lineup.readings]
    asked += [(name, name) for name, use in lineup.datasets.items() if not use.reading]
    for reading, name in asked:
        if (only and reading not in only) or not (data / "evaluate" / f"{name}.jsonl.gz").exists():
            continue
        use = lineup.datasets[name]
        texts, labels = _told(data / "train", name, use, reading) if use.passes else _kin(lineup, data, use)
        dev, right = _told(data / "evaluate", name, use, reading)
        if len(set(labels)) > 1 and len(set(right)) > 1:
            said = _fitted(texts, labels).predict(dev) == 1
            yield reading, len(dev), calibration.macro_f1(said, np.array(right))


def _fitted(texts: Sequence[str], labels: Sequence[int]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    regression = LogisticRegression(C=FREEDOM, solver="liblinear", class_weight="balanced")
    return make_pipeline(make_union(characters, words), regression).fit(texts, labels)


def _told(folder: Path, name: str, use: Dataset, reading: str) -> Told:
    """A set's rows that say yes or no: by its own rules where it has a reading, else by `hate_speech`."""
    found = [
        rows.row_of(raw, name, use)
        for raw in read(folder / f"{name}.jsonl.gz")
        if raw["lang"] in use.languages and raw.get("note") != "mt_davidson"
    ]
    mine = [
        (row.text, row.answer if row.reading else row.signals[HATE]) for row in found if row.reading in {reading, ""}
    ]
    return _known(mine)


def _kin(lineup: Lineup, data: Path, use: Dataset) -> Told:
    """Every other row in the set's language, mixed with another or not."""
    public = rows.public(data, lineup)
    near = [
        name
        for name, other in lineup.datasets.items()
        if any(_shared(a, b) for a in other.languages for b in use.languages)
    ]
    found = [row for name in near for row in public.get(name, ())]
    found += authored.rows("train", 7, languages=sorted(use.languages & set(lineup.languages)))
    return _known([(row.text, row.signals[HATE]) for row in found])


def _shared(a: str, b: str) -> bool:
    return bool(set(a.split("-")) & set(b.split("-")))


def _known(told: Sequence[tuple[str, float]]) -> Told:
    kept = [(text, int(label)) for text, label in told if not math.isnan(label)]
    return [text for text, _ in kept], [label for _, label in kept]


if __name__ == "__main__":
    for named, count, reached in floors(LINEUPS[sys.argv[1]], Path(sys.argv[2]), sys.argv[3:]):
        sys.stdout.write(f"{named}\t{count}\t{reached:.3f}\n")
        sys.stdout.flush()
