"""The training course that ships with the product: fictional cases for the five pathways of Module 4, taken in or out.

`course.jsonl` holds them: invented groups and places, written for this project and under its licence, in four
languages, each with what is settled, what a machine may have made of it (where a case is a trap, something wrong), and
why. They become gold cases for training and nothing else: their documents and readings are never current, so no queue,
tally, rule or export sees them. The items are chained and logged like any other, so that the evidence verifies. The
reading is authored and no model's.
"""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from api import audit
from api.reviews import MACHINE_MARKS
from classify.labels import PATHWAY_SIGNALS
from ingest.entry import Entry
from ingest.read import store_entries
from ingest.settings import IngestSettings
from models.assessment import Assessment
from models.codebook import PATHWAYS, SIGNALS, TARGETS
from models.document import COURSE, Cluster, Document
from models.item import Item
from models.review import GoldCase
from models.source import Source

FILE = Path(__file__).parent / "course.jsonl"
SOURCE = "Training course (fictional)"
MODEL = "course@1"  # in the place of a model's name
LIKELY, UNLIKELY = 0.9, 0.02
# How severe a stage looks in a list; it orders nothing here.
SEVERITY = (10, 30, 50, 75, 95)


@dataclass(frozen=True)
class CourseCase:
    """One case: `machine` are the signals that it is shown with, `signals` those that are settled."""

    key: str
    language: str
    pathway: str
    text: str
    verdict: str
    signals: tuple[str, ...]
    machine: tuple[str, ...]
    stage: int
    stance: str
    targets: tuple[str, ...]
    reason: str


@cache
def shipped() -> tuple[CourseCase, ...]:
    """Return the cases of the course, in the order of the file."""
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    return tuple(CourseCase(**{key: _frozen(value) for key, value in row.items()}) for row in rows)


def languages() -> list[str]:
    """Return the languages of the course, in the order of the file."""
    return list(dict.fromkeys(case.language for case in shipped()))


def loaded(session: Session) -> int:
    """Count the cases of the course that are practised on now."""
    of_course = select(Assessment.id).where(Assessment.model == MODEL)
    query = select(func.count()).select_from(GoldCase).where(GoldCase.assessment_id.in_(of_course), GoldCase.training)
    return session.scalar(query) or 0


def load(session: Session, account_id: int, settings: IngestSettings, now: dt.datetime) -> int:
    """Take the course in, or what is missing of it; return how many cases were added.

    What a lead has changed about a case that is there stays. Raises nothing: cases whose texts were erased stay out.
    """
    source = _source(session, now)
    entries = [Entry(content=case.text, external_id=case.key, language=case.language) for case in shipped()]
    store_entries(session, source, entries, None, now, settings)
    items = {
        item.external_id: item
        for item in session.scalars(select(Item).where(Item.source_id == source.id, Item.forgotten_at.is_(None)))
    }
    added = 0
    for case in shipped():
        if (item := items.get(case.key)) is None:
            continue
        reading = _reading_of(session, item, case, now)
        if session.get(GoldCase, reading.id) is None:
            session.add(_gold(case, reading.id, account_id, now))
            added += 1
    if added:
        audit.note(session, account_id, "gold.changed", now, details={"course": "loaded", "cases": added})
    return added


def take_out(session: Session, account_id: int, now: dt.datetime) -> int:
    """Practise on the course no more; what was answered is kept. Return how many cases were taken out."""
    ids = session.scalars(
        select(GoldCase.assessment_id)
        .join(Assessment, Assessment.id == GoldCase.assessment_id)
        .where(Assessment.model == MODEL)
    ).all()
    session.execute(delete(GoldCase).where(GoldCase.assessment_id.in_(ids)))
    if ids:
        audit.note(session, account_id, "gold.changed", now, details={"course": "taken out", "cases": len(ids)})
    return len(ids)


def _source(session: Session, now: dt.datetime) -> Source:
    """Return the source that the cases are said to come from; it is switched off, because nobody asks it anything."""
    found = session.scalars(select(Source).where(Source.name == SOURCE)).one_or_none()
    if found is None:
        found = Source(name=SOURCE, kind="import", enabled=False, created_at=now)
        session.add(found)
        session.flush()
    return found


def _reading_of(session: Session, item: Item, case: CourseCase, now: dt.datetime) -> Assessment:
    """Return the authored reading of a case, with its document; both are made where they are not there yet."""
    document = session.scalars(select(Document).where(Document.item_id == item.id)).one_or_none()
    if document is None:
        item.extracted_at = now
        cluster = Cluster(first_seen_at=now, size=1)
        session.add(cluster)
        session.flush()
        document = Document(
            item_id=item.id,
            source_id=item.source_id,
            cluster_id=cluster.id,
            text=item.content,
            text_sha256=hashlib.sha256(item.content.encode()).hexdigest(),
            extraction=COURSE,
            language=case.language,
            event_at=item.event_at,
            created_at=now,
            current=False,
            assessed_by=MODEL,
        )
        session.add(document)
        session.flush()
    reading = session.scalars(
        select(Assessment).where(Assessment.document_id == document.id, Assessment.model == MODEL)
    ).one_or_none()
    if reading is None:
        reading = Assessment(document_id=document.id, **_values(document, case, now))
        session.add(reading)
        session.flush()
    return reading


def _values(document: Document, case: CourseCase, now: dt.datetime) -> dict[str, Any]:
    signals = {key: LIKELY if key in case.machine else UNLIKELY for key in SIGNALS}
    return {
        "model": MODEL,
        "assessed_at": now,
        "current": False,
        "source_id": document.source_id,
        "cluster_id": document.cluster_id,
        "event_at": document.event_at,
        "language": case.language,
        "language_confidence": 1.0,
        "flag": case.stance == "asserts",
        "flagged_now": False,
        "abstained": False,
        "severity": SEVERITY[case.stage],
        "stage": case.stage,
        "stance": case.stance,
        "signals": signals,
        "pathways": {key: max(signals[one] for one in PATHWAY_SIGNALS[key]) for key in PATHWAYS},
        "targets": {key: LIKELY if key in case.targets else UNLIKELY for key in TARGETS},
        "target_names": [],
        "passages": [{"start": 0, "end": len(document.text), "signals": {}, "highlights": []}],
        # The labels stand here alone: rows of marks would be counted.
        "details": {MACHINE_MARKS: [("signal", key, LIKELY) for key in case.machine]},
        "ruled_at": now,
    }


def _gold(case: CourseCase, assessment_id: int, account_id: int, now: dt.datetime) -> GoldCase:
    return GoldCase(
        assessment_id=assessment_id,
        verdict=case.verdict,
        created_by=account_id,
        created_at=now,
        signals=list(case.signals) if case.verdict == "confirmed" else None,
        reason=case.reason,
        training=True,
    )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
