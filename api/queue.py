"""The queue: which assessments a person should see, worst or newest first, a million rows at a time.

One statement per page, along an index, from where the last page ended. Marks lead when a label is asked for, otherwise
the assessments' own order does. It knows no HTTP; the console and the API both come here.

A search for words (`q`) reads texts one by one, which no index speeds up. So one page looks at no more than
`MOST_TEXTS` texts: it may come back short, or empty, with a `next` that goes on from there.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, false, func, or_, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from api.pagination import read_cursor, write_cursor
from models.alert import AlertAssessment
from models.assessment import Assessment, Mark
from models.document import Document
from models.review import THIRD, GoldCase, Review, ReviewLease, SecondLook
from models.source import Source

# The worst first, the latest to arrive first, the least certain first, the longest waiting first.
ORDERS = ("severity", "newest", "uncertainty", "oldest")
MOST_TEXTS = 20_000


@dataclass(frozen=True)
class QueueFilters:
    """What the queue is narrowed to; None does not narrow. `flag` means what holds now, reviews included."""

    flag: bool | None = None
    signal: str | None = None
    pathway: str | None = None
    target: str | None = None
    target_name: str | None = None
    language: str | None = None
    country: str | None = None
    source: str | None = None
    min_severity: int | None = None
    stage: int | None = None
    stance: str | None = None
    status: str | None = None
    abstained: bool | None = None
    second_for: int | None = None  # the account that has not decided yet about what wants a second look
    thirds: bool = True  # whether a second look may be one that settles between two
    assigned_to: int | None = None  # the account that a lead has handed it to
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    q: str | None = None

    def labels(self) -> list[tuple[str, str]]:
        """Return the labels asked for, as (kind of mark, key)."""
        asked = [(kind, getattr(self, kind)) for kind in ("signal", "pathway", "target", "target_name")]
        return [(kind, key) for kind, key in asked if key is not None]


@dataclass(frozen=True)
class Found:
    """One row of the queue with what is needed to show it."""

    assessment: Assessment
    document: Document
    source: Source
    marks: tuple[Mark, ...]


def find_assessments(
    session: Session,
    filters: QueueFilters,
    order: str = "severity",
    cursor: str | None = None,
    limit: int = 50,
    *,
    most_texts: int = MOST_TEXTS,
) -> tuple[list[Found], str | None]:
    """Return one page of current assessments and the cursor of the next; raises Invalid when the cursor is wrong."""
    ids, following = find_ids(session, filters, order, cursor, limit, most_texts=most_texts)
    return details(session, ids), following


def find_ids(
    session: Session,
    filters: QueueFilters,
    order: str = "severity",
    cursor: str | None = None,
    limit: int = 50,
    *,
    most_texts: int = MOST_TEXTS,
) -> tuple[list[int], str | None]:
    """Return what `find_assessments` does as ids alone."""
    source_id = None
    if filters.source is not None:
        source_id = _source_id(session, filters.source)
        if source_id is None:
            return [], None
    candidates, key = _candidates(filters, order, source_id)
    if cursor is not None:
        position = tuple_(*read_cursor(cursor, order, len(key)))
        candidates = candidates.where(tuple_(*key) > position if order == "oldest" else tuple_(*key) < position)
    if filters.q is None:
        rows = session.execute(candidates.limit(limit + 1)).all()
        ids, following = [row[-1] for row in rows[:limit]], tuple(rows[limit - 1]) if len(rows) > limit else None
    else:
        ids, following = _search(session, candidates, filters.q, limit, most_texts)
    return ids, None if following is None else write_cursor(order, *following)


def cursor_at(order: str, assessment: Assessment) -> str:
    """Return the cursor from which the passages after this one follow."""
    first = {"severity": (assessment.severity,), "uncertainty": (assessment.uncertainty,)}.get(order, ())
    return write_cursor(order, *first, assessment.id)


def get_assessment(session: Session, assessment_id: int) -> Found | None:
    """Return one assessment, current or not, with its document, source and marks."""
    found = details(session, [assessment_id])
    return found[0] if found else None


def worst_of_alert(session: Session, alert_id: int, limit: int) -> Sequence[int]:
    """Return the ids of the assessments that an alert rests on, the worst first."""
    query = (
        select(Assessment.id)
        .join(AlertAssessment, AlertAssessment.assessment_id == Assessment.id)
        .where(AlertAssessment.alert_id == alert_id)
        .order_by(Assessment.severity.desc(), Assessment.id.desc())
        .limit(limit)
    )
    return session.scalars(query).all()


def details(session: Session, ids: Sequence[int]) -> list[Found]:
    """Fetch what a list shows of these assessments, in the order given."""
    query = (
        select(Assessment, Document, Source)
        .join(Document, Document.id == Assessment.document_id)
        .join(Source, Source.id == Assessment.source_id)
        .where(Assessment.id.in_(ids))
    )
    rows = {row[0].id: row for row in session.execute(query)}
    marks: dict[int, list[Mark]] = {}
    for mark in session.scalars(select(Mark).where(Mark.assessment_id.in_(ids)).order_by(Mark.kind, Mark.key)):
        marks.setdefault(mark.assessment_id, []).append(mark)
    return [Found(*rows[one], tuple(marks.get(one, ()))) for one in ids if one in rows]


def _candidates(filters: QueueFilters, order: str, source_id: int | None) -> tuple[Select[Any], tuple[Any, ...]]:
    """Return the ordered select of (sort key ..., id) and the sort key's columns."""
    labels = filters.labels()
    conditions = _conditions(filters, source_id)
    key: tuple[Any, ...]
    # Marks repeat the severity, not the uncertainty: by uncertainty the assessments' own index leads.
    leads = bool(labels) and order != "uncertainty"
    if leads:
        lead = aliased(Mark)
        key = (lead.severity, lead.assessment_id) if order == "severity" else (lead.assessment_id,)
        query = select(*key).join(Assessment, Assessment.id == lead.assessment_id)
        conditions += [lead.kind == labels[0][0], lead.key == labels[0][1]]
        if filters.min_severity is not None:
            conditions.append(lead.severity >= filters.min_severity)
    else:
        by = {"severity": (Assessment.severity,), "uncertainty": (Assessment.uncertainty,)}.get(order, ())
        key = (*by, Assessment.id)
        query = select(*key)
    for kind, name in labels[1:] if leads else labels:
        other = aliased(Mark)
        conditions.append(
            select(other.assessment_id)
            .where(other.assessment_id == Assessment.id, other.kind == kind, other.key == name)
            .exists()
        )
    ordered = key if order == "oldest" else tuple(column.desc() for column in key)
    return query.where(*conditions).order_by(*ordered), key


