"""Read tallies as arrays: one row per value of a dimension, one column per hour or day.

Times are counted in whole hours or days since 1970, UTC. What the counts mean is told by `warn.tally`.
"""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, ColumnElement, and_, cast, extract, func, select, text
from sqlalchemy.orm import Session

from models.database import is_sqlite
from models.source import Source
from models.tally import TallyHour
from warn.detectors import Array
from warn.tally import VOLUME

HOUR_SECONDS = 3600
DAY_SECONDS = 86_400
# Targets are named by what is flagged; everything scanned is their denominator.
SCOPED_BY_VALUE = ("language", "country", "source")

SQLITE_DAYS = """
WITH RECURSIVE slots(slot) AS (SELECT :first UNION ALL SELECT slot + 1 FROM slots WHERE slot + 1 < :last)
SELECT chosen.value, slot, (
    SELECT sum((documents << 32) + voices) FROM tally_hours
    WHERE label = :label AND dimension = :dimension AND value = chosen.value AND country = :country
    AND hour >= datetime(slot * :seconds, 'unixepoch') AND hour < datetime((slot + 1) * :seconds, 'unixepoch')
) FROM json_each(:names) AS chosen, slots
"""


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
    session: Session, scope: Scope, since: dt.datetime, until: dt.datetime, *, least: int, most: int
) -> list[str]:
    """List the values with at least `least` voices in a stretch of time, the busiest first."""
    total = func.sum(TallyHour.documents)
    query = (
        select(TallyHour.value)
        .where(_of(scope), TallyHour.hour >= since, TallyHour.hour < until)
        .group_by(TallyHour.value)
        .having(func.sum(TallyHour.voices) >= least)
        .order_by(total.desc(), TallyHour.value)
        .limit(most)
    )
    return list(session.scalars(query))


def read(session: Session, scope: Scope, values: Sequence[str], first: int, last: int, seconds: int) -> Counts:
    """Read the slots from `first` up to and without `last`; a slot without a row holds zeros."""
    rows = {value: row for row, value in enumerate(values)}
    documents, voices = np.zeros((len(values), last - first)), np.zeros((len(values), last - first))
    sums = _sums_by_day if seconds == DAY_SECONDS and is_sqlite(session) else _sums
    for value, slot, some_documents, some_voices in sums(session, scope, values, first, last, seconds):
        documents[rows[value], slot - first] = some_documents
        voices[rows[value], slot - first] = some_voices
    return Counts(documents, voices)


def read_volume(session: Session, scope: Scope, values: Sequence[str], first: int, last: int, seconds: int) -> Counts:
    """Read what was scanned in the scope of each value, in the shape of `read`."""
    if scope.dimension in SCOPED_BY_VALUE:
        return read(session, Scope(VOLUME, scope.dimension, scope.country), values, first, last, seconds)
    scanned = read(session, Scope(VOLUME, country=scope.country), [""], first, last, seconds)
    shape = (len(values), last - first)
    return Counts(np.broadcast_to(scanned.documents, shape), np.broadcast_to(scanned.voices, shape))


def _of(scope: Scope) -> ColumnElement[bool]:
    return and_(
        TallyHour.label == scope.label, TallyHour.dimension == scope.dimension, TallyHour.country == scope.country
    )


def _sums(
    session: Session, scope: Scope, values: Sequence[str], first: int, last: int, seconds: int
) -> Iterable[Sequence[Any]]:
    """Return (value, slot, documents, voices); whole slots are added up by the database."""
    slot = cast(extract("epoch", TallyHour.hour), BigInteger) // seconds
    where = (
        _of(scope),
        TallyHour.value.in_(values),
        TallyHour.hour >= moment_of(first, seconds),
        TallyHour.hour < moment_of(last, seconds),
    )
    if seconds == HOUR_SECONDS:
        return session.execute(select(TallyHour.value, slot, TallyHour.documents, TallyHour.voices).where(*where))
    columns = (TallyHour.value, slot, func.sum(TallyHour.documents), func.sum(TallyHour.voices))
    return session.execute(select(*columns).where(*where).group_by(TallyHour.value, slot))


def _sums_by_day(
    session: Session, scope: Scope, values: Sequence[str], first: int, last: int, seconds: int
) -> Iterable[Sequence[Any]]:
    """Return the same on SQLite: one seek per value and day, where GROUP BY would sort every hour (3 times slower).

    The two sums travel as one number, because a seek gives one.
    """
    parameters = {**vars(scope), "names": json.dumps(list(values)), "first": first, "last": last, "seconds": seconds}
    for value, slot, packed in session.execute(text(SQLITE_DAYS), parameters).all():
        if packed is not None:
            yield value, slot, packed >> 32, packed & 0xFFFF_FFFF


def names(session: Session, dimension: str, values: Sequence[str]) -> dict[str, str]:
    """Return what people call the values: a source has a name, everything else is its own."""
    named = {value: value for value in values}
    if dimension == "source":
        ids = [int(value) for value in values if value.isdecimal()]
        found = session.execute(select(Source.id, Source.name).where(Source.id.in_(ids)))
        named.update((str(source_id), name) for source_id, name in found)
    return named
