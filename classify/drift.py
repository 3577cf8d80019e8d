"""Whether live text still looks like what the model was released for, and like this installation's own past.

Compared by the population stability index: of each signal's probabilities, and of the languages. Computed on demand
from stored assessments; no table of its own. A change means that thresholds and figures may no longer hold, not why.
Knows no model; a release's reference comes with the model's card, where there is one.
"""

import datetime as dt
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.assessment import Assessment
from models.codebook import SIGNALS

EDGES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)  # most probabilities are small
WINDOW = dt.timedelta(days=7)
PAST = dt.timedelta(days=28)  # before the window
LEAST = 300  # assessments on each side; with fewer the index is noise
MOST = 4_000  # newest assessments that are read on each side
MOVED = 0.25  # the usual border of "a large change"


@dataclass(frozen=True, slots=True)
class Outline:
    """How many probabilities fell between which edges, by signal, and how many texts were in which language."""

    rows: int
    judged: int  # rows whose probabilities count: those in validated languages
    scores: dict[str, list[int]]
    languages: dict[str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """One distribution against another: `what` is a signal or `languages`."""

    what: str
    against: str
    index: float

    @property
    def sentence(self) -> str:
        """For a person."""
        of = "languages of new texts" if self.what == "languages" else f"scores of {self.what}"
        return f"the {of} have moved against {self.against} (stability index {self.index:.2f}, {MOVED} is much)"


@dataclass(frozen=True, slots=True)
class Drift:
    """The comparison; `compared` says against what, and is empty where there is too little to compare."""

    rows: int
    compared: tuple[str, ...] = ()
    changes: tuple[Change, ...] = field(default=())

    @property
    def moved(self) -> list[Change]:
        """The changes that somebody should look at, the largest first."""
        return sorted((c for c in self.changes if c.index >= MOVED), key=lambda change: -change.index)


def outline(rows: Iterable[tuple[str, bool, Mapping[str, float]]]) -> Outline:
    """The outline of (language, whether the model abstained, probabilities by signal)."""
    scores = {key: [0] * (len(EDGES) + 1) for key in SIGNALS}
    languages: Counter[str] = Counter()
    judged = 0
    for language, abstained, signals in rows:
        languages[language] += 1
        if abstained:
            continue
        judged += 1
        for key in SIGNALS:
            scores[key][bisect_right(EDGES, signals.get(key, 0.0))] += 1
    return Outline(languages.total(), judged, scores, dict(languages))


def reference(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a model's card keeps of its scores at release (`card["release"]`), from results of `classify_texts`."""
    found = outline((r["language"], r["abstained"], r["signals"]) for r in results)
    return {"rows": found.judged, "edges": list(EDGES), "scores": found.scores}


def stability(now: Sequence[float], before: Sequence[float]) -> float:
    """The population stability index of two histograms: 0 is no change; half a row is added to each cell.

    Source: Lewis 1994; it is the symmetric Kullback-Leibler divergence.
    """
    total_now, total_before = sum(now) + len(now) / 2, sum(before) + len(before) / 2
    pairs = [((a + 0.5) / total_now, (b + 0.5) / total_before) for a, b in zip(now, before, strict=True)]
    return sum((p - q) * math.log(p / q) for p, q in pairs)


def compare(now: Outline, past: Outline, release: Mapping[str, Any] | None = None) -> Drift:
    """The window against the past of this installation, and against the release where the card tells of it."""
    compared: list[str] = []
    changes: list[Change] = []
    if min(now.rows, past.rows) >= LEAST:
        against = f"the {PAST.days} days before"
        compared.append(against)
        codes = sorted(now.languages.keys() | past.languages.keys())
        by_language = [[one.languages.get(code, 0) for code in codes] for one in (now, past)]
        changes.append(Change("languages", against, stability(*by_language)))
        if min(now.judged, past.judged) >= LEAST:
            changes += [Change(key, against, stability(now.scores[key], past.scores[key])) for key in SIGNALS]
    told = _of_release(release)
    if told and now.judged >= LEAST:
        against = "the texts at release"
        compared.append(against)
        changes += [Change(key, against, stability(now.scores[key], told[key])) for key in SIGNALS]
    return Drift(now.rows, tuple(compared), tuple(changes))


def _of_release(release: Mapping[str, Any] | None) -> Mapping[str, list[int]] | None:
    """The release's histograms, if it has enough rows and was counted between the same edges."""
    if not release or release.get("edges") != list(EDGES) or release.get("rows", 0) < LEAST:
        return None
    scores: Mapping[str, list[int]] = release["scores"]
    return scores if set(SIGNALS) <= scores.keys() else None


def look(session: Session, now: dt.datetime, release: Mapping[str, Any] | None = None, most: int = MOST) -> Drift:
    """Compare what the newest model said of the last week with what it said before; `release` is the card's."""
    model = session.scalar(select(Assessment.model).where(Assessment.current).order_by(Assessment.id.desc()).limit(1))
    if model is None:
        return Drift(0)
    window = _gather(session, model, now - WINDOW, now, most)
    past = _gather(session, model, now - WINDOW - PAST, now - WINDOW, most)
    return compare(window, past, release)


def _gather(session: Session, model: str, since: dt.datetime, until: dt.datetime, most: int) -> Outline:
    """The outline of the newest assessments of texts that came up between two times."""
    rows = session.execute(
        select(Assessment.language, Assessment.abstained, Assessment.signals)
        .where(
            Assessment.current,
            Assessment.event_at >= since,
            Assessment.event_at < until,
            Assessment.model == model,
        )
        .order_by(Assessment.event_at.desc())
        .limit(most)
    )
    return outline((language, abstained, signals) for language, abstained, signals in rows)
