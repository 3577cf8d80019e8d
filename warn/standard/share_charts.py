"""Likelihood-ratio charts on the share: what is expected follows what was scanned and is learned anew in every slot.

The charts of `warn.standard.cusum` know one mean for ever; these take it from the `baseline` slots before, `guard` left
out, as exceedance does. Both divide by the dispersion of the baseline, so that restless series do not alarm all the
time.
"""

from dataclasses import dataclass

import numpy as np

from warn.baseline import Array
from warn.standard.cusum import poisson_gain
from warn.standard.exceedance import NB_LEAST, rolling
from warn.standard.protocol import Verdict


@dataclass(frozen=True)
class ShareLikelihoodRatio:
    """A negative-binomial chart against a share multiplied by `exp(theta)`, twice by default; it keeps adding."""

    baseline: int = 28
    guard: int = 3
    theta: float = float(np.log(2))
    threshold: float = 5.0
    name: str = "likelihood_ratio_share"

    def evaluate(self, observed: Array, volume: Array) -> Verdict:
        """Chart every slot that has a whole baseline before it."""
        mean, phi = rolling(observed, volume, self.baseline, self.guard)
        # alpha mean = phi - 1: the dispersion is that of the baseline, whatever the volume.
        alpha = (np.maximum(phi, NB_LEAST) - 1) / mean
        ratio = np.log1p(alpha * mean) - np.log1p(alpha * mean * np.exp(self.theta))
        steps = np.nan_to_num(self.theta * observed + (observed + 1 / alpha) * ratio)
        score, total = np.zeros_like(observed), np.zeros(len(observed))
        for slot in range(observed.shape[1]):
            total = score[:, slot] = np.maximum(0, total + steps[:, slot])
        score[np.isnan(mean)] = np.nan
        return _charted(score, mean, self.threshold)


@dataclass(frozen=True)
class ShareGeneralisedLikelihoodRatio:
    """A chart against a rise of any size since any of the last `longest` slots, as a quasi-Poisson likelihood."""

    baseline: int = 28
    guard: int = 8
    longest: int = 7
    threshold: float = 5.0
    name: str = "glr_share"

    def evaluate(self, observed: Array, volume: Array) -> Verdict:
        """Chart every slot that has a whole baseline before it."""
        mean, phi = rolling(observed, volume, self.baseline, self.guard)
        rate = np.divide(mean, volume, out=np.full_like(mean, np.nan), where=volume > 0)
        score = np.where(np.isnan(mean), np.nan, 0.0)
        flagged, scanned = np.zeros_like(observed), np.zeros_like(observed)
        for back in range(min(self.longest, observed.shape[1])):
            flagged[:, back:] += observed[:, : observed.shape[1] - back]
            scanned[:, back:] += volume[:, : volume.shape[1] - back]
            score = np.maximum(score, poisson_gain(flagged, rate * scanned) / np.maximum(phi, 1))
        return _charted(score, mean, self.threshold)


def _charted(score: Array, mean: Array, threshold: float) -> Verdict:
    alarm = np.asarray(np.nan_to_num(score, nan=-1.0) > threshold)
    return Verdict(score, mean, np.full(score.shape, np.nan), alarm)
