"""Farrington's method as improved by Noufaily et al. (2013): quasi-Poisson regression on the season of past years.

Reference slots are windows of `w` slots around the same time in `b` past years; with `periods` above 1 the rest of the
years enters as factor levels, so that all history is used. Past outbreaks are down-weighted by their Anscombe
residuals; a trend stays only where it is significant; the bound is a quantile of the predictive distribution.

It needs years of history and is therefore for charts by week, not for a desk that has just begun. Names and settings
are those of `farringtonFlexible` in R surveillance, whose numbers it reproduces, one oddity included: after
re-weighting, R estimates the standard errors' dispersion from the weights that it has overwritten. `farrington_1996`
is the method before it was improved, as `algo.farrington` has it; that knows no such oddity.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.stats import nbinom, norm, poisson, t

from warn.baseline import Array
from warn.standard.protocol import Verdict, exceeds
from warn.standard.quasi_poisson import Fit, fit

SMALL = 1e-12
BOUNDS = ("delta", "nbPlugin", "muan")


@dataclass(frozen=True)
class Farrington:
    """Settings by the names of R: `noPeriods` is `periods`, `pastWeeksNotIncluded` is `left_out` (None: `w`)."""

    b: int = 5
    w: int = 3
    period: int = 52
    periods: int = 1
    left_out: int | None = None
    reweight: bool = True
    weights_threshold: float = 2.58
    alpha: float = 0.05
    trend: bool = True
    trend_p: float = 0.05
    bound: str = "delta"
    by_volume: bool = False
    least: tuple[int, int] = (5, 4)
    as_overwritten: bool = True
    name: str = "farrington_flexible"

    def evaluate(self, observed: Array, volume: Array) -> Verdict:
        """Judge every slot that has `b` whole years before it; a slot whose model cannot be fitted stays unknown."""
        expected, upper = np.full(observed.shape, np.nan), np.full(observed.shape, np.nan)
        for row in range(len(observed)):
            for slot in range(self.b * self.period + self.w, observed.shape[1]):
                expected[row, slot], upper[row, slot] = self.at(observed[row], volume[row], slot)
        with np.errstate(divide="ignore", invalid="ignore"):
            score = np.where(upper > expected, (observed - expected) / (upper - expected), np.nan)
        return Verdict(score, expected, upper, exceeds(observed, upper))

    def at(self, counts: Array, volume: Array, slot: int) -> tuple[float, float]:
        """Return the expected count of one slot and its bound; nan where too few cases have come to judge by.

        Fewer than `least[0]` cases in the last `least[1]` slots are no outbreak whatever the bound: R says NA there.
        """
        cases, slots = self.least
        if counts[slot - slots + 1 : slot + 1].sum() < cases:
            return np.nan, np.nan
        levels = self._reference(slot)
        chosen = np.flatnonzero(levels)
        y, times, level = counts[chosen], (chosen + 1).astype(np.float64), levels[chosen].astype(np.float64)
        offset = np.log(volume[chosen]) if self.by_volume else np.zeros(len(chosen))
        found = self._fit(y, times, level, offset, trend=self.trend)
        here = float(np.log(volume[slot])) if self.by_volume else 0.0
        if found is not None and found.trend and not self._keeps_trend(found, y, slot, here):
            found = self._fit(y, times, level, offset, trend=False)
        if found is None:
            return np.nan, np.nan
        eta, error = self._predict(found, slot, here)
        return float(np.exp(eta)), self._upper(eta, error, found.phi)

    def _reference(self, slot: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return the factor level of every slot up to `slot`: 0 is left out, `periods` is the same season."""
        level = np.zeros(slot + 1, dtype=np.int64)
        middles = [slot - year * self.period for year in range(self.b + 1)]
        level[middles[0] - self.w :] = self.periods
        for later, middle in pairwise(middles):
            level[middle - self.w : middle + self.w + 1] = self.periods
            if self.periods > 1:
                between = later - 2 * self.w - 1 - middle
                length, rest = divmod(between, self.periods - 1)
                lengths = [length + (part < rest) for part in range(self.periods - 1)]
                start = middle + self.w + 1
                level[start : start + between] = np.repeat(np.arange(1, self.periods), lengths)
        left_out = self.w if self.left_out is None else self.left_out
        level[slot - left_out :] = 0
        return level

    def _fit(self, y: Array, times: Array, level: Array, offset: Array, *, trend: bool) -> "_Model | None":
        """Fit, down-weight what stands out, fit again; without the trend where it does not converge."""
        others = sorted(set(level.tolist()))[1:]

        def design(with_trend: bool) -> Array:
            columns = [np.ones(len(y))] + ([times] if with_trend else [])
            return np.column_stack(columns + [(level == other).astype(float) for other in others])

        first = fit(design(trend), y, np.ones(len(y)), offset)
        if trend and (first is None or not first.converged):
            trend, first = False, fit(design(False), y, np.ones(len(y)), offset)
        if first is None:
            return None
        if not self.reweight:
            return _Model(first, max(first.dispersion, 1), first.dispersion, trend, len(others))
        mu = first.mu
        residuals = 1.5 * (y ** (2 / 3) * mu ** (-1 / 6) - np.sqrt(mu))
        residuals /= np.sqrt(max(first.dispersion, 1) * (1 - first.leverage))
        weights = np.maximum(np.where(residuals > self.weights_threshold, residuals, 1.0), SMALL) ** -2.0
        weights *= len(y) / weights.sum()
        second = fit(design(trend), y, weights, offset)
        if second is None:
            return None
        as_r = float(np.sum(weights * ((y - second.mu) / second.mu) ** 2) / second.freedom)
        phi = max(second.dispersion, 1)
        return _Model(second, phi, as_r if self.as_overwritten else phi, trend, len(others))

    def _keeps_trend(self, model: "_Model", y: Array, slot: int, offset: float) -> bool:
        """A trend stays with three years of history, significant, and never above what was ever seen."""
        eta, _ = self._predict(model, slot, offset)
        error = np.sqrt(model.fit.covariance[1, 1] * model.dispersion)
        p = 2 * t.sf(abs(model.fit.beta[1] / error), model.fit.freedom)
        return bool(self.b >= 3 and p < self.trend_p and np.exp(eta) <= y.max())

    def _predict(self, model: "_Model", slot: int, offset: float) -> tuple[float, float]:
        # The season judged is the last level.
        last = [0.0] * (model.others - 1) + [1.0] if model.others else []
        x = np.array([1.0, *([slot + 1.0] if model.trend else []), *last])
        variance = float(x @ (model.fit.covariance * model.dispersion) @ x)
        return float(x @ model.fit.beta) + offset, float(np.sqrt(max(variance, 0)))

    def _upper(self, eta: float, error: float, phi: float) -> float:
        mu = float(np.exp(eta))
        if self.bound == "delta":
            spread = np.sqrt(4 / 9 * mu ** (1 / 3) * (phi + (error * mu) ** 2 / mu))
            return float((mu ** (2 / 3) + norm.isf(self.alpha) * spread) ** 1.5)
        if self.bound == "muan":
            mu = float(np.exp(norm.isf(self.alpha, eta, error))) if error > 0 else mu
        if phi > 1:
            return float(nbinom.isf(self.alpha, mu / (phi - 1), 1 / phi))
        return float(poisson.isf(self.alpha, mu))


@dataclass(frozen=True)
class _Model:
    """A fit with what the bound needs: `phi` at least 1, and the dispersion of R's standard errors."""

    fit: Fit
    phi: float
    dispersion: float
    trend: bool
    others: int


def noufaily(alpha: float = 0.005, b: int = 5) -> Farrington:
    """Return the settings of Noufaily et al.: ten periods, half a year left out, a trend kept whatever its p."""
    return replace(Farrington(), b=b, periods=10, left_out=26, alpha=alpha, trend_p=1.0, bound="nbPlugin")


def farrington_1996(alpha: float = 0.01, b: int = 3) -> Farrington:
    """Return the settings of Farrington et al. (1996): whatever stands out counts less, and `alpha` has two sides."""
    return Farrington(b=b, weights_threshold=1.0, alpha=alpha / 2, as_overwritten=False, name="farrington_1996")
