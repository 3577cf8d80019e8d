"""What `tocsin evaluate` found, as tables for a terminal and as JSON. Knows no model and measures nothing."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from classify.calibration import Bin


@dataclass(frozen=True, slots=True)
class SignalFigures:
    """One signal where its label is known."""

    rows: int
    positives: int
    auroc: float | None  # None where every row is positive
    average_precision: float
    macro_f1: float
    best_macro_f1: float  # at the threshold that would suit this suite best
    precision: float
    recall: float
    recall_at_1: float  # among the one row in a hundred with the highest scores
    ece: float
    reliability: list[Bin] = field(repr=False)


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """The flag on one functionality, target or language."""

    rows: int
    positives: int
    accuracy: float
    recall: float | None  # of rows that should be flagged; None where there are none
    false_alarms: float | None  # among rows that should not


@dataclass(slots=True)
class Report:
    """What was measured; every table may be empty."""

    suite: str
    model: str
    rows: int
    flagged: int = 0
    abstained: int = 0
    abstentions: dict[str, int] = field(default_factory=dict)
    flag_macro_f1: float | None = None
    flag_accuracy: float | None = None
    reporting_rows: int = 0  # rows known to report, condemn or reclaim
    reporting_flagged: int = 0
    signals: dict[str, SignalFigures] = field(default_factory=dict)
    functionalities: dict[str, GroupFigures] = field(default_factory=dict)
    targets: dict[str, GroupFigures] = field(default_factory=dict)
    languages: dict[str, GroupFigures] = field(default_factory=dict)
    stance_accuracy: float | None = None
    stage_kappa: float | None = None

    def to_json(self) -> str:
        """All figures as JSON."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    def to_text(self) -> str:
        """The tables, for a terminal."""
        lines = [*self._summary(), *self._signals(), *self._reliability()]
        for title, table in (
            ("functionality", self.functionalities),
            ("target", self.targets),
            ("language", self.languages),
        ):
            lines += _groups(title, table)
        return "\n".join(lines)

    def _summary(self) -> Iterator[str]:
        yield f"suite {self.suite}, model {self.model}"
        yield f"{self.rows} rows, {self.flagged} flagged, {self.abstained} abstained"
        for reason, count in sorted(self.abstentions.items(), key=lambda pair: -pair[1]):
            yield f"  {count} abstained: {reason}"
        if self.flag_macro_f1 is not None:
            yield f"flag: macro-F1 {self.flag_macro_f1:.3f}, accuracy {self.flag_accuracy:.3f}"
        if self.reporting_rows:
            share = self.reporting_flagged / self.reporting_rows
            yield f"false alarms on reporting: {self.reporting_flagged} of {self.reporting_rows} ({share:.3f})"
        if self.stance_accuracy is not None:
            yield f"stance accuracy {self.stance_accuracy:.3f}"
        if self.stage_kappa is not None:
            yield f"stage quadratic weighted kappa {self.stage_kappa:.3f}"

    def _signals(self) -> Iterator[str]:
        if not self.signals:
            return
        heads = ("AUROC", "AP", "F1", "prec", "rec", "R@1%", "ECE")
        yield ""
        yield f"{'signal':<22}{'rows':>7}{'pos':>6}" + "".join(f"{head:>7}" for head in heads)
        for key, f in self.signals.items():
            figures = (f.auroc, f.average_precision, f.macro_f1, f.precision, f.recall, f.recall_at_1, f.ece)
            yield f"{key:<22}{f.rows:>7}{f.positives:>6}" + "".join(f"{_figure(value):>7}" for value in figures)

    def _reliability(self) -> Iterator[str]:
        """How often a signal was there when its probability was about so much: fifths of the scale, said and so."""
        if not self.signals:
            return
        yield ""
        yield f"{'reliability: said>was (rows)':<30}" + "".join(f"{f'{a:.1f}-{a + 0.2:.1f}':>19}" for a in _FIFTHS)
        for key, figures in self.signals.items():
            yield f"{key:<30}" + "".join(f"{_fifth(figures.reliability, low):>19}" for low in _FIFTHS)


_FIFTHS = (0.0, 0.2, 0.4, 0.6, 0.8)


def _fifth(bins: list[Bin], low: float) -> str:
    inside = [one for one in bins if low <= (one.low + one.high) / 2 < low + 0.2]
    rows = sum(one.rows for one in inside)
    if not rows:
        return "-"
    said = sum(one.rows * one.said for one in inside) / rows
    was = sum(one.rows * one.was for one in inside) / rows
    return f"{said:.2f}>{was:.2f} ({rows})"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _groups(title: str, table: dict[str, GroupFigures]) -> Iterator[str]:
    if not table:
        return
    yield ""
    yield f"{title:<28}{'rows':>7}{'pos':>6}{'accuracy':>10}{'recall':>8}{'false alarms':>14}"
    for key, row in sorted(table.items()):
        said = f"{row.accuracy:>10.3f}{_figure(row.recall):>8}{_figure(row.false_alarms):>14}"
        yield f"{key:<28}{row.rows:>7}{row.positives:>6}{said}"
