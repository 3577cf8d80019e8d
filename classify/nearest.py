"""Which of many short texts is most like this one: TF-IDF over groups of four characters, kept in memory.

Characters rather than words, because spelling, prefixes and scripts without spaces must not matter. Of a text only
hashes of its groups are kept. It knows no table and no model; classic arithmetic (Salton and Buckley 1988).
"""

import unicodedata
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Key = TypeVar("Key", bound=Hashable)
Groups = tuple[NDArray[np.int32], NDArray[np.float32]]
BUCKETS = 1 << 18
LONGEST = 1_000  # characters of a text that count
WIDTH = 4
_PRIMES = np.array([2654435761, 2246822519, 3266489917, 668265263], dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class _Whole(Generic[Key]):
    """Every text's groups and weights end to end; text number `i` begins at `starts[i]`."""

    keys: list[Key]
    groups: NDArray[np.int32]
    weights: NDArray[np.float32]
    starts: NDArray[np.int64]
    rarity: NDArray[np.float32]  # (buckets,)


class Index(Generic[Key]):
    """Texts by key; adding and asking cost milliseconds for thousands of them. Not safe for two threads at once."""

    def __init__(self) -> None:
        self._rows: dict[Key, Groups] = {}
        self._holding = np.zeros(BUCKETS, dtype=np.float32)  # how many texts hold each group
        self._flat: _Whole[Key] | None = None

    def __len__(self) -> int:
        """How many texts are kept."""
        return len(self._rows)

    def put(self, key: Key, text: str) -> None:
        """Keep a text, in the place of one with the same key."""
        self.drop(key)
        groups = groups_of(text)
        if len(groups[0]):
            self._rows[key] = groups
            self._holding[groups[0]] += 1
            self._flat = None

    def drop(self, key: Key) -> None:
        """Keep it no longer."""
        before = self._rows.pop(key, None)
        if before is not None:
            self._holding[before[0]] -= 1
            self._flat = None

    def nearest(self, text: str, count: int, least: float) -> list[tuple[Key, float]]:
        """The most similar texts with the cosine of each, the best first, none below `least`."""
        groups, often = groups_of(text)
        if not self._rows or not len(groups):
            return []
        whole = self._flat = self._flat or self._weighed()
        asked = np.zeros(BUCKETS, dtype=np.float32)
        asked[groups] = often * whole.rarity[groups]
        length = float(np.sqrt((asked * asked).sum()))
        likeness = np.add.reduceat(whole.weights * asked[whole.groups], whole.starts) / length  # (texts,)
        best = np.argsort(-likeness, kind="stable")[:count]
        return [(whole.keys[i], round(float(likeness[i]), 4)) for i in best.tolist() if likeness[i] >= least]

    def _weighed(self) -> _Whole[Key]:
        """All texts in one row of numbers, each of length one; made anew after a change."""
        rarity = (np.log((1 + len(self._rows)) / (1 + self._holding)) + 1).astype(np.float32)
        rows = list(self._rows.values())
        sizes = [len(row[0]) for row in rows]
        starts = np.cumsum([0, *sizes[:-1]])
        groups = np.concatenate([row[0] for row in rows])
        weights = np.concatenate([row[1] for row in rows]) * rarity[groups]
        weights /= np.repeat(np.sqrt(np.add.reduceat(weights * weights, starts)), sizes)
        return _Whole(list(self._rows), groups, weights, starts, rarity)


def groups_of(text: str) -> Groups:
    """The distinct groups of four characters of a text as bucket numbers, each with 1 + log of how often it stands."""
    plain = f" {' '.join(unicodedata.normalize('NFKC', text[:LONGEST]).casefold().split())} "
    points = np.frombuffer(plain.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    if len(points) < WIDTH + 1:
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
    mixed = np.zeros(len(points) - WIDTH + 1, dtype=np.uint64)
    for place in range(WIDTH):
        mixed ^= points[place : len(points) - WIDTH + 1 + place] * _PRIMES[place]
    mixed ^= mixed >> np.uint64(17)
    buckets, often = np.unique((mixed % np.uint64(BUCKETS)).astype(np.int32), return_counts=True)
    return buckets, (1 + np.log(often)).astype(np.float32)
