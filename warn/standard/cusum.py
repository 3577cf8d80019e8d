"""Control charts that add up surprise: CUSUM (Rossi et al. 1999) and likelihood ratios (Höhle and Paul 2008).

The in-control mean is that of the first `training` slots; charting begins after them. `Cusum` keeps adding after an
alarm, as `algo.cusum` of R surveillance does; the likelihood-ratio charts begin anew, as its `algo.glrnb` does.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from warn.baseline import Array, Mask
from warn.standard.protocol import Verdict

LEAST_ALPHA = 0.01
TRANSFORMS = ("none", "standard", "rossi", "anscombe", "anscombe2nd", "pearsonNegBin")


@dataclass(frozen=True)
class Cusum:
    """`k` is the reference value and `h` the decision interval, both in deviations; `alpha` is the NB dispersion."""

    training: int = 28
    k: float = 1.04
    h: float = 2.26
    transform: str = "standard"
    alpha: float = 0.1
    name: str = "cusum"

    def evaluate(self, observed: Array, volume: Array) -> Verdict:  # noqa: ARG002  a chart of counts
        """Chart every series after its training slots."""
        mean = observed[:, : self.training].mean(1, keepdims=True)
        score = self._chart(self._standardised(observed[:, self.training :], mean))
        return _charted(observed, self.training, mean, score, score >= self.h)

    def _standardised(self, x: Array, mean: Array) -> Array:
        # A training without a single post has no deviation to measure by: one post's worth is taken.
        m = np.where(mean > 0, mean, 1.0)
        if self.transform == "rossi":
            z = (x - 3 * m + 2 * np.sqrt(x * m)) / (2 * np.sqrt(m))
        elif self.transform == "standard":
            z = (x - m) / np.sqrt(m)
        elif self.transform == "anscombe":
            z = 1.5 * (x ** (2 / 3) - m ** (2 / 3)) / m ** (1 / 6)
        elif self.transform == "anscombe2nd":
            z = (x ** (2 / 3) - (m ** (2 / 3) - m ** (-1 / 3) / 9)) / (2 / 3 * m ** (1 / 6))
        elif self.transform == "pearsonNegBin":
            z = (x - m) / np.sqrt(m + self.alpha * m**2)
        else:
            return x
        return np.asarray(z, dtype=np.float64)

    def _chart(self, z: Array) -> Array:
        total = np.zeros(len(z))
        chart = np.zeros_like(z)
        for slot in range(z.shape[1]):
            total = np.maximum(0, total + z[:, slot] - self.k)
            chart[:, slot] = total
        return chart


@dataclass(frozen=True)
class LikelihoodRatio:
    """A chart against a known shift: the mean multiplied by `exp(theta)`, twice by default.

    `alpha` 0 is Poisson, more is negative binomial, None takes it from the training slots (moments, at least .01).
    """

    training: int = 28
    theta: float = float(np.log(2))
    alpha: float | None = 0.0
    threshold: float = 5.0
    name: str = "likelihood_ratio"

    def evaluate(self, observed: Array, volume: Array) -> Verdict:  # noqa: ARG002  a chart of counts
        """Chart every series after its training slots."""
        mean = observed[:, : self.training].mean(1, keepdims=True)
        x = observed[:, self.training :]
        alpha = _dispersion(observed[:, : self.training], mean) if self.alpha is None else self.alpha + 0 * mean
        if self.alpha == 0:
            steps = self.theta * x + (1 - np.exp(self.theta)) * mean
        else:
            ratio = (1 + alpha * mean) / (1 + alpha * mean * np.exp(self.theta))
            steps = self.theta * x + (x + 1 / alpha) * np.log(ratio)
        total = np.zeros(len(x))
        score = np.zeros_like(x)
        for slot in range(x.shape[1]):
            total = np.maximum(0, total + steps[:, slot])
            score[:, slot] = total
            total = np.where(total > self.threshold, 0, total)
        return _charted(observed, self.training, mean, score, score > self.threshold)


@dataclass(frozen=True)
class GeneralisedLikelihoodRatio:
    """A chart against a shift of any size since any slot: the size is estimated for each possible beginning.

    `alpha` as in `LikelihoodRatio`. `longest` bounds how far back a beginning is looked for, because the work grows
    with it. R surveillance 1.20.3 looks for the size of a negative binomial's shift by Newton's steps, which lose their
    way at a sudden large count: it takes a thousand posts in one slot for no rise at all. `as_r` keeps that.
    """

    training: int = 28
    alpha: float | None = 0.0
    threshold: float = 5.0
    longest: int = 1000
    as_r: bool = False
    name: str = "glr"

    def evaluate(self, observed: Array, volume: Array) -> Verdict:  # noqa: ARG002  a chart of counts
        """Chart every series after its training slots."""
        mean = observed[:, : self.training].mean(1, keepdims=True)
        alpha = _dispersion(observed[:, : self.training], mean) if self.alpha is None else self.alpha + 0 * mean
        x = observed[:, self.training :]
        score, start = np.zeros_like(x), np.zeros(len(x), dtype=np.int64)
        for slot in range(x.shape[1]):
            start = np.maximum(start, slot + 1 - self.longest)
            sums = np.cumsum(x[:, int(start.min(initial=slot)) : slot + 1][:, ::-1], axis=1)
            since_start = np.arange(sums.shape[1]) <= slot - start[:, None]
            gains = np.where(since_start, self._gain(sums, mean, alpha, since_start), 0.0)
            score[:, slot] = gains.max(axis=1, initial=0.0)
            start = np.where(score[:, slot] >= self.threshold, slot + 1, start)
        return _charted(observed, self.training, mean, score, score >= self.threshold)

    def _gain(self, sums: Array, mean: Array, alpha: Array, since_start: Mask) -> Array:
        """Return the log likelihood ratio of the best rise over no rise, for sums over 1, 2, 3... slots (columns)."""
        slots = np.arange(1.0, sums.shape[1] + 1)
        if self.alpha == 0:
            return poisson_gain(sums, mean * slots)
        usual = np.where(mean > 0, mean, 1.0)
        if self.as_r:
            theta = np.zeros_like(sums)
            for row, known in enumerate(since_start):
                theta[row, known] = _newton(sums[row, known], float(usual[row, 0]), float(alpha[row, 0]))
        else:
            theta = np.log(np.maximum(sums / slots / usual, 1))
        ratio = np.log1p(alpha * usual) - np.log1p(alpha * usual * np.exp(theta))
        gain = theta * sums + (sums + slots / alpha) * ratio
        # After a training without a single post, the first one is a rise beyond measure.
        return np.where(mean > 0, gain, np.where(sums > 0, np.inf, 0.0))


def _newton(sums: Array, mean: float, alpha: float) -> Array:
    """Return the rise since each slot as R's Newton steps find it, each begun where the one before ended."""
    found = np.zeros(len(sums))
    theta = 0.5
    for back in range(len(sums), 0, -1):
        before, now = 0.4, theta
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(1000):
                if not (now > -18 and abs(now - before) > 1e-6):
                    break
                before = now
                raised = np.exp(before) * mean
                short = sums[back - 1] - back * raised
                now = before + short * (1 + alpha * raised) / (alpha * sums[back - 1] + back) / raised
        theta = found[back - 1] = max(0.0, now)
    return found


def _dispersion(training: Array, mean: Array) -> Array:
    """Return the negative binomial's alpha by moments."""
    variance = training.var(1, ddof=1, keepdims=True)
    return np.asarray(np.maximum(LEAST_ALPHA, (variance - mean) / np.maximum(mean, LEAST_ALPHA) ** 2))


def poisson_gain(observed: Array, mean: Array) -> Array:
    """Return the log likelihood ratio of the best rise over no rise."""
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = xlogy(observed, observed / mean) - (observed - mean)
    return np.where(observed > mean, gain, 0.0)


def _charted(observed: Array, training: int, mean: Array, score: Array, alarm: Mask) -> Verdict:
    """Put a chart behind its training slots, of which nothing can be said; a chart has no bound on one count."""
    nothing = np.full((len(observed), min(training, observed.shape[1])), np.nan)
    return Verdict(
        score=np.concatenate([nothing, score], axis=1),
        expected=np.concatenate([nothing, np.broadcast_to(mean, score.shape)], axis=1),
        upper=np.full(observed.shape, np.nan),
        alarm=np.concatenate([np.zeros(nothing.shape, dtype=bool), alarm], axis=1),
    )
