"""OutbreakP (Frisén and Andersson 2009): how much better a rise explains a series than a constant mean does.

Under a rise the means never fall (isotonic regression), without one they are all alike:

    score(s) = sum_{t <= s} x_t ln(rising_t / mean)        alarm: exp(score) > threshold

It looks back to the beginning and knows no season, so that a series that once rose for good keeps alarming. R
surveillance multiplies instead of adding logarithms, which ends at 0 in a long or large series, and then never alarms;
`as_r` keeps that.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from warn.baseline import Array
from warn.standard.protocol import Verdict


@dataclass(frozen=True)
class OutbreakP:
    """`longest` bounds how many slots are looked at; R surveillance looks at all (None). The score is a logarithm."""

    threshold: float = 100.0
    longest: int | None = None
    least: int = 1
    as_r: bool = False
    name: str = "outbreak_p"

    def evaluate(self, observed: Array, volume: Array) -> Verdict:  # noqa: ARG002  counts only
        """Judge every slot that has `least` slots before it."""
        score, expected = np.full(observed.shape, np.nan), np.full(observed.shape, np.nan)
        for slot in range(self.least, observed.shape[1]):
            start = 0 if self.longest is None else max(0, slot + 1 - self.longest)
            for row, x in enumerate(observed[:, start : slot + 1]):
                mean = expected[row, slot] = x.mean()
                gains = xlogy(x, never_falling(x)) - xlogy(x, mean)
                score[row, slot] = _multiplied(gains) if self.as_r else gains.sum()
        alarm = np.asarray(np.nan_to_num(score, nan=-1.0) > np.log(self.threshold))
        return Verdict(score, expected, np.full(observed.shape, np.nan), alarm)


def never_falling(x: Array) -> Array:
    """Fit means that never fall by least squares: neighbours that would fall are put together."""
    means: list[float] = []
    lengths: list[int] = []
    for value in x:
        mean, length = float(value), 1
        while means and mean <= means[-1]:
            before = lengths.pop()
            mean, length = (mean * length + means.pop() * before) / (length + before), length + before
        means.append(mean)
        lengths.append(length)
    return np.repeat(means, lengths)


def _multiplied(gains: Array) -> float:
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        return float(np.log(np.cumprod(np.exp(gains))[-1]))
