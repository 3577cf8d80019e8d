"""Two models as one scorer: each passage goes to the model that was measured in its language.

The lead reads English; the second, larger in words and slower, is loaded when the first text comes that only it can
judge. Their configurations are merged: thresholds and calibration of a language are those of the model that reads it.
"""

import threading
from collections.abc import Callable, Sequence

import numpy as np

from classify.checkpoint import merged
from classify.engines.passages import PassageScorer
from classify.scorer import ModelConfig, Scores


class Readers:
    """A lead scorer, and a second one for the languages that are its own."""

    def __init__(self, lead: PassageScorer, second: ModelConfig, load: Callable[[], PassageScorer]) -> None:
        self._lead = lead
        self._load = load
        self._loaded: PassageScorer | None = None
        self._lock = threading.Lock()
        self._own = frozenset(second.languages) - frozenset(lead.config.languages)
        self.config = merged(lead.config, second)

    @property
    def engine(self) -> str:
        """What runs the lead's weights, and whether the second's are in memory."""
        second = "loaded" if self._loaded else "loaded when it is needed"
        return f"{self._lead.engine}; {len(self._own)} languages more by a second model, {second}"

    def reader(self, language: str) -> PassageScorer:
        """The scorer that was measured in this language; the lead where none was. Raises ModelBroken."""
        if language not in self._own:
            return self._lead
        with self._lock:
            self._loaded = self._loaded or self._load()
        return self._loaded

    def score(self, passages: Sequence[str], languages: Sequence[str] | None = None, /) -> Scores:
        """Logits of each passage, by the model of its language. Raises ScoringFailed, ModelBroken."""
        told = ["en"] * len(passages) if languages is None else list(languages)
        second = [i for i, language in enumerate(told) if language in self._own]
        if not second:
            return self._lead.score(passages)
        if len(second) == len(passages):
            return self.reader(told[0]).score(passages)
        first = [i for i, language in enumerate(told) if language not in self._own]
        parts = (
            self._lead.score([passages[i] for i in first]),
            self.reader(told[second[0]]).score([passages[i] for i in second]),
        )
        return Scores.joined(parts).rows(np.argsort([*first, *second], kind="stable"))
