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

    def latest(self, days: int) -> "Baseline":
        """Keep what holds on the latest days only; the last one may have just begun."""
        first = (self.rates.shape[1] - days) * self.rates.shape[2]
        return Baseline(
            mu=self.mu[:, first:],
            rates=self.rates[:, -days:],
            phi=self.phi[:, -days:],
            events=self.events[:, -days:],
            usable=self.usable[:, -days:],
            capped=self.capped[:, -days:],
            kept=self.kept[:, -days:],
        )


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
    capped, scanned = y, _scanned(n, kept, design)
    for _ in range(CAPPING_PASSES):
        rates, phi, events = _expect(capped, n, kept, scanned, design)
        mu = rates * n
        capped = np.where(known, np.minimum(y, mu + 3 * np.sqrt(phi[:, :, None] * mu) + 1), y)
    risen = known & _risen(y, mu, phi, events, kept, design)
    if risen.any():
        kept = np.where(risen, 0, kept)
        scanned = _scanned(n, kept, design)
    rates, phi, events = _expect(capped, n, kept, scanned, design)
    seen = (n.sum(2) > 0).astype(np.float64)
    usable = history(seen, design) >= design.least / design.day - 1e-6
    expected = (rates * n).reshape(len(y), -1)[:, :slots]
    return Baseline(expected, rates, phi, events, np.asarray(usable), capped, kept)


def restless(y: Array, base: Baseline, widths: Sequence[int], design: Design) -> list[Restless]:
    """Learn how far sums over each width have strayed from what was expected."""
    slots = np.maximum(history(base.kept.sum(2), design), 1)
    totals = np.cumsum(y, axis=1), np.cumsum(base.mu, axis=1)
    found = []
    for width in widths:
        observed, expected = (by_day(_last(total, width), design) for total in totals)
        bar = expected + 1 + 4 * np.sqrt(base.phi[:, :, None] * expected * np.sqrt(width))
        phi = base.phi
        if width > 1:
            strayed = np.minimum(ratio((observed - expected) ** 2, expected), 9 * phi[:, :, None])
            phi = np.maximum(phi, history(_of_day(strayed, base.kept), design) / slots)
        excess = (np.minimum(observed, bar) - expected) ** 2 - expected
        over = history(_of_day(excess, base.kept), design)
        alpha = np.maximum(0, ratio(over, history(_of_day(expected**2, base.kept), design)))
        found.append(Restless(width, phi, alpha))
    return found


def ratio(x: Array, y: Array) -> Array:
    """Divide; 0 where `y` is not positive."""
    found: Array = x / np.where(y > 0, y, np.inf)
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
    sums = np.zeros_like(x)
    total = np.cumsum(x, axis=1)
    # The first day whose baseline holds anything, and the first whose baseline no longer begins with day 0.
    filled, moved = design.lag + 1, design.lag + design.days + 1
    sums[:, filled:] = total[:, : max(x.shape[1] - filled, 0)]
    upto = sums[:, moved:].copy()
    sums[:, moved:] -= total[:, : max(x.shape[1] - moved, 0)]
    # Differences of cumulated sums leave crumbs of rounding where nothing was.
    sums[:, moved:][np.abs(sums[:, moved:]) <= 1e-12 * np.abs(upto)] = 0
    return sums


def trailing(x: Array, length: int) -> Array:
    """Sum the `length` slots that end with each slot."""
    return _last(np.cumsum(x, axis=1), length)


def _last(total: Array, length: int) -> Array:
    """Return, from sums since the beginning, those over the last `length` slots."""
    sums = total.copy()
    sums[:, length:] -= total[:, :-length]
    return sums


def _of_day(x: Array, kept: Array) -> Array:
    """Sum each day's slots of (series, days, slots), those left out left out."""
    sums: Array = np.einsum("sdh,sdh->sd", x, kept)
    return sums


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
    strayed = ratio((observed - expected) ** 2, expected)
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


def _scanned(n: Array, kept: Array, design: Design) -> tuple[Array, Array]:
    """Return what was scanned in each day's baseline, by hour of the day, and in how many slots."""
    return history(n * kept, design), history(((n > 0) * kept).sum(2), design)


def _expect(
    capped: Array, n: Array, kept: Array, scanned: tuple[Array, Array], design: Design
) -> tuple[Array, Array, Array]:
    """Return the rates by slot, phi and the events of each day's baseline, all from capped counts."""
    flagged, (posts, slots) = history(capped * kept, design), scanned
    factor = _season(flagged, posts, design)
    exposure = n * factor
    events = np.maximum(flagged.sum(2), 0)
    exposed = history(_of_day(exposure, kept), design)
    scatter = history(_of_day(ratio(capped**2, exposure), kept), design)
    pearson = ratio(scatter * exposed, events) - events
    phi = np.maximum(1, pearson / np.maximum(slots - 1, 1))
    return ratio(events + 0.5, exposed)[:, :, None] * factor, phi, events


def _season(flagged: Array, scanned: Array, design: Design) -> Array:
    """Return the factor of the hour of the day; 1 in the first week and for daily slots."""
    if design.day == 1:
        return np.ones_like(scanned)
    all_flagged, all_scanned = flagged.sum(2, keepdims=True), scanned.sum(2, keepdims=True)
    factor = (flagged + SEASON_PRIOR) / (ratio(all_flagged, all_scanned) * scanned + SEASON_PRIOR)
    factor[:, : FIRST_DAYS + design.lag] = 1
    positive: Array = np.maximum(factor, 0)
    return positive
