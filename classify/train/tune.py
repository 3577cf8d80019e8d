"""Calibration, thresholds and honest figures from development rows: fitted on one half, reported on the other.

Only development splits and our own dev texts come here; `hatecheck`, `mhc` and `language_id` never do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify import calibration
from classify.scorer import BAND, Floats, Scores
from classify.train.lineup import Lineup
from classify.train.rows import NEGATIVES, NTREX, Row
from models.codebook import SIGNALS, STANCES, TARGETS

PER_SET = 1_500  # a set with more rows weighs no more than this
LEAST_POSITIVES = 15  # with fewer, a head keeps its raw probabilities
SUPPORTED = 0.05  # macro-F1 above the floor of each of a language's sets, from which it is `supported`
SUPPORTED_ROWS = 200
# Without both, a text that is not flagged would look clean and not be.
NEEDED = frozenset({"hate_speech", "incitement"})
ENOUGH = 250  # rows of a set; more of them say no more of a language than these
LEAST_PRECISION = 0.4  # average precision, and
LEAST_SEEN = 10  # positives that nobody fitted on, from which a signal may be flagged in a language
LEAST_FLAG = 0.2  # a flag means at least a chance of one in five, however rare the signal
NEWS_FLAGGED = 0.001  # no signal may flag more of the news that it was trained on
NEWS_FLAGGED_ELSEWHERE = 0.01  # of passages of another language's news; a thousandth would leave next to no flag
TECHNIQUES = frozenset({"ptc", "semeval2021"})
HATE = SIGNALS.index("hate_speech")
PROPAGANDA = SIGNALS.index("propaganda")
CALM_WEIGHT = 0.1  # of such a post beside our own texts, or propaganda would look rarer than it is where it is sought
CALM_FLAGGED = 0.01  # no signal but hate itself may flag more of the posts that are not hateful
NOBODY = "mul"  # the language of the pooled fit: it has no figures of its own


@dataclass(frozen=True, slots=True)
class Dev:
    """Development rows with what the model says of them."""

    rows: Sequence[Row]
    scores: Scores

    def half(self, *, fit: bool) -> "Dev":
        """Every other row: one half to fit on, the other to report on."""
        keep = slice(0 if fit else 1, None, 2)
        return Dev(self.rows[keep], self.scores.rows(keep))

    def calm(self) -> NDArray[np.bool_]:
        """Which rows are posts of a public set that its annotators called not hateful."""
        ours = {"authored", *NEGATIVES, NTREX}
        return np.array([row.signals[HATE] == 0 and row.dataset not in ours for row in self.rows])

    def known(self, head: str, column: int) -> tuple[Floats, calibration.Labels, Floats]:
        """Logits, labels and weights of one column where its label is known."""
        labels = np.array([getattr(row, head)[column] for row in self.rows], dtype=float)
        if head == "signals" and column != PROPAGANDA:
            # A row is judged as its own set would judge it: so were the readings fitted.
            own = [row.answer if row.about == column else np.nan for row in self.rows]
            labels = np.where(np.isnan(labels), own, labels)
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


def tune(
    groups: Mapping[str, Dev], news: Mapping[str, Floats], lineup: Lineup, crossed: Mapping[str, Dev] | None = None
) -> dict[str, Any]:
    """The parts of `config.json` that come from measuring; `news` holds signals, (passages, 8), of harmless news.

    The general fit is that of the one language, or of all together; with several each also has its own. `crossed` are
    the same rows, each fused by readings that were fitted on the other half: what a language's status is judged by.
    """
    whole = next(iter(groups.values())) if len(groups) == 1 else _together(list(groups.values()))
    quiet = np.concatenate(list(news.values()))
    fits, thresholds = _fitted(whole, quiet)
    languages = {}
    for language, dev in groups.items():
        own, limits = fits, thresholds
        if len(groups) > 1:
            most = NEWS_FLAGGED_ELSEWHERE if language in news.keys() - lineup.open else NEWS_FLAGGED
            own, limits = _fitted(dev, news.get(language, quiet), fits, most)
            fits.setdefault("languages", {})[language] = own
        apart = (crossed or {}).get(language, dev.half(fit=False))
        languages[language] = _language(dev, apart, own, limits["flag"], lineup, language)
    report = whole.half(fit=False)
    return {
        "calibration": fits,
        "thresholds": thresholds,
        "band": {
            k: [round(max(t - BAND, 0.0), 4), round(min(t + BAND, 1.0), 4)] for k, t in thresholds["flag"].items()
        },
        "languages": languages,
        "card": {"signals_on_dev": {key: _figures(report, fits, thresholds["flag"], key) for key in SIGNALS}},
    }


def _together(devs: Sequence[Dev]) -> Dev:
    rows = [row for dev in devs for row in dev.rows]
    return Dev(rows, Scores.joined([dev.scores for dev in devs]))


def _fitted(
    dev: Dev, quiet: Floats, general: Mapping[str, Any] | None = None, most: float = NEWS_FLAGGED
) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    """Calibration and thresholds on the fitting half; where a language has too few rows the general fit stands in."""
    fit, general = dev.half(fit=True), general or {}
    fits: dict[str, Any] = {
        head: {**general.get(head, {}), **_platts(fit, head, keys)}
        for head, keys in (("signals", SIGNALS), ("stage", ("1", "2", "3", "4")), ("targets", TARGETS))
    }
    calm = calibration.apply(quiet, fits, "signals", SIGNALS, NOBODY)
    thresholds = _thresholds(fit, fits, calm, most)
    voices = sum(row.stance > 0 for row in fit.rows)
    fits["stance"] = (
        general["stance"] if general and voices < LEAST_POSITIVES else _stance(fit, fits, thresholds["flag"])
    )
    return fits, thresholds


def _platts(dev: Dev, head: str, keys: Sequence[str]) -> dict[str, list[float]]:
    found = {}
    for column, key in enumerate(keys):
        logits, labels, weight = dev.known(head, column)
        if LEAST_POSITIVES <= labels.sum() < len(labels):
            found[key] = [round(value, 5) for value in calibration.platt(logits, labels, weight)]
    return found


def _thresholds(dev: Dev, fits: dict[str, Any], quiet: Floats, most: float) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {"flag": {}, "high_recall": {}, "high_precision": {}}
    for column, key in enumerate(SIGNALS):
        logits, labels, weight = dev.known("signals", column)
        probability = calibration.apply(logits[:, None], fits, "signals", (key,), NOBODY)[:, 0]
        points = calibration.points(probability, labels, weight)
        floor = float(np.quantile(quiet[:, column], 1 - most))
        calm = calibration.apply(dev.scores.signals[dev.calm()][:, [column]], fits, "signals", (key,), NOBODY)[:, 0]
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
        (0.4, 0.5, 0.6),  # never less: public sets hold next to no quoted hate, and a reporter must not be flagged
        key=lambda at: calibration.macro_f1((said & (asserts >= at))[known], truth[known]),
    )
    return {"temperature": temperature, "asserts_at": best}


def applying(dev: Dev, fits: dict[str, Any], flag: Mapping[str, float], language: str = NOBODY) -> NDArray[np.bool_]:
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
    probability = calibration.apply(logits[:, None], fits, "signals", (key,), NOBODY)[:, 0]
    return {
        "rows": len(labels),
        "positives": int(labels.sum()),
        "average_precision": round(calibration.average_precision(probability, labels), 4),
        "macro_f1": round(calibration.macro_f1(probability >= flag[key], labels), 4),
        "ece": round(calibration.expected_error(probability, labels), 4),
    }


def _language(
    dev: Dev, apart: Dev, fits: dict[str, Any], flag: Mapping[str, float], lineup: Lineup, language: str
) -> dict[str, Any]:
    """How well the model reads one language, on rows that nobody fitted on, and what follows for the product."""
    report = dev.half(fit=False)
    figures = {key: _figures(report, fits, flag, key) for key in SIGNALS}
    sets = _sets(dev.half(fit=False), apart, fits, flag, lineup)
    margins = [(min(of["rows"], ENOUGH), of["macro_f1_own"] - of["floor"]) for of in sets.values() if "floor" in of]
    margin = sum(rows * by for rows, by in margins) / max(1, sum(rows for rows, _ in margins)) if margins else -1.0
    enough = sum(of["rows"] for of in sets.values()) >= SUPPORTED_ROWS
    # Every set, not their mean, or one that is easily beaten would speak for all; English sets contradict each other.
    clear = margin >= 0 if language in lineup.open else min((by for _, by in margins), default=-1.0) >= SUPPORTED
    signals = [
        key
        for key, of in figures.items()
        if of["positives"] >= LEAST_SEEN and of["average_precision"] >= LEAST_PRECISION
    ]
    whole = clear and enough and NEEDED.issubset(signals)
    status = "supported" if whole else "experimental" if margin >= 0 else "not evaluated"
    return {
        "status": status,
        "validated": status != "not evaluated",
        "margin": round(margin, 4),
        "sets": sets,
        "flag": dict(flag),
        "figures": {key: of for key, of in figures.items() if of["positives"]},
        "signals": signals,
    }


def _sets(
    half: Dev, apart: Dev, fits: Mapping[str, Any], flag: Mapping[str, float], lineup: Lineup
) -> dict[str, dict[str, float]]:
    """Each set's own signal: at the language's threshold on unfitted rows, and at one half of the fused score.

    One half is the border that every reading is given: nothing is chosen here, and every row counts, each fused
    by readings that did not see it. It compares with the floor, whose model of that set alone decides at one half too.
    """
    found: dict[str, dict[str, float]] = {}
    for name, reading in sorted({(row.dataset, row.reading) for row in apart.rows if row.dataset in lineup.datasets}):
        key = lineup.datasets[name].reading or "hate_speech"
        logits, labels = _told(apart, name, reading, key)
        if not 0 < labels.sum() < len(labels):
            continue
        chosen, known = _told(half, name, reading, key)
        probability = calibration.apply(chosen, fits, "signals", (key,), NOBODY)[:, 0]
        found[reading or name] = {
            "rows": len(labels),
            "positives": int(labels.sum()),
            "macro_f1": round(calibration.macro_f1(probability >= flag[key], known), 4),
            "macro_f1_own": round(calibration.macro_f1(logits[:, 0] >= 0, labels), 4),
            "average_precision": round(calibration.average_precision(calibration.sigmoid(logits[:, 0]), labels), 4),
        } | ({"floor": lineup.floors[reading or name]} if (reading or name) in lineup.floors else {})
    return found


def _told(dev: Dev, name: str, reading: str, key: str) -> tuple[Floats, calibration.Labels]:
    """(rows, 1) logits and the labels of one set's signal."""
    column = SIGNALS.index(key)
    answers = np.array([row.answer if row.reading else row.signals[column] for row in dev.rows])
    mine = np.array([(row.dataset, row.reading) == (name, reading) for row in dev.rows]) & ~np.isnan(answers)
    return dev.scores.signals[mine][:, [column]], answers[mine].astype(np.int64)
