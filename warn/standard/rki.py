"""The method of the Robert Koch Institute: a count against the upper end of an interval around the mean of its history.

Reference slots are those of `warn.standard.exceedance.Bayes`. A mean above 20 is left by two deviations; below, the
bound is the upper end of the 95 % interval of Crow and Gardner (1959) for a Poisson count of the mean rounded down.
"""

from dataclasses import dataclass

import numpy as np

from warn.baseline import Array
from warn.standard.exceedance import reference_slots
from warn.standard.protocol import Verdict, exceeds

SMALL_MEAN = 20
# Crow and Gardner, "Confidence intervals for the expectation of a Poisson variable", Biometrika 46: counts 0 to 20.
UPPER_ENDS = np.array(
    [
        *(3.285, 5.323, 6.686, 8.102, 9.598, 11.177, 12.817, 13.765, 14.921, 16.768, 17.633),
        *(19.050, 20.335, 21.364, 22.945, 23.762, 25.400, 26.306, 27.735, 28.966, 30.017),
    ]
)


@dataclass(frozen=True)
class Rki:
    """`algo.rki` of R surveillance: `w` slots to each side in `b` past years, and the ones just before if `current`."""

    b: int = 0
    w: int = 6
    current: bool = True
    period: int = 52
    name: str = "rki"

    def evaluate(self, observed: Array, volume: Array) -> Verdict:  # noqa: ARG002  counts only
        """Judge every slot that has all its reference slots."""
        expected, upper = np.full(observed.shape, np.nan), np.full(observed.shape, np.nan)
        for slot, history in reference_slots(observed, self.b, self.w, self.period, current=self.current):
            mean = expected[:, slot] = history.mean(1)
            small = UPPER_ENDS[np.minimum(mean, SMALL_MEAN).astype(np.int64)]
            upper[:, slot] = np.where(mean > SMALL_MEAN, mean + 2 * history.std(1, ddof=1), small)
        return Verdict(observed / upper, expected, upper, exceeds(observed, upper))
