"""Near-copies: the same text reposted, shortened or lightly edited, in any script, counts as one voice.

Texts are compared by the short runs of letters they share (Jaccard similarity of character 5-grams). MinHash bands find
candidates without comparing all with all; candidates are then compared exactly. The threshold is a measurement: see
docs/sources.md.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

RUN = 5
SHORT = 40  # characters: below, one changed word changes everything, so only equal texts are copies
BRIEF = 120  # characters: below, two posts may share a formula without being copies
THRESHOLD, BRIEF_THRESHOLD = 0.6, 0.75
PERMUTATIONS = 64
BANDS = 16  # of 4 hashes each: finds 89 of 100 pairs of similarity 0.6, 98 of 0.7
EXACT = -1
COMPARED = 20_000  # characters of each text that are compared; more would only cost time
NOISE = re.compile(r"https?://\S+|@\w+|[\W_]+")

Runs = NDArray[np.uint64]


def normalised(text: str) -> str:
    """Return what two copies have in common: no case, links, handles, signs or spacing."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return NOISE.sub(" ", plain).strip()


def bands(plain: str) -> list[tuple[int, str]]:
    """Return the (band, digest) pairs under which a normalised text is found again; band -1 is equality."""
    pairs = [(EXACT, hashlib.sha256(plain.encode()).hexdigest()[:32])]
    if len(plain) < SHORT:
        return pairs
    signature = _minhash()
    signature.update_batch((runs(plain) >> np.uint64(32)).tolist())
    rows = PERMUTATIONS // BANDS
    values = np.asarray(signature.hashvalues, dtype=np.uint32)
    for band in range(BANDS):
        piece = values[band * rows : (band + 1) * rows].tobytes()
        pairs.append((band, hashlib.blake2b(piece, digest_size=16).hexdigest()))
    return pairs


def runs(plain: str) -> Runs:
    """Return the set of hashes of all runs of five characters."""
    points = np.frombuffer(plain[:COMPARED].encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    count = max(len(points) - RUN + 1, 1)
    mixed = np.zeros(count, dtype=np.uint64)
    for offset in range(min(RUN, len(points))):
        mixed = (mixed ^ points[offset : offset + count]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed)


def similarity(one: Runs, other: Runs) -> float:
    """Return the share of runs that two texts have in common, 0 to 1."""
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / max(len(one) + len(other) - common, 1)


def nearest(plain: str, candidates: Sequence[str]) -> int | None:
    """Return the index of the candidate that is most like `plain`, or None when none is like enough."""
    if plain in candidates:
        return candidates.index(plain)
    if len(plain) < SHORT:
        return None
    own = runs(plain)
    best, alike = None, 0.0
    for index, text in enumerate(candidates):
        if len(text) < SHORT:
            continue
        score = similarity(own, runs(text))
        needed = BRIEF_THRESHOLD if min(len(text), len(plain)) < BRIEF else THRESHOLD
        if score >= needed and score > alike:
            best, alike = index, score
    return best


@cache
def _template() -> Any:
    from datasketch import MinHash  # brings scipy; only extraction needs it

    # The scheme is named, because the bands of years must stay comparable.
    return MinHash(num_perm=PERMUTATIONS, seed=1, hashfunc=int, scheme="affine32")


def _minhash() -> Any:
    return _template().copy()
