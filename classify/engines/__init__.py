"""Which engine runs the model: the fastest that is there and right on this machine, with the reason.

Nothing slow is imported until a model is loaded: torch only for what no lighter engine can run.
"""

import logging
from pathlib import Path

from classify.checkpoint import FORMAT, config_file, folder_of
from classify.engines import zero_shot
from classify.engines.passages import PassageScorer
from classify.errors import EngineUnfit, ModelBroken
from classify.settings import ClassifySettings

_LOG = logging.getLogger(__name__)


def load(settings: ClassifySettings) -> PassageScorer:
    """The scorer that the settings name. Raises ModelBroken with what is wrong and what to do."""
    scorer = _load(settings, folder_of(settings.model))
    _LOG.info("model %s runs on %s", scorer.config.model, scorer.engine)
    return scorer


def _load(settings: ClassifySettings, folder: Path) -> PassageScorer:
    told = config_file(folder)
    ours = told.get("format") == FORMAT
    if settings.engine == "zero-shot" or (settings.engine == "auto" and not ours and zero_shot.entails(told)):
        from classify.model import device_of

        return zero_shot.load(settings, device_of(settings))
    if settings.engine == "openvino" and not ours:
        raise ModelBroken(
            f"TOCSIN_ENGINE is openvino, which runs models in our own format only, and {folder} is not; "
            "set it to auto or torch."
        )
    if settings.engine == "torch" or not ours:
        return _on_torch(
            settings, folder, "as set" if settings.engine == "torch" else "the model is not in our own format"
        )
    from classify.engines import openvino

    try:
        return openvino.load_folder(folder, settings.threads, settings.batch_tokens)
    except EngineUnfit as reason:
        if settings.engine == "openvino":
            raise ModelBroken(f"TOCSIN_ENGINE is openvino, and {reason}; set it to auto or torch.") from reason
        return _on_torch(settings, folder, f"openvino was passed over: {reason}")


def _on_torch(settings: ClassifySettings, folder: Path, reason: str) -> PassageScorer:
    from classify.model import load as load_on_torch

    return load_on_torch(folder, settings, reason)
