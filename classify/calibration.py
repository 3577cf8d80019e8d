"""Logits become probabilities that mean what they say, and thresholds are found for stated operating points.

Platt scaling per signal, per language where there is data for it. Pure arithmetic on arrays; knows no model or file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.scorer import Floats

Labels = NDArray[np.int64]


def sigmoid(values: Floats) -> Floats:
    """The logistic function, safe for large values."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -60.0, 60.0))))


def softmax(values: Floats) -> Floats:
    """Rows that add up to one."""
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def platt(logits: Floats, labels: Labels, weights: Floats | None = None, steps: int = 60) -> tuple[float, float]:
    """Scale and shift such that `sigmoid(scale * logit + shift)` is calibrated; Newton's method on Platt's targets.

    Source: Platt 1999, with the target smoothing of Lin, Lin and Weng 2007. The scale is kept above 0.05, so that more
    logit always means more probability.
    """
    weight = np.ones_like(logits) if weights is None else weights
    positives, negatives = float(weight[labels == 1].sum()), float(weight[labels == 0].sum())
    target = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    scale, shift = 1.0, 0.0
    for _ in range(steps):
        probability = sigmoid(scale * logits + shift)
        slope = weight * (probability - target)
        curve = weight * np.maximum(probability * (1 - probability), 1e-9)
        gradient = np.array([(slope * logits).sum() + 1e-3 * (scale - 1), slope.sum()])
        hessian = np.array(
            [[(curve * logits**2).sum() + 1e-3, (curve * logits).sum()], [(curve * logits).sum(), curve.sum() + 1e-9]]
        )
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        scale, shift = max(scale - float(step[0]), 0.05), shift - float(step[1])
        if np.abs(step).max() < 1e-7:
            break
    return scale, shift


def apply(logits: Floats, calibration: Mapping[str, Any], head: str, keys: tuple[str, ...], language: str) -> Floats:
    """Calibrated probabilities of a sigmoid head, by the language's own fit where there is one."""
    fits = {**calibration.get(head, {}), **calibration.get("languages", {}).get(language, {}).get(head, {})}
    scale = np.array([fits.get(key, (1.0, 0.0))[0] for key in keys])
    shift = np.array([fits.get(key, (1.0, 0.0))[1] for key in keys])
    return sigmoid(logits * scale + shift)


@dataclass(frozen=True, slots=True)
class Bin:
    """One row of a reliability table: what was said and what was so, among scores between two borders."""

    low: float
    high: float
    rows: int
    said: float  # mean probability
    was: float  # share of positives


def reliability(probabilities: Floats, labels: Labels, bins: int = 15) -> list[Bin]:
    """Equal-width bins that hold any row."""
    which = np.minimum((probabilities * bins).astype(int), bins - 1)
    found = []
    for place in range(bins):
        inside = which == place
        if inside.any():
            said, was = float(probabilities[inside].mean()), float(labels[inside].mean())
            found.append(Bin(place / bins, (place + 1) / bins, int(inside.sum()), said, was))
    return found


def expected_error(probabilities: Floats, labels: Labels, bins: int = 15) -> float:
    """Expected calibration error over equal-width bins."""
    table = reliability(probabilities, labels, bins)
    return sum(one.rows * abs(one.said - one.was) for one in table) / max(1, len(labels))


def auroc(scores: Floats, labels: Labels) -> float | None:
    """The chance that a positive scores above a negative, ties counting half; None where one of the two is absent."""
    positives, negatives = int(labels.sum()), int(len(labels) - labels.sum())
    if not positives or not negatives:
        return None
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]  # the mean rank of equal scores
    return float((ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def recall_at_alerts(scores: Floats, labels: Labels, share: float = 0.01) -> float:
    """The share of positives among the highest scores when only `share` of all rows may be alerts; ties by chance."""
    budget = max(1, round(share * len(scores)))
    limit = np.sort(scores)[-budget]
    above, level = scores > limit, scores == limit
    hits = float(labels[above].sum()) + float(labels[level].mean()) * (budget - int(above.sum()))
    return hits / max(1, int(labels.sum()))


@dataclass(frozen=True, slots=True)
class Point:
    """A threshold and what it gives on the data it was chosen on."""

    threshold: float
    precision: float
    recall: float
    macro_f1: float


def points(probabilities: Floats, labels: Labels, weights: Floats | None = None) -> list[Point]:
    """What 199 thresholds between 0.005 and 0.995 give."""
    weight = np.ones_like(probabilities) if weights is None else weights
    return [_point(probabilities, labels, weight, float(t)) for t in np.linspace(0.005, 0.995, 199)]


def _point(probabilities: Floats, labels: Labels, weight: Floats, threshold: float) -> Point:
    said = probabilities >= threshold
    hit, wrong = float(weight[said & (labels == 1)].sum()), float(weight[said & (labels == 0)].sum())
    missed, quiet = float(weight[~said & (labels == 1)].sum()), float(weight[~said & (labels == 0)].sum())
    f1 = 2 * hit / max(2 * hit + wrong + missed, 1e-9)
    other = 2 * quiet / max(2 * quiet + wrong + missed, 1e-9)
    return Point(threshold, hit / max(hit + wrong, 1e-9), hit / max(hit + missed, 1e-9), (f1 + other) / 2)


def best_f1(found: list[Point]) -> Point:
    """The operating point with the best macro-F1."""
    return max(found, key=lambda point: point.macro_f1)


def at_recall(found: list[Point], recall: float) -> Point:
    """The highest threshold that still reaches this recall."""
    return max((p for p in found if p.recall >= recall), key=lambda p: p.threshold, default=found[0])


def at_precision(found: list[Point], precision: float) -> Point:
    """The lowest threshold that reaches this precision; the most precise one where none does."""
    reached = [p for p in found if p.precision >= precision and p.recall > 0]
    return min(reached, key=lambda p: p.threshold) if reached else max(found, key=lambda p: (p.precision, p.recall))


def macro_f1(said: NDArray[np.bool_], labels: Labels) -> float:
    """The mean of the F1 of yes and the F1 of no."""
    return _point(said.astype(np.float64), labels, np.ones(len(labels)), 0.5).macro_f1


def average_precision(scores: Floats, labels: Labels) -> float:
    """The area under precision and recall as a step function; ties count as one step; 0 without a positive."""
    if not labels.any():
        return 0.0
    precision, recall = _precision_recall(scores, labels)
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def precision_recall_area(scores: Floats, labels: Labels) -> float:
    """The area under precision and recall with straight lines between the steps, from (0, 1); 0 without a positive.

    Kinder than average precision, most of all where many scores tie; what ERASER (DeYoung et al. 2020) calls AUPRC.
    """
    if not labels.any():
        return 0.0
    precision, recall = _precision_recall(scores, labels)
    return float(np.trapezoid(np.append(1.0, precision), np.append(0.0, recall)))


def _precision_recall(scores: Floats, labels: Labels) -> tuple[Floats, Floats]:
    """Precision and recall at each distinct score, from the highest on."""
    order = np.argsort(-scores, kind="stable")
    ranked, sorted_scores = labels[order], scores[order]
    ends = np.append(np.flatnonzero(np.diff(sorted_scores)), len(ranked) - 1)
    hits = np.cumsum(ranked)[ends]
    return hits / (ends + 1), hits / hits[-1]
