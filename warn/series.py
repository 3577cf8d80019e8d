"""Read tallies as arrays: one row per value of a dimension, one column per hour or day.

Times are counted in whole hours or days since 1970, UTC. What the counts mean is told by `warn.tally`.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import BigInteger, ColumnElement, and_, cast, extract, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.source import Source
from models.tally import TallyDay, TallyHour
from warn.baseline import Array
from warn.tally import VOLUME

HOUR_SECONDS = 3600
DAY_SECONDS = 86_400
# Targets are named by what is flagged; everything scanned is their denominator.
SCOPED_BY_VALUE = ("language", "country", "source")


@dataclass(frozen=True)
class Scope:
    """A set of series: one label by one dimension, within one country or ('') everywhere."""

    label: str
    dimension: str = "all"
    country: str = ""


@dataclass(frozen=True)
class Counts:
    """Counts of values (rows) in slots (columns)."""

    documents: Array
    voices: Array


def slot_of(moment: dt.datetime, seconds: int) -> int:
    """Return the number of the slot that a time lies in."""
    return int(moment.timestamp()) // seconds


def moment_of(slot: int, seconds: int) -> dt.datetime:
    """Return the time at which a slot begins."""
    return dt.datetime.fromtimestamp(slot * seconds, dt.UTC)


def busiest(
    session: Session,
    scope: Scope,
    since: dt.datetime,
    until: dt.datetime,
    *,
    least: int,
    most: int,
    seconds: int = HOUR_SECONDS,
) -> list[str]:
    """List the values with at least `least` voices in a stretch of whole slots, the busiest first."""
    table, at = _table(seconds)
    value = off_the_key(table.value)
    query = (
        select(value)
        .where(_of(table, scope), at >= since, at < until)
        .group_by(value)
        .having(func.sum(table.voices) >= least)
        .order_by(func.sum(table.documents).desc(), value)
        .limit(most)
    )
    return list(session.scalars(query))


def off_the_key(column: InstrumentedAttribute[str]) -> ColumnElement[str]:
    """Return the same text as an expression, to group by.

    To find groups in order, SQLite would otherwise walk the whole past of a dimension along the table's key, instead of
    the few slots that are asked for.
    """
    return column.concat("")


def read(session: Session, scope: Scope, values: Sequence[str], first: int, last: int, seconds: int) -> Counts:
    """Read the slots from `first` up to and without `last`, hours or days; a slot without a row holds zeros."""
    table, at = _table(seconds)
    rows = {value: row for row, value in enumerate(values)}
    documents, voices = np.zeros((len(values), last - first)), np.zeros((len(values), last - first))
    slot = cast(extract("epoch", at), BigInteger) // seconds - first
    query = select(table.value, slot, table.documents, table.voices).where(
        _of(table, scope),
        table.value.in_(values),
        at >= moment_of(first, seconds),
        at < moment_of(last, seconds),
    )
    # Thousands of rows: as plain tuples, and put into their places together.
    found = session.connection().execute(query).all()
    if found:
        keys, columns, some_documents, some_voices = zip(*found, strict=True)
        at_row = [rows[value] for value in keys]
        documents[at_row, columns] = some_documents
        voices[at_row, columns] = some_voices
    return Counts(documents, voices)


def read_volume(session: Session, scope: Scope, values: Sequence[str], first: int, last: int, seconds: int) -> Counts:
    """Read what was scanned in the scope of each value, in the shape of `read`."""
    if scope.dimension in SCOPED_BY_VALUE:
        return read(session, Scope(VOLUME, scope.dimension, scope.country), values, first, last, seconds)
    scanned = read(session, Scope(VOLUME, country=scope.country), [""], first, last, seconds)
    shape = (len(values), last - first)
    return Counts(np.broadcast_to(scanned.documents, shape), np.broadcast_to(scanned.voices, shape))


def _table(seconds: int) -> tuple[type[TallyHour] | type[TallyDay], InstrumentedAttribute[dt.datetime]]:
    """Return the table that counts in slots of this length, and its column of time."""
    return (TallyDay, TallyDay.day) if seconds == DAY_SECONDS else (TallyHour, TallyHour.hour)


def _of(table: type[TallyHour] | type[TallyDay], scope: Scope) -> ColumnElement[bool]:
    return and_(table.label == scope.label, table.dimension == scope.dimension, table.country == scope.country)


def names(session: Session, dimension: str, values: Sequence[str]) -> dict[str, str]:
    """Return what people call the values: a source has a name, everything else is its own."""
    named = {value: value for value in values}
    if dimension == "source":
        ids = [int(value) for value in values if value.isdecimal()]
        found = session.execute(select(Source.id, Source.name).where(Source.id.in_(ids)))
        named.update((str(source_id), name) for source_id, name in found)
    return named
