"""Open the database and be the only place that commits.

Two engines are known: SQLite for one machine, PostgreSQL for many workers. The rest of the code sees sessions and
cannot tell which it has.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.orm import Session, sessionmaker

import models.tables  # noqa: F401  a session must know the tables that another one points at

Sessions = sessionmaker[Session]

BUSY_TIMEOUT_MS = 30_000
READING = {"tocsin_reading": True}


def connect(url: str) -> Engine:
    """Return an engine for `url`; SQLite gets WAL, foreign keys, a busy timeout and explicit BEGINs.

    Raises `sqlalchemy.exc.ArgumentError` when `url` is no database URL.
    """
    if make_url(url).get_backend_name() == "sqlite":
        # The driver's own transaction control is off (isolation_level None): it would begin late and deferred, and a
        # deferred read that turns into a write fails at once with "database is locked", whatever the timeout.
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=10)


def open_sessions(url: str) -> Sessions:
    """Return the session factory that every room receives; objects stay readable after their session has ended."""
    return sessionmaker(connect(url), expire_on_commit=False)


@contextmanager
def writing(sessions: Sessions) -> Iterator[Session]:
    """One transaction that may write: commits when the block ends, rolls back when it raises."""
    with sessions() as session:
        yield session
        session.commit()


@contextmanager
def reading(sessions: Sessions) -> Iterator[Session]:
    """One transaction that only reads: never waits for a writer on SQLite, and ends without a commit."""
    with sessions() as session:
        session.connection(execution_options=READING)
        yield session


def scrub(sessions: Sessions) -> None:
    """Take what was deleted out of the database's files, where it lies until its place is needed again.

    SQLite writes its whole file anew, which takes as much free disk again; PostgreSQL cleans the tables where erased
    words can be. Call it outside any transaction; it waits for writers. Raises `sqlalchemy.exc.OperationalError`.
    """
    engine: Engine = sessions.kw["bind"]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT", **READING) as connection:
        if engine.dialect.name == "sqlite":
            connection.commit()  # ends the BEGIN that our own listener put before the first statement
            raw: Any = connection.connection.driver_connection
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            for table in ("items", "documents", "raw_bodies", "bands", "glosses", "opinions"):
                connection.exec_driver_sql(f"VACUUM {table}")


def _set_up_sqlite(raw: Any, _record: object) -> None:
    raw.isolation_level = None
    cursor = raw.cursor()
    for pragma in (
        "journal_mode=WAL",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
        "synchronous=FULL",  # evidence and the outbox must survive a power cut, not only a crash
        "temp_store=MEMORY",
        "cache_size=-32768",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("tocsin_reading", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
