"""Count hours again: from the current assessments to the cells that trends and surge rules read.

A cell is always a recount of its whole hour, never an increment, so counting twice changes nothing. Nothing here knows
why an hour went stale; `models.tally` keeps the list of those that did.

The lattice: labels `volume`, `any`, `signal:KEY`, `pathway:KEY` and `stance:KEY`, each for all, by target, target name,
language, country and source, and each of these for the world (country '') and within the document's country. Volume
has no target: everything scanned is the denominator of every target.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, delete, func, select
from sqlalchemy.orm import Session, aliased

from models.assessment import Assessment, Mark
from models.base import is_sqlite
from models.codebook import PATHWAYS, SIGNALS, STANCES
from models.database import Sessions, reading, writing
from models.tally import StaleHour, TallyHour, mark_stale
from warn import ledger
from warn.ledger import Cell, Key

HOUR = dt.timedelta(hours=1)
VOLUME = "volume"
ANY = "any"
# Hate that is reported or condemned is counted apart: a rise in counter-speech is no rise in hate.
STANCE_LABELS = tuple(f"stance:{key}" for key in STANCES if key != "asserts")
LABELS = (ANY, *(f"signal:{key}" for key in SIGNALS), *(f"pathway:{key}" for key in PATHWAYS), *STANCE_LABELS)
CLUSTERS_PER_QUERY = 500


@dataclass(frozen=True)
class Reading:
    """What one assessment contributes: where it is from, and the labels and targets that hold now."""

    cluster_id: int
    language: str
    country: str | None
    source_id: int
    confirmed: bool
    labels: frozenset[str]
    targets: frozenset[tuple[str, str]]

    def series(self) -> tuple[Key, ...]:
        """List the series it belongs to."""
        return keys_of(self.language, self.country, self.source_id, self.labels, self.targets)


def recount(sessions: Sessions, now: dt.datetime, limit: int | None = None) -> int:  # noqa: ARG001  arrows take the time
    """Count stale hours again, newest first, one short transaction each; return how many were brought up to date."""
    with reading(sessions) as session:
        stale = select(StaleHour.hour, StaleHour.mark).order_by(StaleHour.hour.desc()).limit(limit)
        waiting = [(hour, mark) for hour, mark in session.execute(stale)]
    return sum(_recount_hour(sessions, hour, mark) for hour, mark in waiting)


def doubt(session: Session, since: dt.datetime, until: dt.datetime) -> None:
    """Have every hour that holds an assessment or a cell counted again, and every day added up, for a repair."""
    events = select(Assessment.event_at).where(Assessment.event_at >= since, Assessment.event_at < until).distinct()
    hours = select(TallyHour.hour).where(TallyHour.hour >= since, TallyHour.hour < until).distinct()
    mark_stale(session, {*session.scalars(events), *session.scalars(hours)})
    ledger.add_up(session, since, until)


def cells(present: Iterable[Reading], before: Iterable[tuple[int, Key]]) -> dict[Key, Cell]:
    """Count one hour: `present` are its readings, `before` the (cluster, series) pairs heard in earlier hours.

    A cluster is a voice of a series in the first hour in which the series has one of its documents.
    """
    counted: dict[Key, Cell] = defaultdict(Cell)
    heard = set(before)
    for reading_ in present:
        for key in reading_.series():
            cell = counted[key]
            cell.documents += 1
            cell.confirmed += reading_.confirmed
            if (reading_.cluster_id, key) not in heard:
                heard.add((reading_.cluster_id, key))
                cell.voices += 1
    return dict(counted)


@lru_cache(maxsize=16_384)
def keys_of(
    language: str, country: str | None, source_id: int, labels: frozenset[str], targets: frozenset[tuple[str, str]]
) -> tuple[Key, ...]:
    """List the series of such a document, each once; most documents of an hour are alike."""
    places = {"", country or ""}
    common = [("all", ""), ("language", language), ("source", str(source_id))]
    keys = []
    for label in (VOLUME, *labels):
        members = common if label == VOLUME else [*common, *targets]
        keys += [Key(label, dimension, value, place) for dimension, value in members for place in places]
        if country:
            keys.append(Key(label, "country", country, ""))
    return tuple(keys)


def labels_of(*, flagged: bool, rejected: bool, stance: str, marks: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Name the labels that hold now, from the (kind, key) marks; a rejected document has none."""
    if flagged:
        return frozenset({ANY, *(f"{kind}:{key}" for kind, key in marks if kind in {"signal", "pathway"})})
    said = any(kind == "signal" for kind, _ in marks)
    if said and not rejected and stance != "asserts":
        return frozenset({f"stance:{stance}"})
    return frozenset()


