"""How much should people's marks count in a highlight? Measured on a fifth of HateXplain's training rationales.

The readout is fitted on the other four fifths, with each ridge that is asked for; then highlights mix what the score
says and what the readout says in several shares. Prints `ridge<TAB>share<TAB>AUPRC<TAB>token F1<TAB>fall of the
probability without the highlighted words<TAB>without as many random ones`. The share and the ridge that
`classify/explain.py` and `classify/train/marks.py` hold were chosen by it; validation rationales are never read.

Run: python bench/marks.py DATA MODEL [ROWS] [RIDGE,RIDGE...], where MODEL is a packed model's folder; some minutes.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch

from classify import explain
from classify.engines import load
from classify.marks import Marks, shares
from classify.model import Network
from classify.rationales import LONGEST, Rationale, measured, rationales
from classify.scorer import Floats, Scores
from classify.settings import ClassifySettings
from classify.train import layer
from classify.train import marks as fitting
from classify.train.earlier import network_of, read_tokenizer
from models.codebook import SIGNALS

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
BATCH = 32


class With:
    """A model with a readout that is under test."""

    def __init__(self, model: Path, marks: Marks, network: Network) -> None:
        self._scorer = load(ClassifySettings(model=str(model), threads=0))
        self._marks, self._network, self._tokenizer = marks, network, read_tokenizer(model)
        self.config, self.engine = self._scorer.config, self._scorer.engine

    def score(self, passages: Sequence[str], /) -> Scores:
        """As the model does."""
        return self._scorer.score(passages)

    def marks(self, words: Sequence[str], _signal: int, /) -> Floats:
        """(words,) by the readout under test."""
        [states] = fitting.states(self._network, self._tokenizer, [Rationale(tuple(words), (False,) * len(words))])
        _, seen = shares(self._tokenizer.encode(" ".join(words)), words)
        told = np.zeros(len(words))
        told[seen] = self._marks.read(states[seen])
        return told


def main() -> None:
    """Fit, mix and measure."""
    data, model = Path(sys.argv[1]), Path(sys.argv[2])
    many = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    ridges = [float(one) for one in (sys.argv[4] if len(sys.argv) > 4 else str(fitting.RIDGE)).split(",")]
    network = network_of(model, layer.Layer)
    every = [row for row in rationales(data / fitting.RATIONALES) if len(row.words) <= LONGEST]
    learnt = [row for number, row in enumerate(every) if number % 5]
    held = [row for row in every[::5] if 0 < sum(row.marked) < len(row.marked)][:many]
    torch.set_num_threads(2)
    states = fitting.states(network, read_tokenizer(model), learnt)
    number = frozenset({SIGNALS.index("hate_speech")})
    for fitting.RIDGE in ridges:
        weights, bias = fitting.regression(states, learnt)
        scorer = With(model, Marks(weights, float(bias[0]), number), network)
        for explain.MARKED in SHARES:
            draw = np.random.default_rng(0)
            found = [one for at in range(0, len(held), BATCH) for one in measured(held[at : at + BATCH], scorer, draw)]
            means = [
                float(np.mean([one[key] for one in found]))
                for key in ("auprc", "token_f1", "comprehensiveness", "random_comprehensiveness")
            ]
            print(fitting.RIDGE, explain.MARKED, *(f"{mean:.3f}" for mean in means), sep="\t", flush=True)


if __name__ == "__main__":
    main()
