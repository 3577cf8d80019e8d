"""What a scorer is to the rest of the room: its scores, its configuration, its protocol. No torch, no files.

The configuration travels with the weights, bound to them by sha256, so that thresholds and calibration can never
belong to another model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scores:
    """Raw logits, one row to a passage."""

    signals: Floats  # (passages, 8)
    stage: Floats  # (passages, 4): at least stage 1, 2, 3, 4
    stance: Floats  # (passages, 4)
    targets: Floats  # (passages, 8)


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

    def score(self, passages: Sequence[str]) -> Scores:
        """Logits of each passage, never depending on the others; raises ScoringFailed."""
        ...

    def explain(self, passages: Sequence[str], signals: Sequence[int]) -> list[list[Weighted]]:
        """For passage `i`, how its words spoke for signal number `signals[i]`."""
        ...
