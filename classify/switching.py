"""Whether a text changes language half-way: words in turn in two languages fit better than all of them in one.

A Viterbi path over the words, its states the likeliest languages, with a price for every change. Pure arithmetic on
evidence per word; knows no text rules and no language's name.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STATES = 6  # languages considered
_PRICE = 0.5  # of a change, in the unit of the evidence
_GAIN = 2.0  # two languages must fit better than one by this much
_SHARE = 0.3  # of the letters that the smaller language needs, or the text is in the larger one
LEAST_WORDS = 6
_LEAST_IN_EACH = 2


@dataclass(frozen=True, slots=True)
class Switch:
    """Two languages of one text as columns of the evidence, the larger first."""

    places: tuple[int, int]
    confidence: float


def switch(evidence: NDArray[np.float64], words: Sequence[str]) -> Switch | None:
    """The two languages that share a text, if two do; `evidence` is (words, languages), logarithms."""
    if len(words) < LEAST_WORDS or evidence.shape[1] < 2:
        return None
    lengths = np.array([len(word) for word in words])
    path, _ = _best_path(evidence)
    places = np.argsort(-np.bincount(path, weights=lengths, minlength=evidence.shape[1]), kind="stable")[:2]
    path, value = _best_path(evidence[:, places])  # words that a third language took go to one of the two
    gain = value - float(evidence.sum(0).max())
    letters, times = np.bincount(path, weights=lengths, minlength=2), np.bincount(path, minlength=2)
    if gain <= _GAIN or letters.min() < _SHARE * letters.sum() or times.min() < _LEAST_IN_EACH:
        return None
    larger, smaller = (int(places[one]) for one in np.argsort(-letters, kind="stable"))
    # The gain is a logarithm of odds; with no opinion beforehand it becomes a probability so.
    return Switch((larger, smaller), 1.0 / (1.0 + float(np.exp(-gain))))


def _best_path(here: NDArray[np.float64]) -> tuple[list[int], float]:
    """The best state of each word, and the evidence along that path less the price of its changes."""
    value = here[0].copy()
    came_from: list[NDArray[np.int64]] = []
    for row in here[1:]:
        changed = float(value.max()) - _PRICE
        came_from.append(np.where(value >= changed, np.arange(len(value)), int(value.argmax())))
        value = np.maximum(value, changed) + row
    path = [int(value.argmax())]
    for back in reversed(came_from):
        path.append(int(back[path[-1]]))
    return path[::-1], float(value.max())
