"""Forget what the operator's ages and budget say, and what somebody has a right to have erased.

1. Texts go by their class: reviewed, flagged, or neither; each class has its own age.
2. Raw bytes go by their own age, with the last text that rests on them, or when their source is over its budget.
3. On request, one text goes at once, in all its versions, with every raw answer that may repeat it.

Words and bytes go; names, hashes, times and what was found stay, so the chain of evidence goes on to verify and trends
do not change. Each act leaves a row that counts it. A text that nobody has judged yet is never forgotten by age.
"""

import datetime as dt
import logging
import time
from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, delete, exists, func, insert, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from ingest import evidence
from ingest.errors import InputRefused
from ingest.settings import IngestSettings
from models.assessment import Assessment
from models.database import Sessions, reading, writing
from models.document import COURSE, Band, Document
from models.evidence import RawBody
from models.forgetting import Erasure, Forgetting
from models.item import Item
from models.review import Review
from models.second import Gloss, Opinion
from models.source import Source

log = logging.getLogger(__name__)

BATCH = 500
BODIES = 100
TURN_SECONDS = 60.0
# A source that is over its budget is brought this far below it, so that it is not over again with its next answer.
ROOM = 0.9


def forget(sessions: Sessions, settings: IngestSettings, now: dt.datetime) -> int:
    """Forget what is over its age or its source's budget; return how many texts and raw bodies went.

    What does not fit into one turn goes in the next. Any number of workers may do it at once.
    """
    ends_at = time.monotonic() + TURN_SECONDS
    moved = 0
    for name, which in classes().items():
        days = getattr(settings, f"forget_{name}_days")
        if days:
            reason = f"{name} texts are kept for {days:g} days"
            moved += _forget_texts(sessions, which & _older(Item.fetched_at, days, now), reason, ends_at, now)
    ages = [days for days in (getattr(settings, f"forget_{name}_days") for name in classes()) if days]
    if ages:
        reason = "no text that is kept rests on them"
        unused = _older(RawBody.received_at, min(ages), now) & ~_serves(Item.forgotten_at.is_(None))
        moved += _forget_bodies(sessions, unused, "age", reason, ends_at, now)
    if settings.forget_raw_days:
        reason = f"raw answers are kept for {settings.forget_raw_days:g} days"
        plain = _older(RawBody.received_at, settings.forget_raw_days, now) & ~_serves(_in_doubt() | _worth_keeping())
        moved += _forget_bodies(sessions, plain, "age", reason, ends_at, now)
    if settings.raw_budget_bytes:
        moved += _keep_budgets(sessions, settings, ends_at, now)
    return moved


def classes() -> dict[str, ColumnElement[bool]]:
    """Return which remembered items belong to which class: every judged item to exactly one, the course's to none."""
    gathered = ~_of_course()
    reviewed, flagged = _reviewed(), _flagged()
    return {
        "unflagged": gathered & ~reviewed & ~flagged & ~_in_doubt(),
        "flagged": gathered & ~reviewed & flagged,
        "reviewed": gathered & reviewed,
    }


def versions_of(session: Session, document_id: int, *, copies: bool = False) -> list[int]:
    """Return the items behind a document in all their versions, and with `copies` those of its near-copies.

    Raises `InputRefused` when there is no such document.
    """
    document = session.get(Document, document_id)
    if document is None:
        raise InputRefused(f"there is no document {document_id}; its page and the API tell the number")
    same = Document.cluster_id == document.cluster_id if copies else Document.id == document_id
    named = select(Item.source_id, Item.external_id).join(Document, Document.item_id == Item.id).where(same).distinct()
    ids: list[int] = []
    for source_id, external_id in session.execute(named).all():
        mine = (Item.source_id == source_id) & (Item.external_id == external_id)
        ids += session.scalars(select(Item.id).where(mine))
    return sorted(ids)