def _recount_hour(sessions: Sessions, hour: dt.datetime, mark: int) -> bool:
    """Count one hour from a snapshot and store it; an hour that changed meanwhile is stored but stays stale."""
    with reading(sessions) as session:
        present = _readings(session, hour)
        before = _heard_before(session, hour, {reading_.cluster_id for reading_ in present})
    counted = cells(present, before)
    with writing(sessions) as session:
        # The row is the lock: another worker that is done with this hour has taken it away.
        held = select(StaleHour.mark).where(StaleHour.hour == hour)
        if session.scalar(held if is_sqlite(session) else held.with_for_update()) is None:
            return False
        ledger.store(session, hour, counted)
        session.execute(delete(StaleHour).where(StaleHour.hour == hour, StaleHour.mark == mark))
    return True


def _readings(session: Session, hour: dt.datetime) -> list[Reading]:
    """Read the current assessments of one hour with their marks: two queries, whatever the hour holds."""
    of_hour = and_(Assessment.current, Assessment.event_at >= hour, Assessment.event_at < hour + HOUR)
    marks: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for assessment_id, kind, key in session.execute(
        select(Mark.assessment_id, Mark.kind, Mark.key)
        .join(Assessment, Assessment.id == Mark.assessment_id)
        .where(of_hour)
    ):
        marks[assessment_id].append((kind, key))
    columns = select(
        Assessment.id,
        Assessment.cluster_id,
        Assessment.language,
        Assessment.country,
        Assessment.source_id,
        Assessment.status,
        Assessment.flagged_now,
        Assessment.stance,
    )
    return [
        Reading(
            cluster_id=row.cluster_id,
            language=row.language,
            country=row.country,
            source_id=row.source_id,
            confirmed=row.status == "confirmed",
            labels=labels_of(
                flagged=row.flagged_now, rejected=row.status == "rejected", stance=row.stance, marks=marks[row.id]
            ),
            targets=frozenset((kind, key) for kind, key in marks[row.id] if kind in {"target", "target_name"}),
        )
        for row in session.execute(columns.where(of_hour).order_by(Assessment.id))
    ]


def _heard_before(session: Session, hour: dt.datetime, clusters: set[int]) -> set[tuple[int, Key]]:
    """List the (cluster, series) pairs that earlier hours hold, for the clusters of this hour.

    The database reduces copies to distinct combinations, so that a storm of a million reposts comes back as a few rows.
    """
    heard: set[tuple[int, Key]] = set()
    ordered = sorted(clusters)
    for start in range(0, len(ordered), CLUSTERS_PER_QUERY):
        for row in session.execute(_combinations(hour, ordered[start : start + CLUSTERS_PER_QUERY])):
            labels = labels_of(
                flagged=row.flagged_now,
                rejected=row.status == "rejected",
                stance=row.stance,
                marks=[] if row.label_kind is None else [(row.label_kind, row.label_key)],
            )
            targets = frozenset({(row.target_kind, row.target_key)} if row.target_kind else ())
            keys = keys_of(row.language, row.country, row.source_id, labels, targets)
            heard.update((row.cluster_id, key) for key in keys)
    return heard


def _combinations(hour: dt.datetime, clusters: list[int]) -> Select[*tuple[Any, ...]]:
    """Select each distinct pair of a label and a target that earlier documents of the clusters have."""
    label, target = aliased(Mark), aliased(Mark)
    labels = and_(label.assessment_id == Assessment.id, label.kind.in_(("signal", "pathway")))
    targets = and_(target.assessment_id == Assessment.id, target.kind.in_(("target", "target_name")))
    return (
        select(
            Assessment.cluster_id,
            Assessment.language,
            Assessment.country,
            Assessment.source_id,
            Assessment.status,
            Assessment.flagged_now,
            Assessment.stance,
            label.kind.label("label_kind"),
            label.key.label("label_key"),
            target.kind.label("target_kind"),
            target.key.label("target_key"),
        )
        .outerjoin(label, labels)
        .outerjoin(target, targets)
        # The coalesce keeps SQLite from walking all current assessments by time instead of the few of these clusters.
        .where(
            func.coalesce(Assessment.current, False), Assessment.cluster_id.in_(clusters), Assessment.event_at < hour
        )
        .distinct()
    )
