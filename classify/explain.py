"""Which words of a flagged passage spoke for its signal, found by leaving words out and by leaving them alone.

Any scorer will do: it is asked about variants of the passage, and no engine needs gradients. Where the model has learnt
which words people mark as the reason, that counts too. The weights of all these were chosen on HateXplain's training
rationales (docs/decisions/0008-explanations.md).
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from classify.scorer import Floats, Scorer, Weighted
from classify.text import Normalised, normalise

LEAST_SHARE = 0.3  # of the strongest word's weight
MOST = 12
MOST_UNITS = 24  # words of a passage; of a longer one, runs of neighbours, so that an explanation has a bounded price
_ALONE = 0.3  # weight of what a word says with nothing beside it
_AMONG = 0.3  # weight of what it says with one neighbour on each side
_SPREAD = 0.1  # of each neighbour's weight: what condemns is mostly a phrase
MARKED = 0.75  # weight of what people would mark, against what the score says, each as a part of its strongest


def weigh(scorer: Scorer, passages: Sequence[str], signals: Sequence[int]) -> list[list[Weighted]]:
    """For passage `i`, how its words spoke for signal number `signals[i]`, in units of that signal's logit.

    A word's weight is the fall of the logit without it, plus a share of what it says alone and among its neighbours;
    the strongest sets the scale where people's marks count too. Costs one pass of each passage per unit, and two of a
    few words. Raises ScoringFailed as the scorer does.
    """
    if not passages:
        return []
    normalised = [normalise(passage) for passage in passages]
    units = [_units(len(one.words)) for one in normalised]
    variants = [""]
    for one, parts in zip(normalised, units, strict=True):
        variants += [one.text, *_variants(one, parts)]
    logits = scorer.score(variants).signals
    found, first = [], 1
    for one, parts, signal in zip(normalised, units, signals, strict=True):
        last = first + 1 + 3 * len(parts)
        weights = _weights(logits[first:last, signal], float(logits[0, signal]))
        first = last
        spoke = float(weights.max(initial=0.0)) > 0
        marks = scorer.marks([word.text for word in one.words], signal) if spoke else None
        if marks is None:
            found.append([_stretch(one, unit, weight) for unit, weight in zip(parts, weights, strict=True)])
        else:
            marked = _marked(weights, parts, marks)
            found.append([_stretch(one, range(n, n + 1), weight) for n, weight in enumerate(marked)])
    return found


def _stretch(of: Normalised, words: range, weight: float) -> Weighted:
    return Weighted(of.words[words[0]].start, of.words[words[-1]].end, float(weight))


def _units(words: int) -> list[range]:
    """Word numbers in at most MOST_UNITS runs of neighbours."""
    size = max(1, math.ceil(words / MOST_UNITS))
    return [range(first, min(first + size, words)) for first in range(0, words, size)]


def _variants(normalised: Normalised, units: Sequence[range]) -> Iterator[str]:
    """The passage without each unit, then each unit alone, then each with its neighbours."""
    words = [word.text for word in normalised.words]
    said = [" ".join(words[unit.start : unit.stop]) for unit in units]
    for unit in units:
        yield " ".join(words[: unit.start] + words[unit.stop :])
    yield from said
    for place in range(len(units)):
        yield " ".join(said[max(0, place - 1) : place + 2])


def _weights(logits: Floats, nothing: float) -> Floats:
    """(units,) from the logits of the whole, then of the three kinds of variant; `nothing` is that of an empty text."""
    whole, without, alone, among = logits[0], *np.split(logits[1:], 3)
    raw = (whole - without) + _ALONE * (alone - nothing) + _AMONG * (among - nothing)
    spread = raw.copy()
    spread[1:] += _SPREAD * raw[:-1]
    spread[:-1] += _SPREAD * raw[1:]
    return np.asarray(spread)


def _marked(weights: Floats, units: Sequence[range], marks: Floats) -> Floats:
    """(words,): what the score says of each word's unit, and how likely people would mark the word."""
    said = np.concatenate([np.full(len(unit), weight) for unit, weight in zip(units, weights, strict=True)])
    return np.asarray((1.0 - MARKED) * said + MARKED * float(weights.max()) * marks)


def highlights(words: Sequence[Weighted], offset: int) -> list[dict[str, float | int]]:
    """Stretches as `start`, `end` (code points of the whole text) and `weight` (1 is the strongest), in text order."""
    top = max((word.weight for word in words), default=0.0)
    if top <= 0:
        return []
    kept = sorted((w for w in words if w.weight >= LEAST_SHARE * top), key=lambda w: -w.weight)[:MOST]
    return [
        {"start": word.start + offset, "end": word.end + offset, "weight": round(word.weight / top, 3)}
        for word in sorted(kept, key=lambda w: w.start)
    ]