def erase(sessions: Sessions, item_ids: Sequence[int], reason: str, by: str, now: dt.datetime) -> Forgetting:
    """Erase items on request, for good: they are not taken in again. Returns the row that counts what went.

    Every raw answer of their sources since they first came goes too, because any of them may repeat the words; the
    other items in those answers keep their texts. All of it is one transaction.
    """
    with writing(sessions) as session:
        items = session.scalars(select(Item).where(Item.id.in_(item_ids))).all()
        if not items:
            raise InputRefused("there is nothing to erase: no such item")
        because = f"erased on request: {reason}"
        bodies = _repeating(session, items)
        texts, documents = forget_items(session, item_ids, because, now)
        count, size = evidence.forget_raw(session, bodies, because, now)
        # What was known by its address or headline alone shares its hash with others, and is kept out by name only.
        tombs = [
            {
                "at": now,
                "source_id": item.source_id,
                "external_id": item.external_id,
                "content_sha256": item.content_sha256 if item.content else "",
            }
            for item in items
        ]
        session.execute(insert(Erasure), tombs)
        row = Forgetting(
            at=now, kind="request", reason=reason, by=by, items=texts, documents=documents, bodies=count, bytes=size
        )
        session.add(row)
        session.flush()
    return row


def forget_items(session: Session, item_ids: Sequence[int], because: str, now: dt.datetime) -> tuple[int, int]:
    """Let the words of items and their documents go; return how many of each went.

    Claims end, so that a worker that has read the words already cannot write them back.
    """
    unclaimed = {"claim_token": None, "claimed_until": None}
    items = session.scalars(
        update(Item)
        .where(Item.id.in_(item_ids), Item.forgotten_at.is_(None))
        .values(title=None, content="", url=None, author=None, notes=[], forgotten_at=now, forgotten_because=because)
        .values(**unclaimed)
        .returning(Item.id)
        .execution_options(synchronize_session=False)
    ).all()
    documents = session.scalars(
        update(Document)
        .where(Document.item_id.in_(item_ids), Document.forgotten_at.is_(None))
        .values(title=None, text="", url=None, forgotten_at=now, unscored_reason=None)
        .values(notes=[f"forgotten on {now:%Y-%m-%d}: {because}"], **unclaimed)
        .returning(Document.id)
        .execution_options(synchronize_session=False)
    ).all()
    # Its text is no more what later copies could be compared with.
    session.execute(delete(Band).where(Band.document_id.in_(documents)))
    # What other machines made of the words repeats them.
    session.execute(delete(Gloss).where(Gloss.document_id.in_(documents)))
    read = select(Assessment.id).where(Assessment.document_id.in_(documents))
    session.execute(delete(Opinion).where(Opinion.assessment_id.in_(read)))
    return len(items), len(documents)


def _forget_texts(sessions: Sessions, which: ColumnElement[bool], reason: str, ends_at: float, now: dt.datetime) -> int:
    moved = 0
    while time.monotonic() < ends_at:
        with writing(sessions) as session:
            chosen = select(Item.id).where(Item.forgotten_at.is_(None), which).order_by(Item.fetched_at).limit(BATCH)
            ids = session.scalars(chosen).all()
            items, documents = forget_items(session, ids, reason, now) if ids else (0, 0)
            _count(session, "age", reason, now, items=items, documents=documents)
        moved += items
        if len(ids) < BATCH:
            break
    return moved


def _forget_bodies(
    sessions: Sessions, which: ColumnElement[bool], kind: str, reason: str, ends_at: float, now: dt.datetime
) -> int:
    moved = 0
    while time.monotonic() < ends_at:
        with writing(sessions) as session:
            chosen = select(RawBody.sha256).where(RawBody.forgotten_at.is_(None), which).limit(BODIES)
            hashes = session.scalars(chosen).all()
            count, size = evidence.forget_raw(session, hashes, reason, now) if hashes else (0, 0)
            _count(session, kind, reason, now, bodies=count, bytes=size)
        moved += count
        if len(hashes) < BODIES:
            break
    return moved


