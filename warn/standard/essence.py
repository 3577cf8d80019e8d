"""ESSENCE's two detectors, as CDC's Rnssp has them: an EWMA chart, a regression on trend and weekday, and the switch.

Daily counts. The baseline grows from its least to 28 days and ends `guard` days before. ESSENCE calls a p below .01 red
and one below .05 yellow; here red alarms. The switch takes the regression where it explains the baseline (adjusted
R squared of .60 or more), the EWMA elsewhere.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import stdtr, stdtrit

from warn.baseline import Array
from warn.detectors import SMALLEST_P
from warn.standard.protocol import Verdict

WEEK = 7
EXPLAINS = 0.60
RED = 0.01


@dataclass(frozen=True)
class EssenceResult:
    """Per day: baseline mean, t statistic, p and, for the regression, its adjusted R squared."""

    expected: Array
    statistic: Array
    p: Array
    fit: Array


@dataclass(frozen=True)
class Essence:
    """`method` is `ewma`, `regression` or `switch`; `first_weekday` is slot 0's, Monday being 0."""

    method: str = "switch"
    baseline: int = 28
    guard: int = 2
    slow: float = 0.4
    fast: float = 0.9
    first_weekday: int = 0

    @property
    def name(self) -> str:
        """As in a rule: essence_ewma, essence_regression or essence_switch."""
        return f"essence_{self.method}"

    def evaluate(self, observed: Array, volume: Array) -> Verdict:  # noqa: ARG002  counts only
        """Judge every day that has the least baseline before it."""
        result = self.result(observed)
        score = -np.log10(np.maximum(result.p, SMALLEST_P))
        alarm = np.asarray(np.nan_to_num(result.p, nan=1.0) < RED)
        return Verdict(score, result.expected, np.full(observed.shape, np.nan), alarm)

    def result(self, y: Array) -> EssenceResult:
        """Return the numbers of counts (series, days), in that shape."""
        if self.method == "ewma":
            return self._ewma(y)
        regression = self._regression(y)
        if self.method == "regression":
            return regression
        ewma = self._ewma(y)
        explained = regression.fit >= EXPLAINS
        columns = ("expected", "statistic", "p")
        chosen = {key: np.where(explained, getattr(regression, key), getattr(ewma, key)) for key in columns}
        return EssenceResult(**chosen, fit=regression.fit)

    def _baseline(self, day: int) -> slice:
        end = day - self.guard
        return slice(max(0, end - self.baseline), end)

    def _ewma(self, y: Array) -> EssenceResult:
        days = y.shape[1]
        result = _nothing(y)
        smooth = {weight: y.copy() for weight in (self.slow, self.fast)}
        for weight, z in smooth.items():
            for day in range(1, min(WEEK + self.guard, days)):
                z[:, day] = weight * y[:, day] + (1 - weight) * z[:, day - 1]
        for day in range(WEEK + self.guard, days):
            history = y[:, self._baseline(day)]
            mean, deviation, count = history.mean(1), history.std(1, ddof=1), history.shape[1]
            outer, inner = quantile(1 - RED, count - 1), quantile(0.95, count - 1)
            tests = []
            for weight, z in smooth.items():
                sigma = _ewma_sigma(weight, self.guard, count, deviation, inner)
                z[:, day] = weight * y[:, day] + (1 - weight) * z[:, day - 1]
                statistic = (z[:, day] - mean) / sigma
                # The chart is held at its limit, so that one outbreak does not echo for weeks.
                held = mean + np.sign(statistic) * outer * sigma
                z[:, day] = np.where(np.abs(statistic) > outer, held, z[:, day])
                tests.append((beyond(statistic, count - 1), statistic))
            (slow_p, slow), (fast_p, fast) = tests
            result.p[:, day] = np.minimum(slow_p, fast_p)
            result.statistic[:, day] = np.where(slow_p < fast_p, slow, fast)
            result.expected[:, day] = mean
        return result

    def _regression(self, y: Array) -> EssenceResult:
        days, least = y.shape[1], 10
        result = _nothing(y)
        weekday = (np.arange(days) + self.first_weekday) % WEEK
        for day in range(least + 1 + self.guard, days):
            past = self._baseline(day)
            history, count = y[:, past].T, past.stop - past.start
            design = np.column_stack([np.ones(count), np.arange(1, count + 1), np.eye(WEEK)[weekday[past], :6]])
            beta, _, rank, _ = np.linalg.lstsq(design, history, rcond=None)
            fitted = design @ beta
            rest, explained = ((history - fitted) ** 2).sum(0), ((fitted - fitted.mean(0)) ** 2).sum(0)
            with np.errstate(divide="ignore", invalid="ignore"):
                adjusted = 1 - rest / (rest + explained) * (count - 1) / (count - rank)
            result.fit[:, day] = np.where(np.isnan(adjusted), 0, adjusted)
            freedom = count - 8
            widened = np.sqrt(rest / freedom * ((count + 7) * (count - 4)) / (count * (count - 7)))
            sigma = np.maximum(widened, 0.01 / quantile(0.95, freedom))
            today = beta[0] + (count + self.guard + 1) * beta[1] + (beta[2 + weekday[day]] if weekday[day] < 6 else 0)
            result.expected[:, day] = np.maximum(0, today)
            result.statistic[:, day] = (y[:, day] - result.expected[:, day]) / sigma
            result.p[:, day] = beyond(result.statistic[:, day], freedom)
        return result


@lru_cache
def quantile(chance: float, freedom: int) -> float:
    """Return Student's t quantile with the five digits that Rnssp keeps."""
    return round(float(stdtrit(freedom, chance)), 5)


def beyond(statistic: Array, freedom: int) -> Array:
    """Return the probability that Student's t exceeds each statistic."""
    tail: Array = stdtr(freedom, -statistic)
    return tail


def _ewma_sigma(weight: float, guard: int, count: int, deviation: Array, inner: float) -> Array:
    """Return the deviation of the smoothed counts, with Rnssp's correction for small baselines."""
    keep = 1 - weight
    corrected = np.sqrt(weight / (2 - weight) + 1 / count - 2 * keep ** (guard + 1) * (1 - keep**count) / count)
    floor = weight / inner * (0.01 + 0.05 * keep**2)
    added = (0.1289 - (0.2414 - 0.1826 * keep**4) * np.log(10 * 0.05)) * weight / inner
    return np.asarray(np.maximum(floor, deviation * corrected + added))


def _nothing(y: Array) -> EssenceResult:
    return EssenceResult(*(np.full(y.shape, np.nan) for _ in range(4)))
