"""Calibration, thresholds and honest figures from development rows: fitted on one half, reported on the other.

Only development splits and our own dev texts come here; `hatecheck`, `mhc` and `language_id` never do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify import calibration
from classify.scorer import Floats, Scores
from classify.train.rows import NEGATIVES, Row
from models.assessment import SIGNALS, STANCES, TARGETS

PER_SET = 1_500  # a set with more rows weighs no more than this
LEAST_POSITIVES = 15  # with fewer, a head keeps its raw probabilities
VALIDATED_F1 = 0.75  # a language below this macro-F1 of hate on its own rows abstains
VALIDATED_ROWS = 200
LEAST_FLAG = 0.2  # a flag means at least a chance of one in five, however rare the signal
NEWS_FLAGGED = 0.001  # no signal may flag more of the news that it was trained on
TECHNIQUES = frozenset({"ptc", "semeval2021"})
BAND = 0.05  # nearer to its threshold than this, a score is left to people
HATE = SIGNALS.index("hate_speech")
PROPAGANDA = SIGNALS.index("propaganda")
CALM_WEIGHT = 0.1  # of such a post beside our own texts, or propaganda would look rarer than it is where it is sought
CALM_FLAGGED = 0.01  # no signal but hate itself may flag more of the posts that are not hateful
OPEN = ("en",)  # languages whose development rows cover every signal


@dataclass(frozen=True, slots=True)
class Dev:
    """Development rows with what the model says of them."""

    rows: Sequence[Row]
    scores: Scores

    def half(self, *, fit: bool) -> "Dev":
        """Every other row: one half to fit on, the other to report on."""
        keep = slice(0 if fit else 1, None, 2)
        s = self.scores
        return Dev(self.rows[keep], Scores(s.signals[keep], s.stage[keep], s.stance[keep], s.targets[keep]))

    def calm(self) -> NDArray[np.bool_]:
        """Which rows are posts of a public set that its annotators called not hateful."""
        ours = {"authored", *NEGATIVES}
        return np.array([row.signals[HATE] == 0 and row.dataset not in ours for row in self.rows])

    def known(self, head: str, column: int) -> tuple[Floats, calibration.Labels, Floats]:
        """Logits, labels and weights of one column where its label is known."""
        labels = np.array([getattr(row, head)[column] for row in self.rows], dtype=float)
        if head == "signals" and column == PROPAGANDA:
            # Propaganda here turns an audience on a group: a post known not to be hateful is none, and a technique in
            # a news line need not be. Calibrated on news lines alone, the head fires on any heated post.
            labels = np.where(np.isnan(labels) & self.calm(), 0.0, labels)
            labels[[row.dataset in TECHNIQUES for row in self.rows]] = np.nan
        known = ~np.isnan(labels)
        sets = np.array([row.dataset for row in self.rows])[known]
        weight = np.array([min(1.0, PER_SET / max(1, int((sets == name).sum()))) for name in sets])
        if head == "signals" and column == PROPAGANDA:
            weight[self.calm()[known]] *= CALM_WEIGHT
        return getattr(self.scores, head)[known, column], labels[known].astype(np.int64), weight


def tune(groups: Mapping[str, Dev], news: Scores) -> dict[str, Any]:
    """The parts of `config.json` that come from measuring."""
    fit = groups["en"].half(fit=True)
    fits: dict[str, Any] = {
        "signals": _platts(fit, "signals", SIGNALS),
        "stage": _platts(fit, "stage", ("1", "2", "3", "4")),
        "targets": _platts(fit, "targets", TARGETS),
        "languages": {
            language: {"signals": {"hate_speech": list(calibration.platt(*dev.half(fit=True).known("signals", HATE)))}}
            for language, dev in groups.items()
            if language not in OPEN
        },
    }
    quiet = calibration.apply(news.signals, fits, "signals", SIGNALS, "en")
    thresholds = _thresholds(fit, fits, quiet)
    fits["stance"] = _stance(fit, fits, thresholds["flag"])
    report = groups["en"].half(fit=False)
    return {
        "calibration": fits,
        "thresholds": thresholds,
        "band": {
            k: [round(max(t - 0.05, 0.0), 4), round(min(t + 0.05, 1.0), 4)] for k, t in thresholds["flag"].items()
        },
        "languages": {k: _language(dev, fits, thresholds["flag"], k) for k, dev in groups.items()},
        "card": {"signals_on_dev": {key: _figures(report, fits, thresholds["flag"], key) for key in SIGNALS}},
    }


def _platts(dev: Dev, head: str, keys: Sequence[str]) -> dict[str, list[float]]:
    found = {}
    for column, key in enumerate(keys):
        logits, labels, weight = dev.known(head, column)
        if LEAST_POSITIVES <= labels.sum() < len(labels):
            found[key] = [round(value, 5) for value in calibration.platt(logits, labels, weight)]
    return found


def _thresholds(dev: Dev, fits: dict[str, Any], quiet: Floats) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {"flag": {}, "high_recall": {}, "high_precision": {}}
    for column, key in enumerate(SIGNALS):
        logits, labels, weight = dev.known("signals", column)
        probability = calibration.apply(logits[:, None], fits, "signals", (key,), "en")[:, 0]
        points = calibration.points(probability, labels, weight)
        floor = float(np.quantile(quiet[:, column], 1 - NEWS_FLAGGED))
        calm = calibration.apply(dev.scores.signals[dev.calm()][:, [column]], fits, "signals", (key,), "en")[:, 0]
        if column != HATE and len(calm):
            floor = max(floor, float(np.quantile(calm, 1 - CALM_FLAGGED)))
        flag = min(max(calibration.best_f1(points).threshold, floor, LEAST_FLAG), 0.98)
        found["flag"][key] = round(flag, 4)
        found["high_recall"][key] = round(min(calibration.at_recall(points, 0.9).threshold, flag), 4)
        found["high_precision"][key] = round(max(calibration.at_precision(points, 0.9).threshold, flag), 4)
    return found


def _stance(dev: Dev, fits: dict[str, Any], flag: Mapping[str, float]) -> dict[str, float]:
    """The temperature that fits best, and how little `asserts` may be for a signal to be flagged."""
    told = np.array([row.stance for row in dev.rows])
    logits, labels = dev.scores.stance[told >= 0], told[told >= 0]
    grid = (0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 2.5)
    losses = {t: -np.log(calibration.softmax(logits / t)[np.arange(len(labels)), labels] + 1e-9).mean() for t in grid}
    temperature = min(losses, key=lambda t: losses[t])
    asserts = calibration.softmax(dev.scores.stance / temperature)[:, STANCES.index("asserts")]
    said = applying(dev, fits, flag)
    truth = np.array([_hateful(row) for row in dev.rows])
    known = truth >= 0
    best = max(
        (0.2, 0.3, 0.4, 0.5, 0.6),
        key=lambda at: calibration.macro_f1((said & (asserts >= at))[known], truth[known]),
    )
    return {"temperature": temperature, "asserts_at": best}


def applying(dev: Dev, fits: dict[str, Any], flag: Mapping[str, float], language: str = "en") -> NDArray[np.bool_]:
    """Which rows have some signal over its threshold."""
    probability = calibration.apply(dev.scores.signals, fits, "signals", SIGNALS, language)
    return np.asarray((probability >= np.array([flag[key] for key in SIGNALS])).any(axis=1))


def _hateful(row: Row) -> int:
    """1 where the row should be flagged, 0 where not, -1 where nobody knows."""
    if row.stance > 0 or row.signals[HATE] == 0:
        return 0
    return 1 if 1.0 in row.signals else -1


def _figures(dev: Dev, fits: dict[str, Any], flag: Mapping[str, float], key: str) -> dict[str, float]:
    logits, labels, _ = dev.known("signals", SIGNALS.index(key))
    probability = calibration.apply(logits[:, None], fits, "signals", (key,), "en")[:, 0]
    return {
        "rows": len(labels),
        "positives": int(labels.sum()),
        "average_precision": round(calibration.average_precision(probability, labels), 4),
        "macro_f1": round(calibration.macro_f1(probability >= flag[key], labels), 4),
        "ece": round(calibration.expected_error(probability, labels), 4),
    }


def _language(dev: Dev, fits: dict[str, Any], flag: Mapping[str, float], language: str) -> dict[str, Any]:
    """How well hate is told in one language; validated only with enough rows and a good enough figure."""
    report = dev.half(fit=False)
    logits, labels, _ = report.known("signals", HATE)
    probability = calibration.apply(logits[:, None], fits, "signals", ("hate_speech",), language)[:, 0]
    f1 = calibration.macro_f1(probability >= flag["hate_speech"], labels)
    return {
        "rows": len(labels),
        "positives": int(labels.sum()),
        "macro_f1_hate": round(f1, 4),
        "average_precision_hate": round(calibration.average_precision(probability, labels), 4),
        "ece_hate": round(calibration.expected_error(probability, labels), 4),
        "validated": bool(f1 >= VALIDATED_F1 and len(dev.rows) >= VALIDATED_ROWS),
        "signals": list(SIGNALS) if language in OPEN else ["hate_speech"],
    }
