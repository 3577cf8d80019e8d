"""Hand each reviewer a passage that nobody else has in front of them.

A lease is taken by one conditional statement, so that of two who ask at once one gets it; it ends by time, so that a
closed lid keeps nothing from anybody. One reviewer holds one passage at a time. It knows no form and no verdict.
"""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import and_, case, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from api.queue import QueueFilters, find_ids
from models.account import Account
from models.base import is_sqlite
from models.review import ReviewLease

ASSIGNED = dt.timedelta(days=7)  # how long a passage stays with whom a lead hands it to
LOOK_AT = 20  # passages looked at for a free one before the next look; more reviewers than that are rare


def take(session: Session, assessment_id: int, account_id: int, now: dt.datetime, lease: dt.timedelta) -> bool:
    """Take a passage, or hold it longer; False when somebody else has it. Gives back what this reviewer held before."""
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    values = {"account_id": account_id, "taken_at": now, "ends_at": now + lease}
    # What a lead has handed over stays with its reviewer as long as the lead said.
    handed = and_(ReviewLease.assigned_by.is_not(None), ReviewLease.account_id == account_id, ReviewLease.ends_at > now)
    kept = {
        "ends_at": case((and_(handed, ReviewLease.ends_at > now + lease), ReviewLease.ends_at), else_=now + lease),
        "assigned_by": case((handed, ReviewLease.assigned_by), else_=None),
    }
    statement = (
        insert(ReviewLease)
        .values(assessment_id=assessment_id, **values)
        .on_conflict_do_update(
            index_elements=[ReviewLease.assessment_id],
            set_=values | kept,
            where=or_(ReviewLease.account_id == account_id, ReviewLease.ends_at <= now),
        )
        .returning(ReviewLease.assessment_id)
    )
    if session.execute(statement).one_or_none() is None:
        return False
    session.execute(
        delete(ReviewLease)
        .where(
            ReviewLease.account_id == account_id,
            ReviewLease.assessment_id != assessment_id,
            ReviewLease.assigned_by.is_(None),
        )
        .execution_options(synchronize_session=False)
    )
    return True


def take_next(
    session: Session,
    filters: QueueFilters,
    order: str,
    cursor: str | None,
    account_id: int,
    *,
    now: dt.datetime,
    lease: dt.timedelta,
) -> int | None:
    """Take the first passage of a search that nobody else holds; None when there is none."""
    while True:
        ids, cursor = find_ids(session, filters, order, cursor, LOOK_AT)
        held = holders(session, ids, account_id, now)
        for one in ids:
            if one not in held and take(session, one, account_id, now, lease):
                return one
        if cursor is None:
            return None


def assign(
    session: Session, assessment_id: int, account_id: int, by: int, now: dt.datetime, lease: dt.timedelta = ASSIGNED
) -> bool:
    """Hand a passage to a reviewer; False when somebody else has it in front of them now."""
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    values = {"account_id": account_id, "taken_at": now, "ends_at": now + lease, "assigned_by": by}
    free = or_(
        ReviewLease.account_id.in_((account_id, by)), ReviewLease.ends_at <= now, ReviewLease.assigned_by.is_not(None)
    )
    statement = (
        insert(ReviewLease)
        .values(assessment_id=assessment_id, **values)
        .on_conflict_do_update(index_elements=[ReviewLease.assessment_id], set_=values, where=free)
        .returning(ReviewLease.assessment_id)
    )
    return session.execute(statement).one_or_none() is not None


def give_back(session: Session, account_id: int, assessment_id: int) -> None:
    """End what this reviewer holds: the passage that was decided, and all that was not handed to them."""
    done = or_(ReviewLease.assigned_by.is_(None), ReviewLease.assessment_id == assessment_id)
    session.execute(
        delete(ReviewLease)
        .where(ReviewLease.account_id == account_id, done)
        .execution_options(synchronize_session=False)
    )


def holders(
    session: Session, ids: Sequence[int], account_id: int, now: dt.datetime
) -> dict[int, tuple[str, dt.datetime]]:
    """Return who else has each of these passages, and until when; passages that are free are left out."""
    query = (
        select(ReviewLease.assessment_id, Account.name, ReviewLease.ends_at)
        .join(Account, Account.id == ReviewLease.account_id)
        .where(ReviewLease.assessment_id.in_(ids), ReviewLease.ends_at > now, ReviewLease.account_id != account_id)
    )
    return {one: (name, until) for one, name, until in session.execute(query)}
