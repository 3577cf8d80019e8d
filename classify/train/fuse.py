"""How much each reading and the gate count, fitted on development rows: the `readings` block of a `config.json`.

Three small fits in turn: for each reading a logistic regression on two numbers (what the transformer says, what the
n-grams say); for the shared head a Platt scaling on rows of no set; for the gate three numbers from a grid. Only rows
of the fitting half come here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify import calibration
from classify.readings import SHARED, Readings, readings_of
from classify.scorer import Floats
from classify.train.lineup import Lineup
from classify.train.rows import Row
from models.codebook import SIGNALS

RIDGE = 1.0  # pulls the two weights to a half each: sets with few rows stay near the plain mean
LEAST = 40  # rows of a set; with fewer its reading keeps the plain mean
DEEP = (0.0, 0.2, 0.4, 0.7)
SHALLOW = (0.3, 0.5, 0.7, 1.0)
HOMES = (0.5, 1.0, 2.0)  # never below: texts like none of the sets must lose nothing to them
NEAR = 0.01
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Raw:
    """Rows with every logit of the network and of the n-grams."""

    rows: Sequence[Row]
    logits: Floats  # (rows, 24 + readings + readings + 1)
    ngrams: Floats  # (rows, readings + readings + 1)

    def half(self, *, fit: bool) -> "Raw":
        """Every other row: one half to fit on, the other to report on."""
        keep = slice(0 if fit else 1, None, 2)
        return Raw(self.rows[keep], self.logits[keep], self.ngrams[keep])


def fit(raw: Raw, lineup: Lineup) -> dict[str, Any]:
    """The `readings` block."""
    each = [_reading(raw, column, name, signal) for column, (name, _, signal) in enumerate(lineup.readings)]
    signals = sorted({signal for _, _, signal in lineup.readings}, key=SIGNALS.index)
    block = {
        "each": each,
        "shared": {signal: _shared(raw, SIGNALS.index(signal)) for signal in signals},
    }
    gates = [{"deep": deep, "shallow": shallow, "home": home} for deep in DEEP for shallow in SHALLOW for home in HOMES]
    return block | {"gate": min(gates, key=lambda gate: _loss(raw, block | {"gate": gate}))}


def _reading(raw: Raw, column: int, name: str, signal: str) -> dict[str, Any]:
    mine = np.array([row.reading == name and not math.isnan(row.answer) for row in raw.rows])
    labels = np.array([row.answer for row in raw.rows])[mine]
    deep, shallow, shift = 0.5, 0.5, 0.0
    if mine.sum() >= LEAST and 0 < labels.sum() < len(labels):
        both = np.stack([raw.logits[mine, SHARED + column], raw.ngrams[mine, column]], axis=1)
        deep, shallow, shift = _logistic(both, labels)
        shift -= _dividing(both @ np.array([deep, shallow]) + shift, labels.astype(np.int64))
    return {
        "name": name,
        "signal": signal,
        "deep": round(deep, 4),
        "shallow": round(shallow, 4),
        "shift": round(shift, 4),
    }


def _logistic(both: Floats, labels: Floats, steps: int = 60) -> tuple[float, float, float]:
    """Two weights, none below zero, and a shift; Newton's method with a ridge around a half each."""
    design = np.column_stack([both, np.ones(len(both))])
    told = np.array([0.5, 0.5, 0.0])
    prior, pull = told.copy(), np.diag([RIDGE, RIDGE, 1e-6])
    for _ in range(steps):
        chance = calibration.sigmoid(design @ told)
        slope = design.T @ (chance - labels) + pull @ (told - prior)
        curve = design.T @ (design * np.maximum(chance * (1 - chance), 1e-9)[:, None]) + pull
        step = np.linalg.solve(curve, slope)
        told = told - step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-12))
        told[:2] = np.maximum(told[:2], 0.0)
    return float(told[0]), float(told[1]), float(told[2])


def _shared(raw: Raw, signal: int) -> list[float]:
    """Platt scaling of the shared head on rows that no reading of this signal is about."""
    labels = np.array([row.signals[signal] for row in raw.rows])
    home = np.array([not row.reading for row in raw.rows]) & ~np.isnan(labels)
    if not 0 < labels[home].sum() < home.sum():
        return [1.0, 0.0]
    told = labels[home].astype(np.int64)
    scale, shift = calibration.platt(raw.logits[home, signal], told)
    shift -= _dividing(raw.logits[home, signal] * scale + shift, told)
    return [round(scale, 4), round(shift, 4)]


def _dividing(logits: Floats, labels: NDArray[np.int64]) -> float:
    """The logit that divides yes from no best: the mean over thresholds within a point of the best macro-F1.

    Taken off, it makes one half the border of every reading: how rare hate is among the rows that a set's makers chose
    says nothing of a monitor's texts, and one threshold then serves passages like any of the sets.
    """
    found = calibration.points(calibration.sigmoid(logits), labels)
    best = max(point.macro_f1 for point in found)
    near = np.array([point.threshold for point in found if point.macro_f1 >= best - NEAR])
    return float(np.mean(np.log(near / (1.0 - near))))


def _loss(raw: Raw, block: dict[str, Any]) -> float:
    """The log loss of the fused signals: the mean over sets with a reading, and as much again over all other sets.

    So a large set counts as much as a small one, and texts like none of the sets, a monitor's own, as much as the rest.
    """
    fused = calibration.sigmoid(fuse(raw, block)[:, :8])
    sets = np.array([row.reading or row.dataset for row in raw.rows])
    home = np.array([not row.reading for row in raw.rows])
    losses: dict[bool, list[float]] = {True: [], False: []}
    for signal in (SIGNALS.index(key) for key in block["shared"]):
        told = np.array([row.answer if row.about == signal else row.signals[signal] for row in raw.rows])
        right = np.clip(np.where(told == 1, fused[:, signal], 1 - fused[:, signal]), _EDGE, 1.0)
        known = ~np.isnan(told)
        for name in sorted(set(sets[known])):
            mine = known & (sets == name)
            losses[bool(home[mine][0])].append(-float(np.log(right[mine]).mean()))
    return float(sum(np.mean(of) for of in losses.values() if of))


def fuse(raw: Raw, block: dict[str, Any]) -> Floats:
    """(rows, 24) of raw rows, as the product fuses them."""
    readings = readings_of({"readings": block})
    assert isinstance(readings, Readings)  # noqa: S101 - the block above is never empty
    return readings.fused(raw.logits, raw.ngrams)
