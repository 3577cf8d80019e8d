"""Hold the one scorer of a process: loaded on first need, by whoever needs it first, and then shared.

Loading imports torch, so it is put off until then. A model that cannot be loaded is tried again after a while, because
an operator may have mended it; until then everybody who asks is told why.
"""

import threading
import time
from pathlib import Path
from typing import Any

from classify.checkpoint import BUNDLED, config_file, model_config
from classify.errors import ModelBroken
from classify.scorer import ModelConfig, Scorer
from classify.settings import ClassifySettings

RETRY_SECONDS = 60.0
SHOWN = ("thresholds", "band", "languages", "max_tokens", "card")


class LazyScorer:
    """Gives the scorer; `get` may be called from any thread."""

    def __init__(self, settings: ClassifySettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._scorer: Scorer | None = None
        self._broken: ModelBroken | None = None
        self._tried_at = 0.0

    def get(self) -> Scorer:
        """Return the scorer; raises ModelBroken with the reason when there is none."""
        with self._lock:
            if self._scorer is not None:
                return self._scorer
            if self._broken is not None and time.monotonic() - self._tried_at < RETRY_SECONDS:
                raise self._broken
            from classify.engines import load

            self._tried_at = time.monotonic()
            try:
                self._scorer = load(self.settings)
            except ModelBroken as error:
                self._broken = error
                raise
            return self._scorer

    def card(self) -> dict[str, Any]:
        """Return what the model's own `config.json` says of it, without loading it; raises ModelBroken."""
        config = self.config()
        engine = self._scorer.engine if self._scorer else f"{self.settings.engine}, not loaded yet"
        return {"model": config.model, "engine": engine, **{key: getattr(config, key) for key in SHOWN}}

    def config(self) -> ModelConfig:
        """Return the model's configuration without loading its weights; raises ModelBroken."""
        bundled = self.settings.model == "bundled"
        if self._scorer is not None and not bundled:
            return self._scorer.config
        path = BUNDLED if bundled else Path(self.settings.model)
        try:
            return model_config(config_file(path))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelBroken(f"the config.json in {path} cannot be read ({type(error).__name__})") from error
