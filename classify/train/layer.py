"""A layer's arithmetic while it learns on a processor: the same numbers as `classify.model.Layer`, in less time.

Query, key and value are one product, a tensor is rounded to bf16 once and not before each product, what flows between
layers stays in bf16, and attention is spelt out: the library's own looks for rows that see nothing, which none is. A
step of twelve layers takes 0.8 of the time that autocast takes (see `bench/training.py`).
"""

import torch
from torch import Tensor
from torch.nn import functional

from classify import model

HIDDEN = -1e4  # added to the scores of padding


class Layer(model.Layer):
    """Self-attention and a feed-forward block under the names of the one that ships."""

    def forward(self, hidden: Tensor, keep: Tensor) -> Tensor:
        """(batch, tokens, hidden) to the same in autocast's precision, attending only where `keep`."""
        where = hidden.device.type
        kind = torch.get_autocast_dtype(where) if torch.is_autocast_enabled(where) else hidden.dtype
        with torch.autocast(where, enabled=False):
            return self._forward(hidden.to(kind), keep)

    def _forward(self, hidden: Tensor, keep: Tensor) -> Tensor:
        batch, tokens, width = hidden.shape
        each = width // self.heads
        asked = (self.query, self.key, self.value)
        weight, bias = (torch.cat([getattr(part, name) for part in asked]) for name in ("weight", "bias"))
        every = functional.linear(hidden, weight.to(hidden.dtype), bias.to(hidden.dtype))
        query, key, value = every.view(batch, tokens, 3, self.heads, each).permute(2, 0, 3, 1, 4).unbind()
        blind = hidden.new_zeros(keep.shape).masked_fill(~keep, HIDDEN)
        seen = torch.softmax((query * each**-0.5) @ key.transpose(-1, -2) + blind, dim=-1)
        mixed = _linear(self.attention_out, (seen @ value).transpose(1, 2).reshape(batch, tokens, width))
        hidden = self.attention_norm(hidden + functional.dropout(mixed, self.dropout, self.training))
        grown = _linear(self.outer, self.activation(_linear(self.inner, hidden)))
        return self.norm(hidden + functional.dropout(grown, self.dropout, self.training))  # type: ignore[no-any-return]


def _linear(part: torch.nn.Linear, values: Tensor) -> Tensor:
    return functional.linear(values, part.weight.to(values.dtype), part.bias.to(values.dtype))
