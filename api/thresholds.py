"""What reviews say of thresholds: where each signal's would have to stand, by language, for a precision that is wanted.

A passage counts with the probability that the machine gave, and whether people let the signal stand. The suggestion is
the lowest threshold from which on the wanted precision was met, with Wilson's interval and the number of reviews above
it. It rests on what people looked at, the flagged and the severe first: below the present threshold little is known,
and that is said. Nothing is ever applied by itself. It knows no page.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.agreement import wilson
from models.assessment import Assessment, Mark
from models.codebook import SIGNALS

MOST = 20_000  # the latest settled passages
LEAST = 20  # reviews above a threshold before one is suggested
EVERY = ""  # all languages together
BATCH = 500


@dataclass(frozen=True)
class Judged:
    """One settled passage: the machine's probabilities, and the signals that stand now."""

    language: str
    probabilities: dict[str, float]
    stands: frozenset[str]


@dataclass(frozen=True)
class Suggestion:
    """What reviews say of one signal in one language; `threshold` is None where none meets the precision.

    `reviews`, `kept`, `low` and `high` are of the passages at or above it; `stands` counts all
    reviewed ones that stand. `below` counts the reviews under the `present` threshold: what lower ones rest on. That is
    None where the signal cannot be flagged in the language.
    """

    signal: str
    language: str
    threshold: float | None
    reviews: int
    kept: int
    low: float
    high: float
    stands: int
    below: int
    total: int
    present: float | None = None

    @property
    def precision(self) -> float | None:
        """The precision at the threshold."""
        return self.kept / self.reviews if self.reviews else None

    @property
    def found(self) -> float | None:
        """The part of all reviewed passages that stand which lies at or above the threshold."""
        return self.kept / self.stands if self.reviews and self.stands else None


def judged_passages(session: Session) -> list[Judged]:
    """Return the latest passages that people confirmed or rejected."""
    rows = session.execute(
        select(Assessment.id, Assessment.language, Assessment.status, Assessment.signals)
        .where(Assessment.status.in_(("confirmed", "rejected")), Assessment.signals.is_not(None))
        .order_by(Assessment.id.desc())
        .limit(MOST)
    ).all()
    standing: dict[int, set[str]] = defaultdict(set)
    confirmed = [row.id for row in rows if row.status == "confirmed"]
    for start in range(0, len(confirmed), BATCH):
        some = confirmed[start : start + BATCH]
        marks = select(Mark.assessment_id, Mark.key).where(Mark.assessment_id.in_(some), Mark.kind == "signal")
        for passage, key in session.execute(marks):
            standing[passage].add(key)
    return [Judged(row.language, row.signals, frozenset(standing.get(row.id, ()))) for row in rows if row.signals]


def suggestions(
    judged: Iterable[Judged], precision: float, present: Callable[[str], Mapping[str, float]], least: int = LEAST
) -> list[Suggestion]:
    """Return what reviews say of each signal: over all languages first, then by language, the most reviewed first.

    `present` gives the thresholds of a language (EVERY for the general ones), of those signals that have one.
    """
    pairs: dict[tuple[str, str], list[tuple[float, bool]]] = defaultdict(list)
    for one in judged:
        for signal, probability in one.probabilities.items():
            for language in (EVERY, one.language):
                pairs[language, signal].append((probability, signal in one.stands))
    sizes: dict[str, int] = defaultdict(int)
    for (language, _), found in pairs.items():
        sizes[language] = max(sizes[language], len(found))
    return [
        suggestion(signal, language, pairs[language, signal], precision, present(language).get(signal), least)
        for language in sorted(sizes, key=lambda code: (code != EVERY, -sizes[code], code))
        for signal in SIGNALS
        if pairs.get((language, signal))
    ]


def suggestion(
    signal: str, language: str, pairs: list[tuple[float, bool]], precision: float, present: float | None, least: int
) -> Suggestion:
    """Return the lowest threshold from which on at least `least` reviews met the precision, or none."""
    ordered = sorted(pairs, reverse=True)
    right = sum(stands for _, stands in ordered)
    best: tuple[float, int, int] | None = None
    kept = 0
    for place, (probability, stands) in enumerate(ordered, 1):
        kept += stands
        # Equal probabilities come in together: a threshold cannot part them.
        last = place == len(ordered) or ordered[place][0] < probability
        if last and place >= least and kept / place >= precision:
            best = (probability, place, kept)
    threshold, reviews, stood = best or (None, 0, 0)
    low, high = wilson(stood, reviews)
    below = 0 if present is None else sum(probability < present for probability, _ in ordered)
    return Suggestion(signal, language, threshold, reviews, stood, low, high, right, below, len(ordered), present)
