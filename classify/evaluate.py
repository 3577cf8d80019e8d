"""`tocsin evaluate`: measure a model on a labelled suite, by the decision that the product would make.

A suite is a file of rows in the shared form (`text`, `labels`, `lang`, perhaps `functionality` and `target`), or
`authored`, our own held-out templates, or `apart`, ours that share nothing with a trained one. Nothing is chosen here;
it only reports.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from classify import calibration
from classify.assess import classify_texts
from classify.errors import BadTrainingData
from classify.report import GroupFigures, Report, SignalFigures
from classify.rows import Labelled, labelled
from classify.scorer import ModelConfig, Scorer
from classify.settings import ClassifySettings
from models.codebook import SIGNALS, STANCES

__all__ = ["Report", "evaluate", "measure", "weighted_kappa"]

BATCH = 256
OURS = ("authored", "apart")  # alone: English; `authored-fr`: French
QUIET = ("reports", "condemns", "reclaims")  # stances of a text that should never be flagged


class Measured(Protocol):
    """Any suite's report."""

    def to_json(self) -> str:
        """All figures as JSON."""
        ...

    def to_text(self) -> str:
        """The tables, for a terminal."""
        ...


def measure(suite: str, data: Path | None, scorer: Scorer, settings: ClassifySettings) -> Measured:
    """The report of any suite: `rationales`, `swap`, or labelled rows. Raises BadTrainingData."""
    if suite == "rationales":
        from classify.rationales import evaluate_rationales

        return evaluate_rationales(_needed(data, suite), scorer, bar)
    if suite.partition("-")[0] == "swap":
        from classify.swap import evaluate_swap

        language = suite.partition("-")[2] or "en"
        return evaluate_swap(scorer, bar, settings.gazetteer, language=language)
    return evaluate(suite, data, scorer, bar)


def evaluate(
    suite: str,
    data: Path | None,
    scorer: Scorer,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Measure `scorer` on a suite. Raises BadTrainingData when there is nothing to measure."""
    rows = _ours(suite) if suite.partition("-")[0] in OURS else list(labelled(_needed(data, suite)))
    if not rows:
        raise BadTrainingData(f"{data} has no labelled rows; give a JSON Lines file with `text` and `labels`.")
    results = _results(rows, scorer, progress or bar)
    report = Report(suite, scorer.config.model, len(rows))
    report.flagged = sum(result["flag"] for result in results)
    report.abstained = sum(result["abstained"] for result in results)
    report.abstentions = dict(Counter(kind_of(r["abstain_reason"]) for r in results if r["abstained"]))
    _flags(report, rows, results)
    for key in SIGNALS:
        figures = _signal(key, rows, results, scorer.config)
        if figures:
            report.signals[key] = figures
    _stance_and_stage(report, rows, results)
    return report


def _needed(data: Path | None, suite: str) -> Path:
    if data is None:
        raise BadTrainingData(f"The suite {suite!r} needs its file: add --data FILE.")
    return data


def _ours(suite: str) -> list[Labelled]:
    from classify.train.authored import held_out, kept_apart
    from classify.train.authored.grammar import languages

    kind, _, language = suite.partition("-")
    language = language or "en"
    if language not in languages():
        raise BadTrainingData(f"We have no texts of our own in {language!r}; there are {', '.join(languages())}.")
    rows = held_out(languages=[language]) if kind == "authored" else kept_apart(language)
    if not rows:
        raise BadTrainingData(f"No texts in {language!r} are kept apart; take the suite authored-{language}.")
    return rows


def _results(rows: Sequence[Labelled], scorer: Scorer, progress: Callable[[int, int], None]) -> list[dict[str, Any]]:
    settings = ClassifySettings(explain=False)
    results: list[dict[str, Any]] = []
    for first in range(0, len(rows), BATCH):
        part = rows[first : first + BATCH]
        results += classify_texts(scorer, [row.text for row in part], settings=settings)
        progress(len(results), len(rows))
    return results


def bar(done: int, total: int) -> None:
    """A line on a terminal's error stream; nothing elsewhere."""
    import sys

    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done}/{total}" + ("\n" if done == total else ""))


