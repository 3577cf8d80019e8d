"""Training the upper layers of a deep base alone: what the lower ones make of a text is worked out once and kept.

The lowest layers of a body that has read much know words and grammar; what a label needs grows above them (Lee et al.
2019). Frozen, they cost one pass over the texts instead of three at every step. A kept token takes two bytes a value.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from classify.model import Logits, Network
from classify.train import precision
from classify.train.batches import Batch


@dataclass(frozen=True, slots=True)
class Kept:
    """A batch, and what the frozen layers made of its real tokens."""

    batch: Batch
    hidden: Tensor  # (real tokens, hidden), bf16


def freeze(network: Network, layers: int) -> None:
    """Let the word vectors and the lowest layers learn no more."""
    network.embeddings.requires_grad_(False)
    network.layers[:layers].requires_grad_(False)


@torch.no_grad()
def keep(network: Network, layers: int, batch: Batch) -> Kept:
    """Run the frozen layers on a batch, without dropout."""
    network.eval()
    with precision.autocast(network.device), sdpa_kernel(SDPBackend.MATH):
        hidden = network.through(network.layers[:layers], network.embeddings(batch.ids), batch.mask)
    network.train()
    return Kept(batch, hidden[batch.mask.bool()].to(torch.bfloat16))


def again(network: Network, layers: int, batches: Iterator[Batch], many: int, seed: int) -> Iterator[Kept]:
    """The first `many` batches, then the same ones over and over, each time in another order."""
    kept = []
    for batch in islice(batches, many):
        kept.append(keep(network, layers, batch))
        yield kept[-1]
    draw = random.Random(seed)  # noqa: S311 - sampling, not secrecy
    while kept:
        draw.shuffle(kept)
        yield from kept


def forward(network: Network, layers: int, kept: Kept) -> Logits:
    """What the layers above the frozen ones, and the heads, say of a batch."""
    mask = kept.batch.mask
    hidden = torch.zeros(*mask.shape, kept.hidden.shape[1], device=mask.device)
    hidden[mask.bool()] = kept.hidden.float()
    return network.read(network.mean(network.through(network.layers[layers:], hidden, mask), mask))
