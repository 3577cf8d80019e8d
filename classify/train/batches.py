"""Training rows become batches of tensors, mixed and bucketed by length. Knows nothing about files or losses."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from tokenizers import Tokenizer
from torch import Tensor

from classify.model import padded
from classify.train.glossary import Glossary
from classify.train.noise import misspelt
from classify.train.rows import Row, clean

POOL_BATCHES = 40
NOISY = 0.2  # of all texts
SWITCHED = 0.5  # of English texts of sets without rules of their own, where there is a glossary


@dataclass(frozen=True, slots=True)
class Tensors:
    """Tensors that belong together."""

    def to(self, device: str) -> Self:
        """The same on another device."""
        return replace(self, **{field.name: getattr(self, field.name).to(device) for field in fields(self)})


@dataclass(frozen=True, slots=True)
class Batch(Tensors):
    """Some rows of like length."""

    ids: Tensor  # (batch, tokens)
    mask: Tensor  # (batch, tokens)
    signals: Tensor  # (batch, 8), NaN where unknown
    stage: Tensor  # (batch, 4), NaN where unknown
    stance: Tensor  # (batch,), -1 where unknown
    targets: Tensor  # (batch, 8), NaN where unknown
    weight: Tensor  # (batch,)
    reading: Tensor  # (batch,): the column of its set's reading; the number of readings where it has none
    answer: Tensor  # (batch,): the label of that reading, NaN where unknown


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of rows and its share of every pool."""

    rows: Sequence[Row]
    share: float


def epoch(
    parts: Sequence[Part],
    tokenizer: Tokenizer,
    batch_tokens: int,
    rows: int,
    seed: int,
    readings: Sequence[str] = (),
    glossary: Glossary | None = None,
) -> Iterator[Batch]:
    """About `rows` rows in batches of at most `batch_tokens`, every part at its share of each pool."""
    draw = random.Random(seed)  # noqa: S311 - sampling, not secrecy
    orders = [_Endless(part.rows, draw) for part in parts]
    if not any(part.rows for part in parts):
        return
    pool_rows = POOL_BATCHES * max(1, batch_tokens // 32)
    for _ in range(max(1, rows // pool_rows)):
        pool = [
            row for part, order in zip(parts, orders, strict=True) for row in order.take(round(part.share * pool_rows))
        ]
        texts = [_disguised(row, draw, glossary) for row in pool]
        encoded = tokenizer.encode_batch(texts)
        order = sorted(range(len(pool)), key=lambda i: (len(encoded[i].ids), draw.random()))
        groups = list(budgeted(order, [len(e.ids) for e in encoded], batch_tokens))
        draw.shuffle(groups)
        for group in groups:
            yield collate([pool[i] for i in group], [encoded[i].ids for i in group], readings)


def _disguised(row: Row, draw: random.Random, glossary: Glossary | None) -> str:
    text = row.text
    if glossary and not row.reading and draw.random() < SWITCHED:
        text = glossary.switched(text, draw)
    return clean(misspelt(text, draw)) if draw.random() < NOISY else text


class _Endless:
    """Rows in a shuffled order that starts again, freshly shuffled, when it is through."""

    def __init__(self, rows: Sequence[Row], draw: random.Random) -> None:
        self._rows, self._draw, self._left = rows, draw, list[int]()

    def take(self, count: int) -> list[Row]:
        taken = []
        for _ in range(count if self._rows else 0):
            if not self._left:
                self._left = list(range(len(self._rows)))
                self._draw.shuffle(self._left)
            taken.append(self._rows[self._left.pop()])
        return taken


def budgeted(order: Sequence[int], lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Row numbers of ascending length in groups of at most `budget` tokens with their padding."""
    group: list[int] = []
    for index in order:  # the next row is the longest
        if group and (len(group) + 1) * lengths[index] > budget:
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def collate(rows: Sequence[Row], ids: Sequence[Sequence[int]], readings: Sequence[str] = ()) -> Batch:
    """Rows and their token ids as padded tensors."""
    column = {name: number for number, name in enumerate(readings)}
    return Batch(
        *padded(ids),
        torch.tensor([row.signals for row in rows]),
        torch.tensor([row.stage for row in rows]),
        torch.tensor([row.stance for row in rows]),
        torch.tensor([row.targets for row in rows]),
        torch.tensor([row.weight for row in rows]),
        torch.tensor([column.get(row.reading, len(readings)) for row in rows]),
        torch.tensor([row.answer for row in rows]),
    )
