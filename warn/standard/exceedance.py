"""Tails of a count's distribution: Poisson and negative-binomial exceedance, and the Bayesian bound of Höhle (2007)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc
from scipy.stats import nbinom, poisson

from warn.baseline import Array
from warn.detectors import SMALLEST_P, tail
from warn.standard.protocol import Verdict, exceeds

NB_LEAST = 1.0001  # a negative binomial must be wider than a Poisson; below, the two are alike


@dataclass(frozen=True)
class Exceedance:
    """A count against its last `baseline` slots, `guard` left out.

    `by_volume` measures the share: the mean follows what was scanned. `dispersed` takes the variance from the history
    (method of moments), otherwise it is Poisson's.
    """

    name: str
    dispersed: bool
    baseline: int = 28
    guard: int = 1
    alpha: float = 0.01
    by_volume: bool = False

    def evaluate(self, observed: Array, volume: Array) -> Verdict:
        """Judge every slot that has a whole baseline before it."""
        exposure = volume if self.by_volume else np.ones_like(observed)
        mean, phi = rolling(observed, exposure, self.baseline, self.guard)
        phi = np.maximum(phi, NB_LEAST)
        p = self._tail(observed, mean, phi)
        return Verdict(-np.log10(np.maximum(p, SMALLEST_P)), mean, self._upper(mean, phi), p < self.alpha)

    def _tail(self, observed: Array, mean: Array, phi: Array) -> Array:
        p = np.ones_like(mean)
        known = ~np.isnan(mean) & (observed > 0)
        y, m = observed[known], mean[known]
        p[known] = tail(y, m, phi[known] * m) if self.dispersed else gammainc(y, m)
        p[np.isnan(mean)] = np.nan
        return p

    def _upper(self, mean: Array, phi: Array) -> Array:
        size = mean / (phi - 1)
        bound = nbinom.isf(self.alpha, size, 1 / phi) if self.dispersed else poisson.isf(self.alpha, mean)
        return np.asarray(bound, dtype=np.float64)


@dataclass(frozen=True)
class Bayes:
    """`algo.bayes` of R surveillance: the predictive bound after the last `w` slots and those of `b` years.

    `period` slots make a year; `current` takes the slots just before into account.
    """

    b: int = 0
    w: int = 6
    current: bool = True
    alpha: float = 0.01
    period: int = 52
    name: str = "bayes"

    def evaluate(self, observed: Array, volume: Array) -> Verdict:  # noqa: ARG002  counts only
        """Judge every slot that has all its reference slots."""
        expected, upper = np.full(observed.shape, np.nan), np.full(observed.shape, np.nan)
        for slot, history in reference_slots(observed, self.b, self.w, self.period, current=self.current):
            count = history.shape[1]
            total = history.sum(1)
            expected[:, slot] = (total + 0.5) / count
            upper[:, slot] = nbinom.isf(self.alpha, total + 0.5, count / (count + 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            score = np.asarray(observed / np.maximum(upper, 0.5), dtype=np.float64)
        return Verdict(score, expected, upper, exceeds(observed, upper))


def rolling(observed: Array, exposure: Array, baseline: int, guard: int) -> tuple[Array, Array]:
    """Return the mean to expect in each slot and the dispersion of its baseline; nan before there is one."""
    mean, phi = np.full(observed.shape, np.nan), np.full(observed.shape, np.nan)
    first = baseline + guard - 1
    if observed.shape[1] > first:
        y, e = (
            np.lib.stride_tricks.sliding_window_view(x, baseline, axis=1)[:, : x.shape[1] - first]
            for x in (observed, exposure)
        )
        exposed = e.sum(-1)
        rate = np.divide(y.sum(-1) + 0.5, exposed, out=np.full(exposed.shape, np.nan), where=exposed > 0)
        mean[:, first:] = rate * exposure[:, first:]
        fitted = rate[..., None] * e
        strange = np.divide((y - fitted) ** 2, fitted, out=np.zeros_like(fitted), where=fitted > 0)
        phi[:, first:] = strange.sum(-1) / (baseline - 1)
    return np.where(mean > 0, mean, np.nan), phi


def reference_slots(x: Array, b: int, w: int, period: int, *, current: bool) -> Iterator[tuple[int, Array]]:
    """Give each slot with its history: the `w` slots before if `current`, and `w` to each side of `b` past years."""
    # The slots just before are needed even where the method leaves them out: R's reach is the same.
    for slot in range(b * period + w, x.shape[1]):
        middles = [slot - year * period for year in range(1, b + 1)]
        parts = [x[:, slot - w : slot]] if current else []
        yield slot, np.concatenate([*parts, *(x[:, middle - w : middle + w + 1] for middle in middles)], axis=1)
