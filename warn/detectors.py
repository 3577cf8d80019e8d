"""Tell a rise from chance: tests on the share of posts that are flagged.

Pure functions on arrays of shape (series, slots); a slot is an hour, or a day. `y` holds the distinct flagged posts of
each slot, `n` the distinct posts scanned in the same scope. Nothing here knows a table, a label or a clock.

The test is negative-binomial exceedance with the volume as exposure. With M expected in the last w slots, as
`warn.baseline` has learned it, and its variance

    V       = max(phi_w M, M + alpha_w M^2) + M^2 / (sum_B y' + 0.5)         the last term: r is only estimated
    p       = P(NB(mean M, variance V) >= Y) = I_{1 - M/V}(Y, M^2 / (V - M)) regularised incomplete beta

Several windows share one budget of false alarms: score = max_w -log10 p_w - log10(day / w) - log10(windows). What rules
look at weighs the windows together instead; see `warn.combined`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from warn.baseline import Array, Baseline, Design, Mask, by_slot, learn, restless, trailing

WINDOWS = (1, 3, 6, 12, 24)
SMALLEST_P = 1e-300

# False alarms per series and quarter, and the score that keeps to them, measured on event-free simulations.
BUDGET = ((3.0, 1.44), (1.0, 2.13), (0.25, 3.06), (0.1, 3.63), (0.05, 4.13), (0.025, 4.72), (0.0125, 5.49))


@dataclass(frozen=True)
class Exceedance:
    """The last `width` slots of each slot against their baseline. Where `usable` is false, there is no answer."""

    observed: Array
    expected: Array
    variance: Array
    p: Array
    usable: Mask

    def at(self, slots: NDArray[np.int64]) -> "Exceedance":
        """Keep some slots only."""
        return Exceedance(
            self.observed[:, slots],
            self.expected[:, slots],
            self.variance[:, slots],
            self.p[:, slots],
            self.usable[:, slots],
        )


@dataclass(frozen=True)
class Surge:
    """The strongest window that ends in each slot: its score, width in slots, counts and p."""

    score: Array
    width: NDArray[np.int64]
    observed: Array
    expected: Array
    p: Array


def threshold(false_alarms_per_quarter: float) -> float:
    """Return the score that keeps to a budget of false alarms per series and quarter."""
    return max(0.5, interpolated(BUDGET, false_alarms_per_quarter))


def interpolated(measured: Sequence[tuple[float, float]], budget: float) -> float:
    """Read the score for a budget from measured (budget, score) pairs, the largest budget first.

    Scores go with the logarithm of the budget; beyond the measured budgets the nearer slope goes on.
    """
    budgets, scores = np.array(measured[::-1]).T
    x, xs = np.log(budget), np.log(budgets)
    if x < xs[0]:
        return float(scores[0] + (scores[1] - scores[0]) / (xs[1] - xs[0]) * (x - xs[0]))
    if x > xs[-1]:
        return float(scores[-1] + (scores[-1] - scores[-2]) / (xs[-1] - xs[-2]) * (x - xs[-1]))
    return float(np.interp(x, xs, scores))


def window_alpha(score: float, width: int, day: int) -> float:
    """Return the p below which one window alone alarms, so that each width spends the same share of the budget."""
    return float(min(0.5, 10.0**-score * width / day))


def exceedance(y: Array, base: Baseline, width: int, design: Design) -> Exceedance:
    """Test the last `width` slots of each slot together."""
    slots = y.shape[1]
    observed, expected = trailing(y, width), trailing(base.mu, width)
    (strays,) = restless(y, base, [width], design)
    variance = strays.over(design, slots).variance(expected, by_slot(base.events, design, slots))
    usable = by_slot(base.usable, design, slots) & (expected > 0)
    tested = usable & (observed >= design.min_events)
    p = np.ones_like(expected)
    p[tested] = tail(observed[tested], expected[tested], variance[tested])
    return Exceedance(observed, expected, variance, p, usable)


def tail(observed: Array, mean: Array, variance: Array) -> Array:
    """Return P(X >= observed) of a negative binomial; the variance must exceed the mean."""
    size = mean**2 / (variance - mean)
    p: Array = np.maximum(betainc(observed, size, 1 - mean / variance), SMALLEST_P)
    return p


def upper(test: Exceedance, alpha: float, min_events: int) -> Array:
    """Return the smallest counts that alarm at `alpha`; nan where the test is not usable."""
    mean, variance = test.expected[test.usable], test.variance[test.usable]
    low = np.zeros_like(mean)  # does not alarm
    high = np.ceil(mean + np.sqrt(variance / alpha)) + 1  # does, by Cantelli's inequality
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        alarms = tail(np.maximum(middle, 1), mean, variance) <= alpha
        low, high = np.where(alarms, low, middle), np.where(alarms, middle, high)
    bars = np.full_like(test.expected, np.nan)
    bars[test.usable] = np.maximum(high, min_events)
    return bars


def surge(y: Array, n: Array, design: Design, windows: Sequence[int] = WINDOWS, kept: Array | None = None) -> Surge:
    """Look back over several windows from each slot and keep the most surprising, charged for the choice."""
    base = learn(y, n, design, kept)
    best = Surge(
        np.full(y.shape, -np.inf),
        np.zeros(y.shape, dtype=np.int64),
        np.zeros_like(y),
        np.zeros_like(y),
        np.ones_like(y),
    )
    for width in windows:
        test = exceedance(y, base, width, design)
        spent = np.log10(design.day / width) + np.log10(len(windows))
        score = np.where(test.usable & (test.observed >= design.min_events), -np.log10(test.p) - spent, -np.inf)
        better = score > best.score
        best.score[better] = score[better]
        best.width[better] = width
        for strongest, new in ((best.observed, test.observed), (best.expected, test.expected), (best.p, test.p)):
            strongest[better] = new[better]
    return best
