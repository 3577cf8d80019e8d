"""Who works on what: leases on rows, and the last sign of life of each arrow.

A claim is one conditional UPDATE ... RETURNING, so that two workers never hold the same row. It expires, so that a
killed worker blocks nothing, and it carries a token, so that a worker that froze and woke up cannot write over the one
that took its place. The token names host and process, so that a restart on the same host need not wait for claims of
a process that is gone to expire. Claims know no arrow; the arrow says which rows are waiting.
"""

import datetime as dt
import hashlib
import os
import secrets
import socket
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, String, Text, Update, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, is_sqlite

MAX_ATTEMPTS = 5


class Claimable:
    """Columns of a row that an arrow works on.

    `attempts` counts claims without a result: a row that stops its worker `MAX_ATTEMPTS` times is quarantined
    instead of tried again. A quarantined row keeps its reason and waits for a person.
    """

    claim_token: Mapped[str | None] = mapped_column(String(32), default=None)
    claimed_until: Mapped[dt.datetime | None] = mapped_column(default=None)
    attempts: Mapped[int] = mapped_column(default=0)
    quarantined_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    quarantine_reason: Mapped[str | None] = mapped_column(Text, default=None)


Row = TypeVar("Row", bound=Any)


def free(table: type[Any], now: dt.datetime) -> ColumnElement[bool]:
    """Select rows that nobody holds and that are not quarantined."""
    return and_(table.quarantined_at.is_(None), or_(table.claimed_until.is_(None), table.claimed_until < now))


