"""Word vectors for a new vocabulary in an old body: each new word begins near the English words it means.

Three sources, the best first. A word that the base has keeps its vector. A word that stands in translated sentences
gets the mean of the English words that stand in the same ones (weighed by how exclusively they do). Any other word gets
the mean of its nearest neighbours among those two, by skip-gram vectors of the new vocabulary (FOCUS, Dobler and de
Melo 2023, after WECHSEL, Minixhofer et al. 2022); to draw languages together, translations are woven into one sentence.
Needs gensim and scipy, as nothing else here does.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

Matrix = NDArray[np.float32]
NEIGHBOURS = 10
SHARPNESS = 0.08  # of the softmax over neighbours' cosines
LEAST_TOGETHER = 2  # sentences that a word and an English one must share
LEAST_EXCLUSIVE = 0.08
WOVEN = 12  # times that every pair of translations is woven
WIDTH, WINDOW, EPOCHS = 128, 6, 4
ENGLISH = "en"


def vectors(
    tokenizer: Tokenizer,
    base: Tokenizer,
    before: Tensor,
    texts: Mapping[str, Sequence[str]],
    translated: Mapping[str, Sequence[str]],
) -> Tensor:
    """(new words, hidden) from the base's (words, hidden)."""
    words = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)
    old = before.float().numpy()
    known = base.get_vocab()
    made = np.zeros((len(words), old.shape[1]), np.float32)
    settled = np.array([word in known for word in words])
    made[settled] = old[[known[word] for word in words if word in known]]
    seen = {code: presence(tokenizer, sentences) for code, sentences in translated.items()}
    settled |= aligned(made, settled.copy(), seen)
    beside = skip_grams(tokenizer, words, sentences_of(tokenizer, texts, translated))
    return torch.tensor(neighbours(made, settled, beside, old))


def presence(tokenizer: Tokenizer, sentences: Sequence[str]) -> Any:
    """A sparse (sentences, words) matrix of ones where a word occurs."""
    from scipy.sparse import csr_matrix

    found = [sorted(set(one.ids)) for one in tokenizer.encode_batch(list(sentences), add_special_tokens=False)]
    ends = np.cumsum([0, *(len(one) for one in found)])
    places = np.array([place for one in found for place in one], dtype=np.int64)
    return csr_matrix((np.ones(len(places), np.float32), places, ends), (len(found), tokenizer.get_vocab_size()))


def aligned(made: Matrix, known: NDArray[np.bool_], seen: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Fill in words that translations explain; return which were."""
    english = seen[ENGLISH]
    often = np.asarray(english.sum(0)).ravel()
    usable = known & (often >= LEAST_TOGETHER)
    total, weight = np.zeros_like(made), np.zeros(len(made), np.float32)
    for code, of in seen.items():
        if code == ENGLISH:
            continue
        times = np.asarray(of.sum(0)).ravel()
        together = (of.T @ english).tocsr()
        for word in np.flatnonzero((times >= LEAST_TOGETHER) & ~known):
            row = together.getrow(word)
            keep = usable[row.indices]
            others, shared = row.indices[keep], row.data[keep]
            exclusive = shared * shared / (times[word] * often[others]) * (1 - 1 / (1 + shared))
            best = np.argsort(-exclusive)[:3]
            if len(best) and exclusive[best[0]] >= LEAST_EXCLUSIVE:
                share = exclusive[best] ** 2 / (exclusive[best] ** 2).sum()
                total[word] += times[word] * (share[:, None] * made[others[best]]).sum(0)
                weight[word] += times[word]
    found = weight > 0
    made[found] = total[found] / weight[found][:, None]
    return found


def sentences_of(
    tokenizer: Tokenizer, texts: Mapping[str, Sequence[str]], translated: Mapping[str, Sequence[str]]
) -> list[list[str]]:
    """All texts cut into words, and every pair of translations woven several times."""
    cut = [
        encoding.tokens
        for of in texts.values()
        for encoding in tokenizer.encode_batch(list(of), add_special_tokens=False)
    ]
    draw = random.Random(1)  # noqa: S311 - sampling, not secrecy
    pairs = {
        code: [one.tokens for one in tokenizer.encode_batch(list(of), add_special_tokens=False)]
        for code, of in translated.items()
    }
    for code, of in pairs.items():
        if code != ENGLISH:
            for _ in range(WOVEN):
                cut += [list(woven(a, b, draw)) for a, b in zip(pairs[ENGLISH], of, strict=False)]
    draw.shuffle(cut)
    return cut


def woven(first: Sequence[str], second: Sequence[str], draw: random.Random) -> Iterator[str]:
    """Two sentences word by word at like relative places: a word stands beside its translation more often than not."""
    placed = [((place + draw.random()) / len(of), word) for of in (first, second) for place, word in enumerate(of)]
    return (word for _, word in sorted(placed, key=lambda pair: pair[0]))


def skip_grams(tokenizer: Tokenizer, words: Sequence[str], sentences: list[list[str]]) -> Matrix:
    """(words, WIDTH) unit vectors; zeros for a word that no text holds."""
    from gensim.models import Word2Vec

    model = Word2Vec(
        sentences, vector_size=WIDTH, window=WINDOW, min_count=1, sg=1, negative=8, workers=1, epochs=EPOCHS,
        sample=1e-4, seed=1,
    )  # fmt: skip
    found = np.zeros((tokenizer.get_vocab_size(), WIDTH), np.float32)
    for number, word in enumerate(words):
        if word in model.wv:
            found[number] = model.wv[word]
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def neighbours(made: Matrix, settled: NDArray[np.bool_], beside: Matrix, old: Matrix) -> Matrix:
    """The rest: the mean of the nearest settled words, its spread given back, for a mean of many is too near theirs."""
    filled = made.copy()
    present = np.abs(beside).sum(axis=1) > 0
    anchors = np.flatnonzero(settled & present)
    centre = old.mean(axis=0)
    usual = float(np.linalg.norm(old - centre, axis=1).mean())
    draw = np.random.default_rng(0)
    for word in np.flatnonzero(~settled):
        if not present[word] or not len(anchors):
            filled[word] = centre + draw.normal(size=old.shape[1]) * old.std(axis=0) * 0.5
            continue
        near = beside[anchors] @ beside[word]
        best = np.argsort(-near)[:NEIGHBOURS]
        share = np.exp(near[best] / SHARPNESS)
        away = (share[:, None] / share.sum() * made[anchors[best]]).sum(0) - centre
        length = max(float(np.linalg.norm(away)), 1e-6)
        filled[word] = centre + away / length * min(0.9 * usual, max(length, 0.6 * usual))
    return filled
