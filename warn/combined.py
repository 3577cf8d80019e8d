"""Weigh what several windows say about one hour together: the default of surge rules.

Each window of the last 1 to 72 hours gives a deviation z (the normal quantile of its mid-p under the negative binomial
of `warn.detectors`); what is known of the series gives the context c: how much is expected, how restless and how well
known it is, whether it has been rising, whether more than usual was scanned. Experts, one for each window and some for
several, say how much the deviations weigh in such a series, and the score is the evidence of all together:

    score = log sum_k exp(s_k(c) P_k z + b_k(c)),   P >= 0, s > 0; s and b by one small layer on c

Nothing in P and s is negative, so that one more flagged post never lowers the score. `bench/combine.py` has fitted the
numbers on simulated desks; docs/decisions/0012-combined-windows.md tells how and what it gained. The alarm is told in
the words of its strongest window, which a person can check.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaln, ndtri

from warn.baseline import Array, Baseline, Design, Restless, by_slot, history, learn, restless, trailing
from warn.detectors import SMALLEST_P, Surge, interpolated, tail

WIDTHS = (1, 3, 6, 12, 24, 48, 72)
REACH = max(WIDTHS)
# False alarms per series and quarter, and the score that keeps to them, measured on simulated series without events
# and between events: neither exceed them.
BUDGET = (
    (10, -2.87),
    (3, -2.02),
    (1, -1.35),
    (0.5, -0.95),
    (0.25, -0.55),
    (0.1, -0.01),
    (0.05, 0.41),
    (0.025, 0.83),
    (0.0125, 1.32),
)
WEIGHTS = Path(__file__).with_name("combined.json")
WITHIN = 4.0
RECENT = (2, 7)  # days before the guard that tell whether the series has been rising
DAYS_TOLD = 1 + -(-REACH // 24)  # the longest window reaches back into this many days
FACTS = 4 + len(RECENT) + 2 * len(WIDTHS) + 24 * DAYS_TOLD  # numbers that are learned of a series on a day
BLOCK = 16  # series learned at once: what they need fits into the processor's cache


class Scorer(Protocol):
    """Whoever turns deviations and context into a score."""

    def score(self, z: Array, context: Array) -> Array:
        """Return the score of each row of z (rows, windows) and context (rows, contexts)."""


@dataclass(frozen=True)
class Known:
    """What is known of a series, by hour or for one hour: all arrays have the shape of that."""

    events: Array
    phi: Array
    recent: tuple[Array, ...]
    daily: Array  # posts scanned on a day of the baseline
    strays: Sequence[Restless]


@dataclass(frozen=True)
class Weights:
    """The numbers as fitted; the context is centred, scaled and held within `WITHIN` deviations first."""

    centre: Array
    scale: Array
    hidden: Array
    hidden_bias: Array
    out: Array
    out_bias: Array
    windows: Array  # (experts, windows)

    def score(self, z: Array, context: Array) -> Array:
        """Return the score of each row of z (rows, windows) and context (rows, contexts)."""
        c = np.clip((context - self.centre) / self.scale, -WITHIN, WITHIN)
        said = np.tanh(c @ self.hidden + self.hidden_bias) @ self.out + self.out_bias
        weight, offset = np.split(said, 2, axis=1)
        evidence = np.logaddexp(0, weight) * (z @ self.windows.T) + offset
        most = evidence.max(axis=1)
        score: Array = most + np.log(np.exp(evidence - most[:, None]).sum(axis=1))
        return score


@lru_cache(maxsize=1)
def fitted() -> Weights:
    """Read the fitted weights."""
    return Weights(**{name: np.array(values) for name, values in json.loads(WEIGHTS.read_text()).items()})


def threshold(false_alarms_per_quarter: float) -> float:
    """Return the score that keeps to a budget of false alarms per series and quarter."""
    return interpolated(BUDGET, false_alarms_per_quarter)


def surge(y: Array, n: Array, design: Design, kept: Array | None = None, weights: Scorer | None = None) -> Surge:
    """Score each hour of each series; `y`, `n` and `kept` as `warn.baseline.learn` takes them."""
    parts = []
    for start in range(0, len(y), BLOCK):
        rows = slice(start, start + BLOCK)
        parts.append(_surge(y[rows], n[rows], design, None if kept is None else kept[rows], weights))
    return Surge(*(np.concatenate([getattr(part, name) for part in parts]) for name in Surge.__dataclass_fields__))


def _surge(y: Array, n: Array, design: Design, kept: Array | None, weights: Scorer | None) -> Surge:
    base = learn(y, n, design, kept)
    known = known_by_day(y, n, base, design)
    slots = y.shape[1]

    def spread(x: Array) -> Array:
        return by_slot(x, design, slots)

    by_hour = Known(
        spread(known.events),
        spread(known.phi),
        tuple(spread(x) for x in known.recent),
        spread(known.daily),
        [strays.over(design, slots) for strays in known.strays],
    )
    observed, expected = [trailing(y, width) for width in WIDTHS], [trailing(base.mu, width) for width in WIDTHS]
    usable = by_slot(base.usable, design, slots)
    return weigh(observed, expected, trailing(n, design.day), by_hour, usable, design, weights)


def known_by_day(y: Array, n: Array, base: Baseline, design: Design) -> Known:
    """Learn what is known of each series on each day."""
    capped, mu = base.capped.sum(2), (base.rates * _days_of(n, base)).sum(2)
    recent = []
    for days in RECENT:
        flagged, normal = (trailing(_lagged(x, design.lag), days) for x in (capped, mu))
        recent.append(np.log((flagged + 3) / (normal + 3)))
    daily = history(_days_of(n, base).sum(2), design) / design.days
    return Known(base.events, base.phi, tuple(recent), daily, restless(y, base, WIDTHS, design))


def facts(y: Array, n: Array, design: Design, kept: Array | None = None) -> Array:
    """Learn what `look` needs on the last day of `y`, which may have begun: one row of numbers for each series."""
    # How restless a day is rests on one baseline, whose first slot the longest window reaches back from.
    all_days = -(-y.shape[1] // design.day)
    days = min(design.days + design.lag + DAYS_TOLD, all_days)
    first = (all_days - days) * design.day
    parts = []
    for start in range(0, len(y), BLOCK):
        rows = slice(start, start + BLOCK)
        base = learn(y[rows], n[rows], design, None if kept is None else kept[rows]).latest(days)
        known = known_by_day(y[rows, first:], n[rows, first:], base, design)
        columns = [base.usable, known.events, known.phi, *known.recent, known.daily]
        columns += [x for strays in known.strays for x in (strays.phi, strays.alpha)]
        rates = base.rates[:, -DAYS_TOLD:].reshape(len(base.rates), -1)
        parts.append(np.concatenate([np.stack([x[:, -1] for x in columns], 1), rates], 1))
    return np.concatenate(parts)


def look(told: Array, y: Array, n: Array, slot: int, design: Design, width: int | None = None) -> Surge:
    """Score one hour of many series: hour `slot` of the day that `told` (from `facts`) is about.

    `y` and `n` hold the `REACH` hours that end with it. With `width` one window is tested alone, as
    `warn.detectors.surge` does. Gives what the last column of `surge` over the whole history gives.
    """
    usable, events, phi, *recent, daily = told[:, : 4 + len(RECENT)].T
    pairs = told[:, 4 + len(RECENT) : 4 + len(RECENT) + 2 * len(WIDTHS)].T
    strays = [Restless(w, pairs[2 * k], pairs[2 * k + 1]) for k, w in enumerate(WIDTHS)]
    rates = told[:, 4 + len(RECENT) + 2 * len(WIDTHS) :]
    mu = rates[:, slot + 1 : slot + 1 + REACH] * n
    known = Known(events, phi, tuple(recent), daily, strays)
    observed, expected = [y[:, -w:].sum(1) for w in WIDTHS], [mu[:, -w:].sum(1) for w in WIDTHS]
    if width is None:
        return weigh(observed, expected, n[:, -design.day :].sum(1), known, usable, design)
    k = WIDTHS.index(width)
    return alone(observed[k], expected[k], strays[k].variance(expected[k], events), usable, width, design)


def alone(observed: Array, expected: Array, variance: Array, usable: NDArray[Any], width: int, design: Design) -> Surge:
    """Test one window of each series alone."""
    told = np.asarray(usable, bool) & (expected > 0) & (observed >= design.min_events)
    p = np.ones_like(expected)
    p[told] = tail(observed[told], expected[told], variance[told])
    score = np.where(told, -np.log10(p) - np.log10(design.day / width), -np.inf)
    return Surge(score, np.where(told, width, 0), observed, expected, p)


def weigh(
    observed: Sequence[Array],
    expected: Sequence[Array],
    scanned: Array,
    known: Known,
    usable: NDArray[Any],
    design: Design,
    weights: Scorer | None = None,
) -> Surge:
    """Turn the counts of all windows into scores; arrays of any one shape in, arrays of that shape out."""
    shape = scanned.shape
    surge = Surge(np.full(shape, -np.inf), np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape), np.ones(shape))
    told = np.asarray(usable, bool) & (observed[-1] >= design.min_events) & (expected[0] > 0)
    if not told.any():
        return surge
    y, m = np.stack([x[told] for x in observed], 1), np.stack([x[told] for x in expected], 1)
    events = known.events[told]
    v = np.stack(
        [
            Restless(s.width, s.phi[told], s.alpha[told]).variance(m[:, column], events)
            for column, s in enumerate(known.strays)
        ],
        1,
    )
    z, p = deviations(y, m, v)
    context = _context(m, v, scanned[told], known, told)
    score = (weights or fitted()).score(z, context)
    # The strongest window that holds enough posts to be told of.
    strength = np.where(y >= design.min_events, z, -np.inf)
    best = strength.argmax(1)
    rows = np.arange(len(best))
    surge.score[told] = np.where(np.isfinite(strength[rows, best]), score, -np.inf)
    surge.width[told] = np.array(WIDTHS)[best]
    for field, values in ((surge.observed, y), (surge.expected, m), (surge.p, p)):
        field[told] = values[rows, best]
    return surge


def deviations(y: Array, m: Array, v: Array) -> tuple[Array, Array]:
    """Return z (of the mid-p) and p = P(X >= y) under negative binomials of mean m and variance v > m."""
    size, chance = m**2 / (v - m), m / v
    p = np.ones_like(y)
    some = y > 0
    p[some] = betainc(y[some], size[some], 1 - chance[some])
    log_exactly = gammaln(y + size) - gammaln(size) - gammaln(y + 1) + size * np.log(chance) + y * np.log1p(-chance)
    p = np.maximum(p, SMALLEST_P)
    middle = np.clip(p - np.minimum(np.exp(log_exactly), p) / 2, SMALLEST_P, 1 - 1e-9)
    return -ndtri(middle), p


def _context(m: Array, v: Array, scanned: Array, known: Known, told: NDArray[np.bool_]) -> Array:
    """Describe the series: rows of numbers, each of about the size of one."""
    hour, day = WIDTHS.index(1), WIDTHS.index(24)
    columns = [
        np.log10(m[:, hour] + 1e-3),
        np.log10(v[:, hour] / m[:, hour]),
        np.log10(m[:, day] + 1e-3),
        np.log10(v[:, day] / m[:, day]),
        np.log10(v[:, -1] / m[:, -1]),
        np.log10(known.phi[told]),
        np.log10(known.events[told] + 0.5),
        *(x[told] for x in known.recent),
        np.log10(np.maximum(scanned, 1) / np.maximum(known.daily[told], 1)),
    ]
    return np.stack(columns, 1)


def _days_of(n: Array, base: Baseline) -> Array:
    series, days, slots = base.rates.shape
    return np.pad(n, ((0, 0), (0, days * slots - n.shape[1]))).reshape(series, days, slots)


def _lagged(x: Array, days: int) -> Array:
    """Move each day's value to `days` later, plus the day itself."""
    return np.pad(x, ((0, 0), (days + 1, 0)))[:, : x.shape[1]]
