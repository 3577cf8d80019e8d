"""Rows that were moved out of the way because their worker stopped on them, and how they come back.

Nothing in quarantine is lost: it waits with its reason until a person has it tried again. It knows no page.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, literal, select, union_all, update
from sqlalchemy.orm import Session

from api import audit
from api.errors import NotFound
from models.document import Document
from models.item import Item
from models.source import Source

TABLES: dict[str, type[Item | Document]] = {"item": Item, "document": Document}


@dataclass(frozen=True)
class Stuck:
    """One row in quarantine: what it is, where it came from and why it is here."""

    kind: str
    id: int
    source: str
    title: str
    reason: str
    since: dt.datetime
    attempts: int


def stuck_rows(session: Session, limit: int, offset: int = 0) -> list[Stuck]:
    """Return rows in quarantine, those that came last first."""
    each = [
        select(
            literal(kind).label("kind"),
            table.id.label("id"),
            table.source_id.label("source_id"),
            func.coalesce(table.title, table.url, "").label("title"),
            func.coalesce(table.quarantine_reason, "no reason was kept").label("reason"),
            table.quarantined_at.label("since"),
            table.attempts.label("attempts"),
        ).where(table.quarantined_at.is_not(None))
        for kind, table in TABLES.items()
    ]
    rows = union_all(*each).subquery()
    query = (
        select(rows.c.kind, rows.c.id, Source.name, rows.c.title, rows.c.reason, rows.c.since, rows.c.attempts)
        .join(Source, Source.id == rows.c.source_id)
        .order_by(rows.c.since.desc(), rows.c.kind, rows.c.id.desc())
    )
    return [Stuck(*row) for row in session.execute(query.offset(offset).limit(limit))]


def count_stuck(session: Session) -> int:
    """Count the rows in quarantine."""
    counts = [
        session.scalar(select(func.count()).select_from(table).where(table.quarantined_at.is_not(None)))
        for table in TABLES.values()
    ]
    return sum(count or 0 for count in counts)


def release_one(session: Session, kind: str, row_id: int, account_id: int, now: dt.datetime) -> None:
    """Have one row tried again, with all its attempts before it; raises NotFound when it is not in quarantine."""
    table = TABLES.get(kind)
    if table is None:
        raise NotFound(f"there is no quarantine for a {kind!r}; it holds {' and '.join(TABLES)} rows")
    freed = (
        update(table)
        .where(table.id == row_id, table.quarantined_at.is_not(None))
        .values(quarantined_at=None, quarantine_reason=None, attempts=0)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    if session.scalars(freed).one_or_none() is None:
        raise NotFound(f"the {kind} {row_id} is not in quarantine; somebody may have released it already")
    audit.note(session, account_id, "quarantine.released", now, about=(kind, row_id))


def release_all(session: Session, account_id: int, now: dt.datetime) -> int:
    """Have every row in quarantine tried again, as after an upgrade that mends the cause; returns how many."""
    count = 0
    for kind, table in TABLES.items():
        freed = (
            update(table)
            .where(table.quarantined_at.is_not(None))
            .values(quarantined_at=None, quarantine_reason=None, attempts=0)
            .returning(table.id)
            .execution_options(synchronize_session=False)
        )
        ids = sorted(session.scalars(freed))
        count += len(ids)
        if ids:
            about = {"kind": kind, "ids": ids[:1000], "count": len(ids)}
            audit.note(session, account_id, "quarantine.released", now, details=about)
    return count
