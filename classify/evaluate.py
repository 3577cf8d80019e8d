"""`tocsin evaluate`: measure a model on a labelled suite, by the decision that the product would make.

A suite is a file of rows in the shared form (`text`, `labels`, `lang`, perhaps `functionality` and `target`), or
`authored`, our own held-out templates. Nothing is chosen here; it only reports.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from classify import calibration
from classify.assess import classify_texts
from classify.errors import BadTrainingData
from classify.rows import Labelled, labelled
from classify.scorer import Scorer
from classify.settings import ClassifySettings
from models.assessment import SIGNALS, STANCES

BATCH = 256
SPECIFIC = tuple(key for key in SIGNALS if key != "hate_speech")


@dataclass(frozen=True, slots=True)
class SignalFigures:
    """One signal where its label is known."""

    rows: int
    positives: int
    average_precision: float
    macro_f1: float
    best_macro_f1: float  # at the threshold that would suit this suite best
    precision: float
    recall: float
    ece: float


@dataclass(slots=True)
class Report:
    """What was measured; every table may be empty."""

    suite: str
    model: str
    rows: int
    flagged: int = 0
    abstained: int = 0
    flag_macro_f1: float | None = None
    flag_accuracy: float | None = None
    signals: dict[str, SignalFigures] = field(default_factory=dict)
    functionalities: dict[str, dict[str, float]] = field(default_factory=dict)
    targets: dict[str, dict[str, float]] = field(default_factory=dict)
    languages: dict[str, dict[str, float]] = field(default_factory=dict)
    stance_accuracy: float | None = None
    stage_kappa: float | None = None

    def to_json(self) -> str:
        """All figures as JSON."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    def to_text(self) -> str:
        """The tables, for a terminal."""
        lines = [
            f"suite {self.suite}, model {self.model}",
            f"{self.rows} rows, {self.flagged} flagged, {self.abstained} abstained",
        ]
        if self.flag_macro_f1 is not None:
            lines.append(f"flag: macro-F1 {self.flag_macro_f1:.3f}, accuracy {self.flag_accuracy:.3f}")
        if self.stance_accuracy is not None:
            lines.append(f"stance accuracy {self.stance_accuracy:.3f}")
        if self.stage_kappa is not None:
            lines.append(f"stage quadratic weighted kappa {self.stage_kappa:.3f}")
        if self.signals:
            lines += ["", f"{'signal':<22}{'rows':>7}{'pos':>6}{'AP':>7}{'F1':>7}{'prec':>7}{'rec':>7}{'ECE':>7}"]
        for key, f in self.signals.items():
            figures = (f.average_precision, f.macro_f1, f.precision, f.recall, f.ece)
            lines.append(f"{key:<22}{f.rows:>7}{f.positives:>6}" + "".join(f"{value:>7.3f}" for value in figures))
        for title, table in (
            ("functionality", self.functionalities),
            ("target", self.targets),
            ("language", self.languages),
        ):
            if table:
                lines += ["", f"{title:<28}{'rows':>7}{'accuracy':>10}"]
                lines += [f"{key:<28}{row['rows']:>7.0f}{row['accuracy']:>10.3f}" for key, row in sorted(table.items())]
        return "\n".join(lines)


def evaluate(
    suite: str,
    data: Path | None,
    scorer: Scorer,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Measure `scorer` on a suite. Raises BadTrainingData when there is nothing to measure."""
    rows = _authored() if suite == "authored" else list(labelled(_needed(data, suite)))
    if not rows:
        raise BadTrainingData(f"{data} has no labelled rows; give a JSON Lines file with `text` and `labels`.")
    results = _results(rows, scorer, progress or _bar)
    report = Report(suite, scorer.config.model, len(rows))
    report.flagged = sum(result["flag"] for result in results)
    report.abstained = sum(result["abstained"] for result in results)
    _flags(report, rows, results)
    for key in SIGNALS:
        figures = _signal(key, rows, results, scorer.config.thresholds["flag"][key])
        if figures:
            report.signals[key] = figures
    _stance_and_stage(report, rows, results)
    return report


def _needed(data: Path | None, suite: str) -> Path:
    if data is None:
        raise BadTrainingData(f"The suite {suite!r} needs its file: add --data FILE.")
    return data


def _authored() -> list[Labelled]:
    from classify.train.authored import held_out

    return held_out()


def _results(rows: Sequence[Labelled], scorer: Scorer, progress: Callable[[int, int], None]) -> list[dict[str, Any]]:
    settings = ClassifySettings(explain=False)
    results: list[dict[str, Any]] = []
    for first in range(0, len(rows), BATCH):
        part = rows[first : first + BATCH]
        results += classify_texts(scorer, [row.text for row in part], settings=settings)
        progress(len(results), len(rows))
    return results


def _bar(done: int, total: int) -> None:
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
    report.functionalities = _table((row.functionality, flag == row.hateful) for row, flag in known)
    report.targets = _table((row.target, flag == row.hateful) for row, flag in known)
    report.languages = _table((row.language, flag == row.hateful) for row, flag in known)


def _table(pairs: Iterable[tuple[str | None, bool]]) -> dict[str, dict[str, float]]:
    cells: dict[str, list[bool]] = defaultdict(list)
    for key, right in pairs:
        if key:
            cells[key].append(right)
    return {key: {"rows": len(found), "accuracy": sum(found) / len(found)} for key, found in cells.items()}


def _signal(
    key: str, rows: Sequence[Labelled], results: Sequence[dict[str, Any]], threshold: float
) -> SignalFigures | None:
    pairs = [(r["signals"][key], row.labels[key]) for row, r in zip(rows, results, strict=True) if key in row.labels]
    positives = sum(label for _, label in pairs)
    if not positives:
        return None
    scores, labels = np.array([p for p, _ in pairs]), np.array([label for _, label in pairs])
    said = scores >= threshold
    hit = int((said & (labels == 1)).sum())
    return SignalFigures(
        rows=len(pairs),
        positives=positives,
        average_precision=calibration.average_precision(scores, labels),
        macro_f1=calibration.macro_f1(said, labels),
        best_macro_f1=calibration.best_f1(calibration.points(scores, labels)).macro_f1,
        precision=hit / max(1, int(said.sum())),
        recall=hit / positives,
        ece=calibration.expected_error(scores, labels),
    )


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
