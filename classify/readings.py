"""Many readings become one score: how each set's own rules judge a passage, weighed by how like that set it is.

Public sets call different things hate, and no single head can follow them all (docs/decisions/0011-readings.md). So the
model has a reading for each such set, and a gate that says how like each set, or none of them, a passage is. The score
of a signal is a mixture of experts: the shared head, as far as the gate sends the passage to no set that reads this
signal, and the readings of the sets it resembles. Pure arithmetic; knows no text.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from classify import calibration
from classify.scorer import Floats
from models.codebook import SIGNALS

SHARED = 24  # logits of the shared heads: 8 signals, 4 stages, 4 stances, 8 targets
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Reading:
    """One set's own rules: which signal they are about, and how much the two readers count."""

    name: str
    signal: int
    deep: float  # times the transformer's logit
    shallow: float  # times the n-grams' logit
    shift: float


@dataclass(frozen=True, slots=True)
class Readings:
    """All readings of a model."""

    each: tuple[Reading, ...]
    shared: dict[int, tuple[float, float]]  # scale and shift of the shared logit of a signal that has readings
    deep: float  # times the gate's logits
    shallow: float  # times what the n-grams say of the same
    home: float  # and this is added to that of "like none"

    def fused(self, logits: Floats, ngrams: Floats | None) -> Floats:
        """(rows, 24) from (rows, 24 + readings + readings + 1) and the n-grams' (rows, readings + readings + 1)."""
        count = len(self.each)
        wide = np.zeros((len(logits), 2 * count + 1)) if ngrams is None else ngrams
        judged = self.judged(logits[:, SHARED : SHARED + count], wide[:, :count])
        gate = self.gate(logits[:, SHARED + count :], wide[:, count:])
        out = logits[:, :SHARED].copy()
        for signal, (scale, shift) in self.shared.items():
            columns = [i for i, one in enumerate(self.each) if one.signal == signal]
            mine = gate[:, columns]
            shared = calibration.sigmoid(out[:, signal] * scale + shift)
            chance = (mine * judged[:, columns]).sum(axis=1) + (1.0 - mine.sum(axis=1)) * shared
            chance = np.clip(chance, _EDGE, 1.0 - _EDGE)
            out[:, signal] = np.log(chance / (1.0 - chance))
        return out

    def judged(self, deep: Floats, shallow: Floats) -> Floats:
        """(rows, readings) probabilities."""
        told = np.array([(one.deep, one.shallow, one.shift) for one in self.each])
        return calibration.sigmoid(deep * told[:, 0] + shallow * told[:, 1] + told[:, 2])

    def gate(self, deep: Floats, shallow: Floats) -> Floats:
        """(rows, readings + 1) shares; the last is of passages like none of the sets."""
        moved = deep * self.deep + shallow * self.shallow
        moved[:, -1] += self.home
        return calibration.softmax(moved)


def readings_of(told: dict[str, Any]) -> Readings | None:
    """The readings that a `config.json` tells of, if any."""
    block = told.get("readings")
    if not block:
        return None
    each = tuple(
        Reading(one["name"], SIGNALS.index(one["signal"]), one["deep"], one["shallow"], one["shift"])
        for one in block["each"]
    )
    shared = {SIGNALS.index(key): (scale, shift) for key, (scale, shift) in block["shared"].items()}
    return Readings(each, shared, block["gate"]["deep"], block["gate"]["shallow"], block["gate"]["home"])
