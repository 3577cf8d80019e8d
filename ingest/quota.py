"""How many items of one source are let through in a day, so that a flood buries nobody and fills no disk.

1. Up to its quota a source's items go on as ever.
2. What comes beyond it is stored and held back in quarantine, as many as a week of quotas.
3. Beyond that nothing is stored of it: it is counted as refused, and the source's cursor stays where it is.

What is held back is let in as days leave room, the oldest first, or when a person releases it. Half of a day stays free
for what is new. Files that an operator brings, in a folder or by hand, have no quota unless one is set on the source.
"""

import datetime as dt
import logging

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from ingest.settings import IngestSettings
from models.database import Sessions, reading, writing
from models.item import Item
from models.source import OVER_QUOTA, POLLED_KINDS, WELL, Source

log = logging.getLogger(__name__)

# Kinds whose items an operator brings: a backfill of millions is meant.
BROUGHT = ("folder", "import")
HELD_DAYS = 7
RESERVED = 2  # one part in so many of a day is what held items may take at most
AWAY_BECAUSE = "its source is over its quota of items a day, and as many as a week allows are held back already"
HELD_BECAUSE = "its source was over its quota of items a day"
BATCH = 500


def limit_of(source: Source, settings: IngestSettings) -> int | None:
    """Return how many items of a source are let through in a day, None for any number."""
    wanted = source.items_per_day
    if wanted is None:
        wanted = 0 if source.kind in BROUGHT else settings.source_items_per_day
    return wanted or None


def shares(
    session: Session, source: Source, wanted: int, settings: IngestSettings, now: dt.datetime
) -> tuple[int, int]:
    """Take `wanted` items up; return how many of them are let through, and how many more are stored and held back.

    The others are not stored. The caller's transaction counts them.
    """
    limit = limit_of(source, settings)
    if limit is None or not wanted:
        return wanted, 0
    if source.kind not in POLLED_KINDS:  # two pushes at once count one after the other
        session.refresh(source, ["counted_day", "counted_items", "held_items"], with_for_update=True)
    _new_day(source, now)
    through = min(wanted, max(limit - source.counted_items, 0))
    held = min(wanted - through, max(limit * HELD_DAYS - source.held_items, 0)) if through < wanted else 0
    source.counted_items += through
    source.held_items += held
    return through, held


def sentence(session: Session, source: Source, settings: IngestSettings) -> str | None:
    """Say how far a source is over its quota, or None while nothing of it is held back.

    What is held back is counted anew, because a person may have released some.
    """
    if source.held_items:
        source.held_items = _held(session, source.id)
    limit = limit_of(source, settings) or source.counted_items
    if not source.held_items:
        return None
    if source.held_items >= limit * HELD_DAYS:
        return (
            f"it brings more than its quota of {limit:,} items a day, and {source.held_items:,} of them are held back; "
            "what comes beyond is not taken in until some of them are released"
        )
    return (
        f"it brings more than its quota of {limit:,} items a day, and {source.held_items:,} of them are held back "
        "until a day leaves room, or a person releases them"
    )


def let_in(sessions: Sessions, settings: IngestSettings, now: dt.datetime) -> int:
    """Let in what the day leaves room for, the oldest first; return how many items. Any number of workers may do it."""
    with reading(sessions) as session:
        ids = session.scalars(select(Source.id).where(Source.held_items > 0).order_by(Source.id)).all()
    return sum(_let_in(sessions, source_id, settings, now) for source_id in ids)


def show(session: Session, source: Source, settings: IngestSettings, now: dt.datetime) -> None:
    """Put a source that nobody polls into the state that its quota asks for, or back."""
    if source.kind in POLLED_KINDS:
        return
    said = sentence(session, source, settings)
    if said and source.state in (*WELL, OVER_QUOTA):
        if source.state != OVER_QUOTA:
            log.warning("the source %s is now %s: %s", source.name, OVER_QUOTA, said)
            source.state_since = now
        source.state, source.state_reason = OVER_QUOTA, said
    elif source.state == OVER_QUOTA:
        source.state, source.state_reason, source.state_since = "ok", None, now


def _let_in(sessions: Sessions, source_id: int, settings: IngestSettings, now: dt.datetime) -> int:
    moved = 0
    while True:
        with writing(sessions) as session:
            source = session.get_one(Source, source_id, with_for_update=True)
            _new_day(source, now)
            limit = limit_of(source, settings)
            room = BATCH if limit is None else min(limit // RESERVED - source.counted_items, BATCH)
            oldest = (
                select(Item.id).where(Item.source_id == source_id, held_back()).order_by(Item.id).limit(max(room, 0))
            )
            freed = session.scalars(
                update(Item)
                .where(Item.id.in_(oldest))
                .values(quarantined_at=None, quarantine_reason=None)
                .returning(Item.id)
                .execution_options(synchronize_session=False)
            ).all()
            source.counted_items += len(freed)
            source.held_items = _held(session, source_id)
            show(session, source, settings, now)
        moved += len(freed)
        if len(freed) < BATCH:
            return moved


def _held(session: Session, source_id: int) -> int:
    return session.scalar(select(func.count()).select_from(Item).where(Item.source_id == source_id, held_back())) or 0


def held_back() -> ColumnElement[bool]:
    """Select items that are held back: the one place that says so."""
    return Item.quarantined_at.is_not(None) & (Item.quarantine_reason == HELD_BECAUSE)


def _new_day(source: Source, now: dt.datetime) -> None:
    """Begin to count anew when another day has begun, by UTC; a clock that goes back begins none."""
    day = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if source.counted_day is None or source.counted_day < day:
        source.counted_day, source.counted_items = day, 0
