"""What a detector is: counts of (series, slots) in, a verdict on every slot out."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from warn.baseline import Array, Mask


@dataclass(frozen=True)
class Verdict:
    """What a detector says of each slot; arrays of shape (series, slots), nan where it cannot say.

    `score` grows with surprise and is comparable between slots of one detector only; `expected` is what the history
    says and `upper` the bound: `alarm` means that the detector's own decision rule is met, never merely that
    `observed` exceeds `upper` (a chart that accumulates can alarm on a small count).
    """

    score: Array
    expected: Array
    upper: Array
    alarm: Mask


class Detector(Protocol):
    """A method with its settings; `name` is the one people know it by."""

    @property
    def name(self) -> str:
        """The name as people write it in a rule or a query."""

    def evaluate(self, observed: Array, volume: Array) -> Verdict:
        """Judge every slot on what lay before it; `volume` is what was scanned, in the same shape."""


def exceeds(observed: Array, upper: Array) -> Mask:
    """Whether a count lies beyond its bound; never where the bound is unknown."""
    return np.asarray(np.nan_to_num(upper, nan=np.inf) < observed)
