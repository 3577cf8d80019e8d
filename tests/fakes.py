"""Stand-ins that behave: a scorer that reads two words, so that a test of the flow needs no weights."""

import time
from collections.abc import Sequence

import numpy as np

from classify.scorer import ModelConfig, Scores, Weighted
from models.assessment import SIGNALS, STANCES, TARGETS

YES, NO = 6.0, -6.0
IDENTITY = {"a": 1.0, "b": 0.0}


def fake_config(name: str = "fake") -> ModelConfig:
    """A model that knows English and flags from one half upwards."""
    return ModelConfig(
        name=name,
        sha256="0" * 64,
        max_tokens=128,
        calibration={},
        thresholds={"flag": dict.fromkeys(SIGNALS, 0.5), "alert": dict.fromkeys(SIGNALS, 0.8)},
        band=dict.fromkeys(SIGNALS, (0.4, 0.5)),
        languages={"en": {"validated": True}},
    )


class FakeScorer:
    """`vermin` dehumanizes and `burn` incites; whoever `said` it reports it. `pause` makes a batch take its time."""

    def __init__(self, pause: float = 0.0) -> None:
        self.config = fake_config()
        self.pause = pause
        self.calls = 0

    def score(self, passages: Sequence[str]) -> Scores:
        time.sleep(self.pause)
        self.calls += 1
        signals = np.full((len(passages), len(SIGNALS)), NO)
        stage = np.full((len(passages), 4), NO)
        stance = np.full((len(passages), len(STANCES)), NO)
        targets = np.full((len(passages), len(TARGETS)), NO)
        for row, passage in enumerate(map(str.lower, passages)):
            signals[row, SIGNALS.index("dehumanization")] = YES if "vermin" in passage else NO
            signals[row, SIGNALS.index("incitement")] = YES if "burn" in passage else NO
            stage[row, : 3 if "burn" in passage else 1 if "vermin" in passage else 0] = YES
            stance[row, STANCES.index("reports" if "said" in passage else "asserts")] = YES
            targets[row, TARGETS.index("ethnicity_race")] = YES if "varni" in passage else NO
        return Scores(signals, stage, stance, targets)

    def explain(self, passages: Sequence[str], signals: Sequence[int]) -> list[list[Weighted]]:
        return [[Weighted(0, min(5, len(passage)), 1.0)] for passage in passages]
