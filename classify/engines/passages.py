"""Passages to logits on any engine: normalise, tokenise, batch, explain. Knows no torch and no file.

An engine answers a batch of token ids; it also says which rows may share a batch, so that a row's logits never depend
on its neighbours.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from tokenizers import Encoding, Tokenizer

from classify.errors import ScoringFailed
from classify.scorer import Floats, ModelConfig, Scores, Weighted
from classify.text import Normalised, normalise
from models.assessment import SIGNALS, STANCES, TARGETS

MOST_UNITS = 24  # passes per explained passage
LOGITS = len(SIGNALS) + 4 + len(STANCES) + len(TARGETS)


class Engine(Protocol):
    """Something that runs a network."""

    @property
    def name(self) -> str:
        """What it is, and why it was chosen."""
        ...

    def groups(self, lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
        """Row numbers in batches of at most `budget` tokens (one row at least), padding counted."""
        ...

    def forward(self, ids: Sequence[Sequence[int]]) -> Floats:
        """(rows, 24) logits of one batch. Raises MemoryError or RuntimeError."""
        ...


class PassageScorer:
    """Passages to logits, in batches of like length; the same logits whatever else is in the batch."""

    def __init__(self, engine: Engine, tokenizer: Tokenizer, config: ModelConfig, batch_tokens: int) -> None:
        self._engine = engine
        self._tokenizer = tokenizer
        self._config = config
        self._batch_tokens = batch_tokens

    @property
    def config(self) -> ModelConfig:
        """Thresholds, calibration and languages of these weights."""
        return self._config

    @property
    def engine(self) -> str:
        """What runs the weights, and why."""
        return self._engine.name

    def score(self, passages: Sequence[str]) -> Scores:
        """Logits of each passage. Raises ScoringFailed when an answer is no number or one passage needs too much."""
        out = self._run([encoding.ids for encoding in self._encode([normalise(passage) for passage in passages])])
        if not np.isfinite(out).all():
            bad = int(np.flatnonzero(~np.isfinite(out).all(axis=1))[0])
            raise ScoringFailed(f"The model gave no number for passage {bad}; check the model's weights.")
        return Scores(out[:, :8], out[:, 8:12], out[:, 12:16], out[:, 16:])

    def explain(self, passages: Sequence[str], signals: Sequence[int]) -> list[list[Weighted]]:
        """How much one signal's logit falls when a word (of a long passage: a few neighbours) is left out."""
        normalised = [normalise(passage) for passage in passages]
        units = [_units(len(one.words)) for one in normalised]
        variants: list[list[int]] = []
        for one, parts, encoding in zip(normalised, units, self._encode(normalised), strict=True):
            variants += [encoding.ids, *_without_each(encoding, one, parts)]
        out = self._run(variants)
        found, first = [], 0
        for one, parts, signal in zip(normalised, units, signals, strict=True):
            whole, *without = out[first : first + len(parts) + 1, signal].tolist()
            first += len(parts) + 1
            found.append(
                [
                    Weighted(one.words[part[0]].start, one.words[part[-1]].end, whole - rest)
                    for part, rest in zip(parts, without, strict=True)
                ]
            )
        return found

    def _encode(self, normalised: Sequence[Normalised]) -> list[Encoding]:
        return self._tokenizer.encode_batch([n.text for n in normalised])

    def _run(self, ids: Sequence[Sequence[int]]) -> Floats:
        out = np.zeros((len(ids), LOGITS))
        for group in self._engine.groups([len(row) for row in ids], self._batch_tokens):
            out[group] = self._forward([ids[i] for i in group])
        return out

    def _forward(self, ids: Sequence[Sequence[int]]) -> Floats:
        try:
            return self._engine.forward(ids)
        except (RuntimeError, MemoryError) as error:
            if "memory" not in str(error).lower() and not isinstance(error, MemoryError):
                raise ScoringFailed(f"The model failed on a passage: {error}") from error
            if len(ids) == 1:
                raise ScoringFailed("One passage alone needs more memory than there is.") from error
            half = len(ids) // 2
            return np.concatenate([self._forward(ids[:half]), self._forward(ids[half:])])


def _units(words: int) -> list[range]:
    """Word numbers in at most MOST_UNITS runs of neighbours, so that an explanation has a bounded price."""
    size = max(1, math.ceil(words / MOST_UNITS))
    return [range(first, min(first + size, words)) for first in range(0, words, size)]


def _without_each(encoding: Encoding, normalised: Normalised, units: Sequence[range]) -> Iterator[list[int]]:
    """The token ids with one unit left out, for each unit in turn."""
    tokens: list[set[int]] = [set() for _ in normalised.words]
    for token, word in _words_of(encoding, normalised):
        tokens[word].add(token)
    for unit in units:
        left_out = set().union(*(tokens[word] for word in unit))
        yield [number for token, number in enumerate(encoding.ids) if token not in left_out]


def _words_of(encoding: Encoding, normalised: Normalised) -> Iterator[tuple[int, int]]:
    """Pairs of (token number, word number) of an encoded text whose words were joined by single spaces."""
    ends: list[int] = []
    cursor = 0
    for word in normalised.words:
        cursor += len(word.text) + 1
        ends.append(cursor)
    number = 0
    for token, (start, end) in enumerate(encoding.offsets):
        if end > start:
            while start >= ends[number]:
                number += 1
            yield token, number