def _keep_budgets(sessions: Sessions, settings: IngestSettings, ends_at: float, now: dt.datetime) -> int:
    """Bring each source that keeps more raw bytes than it may below its budget, the oldest bytes first."""
    total = func.sum(RawBody.size, type_=BigInteger)
    with reading(sessions) as session:
        over = session.execute(
            select(RawBody.source_id, Source.name, total)
            .join(Source, Source.id == RawBody.source_id)
            .where(RawBody.forgotten_at.is_(None))
            .group_by(RawBody.source_id, Source.name)
            .having(total > settings.raw_budget_bytes)
        ).all()
    moved = 0
    for source_id, name, kept in over:
        reason = f"{name} kept more than {settings.raw_budget_bytes:,} raw bytes"
        left = int(kept)
        while left > settings.raw_budget_bytes * ROOM and time.monotonic() < ends_at:
            with writing(sessions) as session:
                mine = (RawBody.source_id == source_id) & RawBody.forgotten_at.is_(None) & ~_serves(_worth_keeping())
                oldest = select(RawBody.sha256, RawBody.size).where(mine).order_by(RawBody.received_at).limit(BODIES)
                hashes = []
                for sha256, size in session.execute(oldest):
                    if left <= settings.raw_budget_bytes * ROOM:
                        break
                    hashes.append(sha256)
                    left -= size
                count, size = evidence.forget_raw(session, hashes, reason, now)
                _count(session, "budget", reason, now, bodies=count, bytes=size)
            moved += count
            if not hashes:
                log.warning("%s, and all of them are evidence of flagged texts: nothing was forgotten", reason)
                break
    return moved


def _count(session: Session, kind: str, reason: str, now: dt.datetime, **counts: int) -> None:
    if any(counts.values()):
        session.add(Forgetting(at=now, kind=kind, reason=reason, **counts))


def _repeating(session: Session, items: Sequence[Item]) -> list[str]:
    """Return the raw bodies that hold, or may repeat, the words of `items`."""
    first: dict[int, dt.datetime] = {}
    for item in items:
        first[item.source_id] = min(item.fetched_at, first.get(item.source_id, item.fetched_at))
    since = [(RawBody.source_id == source_id) & (RawBody.received_at >= at) for source_id, at in first.items()]
    named = [item.raw_sha256 for item in items if item.raw_sha256]
    pages = select(Document.article_sha256).where(
        Document.item_id.in_([item.id for item in items]), Document.article_sha256.is_not(None)
    )
    named += [sha256 for sha256 in session.scalars(pages) if sha256]
    return list(session.scalars(select(RawBody.sha256).where(or_(RawBody.sha256.in_(named), *since))))


def _older(column: InstrumentedAttribute[dt.datetime], days: float, now: dt.datetime) -> ColumnElement[bool]:
    return column < now - dt.timedelta(days=days)


def _serves(which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Select raw bodies on which an item with `which` rests, as the answer it came in or as its article."""
    page = aliased(Document)
    answer = exists().where(Item.raw_sha256 == RawBody.sha256, which)
    article = exists().where(page.article_sha256 == RawBody.sha256, page.item_id == Item.id, which)
    return answer.correlate(RawBody) | article.correlate(RawBody)


def _worth_keeping() -> ColumnElement[bool]:
    return Item.forgotten_at.is_(None) & (_reviewed() | _flagged())


def _flagged() -> ColumnElement[bool]:
    read = aliased(Document)
    flagged = Assessment.flag | Assessment.flagged_now
    return exists().where(read.item_id == Item.id, Assessment.document_id == read.id, flagged).correlate(Item)


def _reviewed() -> ColumnElement[bool]:
    read = aliased(Document)
    mine = (read.item_id == Item.id) & (Assessment.document_id == read.id)
    return exists().where(mine, Review.assessment_id == Assessment.id).correlate(Item)


def _of_course() -> ColumnElement[bool]:
    read = aliased(Document)
    return exists().where(read.item_id == Item.id, read.extraction == COURSE).correlate(Item)


def _in_doubt() -> ColumnElement[bool]:
    """Select items that still wait to be read out or judged: they are not thereby harmless."""
    read = aliased(Document)
    judged = or_(read.assessed_by.is_not(None), ~read.current, read.text == "")
    return Item.forgotten_at.is_(None) & ~exists().where(read.item_id == Item.id, judged).correlate(Item)