def _conditions(filters: QueueFilters, source_id: int | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Assessment.current == true()]
    equal = {
        Assessment.flagged_now: filters.flag,
        Assessment.language: filters.language,
        Assessment.country: filters.country,
        Assessment.source_id: source_id,
        Assessment.stage: filters.stage,
        Assessment.stance: filters.stance,
        Assessment.status: filters.status,
        Assessment.abstained: filters.abstained,
    }
    conditions += [column == value for column, value in equal.items() if value is not None]
    if filters.second_for is not None:
        conditions.append(Assessment.id.in_(wanting_another(thirds=filters.thirds)))
        conditions.append(Assessment.id.not_in(decided_by(filters.second_for)))
    if filters.assigned_to is not None:
        conditions.append(Assessment.id.in_(handed_to(filters.assigned_to)))
    if filters.min_severity is not None:
        conditions.append(Assessment.severity >= filters.min_severity)
    if filters.since is not None:
        conditions.append(Assessment.event_at >= filters.since)
    if filters.until is not None:
        conditions.append(Assessment.event_at < filters.until)
    return conditions


def wanting_another(*, thirds: bool = True) -> CompoundSelect[int]:
    """Select what another reviewer should decide about: open second looks, and gold cases, which never close.

    Gold cases for training are left out: who has practised on one knows its answer. Without `thirds` those are left out
    in which two disagree already.
    """
    looks = select(SecondLook.assessment_id).where(SecondLook.open == true())
    if not thirds:
        looks = looks.where(SecondLook.wanted < THIRD)
    return looks.union_all(select(GoldCase.assessment_id).where(GoldCase.training == false()))


def handed_to(account_id: int) -> Select[int]:
    """Select what a lead has handed to this reviewer and still waits for them."""
    return select(ReviewLease.assessment_id).where(
        ReviewLease.account_id == account_id, ReviewLease.assigned_by.is_not(None)
    )


def decided_by(account_id: int) -> Select[int]:
    """Select what this reviewer has decided about, withdrawn or not: whoever has seen a verdict is not blind."""
    return select(Review.assessment_id).where(Review.reviewer_id == account_id)


def _search(
    session: Session, candidates: Select[Any], words: str, limit: int, most_texts: int
) -> tuple[list[int], tuple[int, ...] | None]:
    """Look for `words` in the next `most_texts` candidates; return the hits and where to go on, None at the end."""
    looked = session.execute(candidates.limit(most_texts + 1)).all()
    position = {row[-1]: tuple(row) for row in looked[:most_texts]}
    hits: list[int] = []
    ids = list(position)
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        found = set(session.scalars(_with_words(words, some)))
        hits += [one for one in some if one in found]
        if len(hits) > limit:
            return hits[:limit], position[hits[limit - 1]]
    return hits, position[ids[-1]] if len(looked) > most_texts else None


def _with_words(words: str, ids: Sequence[int]) -> Select[int]:
    said = or_(
        Document.text.icontains(words, autoescape=True),
        and_(Document.title.is_not(None), Document.title.icontains(words, autoescape=True)),
    )
    join = Document.id == Assessment.document_id
    return select(Assessment.id).join(Document, join).where(Assessment.id.in_(ids), said)


def _source_id(session: Session, source: str) -> int | None:
    """Find a source by its name, or by its id where no source has such a name."""
    by_name = session.scalar(select(Source.id).where(Source.name == source))
    if by_name is not None or not source.isdecimal() or len(source) > 18:
        return by_name
    return session.scalar(select(Source.id).where(Source.id == int(source)))


def queue_length(session: Session) -> int:
    """Count what is flagged now and nobody has looked at."""
    waiting = and_(Assessment.current, Assessment.flagged_now, Assessment.status == "unreviewed")
    return session.scalar(select(func.count()).select_from(Assessment).where(waiting)) or 0
