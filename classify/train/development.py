"""How well a network reads development rows by itself: no n-grams, gate, calibration or threshold.

Early stopping goes by it, and `bench/networks.py` compares trainings with it.
"""

import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from tqdm import tqdm

from classify.calibration import average_precision, macro_f1
from classify.model import Network, padded
from classify.readings import SHARED
from classify.scorer import Floats
from classify.train import precision, rows
from classify.train.batches import budgeted
from classify.train.lineup import Lineup
from classify.train.rows import Row
from models.codebook import SIGNALS

MOST = 250  # rows of one set
FEWEST = 100  # a set with fewer tells little
TOKENS = 4_096  # read together
HATE = SIGNALS.index("hate_speech")
BEST = "best.safetensors"


@dataclass(frozen=True, slots=True)
class Figures:
    """How one set is read: by its own reading at one half, or by the shared head where the network has none."""

    rows: int
    macro_f1: float
    average_precision: float


def labelled(data: Path, lineup: Lineup, most: int = MOST) -> list[Row]:
    """Development rows of every language of the line-up whose label of hate, or of their set's signal, is known."""
    every = [row for language in lineup.judges for row in rows.development(data, lineup, language, most)]
    return [row for row in every if not math.isnan(_label(row))]


def by_set(
    network: Network, tokenizer: Tokenizer, readings: Sequence[str], told: Sequence[Row], fewest: int = FEWEST
) -> dict[str, Figures]:
    """Figures by set, or by set and language where it reads them apart; sets with few rows or one label are left out.

    `readings` names the columns of the network's readings.
    """
    columns = {name: SHARED + number for number, name in enumerate(readings)}
    judged: dict[str, tuple[list[float], list[int]]] = defaultdict(lambda: ([], []))
    for row, of in zip(told, logits(network, tokenizer, [row.text for row in told]).tolist(), strict=True):
        said, true = judged[row.reading or row.dataset]
        said.append(of[columns.get(row.reading, row.about if row.reading else HATE)])
        true.append(int(_label(row)))
    return {
        name: Figures(len(true), macro_f1(np.array(said) > 0, answers), average_precision(np.array(said), answers))
        for name, (said, true) in judged.items()
        if len(true) >= fewest and 0 < sum(true) < len(true)
        for answers in [np.array(true)]
    }


def _label(row: Row) -> float:
    return row.answer if row.reading else row.signals[HATE]


@torch.inference_mode()
def logits(network: Network, tokenizer: Tokenizer, texts: Sequence[str], *, progress: bool = False) -> Floats:
    """(texts, logits) in the texts' order."""
    network.eval()
    ids = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    lengths = [len(one) for one in ids]
    order = sorted(range(len(ids)), key=lambda number: lengths[number])
    found = np.zeros((len(ids), SHARED + 2 * network.shape.readings + (network.shape.readings > 0)))
    groups = list(budgeted(order, lengths, TOKENS))
    for group in tqdm(groups, unit="batch", mininterval=10, disable=not progress):
        batch = (part.to(network.device) for part in padded([ids[number] for number in group]))
        with precision.autocast(network.device):
            found[group] = torch.cat(network(*batch), dim=1).double().cpu().numpy()
    return found


class Watch:
    """Looks at development rows every so many steps, keeps the best weights in a file, and says when to stop.

    With `every` of 0 it never does.
    """

    def __init__(self, out: Path, told: Sequence[Row], readings: Sequence[str], every: int, patience: int) -> None:
        self._file = out / BEST
        self._told = told
        self._readings = readings
        self._every = every
        self._patience = patience
        self._best = -1.0
        self._looks = 0  # since the best
        if every and self._file.exists():  # a run that goes on
            with safe_open(self._file, "pt") as stored:
                self._best = float(stored.metadata()["average_precision"])

    def enough(self, step: int, network: Network, tokenizer: Tokenizer) -> bool:
        """Whether so many looks as the patience allows have found nothing better."""
        if self._every and step % self._every == 0:
            self._look(network, tokenizer)
        return self._looks > 0 and self._looks >= self._patience

    def _look(self, network: Network, tokenizer: Tokenizer) -> None:
        read = by_set(network, tokenizer, self._readings, self._told, fewest=2)
        network.train()
        mean = sum(of.average_precision for of in read.values()) / max(1, len(read))
        self._looks += 1
        if mean > self._best:
            self._best, self._looks = mean, 0
            save_file(network.state_dict(), self._file, {"average_precision": str(mean)})

    def restore(self, network: Network, tokenizer: Tokenizer) -> None:
        """Give the network the best weights, its present ones included."""
        if self._every:
            self._look(network, tokenizer)
            network.load_state_dict(load_file(self._file))
            self._file.unlink()
            sys.stderr.write(f"mean average precision on development rows: {self._best:.3f}\n")
