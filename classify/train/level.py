"""Bringing a base's pooled values to a mean of nought and a spread of one, before heads are put on them.

Sentence encoders that were trained by contrast keep all sentences close together (multilingual-e5-small's values spread
by .13): fresh heads take long to tell them apart. The last layer's norm can say the same with other numbers.
"""

from collections.abc import Iterable

import torch

from classify.model import Network
from classify.train.batches import Batch


@torch.no_grad()
def level(network: Network, seen: Iterable[Batch]) -> None:
    """Scale and shift the last layer's norm so that pooled values of these batches have mean 0 and spread 1."""
    network.eval()
    pooled = torch.cat([network.pooled(batch.ids, batch.mask) for batch in seen])  # (rows, hidden)
    mean, spread = pooled.mean(0), pooled.std(0).clamp(min=1e-6)
    norm = network.layers[-1].norm
    norm.weight.div_(spread)  # type: ignore[operator, union-attr]
    norm.bias.sub_(mean).div_(spread)  # type: ignore[operator, union-attr]
