"""Write the Merkle log: every item, assessment, review, alert and step of an alert gets one entry, seconds after it.

What waits is a query: rows without an entry. One writer at a time appends, whoever it is. Entries hold hashes, numbers
and times; the texts they vouch for may be forgotten, and the log holds. The tree itself is `ingest.merkle`.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ingest import merkle
from models.alert import Alert, AlertEvent
from models.assessment import Assessment
from models.base import is_sqlite
from models.database import Sessions, reading, writing
from models.document import Document
from models.item import Item
from models.log import EMPTY_ROOT, ENTRY_KINDS, LogEntry, LogHead, LogNode
from models.review import Review

HEAD = 1
BATCH = 500
# Rows that are committed late have numbers a little below those logged already; further back only `whole` looks.
LOOK_BACK = 2_000
READING = ("language", "flag", "abstained", "severity", "stage", "stance", "signals", "pathways", "targets", "passages")
DECISION = (
    *("verdict", "signals", "stage", "stance", "targets", "target_names", "worksheet", "tier"),
    *("hallmarks", "indicators", "note"),
)


@dataclass(frozen=True)
class Head:
    """How long the log is, and its root, hexadecimal."""

    size: int
    root: str


def head(session: Session) -> Head:
    """Return the end of the log."""
    found = session.get(LogHead, HEAD)
    return Head(found.size, found.root) if found else Head(0, EMPTY_ROOT)


def append_waiting(sessions: Sessions, now: dt.datetime, *, whole: bool = False) -> int:
    """Log what has no entry yet, at most a batch; return how many were logged. `whole` looks through all rows."""
    with reading(sessions) as session:
        if not any(session.scalars(_unlogged(session, kind, whole=whole).limit(1)).all() for kind in ENTRY_KINDS):
            return 0
    with writing(sessions) as session:
        size = _locked_size(session, now)
        rows: list[dict[str, Any]] = []
        for kind in ENTRY_KINDS:
            ids = session.scalars(_unlogged(session, kind, whole=whole).limit(BATCH - len(rows))).all()
            for row_id, entry in _entries(session, kind, ids):
                leaf = merkle.leaf_hash(entry.encode()).hex()
                rows.append({"kind": kind, "row_id": row_id, "entry": entry, "leaf_hash": leaf})
            if len(rows) >= BATCH:
                break
        _append(session, rows, size, now)
        return len(rows)


def inclusion(session: Session, position: int, size: int) -> list[str]:
    """Return the proof, hexadecimal, that the entry at `position` is among the first `size`; raises ValueError."""
    return [one.hex() for one in merkle.inclusion(Kept(session), position, size)]


def consistency(session: Session, first: int, second: int) -> list[str]:
    """Return the proof, hexadecimal, that the log of `first` entries is the beginning of `second`; or ValueError."""
    return [one.hex() for one in merkle.consistency(Kept(session), first, second)]


def root_at(session: Session, size: int) -> str:
    """Return the root that the log had at `size`, hexadecimal."""
    return merkle.root(Kept(session), size).hex()


class Kept:
    """Gives the hashes of complete subtrees out of the database; `new` ones are known before they are written."""

    def __init__(self, session: Session, new: Mapping[tuple[int, int], bytes] | None = None) -> None:
        self.session, self.new = session, dict(new or {})

    def __call__(self, level: int, position: int) -> bytes:
        """Return one hash."""
        if (known := self.new.get((level, position))) is not None:
            return known
        if level == 0:
            query = select(LogEntry.leaf_hash).where(LogEntry.position == position)
        else:
            query = select(LogNode.hash).where(LogNode.level == level, LogNode.position == position)
        return bytes.fromhex(self.session.scalars(query).one())


def canonical(fields: Mapping[str, Any]) -> str:
    """Write fields as JSON in one way only."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def entry_of(kind: str, row: Any, text_sha256: str | None = None) -> str:
    """Return the entry that vouches for a row; for an assessment with the hash of the text that it read."""
    return canonical({"kind": kind, "id": row.id, **WRITERS[kind](row, text_sha256)})


def _of_item(item: Item, _: str | None) -> dict[str, Any]:
    return {
        "source_id": item.source_id,
        "external_id_sha256": _sha256(item.external_id),
        "version": item.version,
        "content_sha256": item.content_sha256,
        "raw_sha256": item.raw_sha256,
        "fetched_at": _time(item.fetched_at),
    }


