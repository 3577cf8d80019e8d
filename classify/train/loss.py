"""How wrong a network's answers to a batch are: one masked loss over all heads. Knows nothing about data or steps."""

import torch
from torch import Tensor
from torch.nn import functional

from classify.model import Logits
from classify.train import batches


def loss_of(logits: Logits, batch: batches.Batch) -> Tensor:
    """Masked: a label that nobody gave adds nothing."""
    stance_known = batch.stance >= 0
    stance = functional.cross_entropy(logits.stance.float(), batch.stance.clamp(min=0), reduction="none")
    return (
        _known_bce(logits.signals, batch.signals, batch.weight, per_column=True)
        + 0.5 * _known_bce(logits.stage, batch.stage, batch.weight, per_column=True)
        + 0.25 * _known_bce(logits.targets, batch.targets, batch.weight, per_column=False)
        + 0.5 * (stance * stance_known * batch.weight).sum() / stance_known.sum().clamp(min=1)
        + (_readings(logits, batch) if logits.readings.shape[1] else 0.0)
    )


def _readings(logits: Logits, batch: batches.Batch) -> Tensor:
    """Each row judged by its own set's rules, and told which set it is from."""
    own = batch.reading.clamp(max=logits.readings.shape[1] - 1)
    judged = logits.readings.float().gather(1, own[:, None])
    answer = batch.answer.masked_fill(batch.reading == logits.readings.shape[1], torch.nan)[:, None]
    return _known_bce(judged, answer, batch.weight, per_column=False) + 0.5 * functional.cross_entropy(
        logits.gate.float(), batch.reading
    )


def _known_bce(logits: Tensor, labels: Tensor, weight: Tensor, *, per_column: bool) -> Tensor:
    known = ~labels.isnan()
    each = functional.binary_cross_entropy_with_logits(logits.float(), labels.nan_to_num(), reduction="none")
    each = each * known * weight[:, None]
    if per_column:
        return (each.sum(0) / known.sum(0).clamp(min=16)).sum()
    return each.sum() / known.sum().clamp(min=16)
