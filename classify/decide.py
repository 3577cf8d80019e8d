"""From logits to a decision: probabilities, stage, stance, severity, flag, abstention. Pure; knows no text or table.

Severity is documented here once. Of a passage: `floor[stage] + (roof[stage] - floor[stage]) * p`, where `p` is the
highest calibrated probability among the signals that apply (of all signals when none applies), times 0.4 when the
passage reports, condemns or reclaims instead of asserting. So it grows with the stage and with the probability, 70 and
more means violence at a probability of at least 0.75 (or mass atrocity at 0.4), and a quoted call stays at most 40. A
document has the highest severity among its passages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from classify import calibration
from classify.labels import PATHWAY_SIGNALS
from classify.language import MIXED, UNDETERMINED, Told
from classify.scorer import UNREACHABLE, Floats, ModelConfig, Scores
from classify.text import Passage
from models.codebook import PATHWAYS, SIGNALS, STANCES, TARGETS

FLOOR = (0, 10, 25, 40, 50)
ROOF = (10, 50, 65, 80, 100)
QUOTED = 0.4
LEAST_CONFIDENCE = 0.5
TARGET_THRESHOLD = 0.5
_LEAST_STAGE = {"incitement": 3, "discrimination": 2}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the model says of one passage, calibrated."""

    signals: Floats  # (8,) probabilities
    over: Floats  # (8,) probability minus the flag threshold
    stage: int
    stance: str
    targets: Floats  # (8,) probabilities
    severity: int

    @property
    def applies(self) -> bool:
        """Whether some signal reaches its threshold, whoever speaks."""
        return bool((self.over >= 0).any())

    @property
    def flag(self) -> bool:
        """Whether the passage says it in its own voice."""
        return self.applies and self.stance == "asserts"


def read(scores: Scores, config: ModelConfig, language: str) -> list[Reading]:
    """The reading of each passage, by the language's own calibration where there is one."""
    fit = config.calibration
    signals = calibration.apply(scores.signals, fit, "signals", SIGNALS, language)
    stage = np.minimum.accumulate(calibration.apply(scores.stage, fit, "stage", ("1", "2", "3", "4"), language), axis=1)
    voice = fit.get("languages", {}).get(language, {}).get("stance", fit.get("stance", {}))
    stance = calibration.softmax(scores.stance / float(voice.get("temperature", 1.0)))
    targets = calibration.apply(scores.targets, fit, "targets", TARGETS, language)
    limits = config.flag(language)
    flag = np.array([limits[key] for key in SIGNALS])
    least = float(voice.get("asserts_at", 0.5))
    return [
        _reading(s, s - flag, g, _voice(t, least), c)
        for s, g, t, c in zip(signals, stage, stance, targets, strict=True)
    ]


def _voice(stance: Floats, least: float) -> str:
    """`asserts` from the probability at which it was found to serve flags best; else the likeliest other one."""
    return STANCES[0] if stance[0] >= least else STANCES[1 + int(stance[1:].argmax())]


def _reading(signals: Floats, over: Floats, stage: Floats, voice: str, targets: Floats) -> Reading:
    said = [key for key, margin in zip(SIGNALS, over, strict=True) if margin >= 0]
    step = _stage(said, stage)
    probability = float(signals[over >= 0].max()) if said else float(signals.max())
    severity = FLOOR[step] + (ROOF[step] - FLOOR[step]) * probability
    severity *= 1.0 if voice == "asserts" else QUOTED
    return Reading(signals, over, step, voice, targets, round(severity))


def _stage(said: Sequence[str], stage: Floats) -> int:
    """The ladder's step, in keeping with the signals: none without a signal, at least what a signal means with one."""
    if not said:
        return 0
    least = max(_LEAST_STAGE.get(key, 1) for key in said)
    return max(least, int((stage >= 0.5).sum()))


def strongest(readings: Sequence[Reading]) -> list[int]:
    """The number of the passage nearest to a flag, in a list; empty without passages."""
    return [max(range(len(readings)), key=lambda i: _rank(readings[i]))] if readings else []


def _rank(reading: Reading) -> tuple[bool, bool, int, float]:
    return reading.flag, reading.applies, reading.severity, float(reading.over.max())


def judged_as(told: Told, config: ModelConfig) -> str:
    """The language whose figures count for this text: its own; of a mixed one both together, or a part that has any."""
    if told.code != MIXED:
        return told.code
    together = "-".join(sorted(told.parts))
    return next((code for code in (together, *told.parts) if validated(code, config)), MIXED)


def validated(language: str, config: ModelConfig) -> bool:
    """Whether somebody measured the model in this language, and the figures were good enough."""
    return bool(config.languages.get(language, {}).get("validated", False))


