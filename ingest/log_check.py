"""Walk the Merkle log from its first entry and name what does not hold: entries, rows behind them, nodes, the head.

The head is only as good as its copies: a log that was rewritten as a whole shows against a checkpoint kept elsewhere.
"""

import datetime as dt
from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest import log, merkle
from ingest.evidence import Finding
from models.database import Sessions, reading
from models.log import ENTRY_KINDS, LogEntry, LogNode

CHUNK = 1000
GRACE = dt.timedelta(hours=1)  # a row that has no entry after this long was slipped in, or the log stands still


def verify_log(sessions: Sessions, now: dt.datetime) -> list[Finding]:
    """Return everything that does not hold, the first bad entry first; an empty list means that all holds."""
    with reading(sessions) as session:
        return [*_entry_findings(session), *_missing(session, now)]


class Frontier:
    """The hashes of the complete subtrees at the right edge, and of all that an append completed."""

    def __init__(self) -> None:
        self.size = 0
        self.edge: list[tuple[int, bytes]] = []
        self.completed: dict[tuple[int, int], str] = {}

    def append(self, leaf: bytes) -> None:
        """Add one leaf."""
        level, position, whole = 0, self.size, leaf
        while self.edge and self.edge[-1][0] == level:
            whole = merkle.node_hash(self.edge.pop()[1], whole)
            level, position = level + 1, position >> 1
            self.completed[level, position] = whole.hex()
        self.edge.append((level, whole))
        self.size += 1

    def root(self) -> str:
        """Return the root over all leaves so far."""
        if not self.edge:
            return merkle.EMPTY.hex()
        whole = self.edge[-1][1]
        for _, left in reversed(self.edge[:-1]):
            whole = merkle.node_hash(left, whole)
        return whole.hex()


def _entry_findings(session: Session) -> Iterator[Finding]:
    frontier, expected = Frontier(), 0
    while True:
        query = select(LogEntry).where(LogEntry.position >= expected).order_by(LogEntry.position).limit(CHUNK)
        entries = session.scalars(query).all()
        truth = _truth(session, entries)
        for entry in entries:
            if entry.position != expected:
                yield Finding(expected, None, f"log entries {expected} to {entry.position - 1} are missing")
                return
            frontier.append(bytes.fromhex(entry.leaf_hash))
            expected += 1
            if problem := _problem(entry, truth.get((entry.kind, entry.row_id))):
                yield Finding(entry.position, entry.row_id, f"log entry of {entry.kind} {entry.row_id}: {problem}")
        yield from _node_findings(session, frontier)
        session.expunge_all()
        if len(entries) < CHUNK:
            break
    end = log.head(session)
    if (end.size, end.root) != (frontier.size, frontier.root()):
        yield Finding(expected, None, f"the log's head says {end.size} entries, root {end.root}; found {frontier.size}")


def _truth(session: Session, entries: Sequence[LogEntry]) -> dict[tuple[str, int], str]:
    """Write the entries anew from the rows they vouch for."""
    written = {}
    for kind in ENTRY_KINDS:
        ids = [entry.row_id for entry in entries if entry.kind == kind]
        for row, text_sha256 in log.rows_of(session, kind, ids) if ids else ():
            written[kind, row.id] = log.entry_of(kind, row, text_sha256)
    return written


def _problem(entry: LogEntry, truth: str | None) -> str | None:
    if merkle.leaf_hash(entry.entry.encode()).hex() != entry.leaf_hash:
        return "the entry was changed"
    if truth is None:
        return "the row is gone"
    return None if truth == entry.entry else "the row was changed"


def _node_findings(session: Session, frontier: Frontier) -> Iterator[Finding]:
    """Compare the stored nodes with those that the entries of a chunk complete; proofs are made of the stored ones."""
    for level in sorted({level for level, _ in frontier.completed}):
        right = {position: whole for (at, position), whole in frontier.completed.items() if at == level}
        query = select(LogNode.position, LogNode.hash).where(
            LogNode.level == level, LogNode.position >= min(right), LogNode.position <= max(right)
        )
        stored: dict[int, str] = dict(session.execute(query).all())
        for position, whole in sorted(right.items()):
            if stored.get(position) != whole:
                yield Finding(position << level, None, f"log node {position} of level {level} does not follow")
    frontier.completed.clear()


def _missing(session: Session, now: dt.datetime) -> Iterator[Finding]:
    times = {"item": "fetched_at", "assessment": "assessed_at", "review": "created_at", "alert": "opened_at"}
    for kind, table in log.TABLES.items():
        at = getattr(table, times.get(kind, "at"))
        logged = select(LogEntry.row_id).where(LogEntry.kind == kind, LogEntry.row_id == table.id)
        query = select(table.id).where(~logged.exists(), at < now - GRACE).order_by(table.id)
        for row_id in session.scalars(query):
            yield Finding(0, row_id, f"{kind} {row_id} has no entry in the log")
