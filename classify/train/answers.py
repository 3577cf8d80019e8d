"""What finished models say of English rows, to stand in for labels that a set does not give.

Most sets know one label of twenty. Where a row's label is unknown, a network can learn the models' mean probability
instead (distillation, Hinton et al. 2015); a label that people gave is never touched.

Run as `python -m classify.train.answers LINEUP DATA OUT [MODEL...]` (the bundled one where none is told): writes OUT,
which `answers` of a training run names.
"""

import hashlib
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from classify.calibration import sigmoid
from classify.checkpoint import BUNDLED
from classify.model import Network
from classify.scorer import Floats, Scores
from classify.train import layer, rows
from classify.train.development import logits
from classify.train.earlier import network_of, read_tokenizer
from classify.train.lineup import LINEUPS
from classify.train.rows import Row

ENGLISH = frozenset({"en", "en-NG", "en-sw"})


class Answers:
    """Probabilities of the eight signals, four stages and eight targets, by text."""

    def __init__(self, file: Path) -> None:
        stored = load_file(file)
        self._place = {key: number for number, key in enumerate(stored["texts"].tolist())}
        self._told = stored["told"].astype(np.float32)

    def fill(self, row: Row) -> Row:
        """The row with an answer wherever a label is unknown; as it is where its text was not asked about."""
        place = self._place.get(_key(row.text))
        if place is None:
            return row
        told = self._told[place].tolist()
        return replace(
            row,
            signals=_filled(row.signals, told[:8]),
            stage=_filled(row.stage, told[8:12]),
            targets=_filled(row.targets, told[12:]),
        )


def _filled(known: Sequence[float], told: Sequence[float]) -> tuple[float, ...]:
    return tuple(said if math.isnan(label) else label for label, said in zip(known, told, strict=True))


def _key(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


Reader = tuple[Network, Tokenizer]


def write(texts: Iterable[str], readers: Sequence[Reader], out: Path) -> Path:
    """Ask every network about every text, and write the mean of what they say."""
    each = sorted(set(texts))
    told = np.mean([_asked(each, *reader) for reader in readers], axis=0).astype(np.float16)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file({"texts": np.array([_key(text) for text in each], np.uint64), "told": told}, out)
    return out


def _asked(texts: Sequence[str], network: Network, tokenizer: Tokenizer) -> Floats:
    """(texts, 20) probabilities of one network."""
    said = Scores.of(logits(network, tokenizer, texts, progress=True))
    return sigmoid(np.concatenate([said.signals, said.stage, said.targets], axis=1))


def main() -> None:
    """Read the command line, and ask the models about all English rows."""
    name, data, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    models = [Path(model) for model in sys.argv[4:]] or [BUNDLED]
    torch.set_num_threads(1)
    english = {of for of, use in LINEUPS[name].datasets.items() if use.languages <= ENGLISH}
    texts = [row.text for of, found in rows.public(data, LINEUPS[name]).items() if of in english for row in found]
    write(texts, [(network_of(model, layer.Layer), read_tokenizer(model)) for model in models], out)


if __name__ == "__main__":
    main()
