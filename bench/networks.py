"""How well networks read by themselves, without n-grams, gate, calibration and thresholds: which training was better.

Prints `run<TAB>set<TAB>rows<TAB>macro-F1<TAB>average precision` of development rows, judged by the set's own reading at
one half (by the shared head where a network has none), then the mean over the sets; then, for each language of our own
development texts, the mean average precision of the signals, and of the texts that are kept apart that of the flag with
it: these are for reporting, choose nothing by them. One thread or two; some minutes a network.

Run: python bench/networks.py DATA RUN [RUN...], where RUN is a folder that `tocsin train` or a release wrote.
"""

import random
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch

from classify.calibration import average_precision, macro_f1
from classify.rows import Labelled
from classify.scorer import Floats, Scores
from classify.train import authored, layer
from classify.train.card import APART
from classify.train.development import by_set, labelled, logits
from classify.train.earlier import network_of, read_tokenizer, readings_of
from classify.train.lineup import LINEUPS
from classify.train.rows import Row
from models.codebook import SIGNALS, STANCES

LINEUP = LINEUPS["multilingual"]
OURS = 500  # of our own texts in one language
POSITIVES = 10  # of a signal, from which its average precision is told


def main() -> None:
    """Print how each run reads."""
    data, runs = Path(sys.argv[1]), [Path(run) for run in sys.argv[2:]]
    torch.set_num_threads(2)
    told = labelled(data, LINEUP)
    own = {language: ours(language) for language in LINEUP.languages}
    for run in runs:
        network, tokenizer = network_of(run, layer.Layer), read_tokenizer(run)
        found = by_set(network, tokenizer, readings_of(run), told)
        for name, of in sorted(found.items()):
            print(f"{run}\t{name}\t{of.rows}\t{of.macro_f1:.3f}\t{of.average_precision:.3f}", flush=True)
        f1 = statistics.mean(of.macro_f1 for of in found.values())
        precision = statistics.mean(of.average_precision for of in found.values())
        print(f"{run}\tmean of {len(found)} sets\t-\t{f1:.3f}\t{precision:.3f}")
        for language, texts in own.items():
            mean = statistics.mean(by_signal(logits(network, tokenizer, [row.text for row in texts]), texts))
            print(f"{run}\tour texts, {language}\t{len(texts)}\t-\t{mean:.3f}", flush=True)
        for language in APART:
            kept = authored.kept_apart(language)
            flagged, mean = apart(logits(network, tokenizer, [row.text for row in kept]), kept)
            print(f"{run}\ttexts apart, {language}\t{len(kept)}\t{flagged:.3f}\t{mean:.3f}", flush=True)


def ours(language: str) -> list[Row]:
    """Some of our own development texts in a language."""
    texts = authored.rows("dev", seed=1, languages=(language,))
    return random.Random(1).sample(texts, min(OURS, len(texts)))


def apart(said: Floats, texts: Sequence[Labelled]) -> tuple[float, float]:
    """The macro-F1 of the flag, each signal at one half, and the mean average precision of the signals."""
    out = Scores.of(said)
    flag = (out.signals > 0).any(axis=1) & (out.stance.argmax(axis=1) == STANCES.index("asserts"))
    precision = []
    for column, key in enumerate(SIGNALS):
        known = np.array([key in row.labels for row in texts])
        labels = np.array([row.labels[key] for row in texts if key in row.labels])
        precision.append(average_precision(said[known, column], labels))
    return macro_f1(flag, np.array([int(bool(row.hateful)) for row in texts])), statistics.mean(precision)


def by_signal(said: Floats, texts: Sequence[Row]) -> list[float]:
    """The average precision of each signal that has enough positives."""
    found = []
    for column in range(len(SIGNALS)):
        labels = np.array([row.signals[column] for row in texts])
        known = ~np.isnan(labels)
        if labels[known].sum() >= POSITIVES:
            found.append(average_precision(said[known, column], labels[known].astype(np.int64)))
    return found


if __name__ == "__main__":
    main()
