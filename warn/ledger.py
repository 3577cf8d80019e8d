"""Write what a recount has found: an hour's rows where they differ, and the day's by the difference.

A day is the sum of its hours at every moment that anybody can see, because both change in one transaction, under the
lock on the stale hour. Nothing here knows what is counted.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.base import Base, is_sqlite
from models.tally import CountedHour, TallyDay, TallyHour, day_of

DAY = dt.timedelta(days=1)
COUNTS = ("documents", "voices", "confirmed")
NAMED = ("label", "dimension", "value", "country")


class Key(NamedTuple):
    """One series of the lattice."""

    label: str
    dimension: str
    value: str
    country: str


@dataclass
class Cell:
    """The counts of one series in one hour."""

    documents: int = 0
    voices: int = 0
    confirmed: int = 0


def store(session: Session, hour: dt.datetime, counted: Mapping[Key, Cell]) -> int:
    """Make the hour's rows what was counted; return how many changed. The caller holds the hour."""
    before = _rows(session, hour)
    gone = before.keys() - counted.keys()
    changed = sorted(key for key, cell in counted.items() if before.get(key) != cell)
    if not gone and not changed:
        return 0
    if gone:
        _delete(session, TallyHour.hour, hour, gone)
    _put(session, TallyHour, [{**key._asdict(), "hour": hour, **vars(counted[key])} for key in changed], adding=False)
    # Sorted, so that two workers that count two hours of one day lock its series in the same order.
    moved = {key: _difference(counted.get(key), before.get(key)) for key in sorted([*gone, *changed])}
    day = day_of(hour)
    _put(session, TallyDay, [{**key._asdict(), "day": day, **vars(cell)} for key, cell in moved.items()], adding=True)
    if gone:
        _delete(session, TallyDay.day, day, gone, TallyDay.documents == 0)
    _put(session, CountedHour, [{"hour": hour, "revision": 1}], adding=True)
    return len(moved)


def add_up(session: Session, since: dt.datetime, until: dt.datetime) -> None:
    """Add the days up again from their hours; recounts wait meanwhile."""
    if not is_sqlite(session):
        session.execute(text("LOCK TABLE tally_days IN SHARE ROW EXCLUSIVE MODE"))
    first, last = day_of(since), day_of(until) + DAY
    session.execute(delete(TallyDay).where(TallyDay.day >= first, TallyDay.day < last))
    day: Any = (
        func.substr(TallyHour.hour, 1, 10) + " 00:00:00.000000"
        if is_sqlite(session)
        else func.timezone("UTC", func.date_trunc("day", func.timezone("UTC", TallyHour.hour)))
    )
    named = [getattr(TallyHour, name) for name in NAMED]
    sums = [func.sum(getattr(TallyHour, name)) for name in COUNTS]
    rows = select(*named, day, *sums).where(TallyHour.hour >= first, TallyHour.hour < last).group_by(*named, day)
    session.execute(insert(TallyDay).from_select([*NAMED, "day", *COUNTS], rows))


def _rows(session: Session, hour: dt.datetime) -> dict[Key, Cell]:
    """Read what the hour holds now."""
    columns = [getattr(TallyHour, name) for name in (*NAMED, *COUNTS)]
    rows = session.execute(select(*columns).where(TallyHour.hour == hour))
    return {Key(*row[:4]): Cell(*row[4:]) for row in rows}


def _difference(after: Cell | None, before: Cell | None) -> Cell:
    after, before = after or Cell(), before or Cell()
    return Cell(*(getattr(after, name) - getattr(before, name) for name in COUNTS))


def _put(session: Session, table: type[Base], rows: list[dict[str, Any]], *, adding: bool) -> None:
    """Insert rows; where one is there, add to its counts or replace them."""
    if not rows:
        return
    statement = (sqlite.insert if is_sqlite(session) else postgresql.insert)(table)
    keys = list(inspect(table).primary_key)
    counts = [column for column in inspect(table).columns if not column.primary_key]
    new = {
        column.name: column + statement.excluded[column.name] if adding else statement.excluded[column.name]
        for column in counts
    }
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=new), rows)


def _delete(
    session: Session, column: InstrumentedAttribute[dt.datetime], at: dt.datetime, keys: Iterable[Key], *more: Any
) -> None:
    """Delete the rows of some series at one hour or day."""
    table = column.class_
    named = [getattr(table, name) == bindparam(f"of_{name}") for name in NAMED]
    statement = delete(table.__table__).where(column == at, *named, *more)
    session.execute(statement, [{f"of_{name}": part for name, part in key._asdict().items()} for key in sorted(keys)])