def claim(
    session: Session,
    table: type[Row],
    waiting: ColumnElement[bool],
    *,
    order_by: Any,
    limit: int,
    lease: dt.timedelta,
    now: dt.datetime,
) -> tuple[str, list[int]]:
    """Take up to `limit` waiting rows for `lease`; return the claim's token and the rows' ids, in `order_by` order.

    Commit before acting on them. The claim counts as an attempt on each row.
    """
    token = new_token()
    chosen = select(table.id).where(waiting, free(table, now)).order_by(order_by).limit(limit)
    if is_sqlite(session):
        among = table.id.in_(chosen)
    else:
        # As an array, PostgreSQL runs the inner query once; as a plain IN it may run it again for each row, skip the
        # rows it has just locked and take more than `limit`.
        among = table.id == func.any(func.array(chosen.with_for_update(skip_locked=True, of=table).scalar_subquery()))
    taken = (
        update(table)
        .where(among, free(table, now))
        .values(claim_token=token, claimed_until=now + lease, attempts=table.attempts + 1)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    ids = set(session.scalars(taken))
    if not ids:
        return token, []
    return token, list(session.scalars(select(table.id).where(table.id.in_(ids)).order_by(order_by)))


def claim_apart(
    session: Session,
    table: type[Row],
    waiting: ColumnElement[bool],
    *,
    order_by: Any,
    limit: int,
    lease: dt.timedelta,
    now: dt.datetime,
) -> tuple[str, list[int]]:
    """Claim like `claim`, but a row that a worker stopped on before comes alone, so that only the guilty one suffers.

    First quarantines the rows that stopped a worker `MAX_ATTEMPTS` times.
    """
    quarantine_exhausted(session, table, waiting, now)
    token: str = ""
    ids: list[int] = []
    # Suspects come in random order: a worker that is killed from outside, again and again and soon after its start,
    # must not be on the same innocent row each time.
    for which, most, order in ((table.attempts > 0, 1, func.random()), (table.attempts == 0, limit, order_by)):
        token, ids = claim(session, table, waiting & which, order_by=order, limit=most, lease=lease, now=now)
        if ids:
            break
    return token, ids


def held(session: Session, table: type[Row], token: str, ids: list[int]) -> list[int]:
    """Return those of `ids` that the claim `token` still holds, locked until the transaction ends.

    A result is written only for these: the others have been taken over since.
    """
    query = select(table.id).where(table.id.in_(ids), table.claim_token == token)
    if not is_sqlite(session):
        query = query.with_for_update(of=table)
    return list(session.scalars(query))


def held_row(session: Session, table: type[Row], token: str, row_id: int) -> Row | None:
    """Return a row whole, locked like those of `held`, or None when the claim `token` does not hold it any more."""
    given = {"held_id": row_id, "held_token": token}
    query = _one_held(table, lock=not is_sqlite(session))  # type: ignore[arg-type]  # a class is hashable
    found: Row | None = session.scalars(query, given).one_or_none()
    return found


def release_row(session: Session, table: type[Row], token: str, row_id: int, **values: object) -> bool:
    """Give one finished row back as `release` does; what the session holds of it is not told. Returns whether it was.

    The statement is made once and not at each call: making it takes longer than running it.
    """
    given = values | {"claim_token": None, "claimed_until": None, "attempts": 0}
    statement = _one_given_back(table)  # type: ignore[arg-type]  # a class is hashable
    result = session.execute(statement, given | {"held_id": row_id, "held_token": token})
    return bool(result.rowcount)  # type: ignore[attr-defined]  # of an UPDATE there is one


@cache
def _one_held(table: type[Any], *, lock: bool) -> Select[Any]:
    query = select(table).where(table.id == bindparam("held_id"), table.claim_token == bindparam("held_token"))
    return query.with_for_update(of=table) if lock else query


@cache
def _one_given_back(table: type[Any]) -> Update:
    own = table.__table__.c
    return update(table.__table__).where(own.id == bindparam("held_id"), own.claim_token == bindparam("held_token"))


def release(session: Session, table: type[Row], token: str, ids: list[int], *, done: bool, **values: object) -> int:
    """Give claimed rows back, with further column `values`; `done` forgets earlier attempts. Returns how many."""
    if done:
        values["attempts"] = 0
    statement = (
        update(table)
        .where(table.id.in_(ids), table.claim_token == token)
        .values(claim_token=None, claimed_until=None, **values)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    return len(session.scalars(statement).all())


def quarantine_exhausted(session: Session, table: type[Row], waiting: ColumnElement[bool], now: dt.datetime) -> int:
    """Quarantine free rows whose worker died on them `MAX_ATTEMPTS` times; call before each claim."""
    statement = (
        update(table)
        .where(waiting, free(table, now), table.attempts >= MAX_ATTEMPTS)
        .values(
            claim_token=None,
            claimed_until=None,
            quarantined_at=now,
            quarantine_reason=f"the worker stopped on this row {MAX_ATTEMPTS} times without a result",
        )
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    return len(session.scalars(statement).all())


def new_token() -> str:
    """Return a new token: 8 hexadecimal digits of the host, the process, 8 random bytes."""
    return f"{_host()}.{os.getpid():x}.{secrets.token_hex(8)}"[:32]


def release_dead(session: Session, table: type[Row]) -> int:
    """End the claims that processes of this host held and cannot hold any more; returns how many.

    Call when a process starts, before it claims: whatever carries its own number then is of an earlier life. A number
    that another program has got since looks alive; such a claim ends with its lease.
    """
    tokens = session.scalars(select(table.claim_token).where(table.claim_token.startswith(f"{_host()}.")).distinct())
    dead = [token for token in tokens if not _lives(int(token.split(".")[1], 16))]
    ended = (
        update(table)
        .where(table.claim_token.in_(dead))
        .values(claim_token=None, claimed_until=None)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    return len(session.scalars(ended).all()) if dead else 0


def _host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _lives(process: int) -> bool:
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Heartbeat(Base):
    """The last turn of one arrow: when it ran, how many it moved, what went wrong. `readyz` reads it."""

    __tablename__ = "heartbeats"

    arrow: Mapped[str] = mapped_column(String(32), primary_key=True)
    worker: Mapped[str] = mapped_column(String(64))
    beat_at: Mapped[dt.datetime]
    every_seconds: Mapped[float]
    moved: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text, default=None)
