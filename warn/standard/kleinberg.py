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
        scanned = np.maximum(volume, observed)
        score, expected = np.full(observed.shape, np.nan), np.full(observed.shape, np.nan)
        climb = self.gamma * np.log(self.baseline)
        evidence = np.zeros(len(observed))
        for slot in range(self.baseline, observed.shape[1]):
            before = slice(slot - self.baseline, slot)
            total = observed[:, before].sum(1) + 0.5
            if self.by_volume:
                share = np.minimum(total / np.maximum(scanned[:, before].sum(1), 1), 0.5)
                high = np.minimum(share * self.ratio, 0.99)
                rest = scanned[:, slot] - observed[:, slot]
                gain = xlogy(observed[:, slot], high / share) + xlogy(rest, (1 - high) / (1 - share))
                expected[:, slot] = share * scanned[:, slot]
            else:
                rate = total / self.baseline
                gain = observed[:, slot] * np.log(self.ratio) - (self.ratio - 1) * rate
                expected[:, slot] = rate
            # Difference of the two states' best costs; beyond either end a path changes state.
            evidence = np.clip(evidence + gain, 0, 2 * climb)
            score[:, slot] = evidence
        alarm = np.asarray(np.nan_to_num(score, nan=-1.0) > climb)
        return Verdict(score, expected, np.full(observed.shape, np.nan), alarm)
