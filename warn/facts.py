"""Read what item rules may know of assessments, in three queries however many there are."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.assessment import Assessment, Mark
from models.source import Source
from warn.rules import Facts


def facts_of(session: Session, assessment_ids: Sequence[int]) -> list[Facts]:
    """Return the facts of current assessments among those given, oldest first."""
    marks: dict[int, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for mark in session.execute(
        select(Mark.assessment_id, Mark.kind, Mark.key, Mark.probability).where(Mark.assessment_id.in_(assessment_ids))
    ):
        marks[mark.assessment_id][mark.kind][mark.key] = mark.probability
    query = (
        select(
            Assessment.id.label("assessment_id"),
            Assessment.document_id,
            Assessment.cluster_id,
            Assessment.source_id,
            Source.name.label("source"),
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
        .join(Source, Source.id == Assessment.source_id)
        .where(Assessment.id.in_(assessment_ids), Assessment.current)
        .order_by(Assessment.id)
    )
    return [
        Facts(
            **row,
            signals=marks[row["assessment_id"]]["signal"],
            targets=tuple(sorted(marks[row["assessment_id"]]["target"])),
            target_names=tuple(sorted(marks[row["assessment_id"]]["target_name"])),
        )
        for row in session.execute(query).mappings()
    ]
