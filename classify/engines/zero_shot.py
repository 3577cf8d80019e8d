"""A checkpoint of natural language inference as a reader: whether a passage entails what the codebook says.

One hypothesis or more to a label, in `classify/hypotheses.json` or the operator's own file; a label's logit is that of
entailment less that of contradiction: its sigmoid is the probability of entailment between the two (Yin et al. 2019).
Nobody has measured such a model on our codebook: it has no validated language, so every text goes to people, until the
operator's file says where it was measured. It imports no torch by itself; the tensors come from transformers.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from tokenizers import Encoding, Tokenizer

from classify.checkpoint import config_file, folder_of
from classify.engines.passages import PassageScorer
from classify.errors import ModelBroken
from classify.readings import SHARED
from classify.scorer import Floats, ModelConfig
from classify.settings import ClassifySettings
from models.codebook import SIGNALS, STANCES, TARGETS

ABSENT = -30.0
LONGEST = 160  # tokens of a passage; with its hypothesis it stays well below what every checkpoint can read
HEADS: dict[str, tuple[str, ...]] = {
    "signals": SIGNALS,
    "stage": ("1", "2", "3", "4"),
    "stance": STANCES,
    "targets": TARGETS,
}
_COLUMNS = [(head, key) for head, keys in HEADS.items() for key in keys]
_ENTAILS, _CONTRADICTS = ("entailment", "entail"), ("contradiction", "not_entailment", "contradict")


@dataclass(frozen=True, slots=True)
class Question:
    """One hypothesis as it follows a passage: its tokens with what separates them, and the label it stands for."""

    column: int
    ids: tuple[int, ...]
    types: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What the file of hypotheses says, and what the operator measured."""

    hypotheses: dict[str, dict[str, list[str]]]
    thresholds: dict[str, float]
    languages: dict[str, dict[str, Any]]
    sha256: str


