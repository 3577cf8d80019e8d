"""From trained weights to a model folder: calibrate, choose thresholds, measure, pack to int8.

Only development splits and our own dev texts choose anything here; `hatecheck`, `mhc` and `language_id` are never read.
"""

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save

from classify import calibration, drift
from classify.assess import classify_texts
from classify.checkpoint import FORMAT
from classify.engines import load
from classify.engines.passages import PassageScorer
from classify.model import Network, Shape, TorchScorer, dequantised, packed, quantised
from classify.ngrams import FILE, load_ngrams
from classify.readings import SHARED
from classify.scorer import Floats, ModelConfig, Scores
from classify.settings import ClassifySettings
from classify.text import passages
from classify.train import authored, fuse, marks, rows
from classify.train.base import BASE, sha256
from classify.train.earlier import MAX_TOKENS, history, network_of, read_tokenizer, record_of, weights_of
from classify.train.lineup import Lineup
from classify.train.run import lineup_of
from classify.train.tune import PER_SET, Dev, tune
from models.codebook import SIGNALS, STANCES, TARGETS

WHOLE = 20_000  # characters of an article
QUIET = 3_000  # news passages that set the floor of every threshold
UNMEASURED: dict[str, Any] = {"calibration": {}, "thresholds": {}, "band": {}, "languages": {}}
OURS = 9_000  # texts of ours in one language; no more of them are needed to calibrate and to report


def bundle(trained: Path, data: Path, out: Path, version: str, phases: Sequence[Path] = ()) -> Path:
    """Write weights, tokenizer, n-grams if the run has any, and `config.json`: a folder for `classify.engines.load`."""
    small = quantised(weights_of(trained))
    told_run = record_of(trained)
    lineup = lineup_of(told_run["options"]["lineup"], data)
    shape = Shape(**told_run["shape"])
    out.mkdir(parents=True, exist_ok=True)
    weights = save(small)
    (out / "model.safetensors").write_bytes(weights)
    grams = (FILE,) if (trained / FILE).exists() else ()
    for name in ("tokenizer.json", *grams):
        (out / name).write_bytes((trained / name).read_bytes())
    told: dict[str, Any] = {
        "format": FORMAT,
        "name": f"{_name(told_run['base'], lineup)}-{version}",
        "base": told_run["base"],
        "shape": shape._asdict(),
        "max_tokens": MAX_TOKENS,
        "signals": list(SIGNALS),
        "stances": list(STANCES),
        "targets": list(TARGETS),
        "weights": {"file": "model.safetensors", "sha256": hashlib.sha256(weights).hexdigest(), "kind": "int8 rows"},
        "tokenizer": {"file": "tokenizer.json", "sha256": sha256(out / "tokenizer.json")},
    }
    if grams:
        told["ngrams"] = {"file": FILE, "sha256": sha256(out / FILE)}
    network = Network(shape)
    network.load_state_dict(dequantised(small))
    if marked := marks.fit(network, read_tokenizer(out), data, out):
        told["marks"] = {"file": marked.name, "sha256": sha256(marked), "signals": list(marks.SIGNALS)}
    _record(told | UNMEASURED, out)
    # Everything below is measured on the engine that will run it.
    scorer = load(ClassifySettings(model=str(out), threads=0))
    devs = {language: _raw(scorer, data, lineup, language) for language in lineup.judges}
    told["readings"], other = (
        fuse.fit(_together([dev.half(fit=fit) for dev in devs.values()]), lineup) for fit in (True, False)
    )
    groups = {language: Dev(raw.rows, _scores(raw, told)) for language, raw in devs.items()}
    news = _quiet(scorer, data, lineup, told)
    crossed = {language: _crossed(raw, told, {"readings": other}) for language, raw in devs.items()}
    told |= tune(groups, news, lineup, crossed)
    runs = [record for folder in (*phases, trained) for record in history(folder)]
    told["card"] |= {"training": runs, "datasets": _sources(data, lineup)}
    told["card"]["int8_flips"] = _flips(trained, out, groups, told)
    _record(told, out)
    # How scores of unseen news lie at release: what `tocsin doctor` compares later texts with.
    if "en" in lineup.judges:
        unseen = [row.text for row in rows.negatives(data, unseen=True)][:QUIET]
        settings = ClassifySettings(model=str(out), explain=False, threads=0)
        found = classify_texts(load(settings), unseen, "en", settings=settings)
        told["card"]["release"] = drift.reference(found)
    return _record(told, out)


def _full(trained: Path, out: Path, told: dict[str, Any]) -> TorchScorer:
    """The trained weights in full precision, with the packed model's n-grams."""
    bare = ModelConfig("bare", "0" * 64, MAX_TOKENS, {}, {}, {}, {})
    return TorchScorer(packed(network_of(trained)), read_tokenizer(out), bare, 4096, ngrams=load_ngrams(out, told))


