"""The reviewed passages most like the one in front of a reviewer, so that like is decided alike.

An index of the latest decided passages is kept in each process, made at first need and brought up to date by the
reviews that came since. It holds hashes, no words; what is shown is read from the database at that moment.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.queue import Found, details
from classify.nearest import Index
from models.assessment import Assessment
from models.document import Document
from models.review import GoldCase, Review, SecondLook

DECIDED = ("confirmed", "rejected")
KEPT = 5_000  # the latest decided passages
SHOWN = 3
LEAST = 0.2  # below, two passages share no more than their language
ALSO = 20  # looked at besides, because copies and forgotten texts are left out


@dataclass(frozen=True)
class Like:
    """One decided passage and how like it is: 1 is the same groups of characters."""

    found: Found
    passage: str
    likeness: float

    @property
    def whole(self) -> bool:
        """Whether the passage is all of its text."""
        return len(self.passage) == len(self.found.document.text)


class Reviewed:
    """The index of one process; may be asked from any thread."""

    def __init__(self) -> None:
        self._index: Index[int] = Index()
        self._lock = threading.Lock()
        self._seen: int | None = None  # the newest review that is in the index

    def like(self, session: Session, found: Found, account_id: int) -> list[Like]:
        """The decided passages most like this one, near-copies of it left out (they are listed as such).

        Left out too are those that this reader may still be asked to decide about, unknowing.
        """
        asked = passage_of(found.assessment, found.document.text)
        with self._lock:
            self._follow(session)
            near = self._index.nearest(asked, SHOWN + ALSO, LEAST)
        likeness = dict(near)
        blind = _still_blind(session, list(likeness), account_id)
        shown = [one for one in _showable(session, list(likeness), found) if one not in blind]
        shown.sort(key=lambda one: -likeness[one])
        return [
            Like(one, passage_of(one.assessment, one.document.text), likeness[one.assessment.id])
            for one in details(session, shown[:SHOWN])
        ]

    def _follow(self, session: Session) -> None:
        """Take in what was decided, decided otherwise or taken back since the last time."""
        newest = session.scalar(select(func.max(Review.id))) or 0
        if newest == self._seen:
            return
        decided = (
            select(Assessment.id, Assessment.passages, Document.text)
            .join(Document, Document.id == Assessment.document_id)
            .where(Assessment.status.in_(DECIDED), Document.forgotten_at.is_(None))
        )
        if self._seen is None:
            rows = session.execute(decided.order_by(Assessment.id.desc()).limit(KEPT)).all()
        else:
            since = select(Review.assessment_id).where(Review.id > self._seen)
            for changed in session.scalars(since.distinct()):
                self._index.drop(changed)
            rows = session.execute(decided.where(Assessment.id.in_(since))).all()
        for assessment_id, passages, text in rows:
            self._index.put(assessment_id, _window(passages, text))
        self._seen = newest


def reviewed(request: Request) -> Reviewed:
    """Return the application's index, made with the first request that asks."""
    state = request.app.state
    if not hasattr(state, "reviewed"):
        state.reviewed = Reviewed()
    held: Reviewed = state.reviewed
    return held


def passage_of(assessment: Assessment, text: str) -> str:
    """The passage that an assessment is about: the strongest, or the head of a text without one."""
    return _window(assessment.passages, text)


def _window(passages: Sequence[dict[str, int]], text: str) -> str:
    start, end = (passages[0]["start"], passages[0]["end"]) if passages else (0, 600)
    return text[start:end]


def _still_blind(session: Session, ids: Sequence[int], account_id: int) -> set[int]:
    """Those of the assessments that the account has not decided about and that are second looks or gold cases."""
    own = select(Review.assessment_id).where(Review.reviewer_id == account_id, Review.assessment_id.in_(ids))
    second = select(SecondLook.assessment_id).where(SecondLook.assessment_id.in_(ids), SecondLook.open)
    gold = select(GoldCase.assessment_id).where(GoldCase.assessment_id.in_(ids))
    return (set(session.scalars(second)) | set(session.scalars(gold))) - set(session.scalars(own))


def _showable(session: Session, ids: Sequence[int], beside: Found) -> list[int]:
    """Those that may stand beside: still decided, still there, and neither the passage itself nor a near-copy."""
    query = (
        select(Assessment.id)
        .join(Document, Document.id == Assessment.document_id)
        .where(
            Assessment.id.in_(ids),
            Assessment.status.in_(DECIDED),
            Assessment.cluster_id != beside.assessment.cluster_id,
            Document.forgotten_at.is_(None),
        )
    )
    return list(session.scalars(query))