def document(
    readings: Sequence[Reading], told: Told, config: ModelConfig, unusual: str | None = None
) -> dict[str, Any]:
    """The decision on a text from its passages: the strongest passage per signal, abstaining where nobody measured.

    Of a text in two languages the validated one may raise a flag; its silence says nothing of the other half.
    `unusual` is why the text's form is unlike anything the model has read, if it is.
    """
    lead = readings[strongest(readings)[0]]
    alike = [r for r in readings if (r.flag, r.applies) == (lead.flag, lead.applies)]
    probability = dict(zip(SIGNALS, np.max([r.signals for r in readings], axis=0).tolist(), strict=True))
    about = [r for r in readings if r.applies] or [lead]
    unjudged = unmeasured(told, config)
    reason = unjudged or _half_read(told, config) or _experimental(told, config)
    reason = reason or unusual or _unsure(lead, told, config)
    return {
        "language": told.code,
        "language_confidence": round(told.confidence, 4),
        "flag": lead.flag and not unjudged,
        "abstained": reason is not None,
        "abstain_reason": reason,
        "severity": max(r.severity for r in alike),
        "stage": max(r.stage for r in alike),
        "stance": lead.stance,
        "signals": _rounded(probability),
        "pathways": _rounded({key: max(probability[s] for s in PATHWAY_SIGNALS[key]) for key in PATHWAYS}),
        "targets": _rounded(dict(zip(TARGETS, np.max([r.targets for r in about], axis=0).tolist(), strict=True))),
        "applies": [key for i, key in enumerate(SIGNALS) if any(r.over[i] >= 0 for r in alike)],
    }


def always_abstains(language: str, config: ModelConfig) -> str | None:
    """Why every text of a language goes to people, if so."""
    told = Told(language, 1.0)
    return unmeasured(told, config) or _experimental(told, config)


def unmeasured(told: Told, config: ModelConfig) -> str | None:
    """Why this language cannot be judged at all, if so."""
    if told.code == UNDETERMINED:
        return "no language could be told from this text"
    if validated(judged_as(told, config), config):
        return None
    if told.code == MIXED:
        return f"the text mixes {' and '.join(map(repr, told.parts))}; the model has validated performance in neither"
    return f"the model has no validated performance in language {told.code!r}"


def _half_read(told: Told, config: ModelConfig) -> str | None:
    """Why people should look at a mixed text of which the model can read one part."""
    spoken = judged_as(told, config)
    if told.code == MIXED and spoken in told.parts:
        return f"the text mixes {' and '.join(map(repr, told.parts))}; the model can judge {spoken!r} alone"
    return None


def _experimental(told: Told, config: ModelConfig) -> str | None:
    """Why people should look at every text of a language in which the model is better than word lists, but not good."""
    spoken = judged_as(told, config)
    if config.languages.get(spoken, {}).get("status") == "experimental":
        return f"the model's reading of {spoken!r} is experimental"
    return None


def _unsure(lead: Reading, told: Told, config: ModelConfig) -> str | None:
    """Why people should look although the language is known, if so."""
    if told.confidence < LEAST_CONFIDENCE:
        return f"the language ({told.code!r}) is uncertain"
    spoken = judged_as(told, config)
    limits, band = config.flag(spoken), config.too_close(spoken)
    said = {k: p for k, p in zip(SIGNALS, lead.signals.tolist(), strict=True) if limits[k] < UNREACHABLE}
    inside = [k for k, p in said.items() if band[k][0] <= p < band[k][1]]
    clear = [k for k, p in said.items() if p >= band[k][1]]
    if inside and not clear:
        return f"{inside[0]} lies too close to its threshold"
    return None


def nothing(told: Told, obfuscated: bool, model: str, reason: str) -> dict[str, Any]:
    """The result for a text with nothing to read: abstained, never clean."""
    return {
        "language": told.code,
        "language_confidence": round(told.confidence, 4),
        "flag": False,
        "abstained": True,
        "abstain_reason": reason,
        "severity": 0,
        "stage": 0,
        "stance": "reports",
        "signals": dict.fromkeys(SIGNALS, 0.0),
        "pathways": dict.fromkeys(PATHWAYS, 0.0),
        "targets": dict.fromkeys(TARGETS, 0.0),
        "applies": [],
        "target_names": [],
        "passages": [],
        "model": model,
        "obfuscated": obfuscated,
    }


def passage(window: Passage, reading: Reading, highlights: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One passage as the contract shows it."""
    return {
        "start": window.start,
        "end": window.end,
        "signals": _rounded(dict(zip(SIGNALS, reading.signals.tolist(), strict=True))),
        "stage": reading.stage,
        "stance": reading.stance,
        "highlights": list(highlights),
    }


def marks(result: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    """The labels of a result that apply, as (kind, key, probability)."""
    applies = result["applies"]
    if not applies:
        return
    for key in applies:
        yield "signal", key, result["signals"][key]
    for key in PATHWAYS:
        reached = [result["signals"][s] for s in PATHWAY_SIGNALS[key] if s in applies]
        if reached:
            yield "pathway", key, max(reached)
    for key, probability in result["targets"].items():
        if probability >= TARGET_THRESHOLD:
            yield "target", key, probability
    for name in result["target_names"]:
        yield "target_name", name, 1.0


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {key: round(float(value), 4) for key, value in values.items()}