def _raw(scorer: PassageScorer, data: Path, lineup: Lineup, language: str) -> fuse.Raw:
    """Development rows of one language with all that the model says of them."""
    found = rows.development(data, lineup, language, PER_SET)
    if language in lineup.languages:
        ours = authored.rows("dev", seed=1, languages=(language,))
        found += random.Random(1).sample(ours, min(OURS, len(ours)))  # noqa: S311 - sampling
    if language in lineup.news:
        found += rows.negatives(data, unseen=False, languages=frozenset({language}))[:PER_SET]
    return fuse.Raw(found, *_logits(scorer, found))


def _quiet(scorer: PassageScorer, data: Path, lineup: Lineup, told: dict[str, Any]) -> dict[str, Floats]:
    """What is said of harmless news, by language that is judged; a mixture (`en-sw`) has the news of both."""
    parts = {language: sorted(lineup.news.intersection(language.split("-"))) for language in lineup.judges}
    said = {code: _news(scorer, data, lineup, code, told) for code in sorted({c for of in parts.values() for c in of})}
    found = {language: np.concatenate([said[code] for code in of]) for language, of in parts.items() if of}
    return {language: of for language, of in found.items() if len(of)}


def _news(scorer: PassageScorer, data: Path, lineup: Lineup, language: str, told: dict[str, Any]) -> Floats:
    """(passages, 8): what is said of harmless news; no threshold may lie below it in many of them.

    Where a language has little news, what training saw of it was learnt by heart: there the rest of the articles
    counts, which training never reads, and headlines and sentences that were set aside.
    """
    news = frozenset({language})
    if language in lineup.open:
        seen = rows.negatives(data, unseen=False, languages=news)
    else:
        whole = rows.negatives(data, unseen=False, languages=news, longest=WHOLE)
        seen = [
            replace(row, text=window.text)
            for row in whole
            for window in passages(row.text)
            if window.start >= rows.READ_OF_NEWS
        ]
        seen += rows.aside(data, news)
    seen = random.Random(0).sample(seen, min(QUIET, len(seen)))  # noqa: S311 - sampling, not secrecy
    return _scores(fuse.Raw(seen, *_logits(scorer, seen)), told).signals


def _logits(scorer: PassageScorer, of: Sequence[rows.Row]) -> tuple[Floats, Floats]:
    logits, shallow = scorer.logits([row.text for row in of])
    return logits, np.zeros((len(of), logits.shape[1] - SHARED)) if shallow is None else shallow


def _scores(raw: fuse.Raw, told: dict[str, Any]) -> Scores:
    out = fuse.fuse(raw, told["readings"]) if len(raw.rows) else np.zeros((0, SHARED))
    return Scores.of(out)


def _crossed(raw: fuse.Raw, told: dict[str, Any], other: dict[str, Any]) -> Dev:
    """Every row as readings fuse it that were fitted on the other half: those of `told` were on the first, third..."""
    first, second = _scores(raw.half(fit=True), other), _scores(raw.half(fit=False), told)
    order = np.argsort([*range(0, len(raw.rows), 2), *range(1, len(raw.rows), 2)], kind="stable")
    return Dev(raw.rows, Scores.joined([first, second]).rows(order))


def _together(raws: Sequence[fuse.Raw]) -> fuse.Raw:
    return fuse.Raw(
        [row for raw in raws for row in raw.rows],
        np.concatenate([raw.logits for raw in raws]),
        np.concatenate([raw.ngrams for raw in raws]),
    )


def _record(told: dict[str, Any], out: Path) -> Path:
    (out / "config.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return out


def _name(base: dict[str, str], lineup: Lineup) -> str:
    own = "tocsin-minilm" if base["name"] == BASE else f"tocsin-{base['name'].lower()}"
    return own if lineup.name == "english" or lineup.name in own else f"{own}-{lineup.name}"


def _flips(trained: Path, out: Path, groups: dict[str, Dev], told: dict[str, Any]) -> float:
    """The share of signal decisions that int8 and the engine's own rounding changed, on some development rows."""
    full = _full(trained, out, told)
    changed = []
    for language, dev in groups.items():
        part = dev.rows[::8]
        before = _scores(fuse.Raw(part, *_logits(full, part)), told).signals
        decided = [
            calibration.apply(signals, told["calibration"], "signals", SIGNALS, language)
            >= np.array([told["languages"][language]["flag"][key] for key in SIGNALS])
            for signals in (before, dev.scores.signals[::8])
        ]
        changed.append(decided[0] != decided[1])
    return round(float(np.concatenate(changed).mean()), 5)


def _sources(data: Path, lineup: Lineup) -> dict[str, Any]:
    used = {name: use.licence for name, use in lineup.datasets.items() if use.passes}
    files = [(name, data / "train" / f"{name}.jsonl.gz", licence) for name, licence in used.items()]
    files += [(name, data / "negatives" / f"{name}.jsonl.gz", licence) for name, licence in rows.NEGATIVES.items()]
    return {name: {"licence": licence, "sha256": sha256(file)} for name, file, licence in files}
