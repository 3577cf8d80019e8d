"""From trained weights to a model folder: calibrate, choose thresholds, measure, pack to int8.

Only development splits and our own dev texts choose anything here; `hatecheck`, `mhc` and `language_id` are never read.
"""

import hashlib
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file, save

from classify import calibration, drift
from classify.assess import classify_texts
from classify.checkpoint import FORMAT
from classify.model import Network, Shape, TorchScorer, dequantised, load_folder, packed, quantised
from classify.rows import read
from classify.scorer import ModelConfig
from classify.settings import ClassifySettings
from classify.train import authored, rows
from classify.train.base import BASE, sha256
from classify.train.run import MAX_TOKENS, read_tokenizer, record_of
from classify.train.tune import PER_SET, Dev, tune
from models.assessment import SIGNALS, STANCES, TARGETS

QUIET = 3_000  # news passages that set the floor of every threshold
ENGLISH = "dghs hatexplain edos implicit_hate hatemojibuild cad stormfront davidson mhs_binary ptc"
GROUPS = {
    "en": tuple(ENGLISH.split()),
    "en-sw": ("kenya_moringa",),
    "en-NG": ("nigeria_ml", "herdphobia"),
    "fr": ("ftr",),
}


def bundle(trained: Path, data: Path, out: Path, version: str, phases: Sequence[Path] = ()) -> Path:
    """Write weights, tokenizer and `config.json` to `out`, a folder that `classify.model.load` accepts."""
    small = quantised(load_file(trained / "model.safetensors"))
    told_run = record_of(trained)
    shape = Shape(**told_run["shape"])
    network = Network(shape)
    network.load_state_dict(dequantised(small))  # everything below is measured on what ships
    scorer = TorchScorer(packed(network), read_tokenizer(trained), _bare(), 4096)
    groups = {language: _dev(scorer, data, language) for language in GROUPS}
    seen = random.Random(0).sample(rows.negatives(data, unseen=False), QUIET)  # noqa: S311 - sampling, not secrecy
    told = tune(groups, scorer.score([row.text for row in seen]))
    out.mkdir(parents=True, exist_ok=True)
    weights = save(small)
    (out / "model.safetensors").write_bytes(weights)
    (out / "tokenizer.json").write_bytes((trained / "tokenizer.json").read_bytes())
    told |= {
        "format": FORMAT,
        "name": f"{_name(told_run['base'])}-{version}",
        "base": told_run["base"],
        "shape": shape._asdict(),
        "max_tokens": MAX_TOKENS,
        "signals": list(SIGNALS),
        "stances": list(STANCES),
        "targets": list(TARGETS),
        "weights": {"file": "model.safetensors", "sha256": hashlib.sha256(weights).hexdigest(), "kind": "int8 rows"},
        "tokenizer": {"file": "tokenizer.json", "sha256": sha256(out / "tokenizer.json")},
    }
    runs = [record_of(folder) for folder in (*phases, trained)]
    told["card"] |= {"training": runs, "datasets": _sources(data), "int8_flips": _flips(scorer, trained, groups, told)}
    _record(told, out)
    # How scores of unseen news lie at release: what `tocsin doctor` compares later texts with.
    news = [row.text for row in rows.negatives(data, unseen=True)][:QUIET]
    found = classify_texts(load_folder(out), news, "en", settings=ClassifySettings(explain=False))
    told["card"]["release"] = drift.reference(found)
    return _record(told, out)


def _record(told: dict[str, Any], out: Path) -> Path:
    (out / "config.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return out


def _name(base: dict[str, str]) -> str:
    return "tocsin-minilm" if base["name"] == BASE else f"tocsin-{base['name'].lower()}"


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


def _flips(scorer: TorchScorer, trained: Path, groups: dict[str, Dev], told: dict[str, Any]) -> float:
    """The share of signal decisions that packing to int8 changed, on some development rows."""
    full = Network(Shape(**record_of(trained)["shape"]))
    full.load_state_dict(load_file(trained / "model.safetensors"))
    before = TorchScorer(packed(full), read_tokenizer(trained), _bare(), 4096)
    texts = [row.text for row in groups["en"].rows[::8]]
    decided = [
        calibration.apply(one.score(texts).signals, told["calibration"], "signals", SIGNALS, "en")
        >= np.array([told["thresholds"]["flag"][key] for key in SIGNALS])
        for one in (scorer, before)
    ]
    return round(float((decided[0] != decided[1]).mean()), 5)


def _sources(data: Path) -> dict[str, Any]:
    sets = rows.sets(data)
    files = [data / "train" / f"{name}.jsonl.gz" for name in sets]
    files += [data / "negatives" / f"{name}.jsonl.gz" for name in rows.NEGATIVES]
    licences = {name: use.licence for name, use in sets.items()} | rows.NEGATIVES
    return {name: {"licence": licences[name], "sha256": sha256(f)} for f in files for name in [f.name.split(".")[0]]}
