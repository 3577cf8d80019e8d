"""Passages to logits on any engine: normalise, tokenise, batch, fuse the readings. Knows no torch and no file.

An engine answers a batch of token ids; it also says which rows may share a batch, so that a row's logits never depend
on its neighbours.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from tokenizers import Tokenizer

from classify.errors import ScoringFailed
from classify.marks import Marks, shares
from classify.ngrams import Ngrams
from classify.readings import SHARED, Readings
from classify.scorer import Floats, ModelConfig, Scores
from classify.text import normalise


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
        """(rows, logits) of one batch: 24, and those of the readings and their gate where there are any.

        Raises MemoryError or RuntimeError.
        """
        ...

    def states(self, ids: Sequence[int], shares: Floats) -> Floats:
        """(spans, hidden) of one row: the mean of its tokens' last states by each span's (spans, tokens) shares.

        Asked only of a network that has marks.
        """
        ...


class PassageScorer:
    """Passages to logits, in batches of like length; the same logits whatever else is in the batch."""

    def __init__(
        self,
        engine: Engine,
        tokenizer: Tokenizer,
        config: ModelConfig,
        batch_tokens: int,
        readings: Readings | None = None,
        ngrams: Ngrams | None = None,
        marks: Marks | None = None,
    ) -> None:
        self._marks = marks
        self._readings = readings
        self._ngrams = ngrams
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
        out, ngrams = self.logits(passages)
        if not np.isfinite(out).all():
            bad = int(np.flatnonzero(~np.isfinite(out).all(axis=1))[0])
            raise ScoringFailed(f"The model gave no number for passage {bad}; check the model's weights.")
        if self._readings is not None and len(passages):
            out = self._readings.fused(out, ngrams)
        return Scores.of(out)

    def marks(self, words: Sequence[str], signal: int) -> Floats | None:
        """(words,): how likely people would mark each word of a passage as the reason for a signal's number.

        `words` are those of `normalise`. None where the model has not learnt it. Raises ScoringFailed.
        """
        if self._marks is None or signal not in self._marks.signals:
            return None
        encoding = self._tokenizer.encode(" ".join(words))
        belongs, seen = shares(encoding, words)
        out = np.zeros(len(words))
        if seen:
            try:
                out[seen] = self._marks.read(self._engine.states(encoding.ids, belongs))
            except (RuntimeError, MemoryError) as error:
                raise ScoringFailed(f"The model failed on a passage: {error}") from error
        return out

    def logits(self, passages: Sequence[str]) -> tuple[Floats, Floats | None]:
        """Every logit of the network, and the n-grams' where the model has some: what fitting the readings needs."""
        texts = [normalise(passage).text for passage in passages]
        out = self._run([encoding.ids for encoding in self._tokenizer.encode_batch(texts)])
        return out, None if self._ngrams is None else self._ngrams.read([self.folded(text) for text in texts])

    def folded(self, text: str) -> str:
        """A normalised text as the tokenizer sees it before it cuts: in lower case, its spelling variants made one."""
        return self._tokenizer.normalizer.normalize_str(text) if self._tokenizer.normalizer else text

    def _run(self, ids: Sequence[Sequence[int]]) -> Floats:
        out: Floats | None = None
        for group in self._engine.groups([len(row) for row in ids], self._batch_tokens):
            told = self._forward([ids[i] for i in group])
            if out is None:
                out = np.zeros((len(ids), told.shape[1]))
            out[group] = told
        return np.zeros((0, SHARED)) if out is None else out

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