class ZeroShot:
    """An NLI network that answers every question about every passage."""

    def __init__(self, network: Any, questions: Sequence[Question], labels: tuple[int, int], device: str) -> None:
        self._network = network.eval().requires_grad_(False).to(device)
        self._questions = questions
        self._entails, self._contradicts = labels
        self._device = device
        self._pad = int(network.config.pad_token_id or 0)
        self._typed = int(getattr(network.config, "type_vocab_size", 0) or 0) > 1
        self.name = f"zero-shot: {len(questions)} hypotheses a passage on {device}, uncalibrated"

    def groups(self, lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
        """Neighbours of ascending length, at most `budget` tokens with all of their questions and padding."""
        more = max(len(question.ids) for question in self._questions)
        group: list[int] = []
        for index in sorted(range(len(lengths)), key=lengths.__getitem__):
            if group and (len(group) + 1) * (lengths[index] + more) * len(self._questions) > budget:
                yield group
                group = []
            group.append(index)
        if group:
            yield group

    def forward(self, ids: Sequence[Sequence[int]]) -> Floats:
        """(rows, 24) logits of one batch; a label without a hypothesis is as good as impossible."""
        pairs = [(row, question) for row in ids for question in self._questions]
        logits = self._network(**self._tensors(pairs)).logits.float().cpu().numpy().astype(np.float64)
        said = (logits[:, self._entails] - logits[:, self._contradicts]).reshape(len(ids), len(self._questions))
        out = np.full((len(ids), SHARED), -np.inf)
        for number, question in enumerate(self._questions):
            out[:, question.column] = np.fmax(out[:, question.column], said[:, number])
        out[np.isnan(said).any(axis=1)] = np.nan
        out[np.isneginf(out)] = ABSENT
        return _with_stages(out)

    def states(self, _ids: Sequence[int], _shares: Floats) -> Floats:
        """Never asked: an NLI checkpoint has learnt no marks."""
        raise NotImplementedError

    def _tensors(self, pairs: Sequence[tuple[Sequence[int], Question]]) -> Any:
        from transformers import BatchEncoding

        width = max(len(row) + len(question.ids) for row, question in pairs)
        made: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": [], "token_type_ids": []}
        for row, question in pairs:
            empty = width - len(row) - len(question.ids)
            made["input_ids"].append([*row, *question.ids, *([self._pad] * empty)])
            made["attention_mask"].append([1] * (width - empty) + [0] * empty)
            made["token_type_ids"].append([0] * len(row) + [*question.types] + [0] * empty)
        if not self._typed:
            del made["token_type_ids"]
        return BatchEncoding(made, tensor_type="pt").to(self._device)


def entails(told: Mapping[str, Any]) -> bool:
    """Whether a `config.json` is that of an NLI checkpoint."""
    return _numbered(told, _ENTAILS) is not None and _numbered(told, _CONTRADICTS) is not None


def load(settings: ClassifySettings, device: str) -> PassageScorer:
    """The NLI checkpoint that the settings name. Raises ModelBroken with what is wrong and what to do."""
    folder = folder_of(settings.model)
    config = config_file(folder)
    labels = _numbered(config, _ENTAILS), _numbered(config, _CONTRADICTS)
    if labels[0] is None or labels[1] is None:
        named = ", ".join(map(str, config.get("id2label", {}).values())) or "none"
        raise ModelBroken(f"{folder} is no NLI checkpoint: its labels ({named}) lack entailment or contradiction.")
    for name in ("model.safetensors", "tokenizer.json"):
        if not (folder / name).exists():
            raise ModelBroken(
                f"{folder} has no {name}; only safetensors and a fast tokenizer are read, never a pickle."
            )
    from transformers import AutoModelForSequenceClassification

    try:
        network = AutoModelForSequenceClassification.from_pretrained(
            folder, use_safetensors=True, local_files_only=True
        )
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelBroken(f"{folder} cannot be loaded: {str(error)[:300]}") from error
    told = read_told(settings.zero_shot)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    questions = list(_questions(tokenizer, told))
    room = int(config.get("max_position_embeddings") or 512) - 2 - max(len(one.ids) for one in questions)
    if room < 8:
        raise ModelBroken(f"The hypotheses leave no room for a passage in {folder}; write shorter ones.")
    tokenizer.enable_truncation(min(LONGEST, room))
    engine = ZeroShot(network, questions, (labels[0], labels[1]), device)
    name = f"zero-shot:{Path(settings.model).name}"[:80]
    return PassageScorer(engine, tokenizer, _config(name, folder, told), settings.batch_tokens)


def read_told(path: Path | None) -> Told:
    """The shipped hypotheses, with the operator's file over them. Raises ModelBroken naming what is wrong."""
    shipped = files("classify").joinpath("hypotheses.json").read_text(encoding="utf-8")
    hypotheses: dict[str, dict[str, list[str]]] = json.loads(shipped)
    if path is None:
        return Told(hypotheses, {}, {}, hashlib.sha256(shipped.encode()).hexdigest())
    try:
        text = path.read_text(encoding="utf-8")
        own = json.loads(text)
        hypotheses |= _hypotheses(own.get("hypotheses", {}))
        thresholds = {str(key): float(value) for key, value in own.get("thresholds", {}).items()}
        languages = {str(code): {"validated": bool(one["validated"])} for code, one in own.get("languages", {}).items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelBroken(f"{path} (TOCSIN_ZERO_SHOT) cannot be used: {error}; docs/languages.md shows one.") from error
    unknown = sorted(set(thresholds) - set(SIGNALS))
    if unknown or any(not 0 < value < 1 for value in thresholds.values()):
        wrong = unknown[0] if unknown else "one of them"
        raise ModelBroken(f"{path}: thresholds are signals with numbers between 0 and 1; {wrong!r} is not.")
    if languages and not thresholds:
        raise ModelBroken(f"{path} names languages without thresholds; measure first, then state both.")
    return Told(hypotheses, thresholds, languages, hashlib.sha256((shipped + text).encode()).hexdigest())


def _hypotheses(own: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, list[str]]]:
    for head, keys in own.items():
        for key, sentences in keys.items():
            if key not in HEADS.get(head, ()) or not sentences or not all(isinstance(one, str) for one in sentences):
                raise ValueError(f"hypotheses of {head}.{key} must be sentences under a label of the codebook")
    return own


def _numbered(told: Mapping[str, Any], names: Sequence[str]) -> int | None:
    """The number of the label with one of these names."""
    for number, label in told.get("id2label", {}).items():
        if str(label).lower() in names:
            return int(number)
    return None


def _questions(tokenizer: Tokenizer, told: Told) -> Iterator[Question]:
    """Each hypothesis as the tokens that follow a passage.

    In every template of the field the pair begins as the passage alone does, end mark included; what comes after it is
    the same for every passage.
    """
    alone: Encoding = tokenizer.encode("x")
    for column, (head, key) in enumerate(_COLUMNS):
        for sentence in told.hypotheses.get(head, {}).get(key, []):
            pair = tokenizer.encode("x", sentence)
            if pair.ids[: len(alone.ids)] != alone.ids:
                raise ModelBroken("The checkpoint's tokenizer joins two texts in a way that is not known here.")
            yield Question(column, tuple(pair.ids[len(alone.ids) :]), tuple(pair.type_ids[len(alone.ids) :]))


def _with_stages(out: Floats) -> Floats:
    """Stages without a hypothesis of their own follow from the signals, as for any foreign checkpoint."""
    signals = {key: out[:, number] for number, key in enumerate(SIGNALS)}
    violent = signals["incitement"]
    excluding = np.fmax(violent, signals["discrimination"])
    least = (out[:, : len(SIGNALS)].max(axis=1), excluding, violent, out[:, 11])
    for step, values in enumerate(least):
        column = out[:, len(SIGNALS) + step]
        out[:, len(SIGNALS) + step] = np.where(column == ABSENT, values, column)
    return out


def _config(name: str, folder: Path, told: Told) -> ModelConfig:
    """A configuration without calibration; another weight, hypothesis or threshold is another model."""
    with (folder / "model.safetensors").open("rb") as file:
        weights = hashlib.file_digest(file, "sha256").hexdigest()
    flag = dict.fromkeys(SIGNALS, 0.5) | told.thresholds
    return ModelConfig(
        name=name,
        sha256=hashlib.sha256(f"{weights} {told.sha256}".encode()).hexdigest(),
        max_tokens=LONGEST,
        calibration={},
        thresholds={"flag": flag, "high_recall": flag, "high_precision": flag},
        band={key: (max(0.0, at - 0.1), min(1.0, at + 0.1)) for key, at in flag.items()},
        languages={
            # A signal without a threshold of the operator's was not measured and cannot raise a flag.
            code: one | {"signals": sorted(told.thresholds)}
            for code, one in told.languages.items()
        },
        card={"calibrated": False, "kind": "zero-shot", "note": "Entailment scores; nobody calibrated them."},
    )