def _flags(report: Report, rows: Sequence[Labelled], results: Sequence[dict[str, Any]]) -> None:
    """The flag against what should be flagged, where that is known, in all and by functionality, target, language."""
    known = [(row, result["flag"]) for row, result in zip(rows, results, strict=True) if row.hateful is not None]
    if not known:
        return
    truth = np.array([int(bool(row.hateful)) for row, _ in known])
    said = np.array([flag for _, flag in known])
    report.flag_macro_f1 = calibration.macro_f1(said, truth)
    report.flag_accuracy = float((said == truth).mean())
    report.functionalities = _table((row.functionality, flag, row) for row, flag in known)
    report.targets = _table((row.target, flag, row) for row, flag in known)
    report.languages = _table((row.language, flag, row) for row, flag in known)
    quiet = [flag for row, flag in known if row.stance in QUIET]
    report.reporting_rows, report.reporting_flagged = len(quiet), sum(quiet)


def kind_of(reason: str) -> str:
    """A reason to abstain without what differs from text to text: codes, signals, numbers of passages."""
    reason = re.sub(r"; \d+ of its \d+ passages were scored", "", reason)
    return re.sub(r"'[\w-]+'", "...", re.sub(r"^(?:" + "|".join(SIGNALS) + r")\b", "a signal", reason))


def _table(rows: Iterable[tuple[str | None, bool, Labelled]]) -> dict[str, GroupFigures]:
    cells: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for key, flag, row in rows:
        if key:
            cells[key].append((flag, bool(row.hateful)))
    return {key: _group(found) for key, found in cells.items()}


def _group(found: Sequence[tuple[bool, bool]]) -> GroupFigures:
    hateful = [flag for flag, truth in found if truth]
    harmless = [flag for flag, truth in found if not truth]
    return GroupFigures(
        rows=len(found),
        positives=len(hateful),
        accuracy=sum(flag == truth for flag, truth in found) / len(found),
        recall=sum(hateful) / len(hateful) if hateful else None,
        false_alarms=sum(harmless) / len(harmless) if harmless else None,
    )


def _signal(
    key: str, rows: Sequence[Labelled], results: Sequence[dict[str, Any]], config: ModelConfig
) -> SignalFigures | None:
    known = [(r, row.labels[key]) for row, r in zip(rows, results, strict=True) if key in row.labels]
    pairs = [(r["signals"][key], label) for r, label in known]
    limits = np.array([config.flag(_read_as(r["language"], config))[key] for r, _ in known])
    positives = sum(label for _, label in pairs)
    if not positives:
        return None
    scores, labels = np.array([p for p, _ in pairs]), np.array([label for _, label in pairs])
    said = scores >= limits
    hit = int((said & (labels == 1)).sum())
    return SignalFigures(
        rows=len(pairs),
        positives=positives,
        auroc=calibration.auroc(scores, labels),
        average_precision=calibration.average_precision(scores, labels),
        macro_f1=calibration.macro_f1(said, labels),
        best_macro_f1=calibration.best_f1(calibration.points(scores, labels)).macro_f1,
        precision=hit / max(1, int(said.sum())),
        recall=hit / positives,
        recall_at_1=calibration.recall_at_alerts(scores, labels),
        ece=calibration.expected_error(scores, labels),
        reliability=calibration.reliability(scores, labels),
    )


def _read_as(language: str, config: ModelConfig) -> str:
    """The language whose thresholds count; English where nobody measured this one."""
    return language if language in config.languages else "en"


def _stance_and_stage(report: Report, rows: Sequence[Labelled], results: Sequence[dict[str, Any]]) -> None:
    stances = [(row.stance, r["stance"]) for row, r in zip(rows, results, strict=True) if row.stance in STANCES]
    if stances:
        report.stance_accuracy = sum(told == said for told, said in stances) / len(stances)
    stages = [(row.stage, r["stage"]) for row, r in zip(rows, results, strict=True) if row.stage is not None]
    if stages:
        report.stage_kappa = weighted_kappa([told for told, _ in stages], [said for _, said in stages])


def weighted_kappa(told: Sequence[int], said: Sequence[int], steps: int = 5) -> float:
    """Cohen's kappa with quadratic weights over an ordinal scale."""
    seen = np.zeros((steps, steps))
    for a, b in zip(told, said, strict=True):
        seen[a, b] += 1
    apart = (np.arange(steps)[:, None] - np.arange(steps)[None, :]) ** 2
    chance = np.outer(seen.sum(1), seen.sum(0)) / max(seen.sum(), 1)
    return float(1 - (apart * seen).sum() / max((apart * chance).sum(), 1e-12))
