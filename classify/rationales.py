"""`tocsin evaluate --suite rationales`: whether highlights are what moved the model, and what people marked.

The first is faithfulness, the second plausibility. Rows hold `text`, and `spans`: numbers of marked words of
`text.split()`, or marked phrases. The hate signal is explained, because its label is what the annotators gave reasons
for. Measures are those of ERASER (DeYoung et al. 2020), with words for tokens. Nothing is chosen here.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from classify import calibration
from classify.errors import BadTrainingData
from classify.explain import LEAST_SHARE, MOST, weigh
from classify.rows import read
from classify.scorer import Floats, Scorer
from models.codebook import SIGNALS

HATE = SIGNALS.index("hate_speech")
STEPS = (0.01, 0.05, 0.1, 0.2, 0.5)  # ERASER's shares of words for the area over the perturbation curve
LONGEST = 128  # words; HateXplain's posts are shorter
BATCH = 32
LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Rationale:
    """A text as words, and which of them people marked."""

    words: tuple[str, ...]
    marked: tuple[bool, ...]


@dataclass(slots=True)
class RationaleReport:
    """Means over rows; probabilities are calibrated."""

    suite: str
    model: str
    rows: int
    skipped: int  # every word marked, none, or too long
    token_f1: float  # of the words highlighted
    token_f1_all: float  # of every word, for comparison
    auprc: float  # by straight lines between the steps, as ERASER has it
    average_precision: float  # by steps
    chance: float  # average precision of weights that say nothing: the share of words marked
    comprehensiveness: float  # fall of the probability without the highlighted words
    sufficiency: float  # fall of the probability with those words alone; near 0 is good
    random_comprehensiveness: float  # the same with as many words drawn at random
    random_sufficiency: float
    faithful: float  # share of rows in which the highlighted words moved the score more than the random ones
    aopc_comprehensiveness: float
    aopc_sufficiency: float

    def to_json(self) -> str:
        """All figures as JSON."""
        return json.dumps(asdict(self), indent=1)

    def to_text(self) -> str:
        """The figures, for a terminal."""
        return "\n".join(
            [
                f"suite {self.suite}, model {self.model}",
                f"{self.rows} rows, {self.skipped} skipped (no word marked, all, or too long)",
                "",
                "plausible: what people marked",
                f"  token F1 {self.token_f1:.3f} (every word highlighted: {self.token_f1_all:.3f})",
                f"  AUPRC {self.auprc:.3f}, average precision {self.average_precision:.3f} (chance: {self.chance:.3f})",
                "faithful: what moved the probability of hate speech",
                f"  comprehensiveness {self.comprehensiveness:.3f} (random words: {self.random_comprehensiveness:.3f})",
                f"  sufficiency {self.sufficiency:.3f} (random words: {self.random_sufficiency:.3f}; less is better)",
                f"  rows where highlights beat random words {self.faithful:.3f}",
                f"  AOPC comprehensiveness {self.aopc_comprehensiveness:.3f}, sufficiency {self.aopc_sufficiency:.3f}",
            ]
        )


def evaluate_rationales(data: Path, scorer: Scorer, progress: Callable[[int, int], None]) -> RationaleReport:
    """Measure the highlights against marked words. Raises BadTrainingData when no row has any."""
    every = rationales(data)
    rows = [row for row in every if len(row.words) <= LONGEST and 0 < sum(row.marked) < len(row.marked)]
    if not rows:
        raise BadTrainingData(f"{data} has no rows with some words marked; give a file with `text` and `spans`.")
    draw = np.random.default_rng(0)
    found: list[dict[str, float]] = []
    for first in range(0, len(rows), BATCH):
        found += measured(rows[first : first + BATCH], scorer, draw)
        progress(len(found), len(rows))
    means = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
    return RationaleReport("rationales", scorer.config.model, len(rows), len(every) - len(rows), **means)


def rationales(data: Path) -> list[Rationale]:
    """Every row of a file of marked words. Raises BadTrainingData."""
    return [_rationale(row, f"{data}, row {number}") for number, row in enumerate(read(data), start=1)]


def _rationale(row: dict[str, Any], place: str) -> Rationale:
    """The words and marks of a row; marks are word numbers or phrases."""
    spans = row.get("spans")
    try:
        spans = json.loads(spans) if isinstance(spans, str) else spans
    except ValueError as error:
        raise BadTrainingData(f"{place}: `spans` is not JSON: {error}.") from error
    if not isinstance(spans, list):
        raise BadTrainingData(f"{place}: `spans` must be a list of word numbers or of phrases.")
    words = tuple(row["text"].split())
    marked = [False] * len(words)
    for span in spans:
        if isinstance(span, int) and span < len(words):
            marked[span] = True
        elif isinstance(span, str):
            phrase = tuple(span.split())
            for start in range(len(words) - len(phrase) + 1):
                if phrase and words[start : start + len(phrase)] == phrase:
                    marked[start : start + len(phrase)] = [True] * len(phrase)
        elif not isinstance(span, int):
            raise BadTrainingData(f"{place}: {span!r} in `spans` is neither a word number nor a phrase.")
    return Rationale(words, tuple(marked))


def measured(rows: Sequence[Rationale], scorer: Scorer, draw: np.random.Generator) -> list[dict[str, float]]:
    """The figures of a RationaleReport for each row."""
    texts = [" ".join(row.words) for row in rows]
    weights = [
        _by_word(row.words, found) for row, found in zip(rows, weigh(scorer, texts, [HATE] * len(rows)), strict=True)
    ]
    chosen = [highlighted(weight) for weight in weights]
    drawn = [np.isin(np.arange(len(c)), draw.permutation(len(c))[: c.sum()]) for c in chosen]
    variants: list[str] = []
    for row, weight, c, d in zip(rows, weights, chosen, drawn, strict=True):
        steps = [_top(weight, share) for share in STEPS]
        keeps = [np.ones(len(row.words), dtype=bool)]
        for picked in (c, d, *steps):
            keeps += [~picked, picked]
        variants += [" ".join(word for word, keep in zip(row.words, kept, strict=True) if keep) for kept in keeps]
    logits = scorer.score(variants).signals[:, [HATE]]
    probability = calibration.apply(logits, scorer.config.calibration, "signals", ("hate_speech",), LANGUAGE)[:, 0]
    each = probability.reshape(len(rows), -1)  # (rows, 1 + 2 * (highlights, random, steps))
    return [_figures(row, weight, c, one) for row, weight, c, one in zip(rows, weights, chosen, each, strict=True)]


def _by_word(words: Sequence[str], found: Sequence[Any]) -> Floats:
    """(words,): the weight of the stretch that each word lies in; 0 for a word that the normaliser dropped."""
    out, start = np.zeros(len(words)), 0
    for number, word in enumerate(words):
        end = start + len(word)
        out[number] = max((w.weight for w in found if w.start < end and w.end > start), default=0.0)
        start = end + 1
    return out


def highlighted(weights: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which words the product would highlight."""
    top = float(weights.max())
    if top <= 0:
        return np.zeros(len(weights), dtype=bool)
    picked = weights >= LEAST_SHARE * top
    if picked.sum() > MOST:
        picked = np.isin(np.arange(len(weights)), np.argsort(-weights, kind="stable")[:MOST])
    return np.asarray(picked)


