"""A scorer without a model: words decide, so that a test says what the model would say."""

import time
from collections.abc import Sequence

import numpy as np

from classify.errors import ModelBroken, ScoringFailed
from classify.scorer import ModelConfig, Scores
from models.codebook import SIGNALS, STANCES, TARGETS

SPOKEN = {
    "BURN": ("incitement", 3),
    "RATS": ("dehumanization", 1),
    "EXPEL": ("discrimination", 2),
    "SCUM": ("hate_speech", 1),
    "PATROL": ("mobilization", 2),
}
VOICES = {"said": "reports", "shame": "condemns"}


def config(model: str = "fake", **values: object) -> ModelConfig:
    half = dict.fromkeys(SIGNALS, 0.5)
    given = {
        "name": model,
        "sha256": "f" * 64,
        "max_tokens": 128,
        "calibration": {},
        "thresholds": {"flag": half, "high_recall": half, "high_precision": half},
        "band": dict.fromkeys(SIGNALS, (0.45, 0.55)),
        "languages": {"en": {"validated": True}, "fr": {"validated": False}},
    }
    return ModelConfig(**(given | values))  # type: ignore[arg-type]


class FakeScorer:
    """Says what the words in SPOKEN say; fails on POISON, and always when broken; `pause` slows a batch."""

    def __init__(self, *, model: str = "fake", broken: bool = False, pause: float = 0.0) -> None:
        self.config = config(model)
        self.engine = "words"
        self.broken = broken
        self.pause = pause
        self.calls: list[list[str]] = []

    def marks(self, _words: Sequence[str], _signal: int, /) -> None:
        return None

    def score(self, passages: Sequence[str], /) -> Scores:
        self.calls.append(list(passages))
        time.sleep(self.pause)
        if self.broken:
            raise ModelBroken("The weights were changed; restore them.")
        if any("POISON" in passage for passage in passages):
            raise ScoringFailed("The model gave no number for passage 0.")
        if any("CRASH" in passage for passage in passages):
            raise ZeroDivisionError("secret text")
        rows = [_logits(passage) for passage in passages]
        out = np.array(rows, dtype=float).reshape(len(rows), 24)
        return Scores(out[:, :8], out[:, 8:12], out[:, 12:16], out[:, 16:])


def _logits(passage: str) -> list[float]:
    signals = dict.fromkeys(SIGNALS, -6.0)
    stage = 0
    for word, (signal, step) in SPOKEN.items():
        if word in passage:
            signals[signal] = 3.0
            stage = max(stage, step)
    if "MAYBE" in passage:
        signals["hate_speech"] = 0.0
    voice = next((stance for word, stance in VOICES.items() if word in passage), "asserts")
    return [
        *signals.values(),
        *(4.0 if step <= stage else -4.0 for step in (1, 2, 3, 4)),
        *(5.0 if stance == voice else 0.0 for stance in STANCES),
        *(2.0 if key == "religion" and stage else -4.0 for key in TARGETS),
    ]
