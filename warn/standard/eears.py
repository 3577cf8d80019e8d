"""The detector of ECDC's epitweetr: EARS with a t quantile, and past outbreaks weighted down.

Blocks of 24 hours against the seven before. A first bound comes from the plain mean and deviation; with `downweight`,
baseline values with a large studentised residual get weight (threshold / residual)^4. Where the seven values are all
alike there is no deviation, and no bound: epitweetr then never alarms, and neither does this. Where weighing has left
nearly none, any post lies beyond every bound; `min_sigma`, which epitweetr does not have, keeps that from happening.
With `step` 7 the blocks compared are those of the same weekday, as its setting for that does.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from warn.baseline import Array
from warn.standard.protocol import Verdict, exceeds


@dataclass(frozen=True)
class Eears:
    """`alpha` is one-sided; `weights_alpha` the level beyond which a past value counts less."""

    baseline: int = 7
    step: int = 1
    alpha: float = 0.025
    weights_alpha: float = 0.05
    downweight: bool = True
    min_sigma: float = 0.0
    name: str = "epitweetr"

    def evaluate(self, observed: Array, volume: Array) -> Verdict:  # noqa: ARG002  counts only
        """Judge every block that has a whole baseline before it."""
        n, reach = self.baseline, self.baseline * self.step
        mean, deviation = np.full(observed.shape, np.nan), np.full(observed.shape, np.nan)
        if observed.shape[1] > reach:
            past = np.lib.stride_tricks.sliding_window_view(observed, reach, axis=1)[:, :-1, :: self.step]
            weights = np.ones(past.shape)
            if self.downweight:
                weights = self._weights(past)
            total = weights.sum(-1)
            mean[:, reach:] = (weights * past).sum(-1) / total
            deviation[:, reach:] = np.sqrt((weights * (past - mean[:, reach:, None]) ** 2).sum(-1) / (n - 1))
        if self.downweight:
            deviation = np.where(deviation > 0, np.maximum(deviation, self.min_sigma), np.nan)
        upper = mean + t.isf(self.alpha, n - 1) * deviation * np.sqrt(1 + 1 / n)
        with np.errstate(divide="ignore", invalid="ignore"):
            score = (observed - mean) / deviation
        return Verdict(score, mean, upper, exceeds(observed, upper))

    def _weights(self, past: Array) -> Array:
        """Weigh past blocks down by their externally studentised residuals, keeping the sum of the weights."""
        n = self.baseline
        residual = past - past.mean(-1, keepdims=True)
        leverage = 1 / n
        variance = (residual**2).sum(-1, keepdims=True) / (n - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            inner = residual / np.sqrt(variance * (1 - leverage))
            outer = inner * np.sqrt((n - 2) / np.maximum(n - 1 - inner**2, 1e-12))
            bar = t.isf(self.weights_alpha, n - 2)
            weights = np.where(outer > bar, (bar / outer) ** 4, 1.0)
        return np.asarray(n * weights / weights.sum(-1, keepdims=True), dtype=np.float64)