def _top(weights: Floats, share: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    count = max(1, round(share * len(weights)))
    return np.isin(np.arange(len(weights)), np.argsort(-weights, kind="stable")[:count])


def _figures(row: Rationale, weights: Floats, chosen: Any, probability: Floats) -> dict[str, float]:
    marked = np.array(row.marked)
    whole, without, alone, random_without, random_alone = probability[:5]
    steps = probability[5:].reshape(len(STEPS), 2)  # (steps, without and alone)
    return {
        "token_f1": _f1(chosen, marked),
        "token_f1_all": _f1(np.ones(len(marked), dtype=bool), marked),
        "auprc": calibration.precision_recall_area(weights, marked.astype(np.int64)),
        "average_precision": calibration.average_precision(weights, marked.astype(np.int64)),
        "chance": float(marked.mean()),
        "comprehensiveness": float(whole - without),
        "sufficiency": float(whole - alone),
        "random_comprehensiveness": float(whole - random_without),
        "random_sufficiency": float(whole - random_alone),
        "faithful": float(without < random_without),
        "aopc_comprehensiveness": float((whole - steps[:, 0]).mean()),
        "aopc_sufficiency": float((whole - steps[:, 1]).mean()),
    }


def _f1(said: Any, marked: Any) -> float:
    both = int((said & marked).sum())
    return 2 * both / max(1, int(said.sum()) + int(marked.sum()))
