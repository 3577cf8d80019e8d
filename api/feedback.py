"""How often people agree with the machine's signals: precision by signal, language and source, with intervals.

Precision is the share of passages that the machine marked with a signal and people settled, of which they left the
signal standing. It rests on what people looked at, which is the flagged and the severe first, so it says nothing of
what the machine missed. Intervals are Wilson's at 95%. It knows no page.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.agreement import wilson
from api.reviews import MACHINE_MARKS
from models.assessment import Assessment, Mark
from models.codebook import SIGNALS
from models.source import Source

MOST = 20_000  # the latest settled passages
GROUPS = ("language", "source")


@dataclass(frozen=True)
class Settled:
    """One passage that people settled: the signals the machine gave it, and those of them that were left standing."""

    language: str
    source: str
    marked: frozenset[str]
    kept: frozenset[str]


@dataclass(frozen=True)
class Precision:
    """One signal (empty: any) in one group: how many were marked and settled, how many kept, and the interval."""

    signal: str
    group: str
    settled: int
    kept: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The precision itself."""
        return self.kept / self.settled


def settled_passages(session: Session) -> list[Settled]:
    """Return the latest passages that people confirmed or rejected; disputed and unsure ones are not settled."""
    rows = session.execute(
        select(Assessment.id, Assessment.language, Source.name, Assessment.status, Assessment.details)
        .join(Source, Source.id == Assessment.source_id)
        .where(Assessment.status.in_(("confirmed", "rejected")))
        .order_by(Assessment.id.desc())
        .limit(MOST)
    ).all()
    kept: dict[int, set[str]] = {}
    confirmed = [row.id for row in rows if row.status == "confirmed"]
    for start in range(0, len(confirmed), 500):
        some = confirmed[start : start + 500]
        now = select(Mark.assessment_id, Mark.key).where(Mark.assessment_id.in_(some), Mark.kind == "signal")
        for passage, key in session.execute(now):
            kept.setdefault(passage, set()).add(key)
    found = []
    for row in rows:
        marked = frozenset(key for kind, key, _ in row.details.get(MACHINE_MARKS, []) if kind == "signal")
        found.append(Settled(row.language, row.name, marked, marked & kept.get(row.id, set())))
    return found


def precisions(settled: Iterable[Settled], group: str = "") -> list[Precision]:
    """Return the precision of each signal over all, or by `group` (one of GROUPS), the most settled groups first."""
    marked: Counter[tuple[str, str]] = Counter()
    kept: Counter[tuple[str, str]] = Counter()
    for one in settled:
        where = str(getattr(one, group)) if group else ""
        marked.update((where, key) for key in one.marked)
        kept.update((where, key) for key in one.kept)
    sizes: Counter[str] = Counter()
    for (where, _), count in marked.items():
        sizes[where] += count
    ordered = sorted(marked, key=lambda cell: (-sizes[cell[0]], cell[0], SIGNALS.index(cell[1])))
    return [
        Precision(key, where, marked[where, key], kept[where, key], *wilson(kept[where, key], marked[where, key]))
        for where, key in ordered
    ]
