"""Fit the readout of which words people mark as the reason of hate, on HateXplain's training rationales.

A logistic regression on what the finished network makes of each word and of its two neighbours; the network itself
learns nothing by it. `classify.train.bundle` fits it anew for every model that it packs.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from torch.nn import functional

from classify.marks import FILE, shares
from classify.model import Network, padded
from classify.rationales import LONGEST, Rationale, rationales
from classify.scorer import Floats
from classify.train import precision
from classify.train.batches import budgeted

RATIONALES = Path("rationales") / "hatexplain_train.jsonl.gz"
SIGNALS = ("hate_speech",)
TOKENS = 2_048  # read together
RIDGE = 1e-3  # chosen on a fifth of the training rationales, with `MARKED` of classify/explain.py
TYPICAL = 20  # words: a longer post counts no more than one of so many


def fit(network: Network, tokenizer: Tokenizer, data: Path, out: Path) -> Path | None:
    """Write the readout to `out`; None where the data folder has no rationales."""
    if not (data / RATIONALES).exists():
        return None
    rows = [row for row in rationales(data / RATIONALES) if len(row.words) <= LONGEST]
    weights, bias = regression(states(network, tokenizer, rows), rows)
    save_file({"weights": weights, "bias": bias}, out / FILE)
    return out / FILE


@torch.inference_mode()
def states(network: Network, tokenizer: Tokenizer, rows: Sequence[Rationale]) -> list[Floats]:
    """For each row, (words, hidden): what the network makes of each word; nought for one that it does not see."""
    network.eval()
    encodings = tokenizer.encode_batch([" ".join(row.words) for row in rows])
    lengths = [len(encoding.ids) for encoding in encodings]
    found: dict[int, Floats] = {}
    for group in budgeted(sorted(range(len(rows)), key=lengths.__getitem__), lengths, TOKENS):
        with precision.autocast("cpu"):
            hidden = network.tokens(*padded([encodings[number].ids for number in group])).double().numpy()
        for number, of in zip(group, hidden, strict=True):
            belongs, seen = shares(encodings[number], rows[number].words)
            found[number] = np.zeros((len(rows[number].words), of.shape[1]))
            found[number][seen] = belongs @ of[: lengths[number]]
    return [found[number] for number in range(len(rows))]


def regression(seen: Sequence[Floats], rows: Sequence[Rationale]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(3, hidden) weights for a word, the one before it and the one behind it, and the (1,) bias."""
    beside = np.concatenate([_with_neighbours(of) for of in seen])
    centre, spread = beside.mean(0), beside.std(0) + 1e-6
    values = torch.tensor((beside - centre) / spread, dtype=torch.float32)
    marked = torch.tensor(np.concatenate([row.marked for row in rows]), dtype=torch.float32)
    counts = torch.cat([torch.full((len(row.words),), TYPICAL / max(TYPICAL, len(row.words))) for row in rows])
    weights = torch.zeros(values.shape[1], requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=60)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        wrong = functional.binary_cross_entropy_with_logits(values @ weights + bias, marked, counts)
        whole: torch.Tensor = wrong + RIDGE * (weights * weights).sum()
        whole.backward()  # type: ignore[no-untyped-call]
        return whole

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    plain = weights.detach().double().numpy() / spread
    shift = float(bias.detach()) - float(plain @ centre)
    return plain.reshape(3, -1).astype(np.float32), np.array([shift], np.float32)


def _with_neighbours(states: Floats) -> Floats:
    """(words, hidden) to (words, 3 * hidden): each word, the one before it, the one behind it; nought at the ends."""
    nothing = np.zeros((1, states.shape[1]))
    return np.concatenate([states, np.concatenate([nothing, states[:-1]]), np.concatenate([states[1:], nothing])], 1)
