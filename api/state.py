"""How the installation is doing: what waits, what is stuck, and whether each arrow still turns.

Health, metrics, the console's overview and `tocsin doctor` all look here.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session

from models.alert import Alert
from models.assessment import Assessment
from models.claims import Heartbeat
from models.delivery import Delivery, owed
from models.document import Document, never_assessed
from models.item import Item, unread
from models.source import Source, due

ARROWS = ("poll", "extract", "assess", "raise", "deliver")
LATE_AFTER = 3  # intervals
SHORTEST_GRACE = dt.timedelta(seconds=60)  # a turn on a full batch may take this long without anything being wrong


@dataclass(frozen=True)
class Beat:
    """The last turn of one arrow; `age_seconds` is None when it never turned."""

    arrow: str
    age_seconds: float | None
    late: bool
    moved: int
    error: str | None
    beat_at: dt.datetime | None = None
    worker: str | None = None
    every_seconds: float | None = None


@dataclass(frozen=True)
class State:
    """One look at the whole installation."""

    beats: tuple[Beat, ...]
    waiting: dict[str, int]
    sources: dict[str, int]
    quarantined: int
    unscored: int
    open_alerts: int
    failed_deliveries: int


def look(session: Session, now: dt.datetime, most: int | None = None) -> State:
    """Count what waits and what is stuck; with `most`, each count gives up once it is above that."""

    def count(table: type[Any], condition: ColumnElement[bool]) -> int:
        some = select(literal(1)).select_from(table).where(condition).limit(None if most is None else most + 1)
        return session.scalar(select(func.count()).select_from(some.subquery())) or 0

    states = select(Source.state, func.count()).where(Source.enabled).group_by(Source.state)
    return State(
        beats=beats(session, now),
        waiting={
            "poll": count(Source, due(now)),
            "extract": count(Item, unread() & Item.quarantined_at.is_(None)),
            "assess": count(Document, never_assessed() & Document.quarantined_at.is_(None)),
            "raise": count(Assessment, Assessment.ruled_at.is_(None)),
            "deliver": count(Delivery, owed(now)),
        },
        sources=dict(session.execute(states).all()),
        quarantined=sum(count(table, table.quarantined_at.is_not(None)) for table in (Item, Document)),
        unscored=count(Document, Document.current & Document.unscored_reason.is_not(None)),
        open_alerts=count(Alert, Alert.state != "resolved"),
        failed_deliveries=count(Delivery, Delivery.state == "failed"),
    )


def beats(session: Session, now: dt.datetime) -> tuple[Beat, ...]:
    """Return the last turn of each arrow, in the order of the flow."""
    found = {beat.arrow: beat for beat in session.scalars(select(Heartbeat))}
    return tuple(beat_of(arrow, found.get(arrow), now) for arrow in ARROWS)


def beat_of(arrow: str, beat: Heartbeat | None, now: dt.datetime) -> Beat:
    """Judge one arrow: late is one that never turned, or not within three of its intervals."""
    if beat is None:
        return Beat(arrow, None, late=True, moved=0, error=None)
    age = now - beat.beat_at
    grace = max(SHORTEST_GRACE, dt.timedelta(seconds=LATE_AFTER * beat.every_seconds))
    return Beat(
        arrow=arrow,
        age_seconds=age.total_seconds(),
        late=age > grace,
        moved=beat.moved,
        error=beat.error,
        beat_at=beat.beat_at,
        worker=beat.worker,
        every_seconds=beat.every_seconds,
    )
