"""Read what item rules may know of assessments, in two queries however many there are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Session

from models.assessment import Assessment, Mark
from models.source import Source
from warn.rules import Facts

COLUMNS = (
    Assessment.id.label("assessment_id"),
    Assessment.document_id,
    Assessment.cluster_id,
    Assessment.source_id,
    Source.name.label("source"),
    Source.audience,
    Assessment.country,
    Assessment.region,
    Assessment.language,
    Assessment.event_at,
    Assessment.severity,
    Assessment.stage,
    Assessment.stance,
    Assessment.flagged_now.label("flagged"),
    Assessment.status,
    Assessment.model,
)
# Where a review keeps the machine's marks before it writes a person's over them.
MACHINE_MARKS = "machine_marks"

Marks = Iterable[tuple[str, str, float]]


def facts_of(session: Session, assessment_ids: Sequence[int]) -> list[Facts]:
    """Return what holds now of the current assessments among those given, oldest first."""
    marks = _marks(session, assessment_ids)
    return [_facts(row, marks[row["assessment_id"]]) for row in _rows(session, assessment_ids, COLUMNS)]


def machine_facts_of(session: Session, assessment_ids: Sequence[int]) -> list[Facts]:
    """Return the same as the machine said it, before anybody looked; `status` is still what people decided."""
    marks = _marks(session, assessment_ids)
    found = []
    for row in _rows(session, assessment_ids, (*COLUMNS, Assessment.flag, Assessment.details)):
        kept = {key: value for key, value in row.items() if key not in {"flag", "details"}}
        kept["flagged"] = row["flag"]
        found.append(_facts(kept, row["details"].get(MACHINE_MARKS, marks[row["assessment_id"]])))
    return found


def _rows(session: Session, assessment_ids: Sequence[int], columns: Sequence[Any]) -> Iterable[RowMapping]:
    query = (
        select(*columns)
        .join(Source, Source.id == Assessment.source_id)
        .where(Assessment.id.in_(assessment_ids), Assessment.current)
        .order_by(Assessment.id)
    )
    return session.execute(query).mappings()


def _marks(session: Session, assessment_ids: Sequence[int]) -> dict[int, list[tuple[str, str, float]]]:
    marks = defaultdict(list)
    query = select(Mark.assessment_id, Mark.kind, Mark.key, Mark.probability)
    for assessment_id, kind, key, probability in session.execute(query.where(Mark.assessment_id.in_(assessment_ids))):
        marks[assessment_id].append((kind, key, probability))
    return marks


def _facts(row: Any, marks: Marks) -> Facts:
    by_kind: dict[str, dict[str, float]] = defaultdict(dict)
    for kind, key, probability in sorted(marks, key=lambda mark: (-mark[2], mark[1])):
        by_kind[kind][key] = probability
    return Facts(
        **row,
        signals=by_kind["signal"],
        targets=tuple(sorted(by_kind["target"])),
        target_names=tuple(sorted(by_kind["target_name"])),
    )
