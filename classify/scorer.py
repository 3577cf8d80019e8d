"""What a scorer is to the rest of the room: its scores, its configuration, its protocol. No torch, no files.

The configuration travels with the weights, bound to them by sha256, so that thresholds and calibration can never
belong to another model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.codebook import SIGNALS

Floats = NDArray[np.float64]
UNREACHABLE = 2.0  # the threshold of a signal that nobody measured in a language
BAND = 0.05  # nearer to its threshold than this, a score is left to people


@dataclass(frozen=True, slots=True)
class Scores:
    """Raw logits, one row to a passage."""

    signals: Floats  # (passages, 8)
    stage: Floats  # (passages, 4): at least stage 1, 2, 3, 4
    stance: Floats  # (passages, 4)
    targets: Floats  # (passages, 8)

    @classmethod
    def of(cls, out: Floats) -> "Scores":
        """The shared heads' logits, (passages, 24 or more), each under its name."""
        return cls(out[:, :8], out[:, 8:12], out[:, 12:16], out[:, 16:24])

    @classmethod
    def joined(cls, parts: Sequence["Scores"]) -> "Scores":
        """The rows of several, one after the other."""
        heads = ("signals", "stage", "stance", "targets")
        return cls(*(np.concatenate([getattr(part, head) for part in parts]) for head in heads))

    def rows(self, which: Any) -> "Scores":
        """Some rows: a slice or row numbers, in that order."""
        return Scores(self.signals[which], self.stage[which], self.stance[which], self.targets[which])


@dataclass(frozen=True, slots=True)
class Weighted:
    """How much one stretch of a passage spoke for a signal; offsets are code points of that passage."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """`config.json` of a model: everything about its figures that is not a weight."""

    name: str
    sha256: str
    max_tokens: int
    calibration: dict[str, Any]
    thresholds: dict[str, dict[str, float]]
    band: dict[str, tuple[float, float]]
    languages: dict[str, dict[str, Any]]
    card: dict[str, Any] = field(default_factory=dict)

    def flag(self, language: str) -> dict[str, float]:
        """The flag threshold of each signal in a language; only signals that were measured in it can be reached."""
        told = self.languages.get(language, {})
        limits = {**self.thresholds["flag"], **told.get("flag", {})}
        measured = told.get("signals", SIGNALS)
        return {key: limit if key in measured else UNREACHABLE for key, limit in limits.items()}

    def too_close(self, language: str) -> dict[str, tuple[float, float]]:
        """The abstention band of each signal in a language: from, to."""
        own = self.languages.get(language, {}).get("flag", {})
        return {
            key: (max(own[key] - BAND, 0.0), min(own[key] + BAND, 1.0)) if key in own else limits
            for key, limits in self.band.items()
        }

    @property
    def model(self) -> str:
        """The name stored with every assessment: readable, and different for other weights or thresholds."""
        return f"{self.name}@{self.sha256[:12]}"


class Scorer(Protocol):
    """Anything that gives logits to passages; ours is `classify.engines.passages.PassageScorer`, tests have a fake."""

    @property
    def config(self) -> ModelConfig:
        """Thresholds, calibration and languages of the weights in use."""
        ...

    @property
    def engine(self) -> str:
        """What runs the weights, and why."""
        ...

    def score(self, passages: Sequence[str], /) -> Scores:
        """Logits of each passage, never depending on the others; raises ScoringFailed."""
        ...

    def marks(self, words: Sequence[str], signal: int, /) -> Floats | None:
        """(words,): how likely people would mark each as the reason for a signal; None where nobody taught that."""
        ...
