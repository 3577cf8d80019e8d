"""Tell a rise from chance: tests on the share of posts that are flagged.

Pure functions on arrays of shape (series, slots); a slot is an hour, or a day. `y` holds the distinct flagged posts of
each slot, `n` the distinct posts scanned in the same scope. Nothing here knows a table, a label or a clock.

The test is negative-binomial exceedance with the volume as exposure. At slot t the baseline B is the `baseline` slots
that end `guard` slots before t:

    r    = (sum_B y' + 0.5) / sum_B e                                        rate per unit of exposure
    mu   = r e,  e = n f                                                     f: factor of the hour of the day
    y'   = min(y, mu + 3 sqrt(phi mu) + 1)                                   past outbreaks do not raise the bar
    phi  = max(1, (sum_B y'^2/e * sum_B e / sum_B y' - sum_B y') / (|B| - 1))  Pearson dispersion in closed form

and for the last w slots together, Y and M being the sums of y and mu over them,

    phi_w   = max(phi, mean_B min((Y - M)^2 / M, 9 phi))                     w > 1
    alpha_w = max(0, sum_B ((Y' - M)^2 - M) / sum_B M^2),  Y' = min(Y, M + 4 sqrt(phi M sqrt(w)) + 1)
    V       = max(phi_w M, M + alpha_w M^2) + M^2 / (sum_B y' + 0.5)         the last term: r is only estimated
    p       = P(NB(mean M, variance V) >= Y) = I_{1 - M/V}(Y, M^2 / (V - M)) regularised incomplete beta

Several windows share one budget of false alarms: score = max_w -log10 p_w - log10(day / w) - log10(windows).
Hours of events that a person has confirmed are left
out of every sum over B. Capping refers to itself; it is solved by passes over the whole array instead of slot by slot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

Array: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

WINDOWS = (1, 3, 6, 12, 24)
SEASON_PRIOR = 20.0  # posts' worth of belief that all hours of the day are alike
CAPPING_PASSES = 2
SMALLEST_P = 1e-300

# False alarms per series and quarter, and the score that keeps to them, measured on event-free simulations.
BUDGET = ((3.0, 1.44), (1.0, 2.13), (0.25, 3.06), (0.1, 3.63), (0.05, 4.13), (0.025, 4.72), (0.0125, 5.49))


@dataclass(frozen=True)
class Design:
    """How history is used, in slots; `day` slots make a day."""

    day: int = 24
    baseline: int = 28 * 24
    guard: int = 24
    least: int = 14 * 24
    min_events: int = 3


@dataclass(frozen=True)
class Baseline:
    """What each slot should have held, and what is known of how far such counts stray."""

    mu: Array
    capped: Array
    phi: Array
    events: Array
    kept: Array
    usable: Mask


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
    budgets, scores = np.array(BUDGET).T
    order = np.argsort(budgets)
    x, xs, ys = np.log(false_alarms_per_quarter), np.log(budgets[order]), scores[order]
    # Beyond the measured budgets the nearer slope goes on.
    left = (ys[1] - ys[0]) / (xs[1] - xs[0])
    right = (ys[-1] - ys[-2]) / (xs[-1] - xs[-2])
    if x < xs[0]:
        return float(ys[0] + left * (x - xs[0]))
    if x > xs[-1]:
        return float(max(0.5, ys[-1] + right * (x - xs[-1])))
    return float(np.interp(x, xs, ys))


def window_alpha(score: float, width: int, day: int) -> float:
    """Return the p below which one window alone alarms, so that each width spends the same share of the budget."""
    return float(min(0.5, 10.0**-score * width / day))


def baseline(y: Array, n: Array, design: Design, kept: Array | None = None) -> Baseline:
    """Learn the expected counts from the history before each slot; slot 0 must be the first of a day.

    `kept` is 0 where a person has confirmed an event, 1 elsewhere: what was no everyday must not pass for it.
    """
    kept = np.ones_like(y) if kept is None else kept
    capped = y
    known = _trailing(np.ones_like(y), 7 * design.day, design.guard) >= 7 * design.day
    for _ in range(CAPPING_PASSES):
        mu, phi, _ = _expect(capped, n, kept, design)
        bar = mu + 3 * np.sqrt(phi * mu) + 1
        capped = np.where(known, np.minimum(y, bar), y)
    mu, phi, events = _expect(capped, n, kept, design)
    return Baseline(mu, capped, phi, events, kept, _usable(n, design))


def exceedance(y: Array, base: Baseline, width: int, design: Design) -> Exceedance:
    """Test the last `width` slots of each slot together; `design.guard` must be at least `width`."""
    observed, expected = _trailing(y, width), _trailing(base.mu, width)
    deviation = (observed - expected) ** 2
    phi = base.phi
    if width > 1:
        cleaned = np.divide(deviation, expected, out=np.zeros_like(expected), where=expected > 0)
        phi = np.maximum(phi, _mean(np.minimum(cleaned, 9 * phi), base.kept, design))
    bar = expected + 4 * np.sqrt(base.phi * expected * np.sqrt(width)) + 1
    strayed = ((np.minimum(observed, bar) - expected) ** 2 - expected) * base.kept
    excess = _trailing(strayed, design.baseline, design.guard)
    squares = _trailing(expected**2 * base.kept, design.baseline, design.guard)
    alpha = np.maximum(0, np.divide(excess, squares, out=np.zeros_like(excess), where=squares > 0))
    variance = np.maximum(phi * expected, expected + alpha * expected**2) + expected**2 / (base.events + 0.5)
    usable = base.usable & (expected > 0)
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
    base = baseline(y, n, design, kept)
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


def _expect(capped: Array, n: Array, kept: Array, design: Design) -> tuple[Array, Array, Array]:
    """Return mu, phi and the events in the baseline, all from capped counts."""
    exposure = n * _season(capped * kept, n * kept, design)
    events = _trailing(capped * kept, design.baseline, design.guard)
    exposed = _trailing(exposure * kept, design.baseline, design.guard)
    rate = np.divide(events + 0.5, exposed, out=np.zeros_like(events), where=exposed > 0)
    surprise = np.divide(capped**2, exposure, out=np.zeros_like(capped), where=exposure > 0)
    slots = _trailing((n > 0) * kept, design.baseline, design.guard)
    scatter = _trailing(surprise * kept, design.baseline, design.guard)
    pearson = np.divide(scatter * exposed, events, out=np.zeros_like(events), where=events > 0) - events
    phi = np.maximum(1, pearson / np.maximum(slots - 1, 1))
    return rate * exposure, phi, events


def _season(capped: Array, n: Array, design: Design) -> Array:
    """Return the factor of the hour of the day: refreshed each day, 1 in the first week and for daily slots."""
    if design.day == 1:
        return np.ones_like(n)
    series, slots = n.shape
    days = -(-slots // design.day)
    padding = ((0, 0), (0, days * design.day - slots))
    lag = -(-design.guard // design.day)
    by_hour = [np.pad(x, padding).reshape(series, days, design.day).swapaxes(1, 2) for x in (capped, n)]
    length = design.baseline // design.day
    flagged, scanned = (_trailing(x, length, lag) for x in by_hour)
    all_flagged, all_scanned = flagged.sum(1, keepdims=True), scanned.sum(1, keepdims=True)
    rate = np.divide(all_flagged, all_scanned, out=np.zeros_like(all_flagged), where=all_scanned > 0)
    factor = (flagged + SEASON_PRIOR) / (rate * scanned + SEASON_PRIOR)
    factor[:, :, : 7 + lag] = 1
    by_slot: Array = factor.swapaxes(1, 2).reshape(series, days * design.day)[:, :slots]
    return by_slot


def _usable(n: Array, design: Design) -> Mask:
    """Tell where enough days with posts lie in the baseline: a source that has just begun has no normal yet."""
    series, slots = n.shape
    days = -(-slots // design.day)
    daily = np.pad(n, ((0, 0), (0, days * design.day - slots))).reshape(series, days, design.day).sum(2) > 0
    seen = np.repeat(daily / design.day, design.day, axis=1)[:, :slots]
    return np.asarray(_trailing(seen, design.baseline, design.guard) >= design.least / design.day - 1e-6)


def _mean(x: Array, kept: Array, design: Design) -> Array:
    slots = np.maximum(_trailing(kept, design.baseline, design.guard), 1)
    mean: Array = _trailing(x * kept, design.baseline, design.guard) / slots
    return mean


def _trailing(x: Array, length: int, lag: int | None = None) -> Array:
    """Sum `length` slots along the last axis: those that end with the slot itself, or `lag` slots before it."""
    end = np.arange(x.shape[-1]) + 1 if lag is None else np.arange(x.shape[-1]) - lag
    total = np.concatenate([np.zeros((*x.shape[:-1], 1)), np.cumsum(x, axis=-1)], axis=-1)
    sums: Array = total[..., np.maximum(end, 0)] - total[..., np.maximum(end - length, 0)]
    # Differences of cumulated sums leave crumbs of rounding where nothing was.
    return np.maximum(sums, 0) if lag is not None and (x >= 0).all() else sums