def _of_assessment(row: Assessment, text_sha256: str | None) -> dict[str, Any]:
    return {
        "document_id": row.document_id,
        "text_sha256": text_sha256,
        "model": row.model,
        "assessed_at": _time(row.assessed_at),
        "reading_sha256": _sha256(canonical({name: getattr(row, name) for name in READING})),
    }


def _of_review(row: Review, _: str | None) -> dict[str, Any]:
    return {
        "assessment_id": row.assessment_id,
        "reviewer_id": row.reviewer_id,
        "created_at": _time(row.created_at),
        "decision_sha256": _sha256(canonical({name: getattr(row, name) for name in DECISION})),
    }


def _of_alert(row: Alert, _: str | None) -> dict[str, Any]:
    return {
        "rule_id": row.rule_id,
        "alert_kind": row.kind,
        "group_sha256": _sha256(row.group_key),
        "opened_at": _time(row.opened_at),
    }


def _of_event(row: AlertEvent, _: str | None) -> dict[str, Any]:
    return {
        "alert_id": row.alert_id,
        "at": _time(row.at),
        "event": row.kind,
        "account_id": row.account_id,
        "note_sha256": _sha256(canonical({"note": row.note, "details": row.details})),
    }


TABLES: dict[str, type[Any]] = {
    "item": Item,
    "assessment": Assessment,
    "review": Review,
    "alert": Alert,
    "event": AlertEvent,
}
WRITERS: dict[str, Callable[[Any, str | None], dict[str, Any]]] = {
    "item": _of_item,
    "assessment": _of_assessment,
    "review": _of_review,
    "alert": _of_alert,
    "event": _of_event,
}


def _unlogged(session: Session, kind: str, *, whole: bool) -> Any:
    table = TABLES[kind]
    logged = select(LogEntry.row_id).where(LogEntry.kind == kind, LogEntry.row_id == table.id)
    query = select(table.id).where(~logged.exists()).order_by(table.id)
    if whole:
        return query
    last = session.scalar(select(func.max(LogEntry.row_id)).where(LogEntry.kind == kind)) or 0
    return query.where(table.id > last - LOOK_BACK)


def _entries(session: Session, kind: str, ids: Sequence[int]) -> Iterator[tuple[int, str]]:
    for row, text_sha256 in rows_of(session, kind, ids):
        yield row.id, entry_of(kind, row, text_sha256)


def rows_of(session: Session, kind: str, ids: Sequence[int]) -> Iterator[tuple[Any, str | None]]:
    """Give rows of a kind in the order of their ids, each with the hash of the text it is about, if there is one."""
    table = TABLES[kind]
    if kind == "assessment":
        query = select(Assessment, Document.text_sha256).join(Document, Document.id == Assessment.document_id)
        yield from session.execute(query.where(Assessment.id.in_(ids)).order_by(Assessment.id))
    else:
        for row in session.scalars(select(table).where(table.id.in_(ids)).order_by(table.id)):
            yield row, None


def _locked_size(session: Session, now: dt.datetime) -> int:
    upsert = sqlite.insert if is_sqlite(session) else postgresql.insert
    start = {"id": HEAD, "size": 0, "root": EMPTY_ROOT, "at": now}
    session.execute(upsert(LogHead).values(start).on_conflict_do_nothing())
    lock = update(LogHead).where(LogHead.id == HEAD).values(at=now).returning(LogHead.size)
    return session.scalars(lock.execution_options(synchronize_session=False)).one()


def _append(session: Session, rows: Sequence[dict[str, Any]], size: int, now: dt.datetime) -> None:
    """Write entries at the end, the nodes they complete, and the new head."""
    kept = Kept(session)
    nodes: list[dict[str, Any]] = []
    for position, row in enumerate(rows, start=size):
        row |= {"position": position, "logged_at": now}
        kept.new[0, position] = bytes.fromhex(row["leaf_hash"])
        level, at = 0, position
        while at & 1:  # a right child completes its parent
            whole = merkle.node_hash(kept(level, at - 1), kept(level, at))
            level, at = level + 1, at >> 1
            kept.new[level, at] = whole
            nodes.append({"level": level, "position": at, "hash": whole.hex()})
    if not rows:
        return
    session.execute(insert(LogEntry), list(rows))
    if nodes:
        session.execute(insert(LogNode), nodes)
    values = {"size": size + len(rows), "root": merkle.root(kept, size + len(rows)).hex()}
    session.execute(update(LogHead).where(LogHead.id == HEAD).values(**values))


def _time(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
