"""Which words of a flagged passage spoke for its signal: the few strongest, joined where they touch. Knows no model."""

from collections.abc import Sequence

from classify.scorer import Weighted

LEAST_SHARE = 0.2  # of the strongest word's weight
MOST = 12


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
