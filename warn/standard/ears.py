"""EARS C1, C2 and C3 of the CDC (Hutwagner et al. 2003): a count against the mean and deviation of the week before.

C1 compares with the `baseline` slots just before, C2 leaves the two latest out, C3 adds what C2 exceeded 1 by over
three days. Settings and names are those of `earsC` in R surveillance; its C3 differs from the CDC's own: it puts the
observed count where the manual has the baseline's mean, so that a large count today lifts its own bound. `as_r` keeps
that, for people who must reproduce it; the default is the CDC's sum.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from warn.baseline import Array
from warn.standard.protocol import Verdict, exceeds

LAG = {"C1": 0, "C2": 2, "C3": 2}
ALPHA = {"C1": 0.001, "C2": 0.001, "C3": 0.025}


@dataclass(frozen=True)
class Ears:
    """`min_sigma` keeps a flat baseline from alarming on the first post (0.5 to 1 is advised for sparse series)."""

    method: str = "C2"
    baseline: int = 7
    min_sigma: float = 0.0
    alpha: float | None = None
    as_r: bool = False

    @property
    def name(self) -> str:
        """As in a rule: ears_c1, ears_c2 or ears_c3."""
        return f"ears_{self.method.lower()}"

    def evaluate(self, observed: Array, volume: Array) -> Verdict:  # noqa: ARG002  EARS knows counts only
        """Judge every slot that has a whole baseline before it."""
        mean, deviation = self._history(observed)
        bar = float(norm.isf(ALPHA[self.method] if self.alpha is None else self.alpha))
        with np.errstate(divide="ignore", invalid="ignore"):
            score = (observed - mean) / deviation
        if self.method != "C3":
            upper = mean + bar * deviation
            return Verdict(score, mean, upper, exceeds(observed, upper))
        # A flat baseline makes the score infinite or undefined; undefined adds nothing that could be called an excess.
        excess = np.where(score > 1, score - 1, np.where(np.isnan(score), np.nan, 0.0))
        past = _earlier(excess, 1) + _earlier(excess, 2)
        if self.as_r:
            with np.errstate(invalid="ignore"):
                upper = np.maximum(0, observed + deviation * (bar - past))
            return Verdict(score, mean, upper, exceeds(observed, upper))
        total = excess + past
        # CDC: the three days' sum above `bar`; as a bound on today's count, one more sigma than is left of the bar.
        with np.errstate(invalid="ignore"):
            upper = mean + deviation * (1 + np.maximum(bar - past, 0))
        return Verdict(total, mean, upper, np.asarray(np.nan_to_num(total, nan=-np.inf) > bar))

    def _history(self, observed: Array) -> tuple[Array, Array]:
        series, slots = observed.shape
        lag = LAG[self.method]
        mean, deviation = np.full((series, slots), np.nan), np.full((series, slots), np.nan)
        first = self.baseline + lag
        if slots > first:
            windows = np.lib.stride_tricks.sliding_window_view(observed, self.baseline, axis=1)[:, : slots - first]
            mean[:, first:] = windows.mean(-1)
            deviation[:, first:] = np.maximum(windows.std(-1, ddof=1), self.min_sigma)
        return mean, deviation


def _earlier(x: Array, slots: int) -> Array:
    moved = np.full_like(x, np.nan)
    moved[:, slots:] = x[:, :-slots]
    return moved
