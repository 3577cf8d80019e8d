"""Bursts as states of an automaton (Kleinberg 2002): the batch form on flagged of scanned posts, decided online.

Two states: the usual share p0 of the `baseline` slots before, and `ratio` times it. A slot costs minus the log
likelihood of its flagged posts under its state; going up costs `gamma` ln(baseline), going down nothing. Decided
online (Viterbi's two sums, no look ahead), so that a verdict never changes afterwards.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from warn.baseline import Array
from warn.standard.protocol import Verdict


@dataclass(frozen=True)
class Kleinberg:
    """`by_volume` counts flagged of scanned posts; otherwise posts per slot as a Poisson stream."""

    baseline: int = 28
    ratio: float = 2.0
    gamma: float = 1.0
    by_volume: bool = True
    name: str = "kleinberg"

    def evaluate(self, observed: Array, volume: Array) -> Verdict:
        """Judge every slot that has a whole baseline before it; the score is the evidence for the upper state."""
        score, expected = np.full(observed.shape, np.nan), np.full(observed.shape, np.nan)
        climb = self.gamma * np.log(self.baseline)
        gain, expected[:, self.baseline :] = self._gain(observed, np.maximum(volume, observed))
        evidence = np.zeros(len(observed))
        for slot in range(gain.shape[1]):
            # Difference of the two states' best costs; beyond either end a path changes state.
            evidence = np.clip(evidence + gain[:, slot], 0, 2 * climb)
            score[:, self.baseline + slot] = evidence
        alarm = np.asarray(np.nan_to_num(score, nan=-1.0) > climb)
        return Verdict(score, expected, np.full(observed.shape, np.nan), alarm)

    def _gain(self, observed: Array, scanned: Array) -> tuple[Array, Array]:
        """Return what each slot after the first baseline says for the upper state, and what was expected in it."""
        total, posts = self._before(observed) + 0.5, self._before(scanned)
        y, n = observed[:, self.baseline :], scanned[:, self.baseline :]
        if not self.by_volume:
            rate = total / self.baseline
            return y * np.log(self.ratio) - (self.ratio - 1) * rate, rate
        share = np.minimum(total / np.maximum(posts, 1), 0.5)
        high = np.minimum(share * self.ratio, 0.99)
        return xlogy(y, high / share) + xlogy(n - y, (1 - high) / (1 - share)), share * n

    def _before(self, x: Array) -> Array:
        """Sum the baseline of each slot that has a whole one."""
        total = np.cumsum(np.pad(x, ((0, 0), (1, 0))), axis=1)
        sums: Array = total[:, self.baseline : -1] - total[:, : max(x.shape[1] - self.baseline, 0)]
        return sums
