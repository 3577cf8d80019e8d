"""Which words of a passage people would mark as the reason: a linear readout of what the network makes of each word.

People marked words of public posts (HateXplain; `classify/train/marks.py` fits the readout). It stands beside what
leaving a word out does to the score, and is never a part of the score itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load
from tokenizers import Encoding

from classify.checkpoint import checked
from classify.scorer import Floats
from models.codebook import SIGNALS

FILE = "marks.safetensors"


@dataclass(frozen=True, slots=True)
class Marks:
    """The fitted readout, and the signals whose reasons it has learnt."""

    weights: NDArray[np.float32]  # (3, hidden): of a word itself, of the one before it, of the one behind it
    bias: float
    signals: frozenset[int]

    def read(self, states: Floats) -> Floats:
        """(words, hidden) to (words,): the probability that people would mark the word."""
        itself, before, behind = (states @ self.weights.T).T
        logits = itself + self.bias
        logits[1:] += before[:-1]
        logits[:-1] += behind[1:]
        return np.asarray(1.0 / (1.0 + np.exp(-logits)))


def shares(encoding: Encoding, words: Sequence[str]) -> tuple[Floats, list[int]]:
    """How the tokens of `" ".join(words)` make words: (words seen, tokens), each row of sum one; and their numbers.

    A word that was cut off with the end of a long passage, or that the tokenizer dropped, is not seen.
    """
    starts = np.cumsum([0, *(len(word) + 1 for word in words)])
    of = np.full(len(encoding.ids), -1)
    for token, (start, end) in enumerate(encoding.offsets):
        if end > start:
            # The last character: some tokenizers count the space before a word as its first.
            of[token] = int(np.searchsorted(starts, end - 1, side="right")) - 1
    seen = sorted({int(word) for word in of if 0 <= word < len(words)})
    belongs = (of[None, :] == np.array(seen)[:, None]).astype(float) if seen else np.zeros((0, len(of)))
    return belongs / np.maximum(belongs.sum(1, keepdims=True), 1.0), seen


def load_marks(folder: Path, told: dict[str, Any]) -> Marks | None:
    """The readout of a model folder, if it has one, checked by sha256. Raises ModelBroken."""
    if "marks" not in told:
        return None
    stored = load(checked(folder / FILE, told["marks"]["sha256"]))
    signals = frozenset(SIGNALS.index(key) for key in told["marks"]["signals"])
    return Marks(stored["weights"], float(stored["bias"][0]), signals)
