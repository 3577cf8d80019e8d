"""The floor of each set: TF-IDF of characters 2-5 and words 1-2 with logistic regression, fitted on that set alone.

Run as `python -m classify.train.floors LINEUP DATA [READING...]`; prints one line to a reading, its macro-F1 on the
development split. A model that does not clear these is not worth its weights. Needs scikit-learn.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from classify import calibration
from classify.rows import read
from classify.train import rows
from classify.train.lineup import LINEUPS, Lineup
from classify.train.ngrams import FREEDOM


def floors(lineup: Lineup, data: Path, only: Sequence[str]) -> Iterator[tuple[str, int, float]]:
    """(reading, development rows, macro-F1) of each reading, or of those asked for."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    for reading, name, _ in lineup.readings:
        path = data / "evaluate" / f"{name}.jsonl.gz"
        if (only and reading not in only) or not path.exists():
            continue
        use = lineup.datasets[name]
        fitted, asked = (
            [
                row
                for raw in read(file)
                if raw["lang"] in use.languages
                for row in [rows.row_of(raw, name, use)]
                if row.reading == reading and not math.isnan(row.answer)
            ]
            for file in (data / "train" / f"{name}.jsonl.gz", path)
        )
        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        model = make_pipeline(
            make_union(characters, words),
            LogisticRegression(C=FREEDOM, solver="liblinear", class_weight="balanced"),
        )
        model.fit([row.text for row in fitted], [int(row.answer) for row in fitted])
        said = model.predict([row.text for row in asked]) == 1
        yield reading, len(asked), calibration.macro_f1(said, np.array([int(row.answer) for row in asked]))


if __name__ == "__main__":
    for named, count, reached in floors(LINEUPS[sys.argv[1]], Path(sys.argv[2]), sys.argv[3:]):
        sys.stdout.write(f"{named}\t{count}\t{reached:.3f}\n")
        sys.stdout.flush()
