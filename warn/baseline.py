"""Learn what is normal for a series: how much of what is scanned is flagged, at which hour, and how restless that is.

Pure functions on arrays of shape (series, slots); a slot is an hour, or a day. `y` holds the distinct flagged posts of
each slot, `n` the distinct posts scanned in the same scope. Slot 0 must be the first of a day.

What holds on a day is learned once, from B: the `baseline` days that end `guard` before it (28 days, whole ones).

    r    = (sum_B y' + 0.5) / sum_B e                                        rate per unit of exposure
    mu   = r e,  e = n f                                                     f: factor of the hour of the day
    y'   = min(y, mu + 3 sqrt(phi mu) + 1)                                   past outbreaks do not raise the bar
    phi  = max(1, (sum_B y'^2/e * sum_B e / sum_B y' - sum_B y') / (|B| - 1))  Pearson dispersion in closed form

and for the last w slots together, Y and M being the sums of y and mu over them,

    phi_w   = max(phi, mean_B min((Y - M)^2 / M, 9 phi))                     w > 1
    alpha_w = max(0, sum_B ((Y' - M)^2 - M) / sum_B M^2),  Y' = min(Y, M + 4 sqrt(phi M sqrt(w)) + 1)

Hours of events that a person has confirmed are left out of every sum over B, and so are stretches of a day that rose by
more than `CLEANED` deviations, unless most of the week before did too: a rise that stays is the new normal. Capping
refers to itself; it is solved by passes over the whole array instead of slot by slot. That a day keeps what was learned
before it makes an hour cheap: ten thousand series are looked at again every hour, but learned once a day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

SEASON_PRIOR = 20.0  # posts' worth of belief that all hours of the day are alike
CAPPING_PASSES = 2
FIRST_DAYS = 7  # below these a series has neither a rhythm nor a cap
CLEANED = 2.5  # deviations of a day that no everyday explains


@dataclass(frozen=True)
class Design:
    """How history is used, in slots; `day` slots make a day."""

    day: int = 24
    baseline: int = 28 * 24
    guard: int = 24
    least: int = 14 * 24
    min_events: int = 3

    @property
    def days(self) -> int:
        """The days of a baseline."""
        return self.baseline // self.day

    @property
    def lag(self) -> int:
        """The days between a day and its baseline."""
        return -(-self.guard // self.day)

    @property
    def memory(self) -> int:
        """The days before a day that its answers rest on: a baseline, and what caps its first counts."""
        return 2 * (self.days + self.lag)


@dataclass(frozen=True)
class Baseline:
    """What holds on each day: `rates` (series, days, slots of a day) per post scanned, the others (series, days).

    `mu` (series, slots) is what was to be expected in each slot, `capped` and `kept` what the history is made of.
    """

    mu: Array
    rates: Array
    phi: Array
    events: Array
    usable: Mask
    capped: Array
    kept: Array


@dataclass(frozen=True)
class Restless:
    """How far sums over `width` slots stray, by day: a factor on the expected count, and one on its square."""

    width: int
    phi: Array
    alpha: Array

    def variance(self, expected: Array, events: Array) -> Array:
        """Return the variance around what is expected; `events` tell how well the rate is known."""
        spread = np.maximum(self.phi * expected, expected + self.alpha * expected**2)
        total: Array = spread + expected**2 / (events + 0.5)
        return total

    def over(self, design: Design, slots: int) -> "Restless":
        """Return the same by slot instead of by day."""
        return Restless(self.width, by_slot(self.phi, design, slots), by_slot(self.alpha, design, slots))


def learn(y: Array, n: Array, design: Design, kept: Array | None = None) -> Baseline:
    """Learn what holds on each day from the days before it.

    `kept` is 0 where a person has confirmed an event, 1 elsewhere: what was no everyday must not pass for it.
    """
    slots = y.shape[1]
    y, n = by_day(y, design), by_day(n, design)
    kept = np.ones_like(y) if kept is None else by_day(kept, design)
    known = np.arange(y.shape[1])[:, None] >= FIRST_DAYS + design.lag
    capped = y
    for _ in range(CAPPING_PASSES):
        rates, phi, events = _expect(capped, n, kept, design)
        mu = rates * n
        capped = np.where(known, np.minimum(y, mu + 3 * np.sqrt(phi[:, :, None] * mu) + 1), y)
    kept = np.where(known & _risen(y, mu, phi, events, kept, design), 0, kept)
    rates, phi, events = _expect(capped, n, kept, design)
    seen = (n.sum(2) > 0).astype(np.float64)
    usable = history(seen, design) >= design.least / design.day - 1e-6
    expected = (rates * n).reshape(len(y), -1)[:, :slots]
    return Baseline(expected, rates, phi, events, np.asarray(usable), capped, kept)


def restless(y: Array, base: Baseline, widths: Sequence[int], design: Design) -> list[Restless]:
    """Learn how far sums over each width have strayed from what was expected."""
    slots = np.maximum(history(base.kept.sum(2), design), 1)
    found = []
    for width in widths:
        observed, expected = trailing(y, width), trailing(base.mu, width)
        bar = by_day(expected + 1, design) + 4 * np.sqrt(
            base.phi[:, :, None] * by_day(expected, design) * np.sqrt(width)
        )
        observed, expected = by_day(observed, design), by_day(expected, design)
        phi = base.phi
        if width > 1:
            strayed = np.divide((observed - expected) ** 2, expected, out=np.zeros_like(expected), where=expected > 0)
            strayed = np.minimum(strayed, 9 * phi[:, :, None])
            phi = np.maximum(phi, history((strayed * base.kept).sum(2), design) / slots)
        excess = ((np.minimum(observed, bar) - expected) ** 2 - expected) * base.kept
        over, squares = history(excess.sum(2), design), history((expected**2 * base.kept).sum(2), design)
        alpha = np.maximum(0, np.divide(over, squares, out=np.zeros_like(over), where=squares > 0))
        found.append(Restless(width, phi, alpha))
    return found


def by_day(x: Array, design: Design) -> Array:
    """Fold slots into (series, days, slots of a day); an unfinished day is filled with zeros."""
    missing = -x.shape[1] % design.day
    padded = np.pad(x, ((0, 0), (0, missing))) if missing else x
    return padded.reshape(len(x), -1, design.day)


def by_slot(x: NDArray[Any], design: Design, slots: int) -> NDArray[Any]:
    """Repeat what holds on each day for each of its slots."""
    return np.repeat(x, design.day, axis=1)[:, :slots]


def history(x: Array, design: Design) -> Array:
    """Sum, for each day (axis 1), the days of its baseline."""
    days = np.arange(x.shape[1])
    ends = np.maximum(days - design.lag, 0)
    total = np.cumsum(np.concatenate([np.zeros_like(x[:, :1]), x], axis=1), axis=1)
    upto = total[:, ends]
    sums: Array = upto - total[:, np.maximum(ends - design.days, 0)]
    # Differences of cumulated sums leave crumbs of rounding where nothing was.
    sums[np.abs(sums) <= 1e-12 * np.abs(upto)] = 0
    return sums


def trailing(x: Array, length: int) -> Array:
    """Sum the `length` slots that end with each slot."""
    total = np.cumsum(x, axis=1)
    total[:, length:] -= total[:, :-length].copy()
    return total


def _risen(y: Array, mu: Array, phi: Array, events: Array, kept: Array, design: Design) -> Mask:
    """Tell the slots of stretches of a day, told apart by half days, that rose beyond what a baseline should hold."""
    series, days, slots = y.shape
    parts = 2 if slots % 2 == 0 else 1

    def stretches(x: Array) -> Array:
        part: Array = x.reshape(series, days * parts, -1).sum(2)
        part[:, parts - 1 :] += part[:, : days * parts - parts + 1].copy() if parts > 1 else 0
        return part

    observed, expected = stretches(y), stretches(mu)
    by = (series, days, parts)
    strayed = np.divide((observed - expected) ** 2, expected, out=np.zeros_like(expected), where=expected > 0)
    strayed = np.minimum(strayed.reshape(by), 9 * phi[:, :, None]) * kept[:, :, :: slots // parts]
    spread = np.maximum(phi, history(strayed.sum(2), design) / (parts * design.days))[:, :, None]
    expected = expected.reshape(by)
    deviation = np.sqrt(spread * expected + expected**2 / (events[:, :, None] + 0.5))
    risen = (observed.reshape(by) > expected + CLEANED * deviation + 1).reshape(series, -1)
    lasting = trailing(risen.astype(np.float64), 7 * parts) > 7 * parts / 2
    risen = risen & ~lasting
    if parts > 1:
        risen[:, :-1] |= risen[:, 1:].copy()
    return np.repeat(risen, slots // parts, axis=1).reshape(y.shape)


def _expect(capped: Array, n: Array, kept: Array, design: Design) -> tuple[Array, Array, Array]:
    """Return the rates by slot, phi and the events of each day's baseline, all from capped counts."""
    flagged, scanned = history(capped * kept, design), history(n * kept, design)
    factor = _season(flagged, scanned, design)
    exposure = n * factor
    events = np.maximum(flagged.sum(2), 0)
    exposed = history((exposure * kept).sum(2), design)
    rate = np.divide(events + 0.5, exposed, out=np.zeros_like(events), where=exposed > 0)
    surprise = np.divide(capped**2, exposure, out=np.zeros_like(capped), where=exposure > 0)
    scatter = history((surprise * kept).sum(2), design)
    slots = history(((n > 0) * kept).sum(2), design)
    pearson = np.divide(scatter * exposed, events, out=np.zeros_like(events), where=events > 0) - events
    phi = np.maximum(1, pearson / np.maximum(slots - 1, 1))
    return rate[:, :, None] * factor, phi, events


def _season(flagged: Array, scanned: Array, design: Design) -> Array:
    """Return the factor of the hour of the day; 1 in the first week and for daily slots."""
    if design.day == 1:
        return np.ones_like(scanned)
    all_flagged, all_scanned = flagged.sum(2, keepdims=True), scanned.sum(2, keepdims=True)
    rate = np.divide(all_flagged, all_scanned, out=np.zeros_like(all_flagged), where=all_scanned > 0)
    factor = (flagged + SEASON_PRIOR) / (rate * scanned + SEASON_PRIOR)
    factor[:, : FIRST_DAYS + design.lag] = 1
    positive: Array = np.maximum(factor, 0)
    return positive
