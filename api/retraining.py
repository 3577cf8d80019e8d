"""Reviewed texts as rows that a model can be trained or measured on: JSON Lines, one passage a line.

The form is the one of the training sets: `id, dataset, lang, split, text, labels, stance, stage, note`; a label is 1, 0
or absent where nobody knows. A rejection says 0 to every signal; a confirmation says 1 to what stands, and 0 to the
rest only where the reviewer corrected the labels and so saw them all. Disputed and unsure passages stay out. It knows
no HTTP.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.reviews import standing
from models.assessment import Assessment, Mark
from models.codebook import SIGNALS
from models.document import Document
from models.review import Review

BATCH = 200
LONGEST = 2_000  # code points; of a longer text, an article, the marked passages stand for it
HELD_OUT = 10  # one cluster in so many is kept for measuring
DATASET = "reviews"


def batch(session: Session, after: int) -> list[tuple[int, str]]:
    """Return the next lines after an assessment's id, as (id, line); an empty list is the end."""
    rows = session.execute(
        select(Assessment, Document.text)
        .join(Document, Document.id == Assessment.document_id)
        .where(Assessment.id > after, Assessment.status.in_(("confirmed", "rejected")), Assessment.current)
        .order_by(Assessment.id)
        .limit(BATCH)
    ).all()
    ids = [assessment.id for assessment, _ in rows]
    reviews: dict[int, list[Review]] = defaultdict(list)
    for review in session.scalars(select(Review).where(Review.assessment_id.in_(ids)).order_by(Review.id)):
        reviews[review.assessment_id].append(review)
    marks: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for mark in session.scalars(select(Mark).where(Mark.assessment_id.in_(ids)).order_by(Mark.kind, Mark.key)):
        marks[mark.assessment_id][mark.kind].append(mark.key)
    return [
        (assessment.id, json.dumps(row_of(assessment, text, reviews[assessment.id], marks[assessment.id]),
                                   ensure_ascii=False) + "\n")
        for assessment, text in rows
    ]  # fmt: skip


def row_of(assessment: Assessment, text: str, reviews: Sequence[Review], marks: dict[str, list[str]]) -> dict[str, Any]:
    """Return one row; `marks` are the keys that hold now, by kind."""
    counted = [one for one in standing(reviews) if one.verdict == assessment.status]
    last = counted[-1] if counted else None
    cut, whole = passage_of(assessment, text)
    row: dict[str, Any] = {
        "id": f"{DATASET}:{assessment.id}",
        "dataset": DATASET,
        "lang": assessment.language,
        # By cluster, so that copies of one text never stand on both sides.
        "split": "dev" if assessment.cluster_id % HELD_OUT == 0 else "train",
        "text": cut,
        "labels": labels_of(assessment.status, marks.get("signal", []), last),
    }
    if assessment.status == "confirmed":
        row["stance"] = (last.stance if last else None) or assessment.stance
        row["stage"] = last.stage if last and last.stage is not None else assessment.stage
        row |= {"target": ", ".join(targets)} if (targets := marks.get("target", [])) else {}
    else:
        row["stage"] = 0
    return row if whole else row | {"note": "marked passages of a longer text"}


def labels_of(status: str, signals: Sequence[str], last: Review | None) -> dict[str, int]:
    """Return what is known of each signal."""
    if status == "rejected":
        return dict.fromkeys(SIGNALS, 0)
    stands = {key: 1 for key in SIGNALS if key in signals}
    seen_all = last is not None and last.signals is not None
    return {key: stands.get(key, 0) for key in SIGNALS} if seen_all else stands


def passage_of(assessment: Assessment, text: str) -> tuple[str, bool]:
    """Return the text, or of a long one from its first marked passage to its last; and whether it is whole."""
    spans = [(one["start"], one["end"]) for one in assessment.passages if one.get("signals")]
    if len(text) <= LONGEST or not spans:
        return text, True
    return text[min(start for start, _ in spans) : max(end for _, end in spans)], False
