"""Counts by hour and by day, which trends and surge rules read instead of a million assessments.

A tally is always a recount: whoever changes what an hour holds marks that hour stale in the same transaction, and the
room warn counts the stale hours again from the assessments. Recounting twice gives the same, so nothing is ever
counted twice or forgotten.

A row counts one series in one hour. `label` is `signal:KEY`, `pathway:KEY`, `any` (flagged at all), `stance:KEY` (said,
but reported, condemned or reclaimed) or `volume` (everything assessed; it has no target). `dimension` is `all`,
`target`, `target_name`, `language`, `country` or `source`, and `value` one member of it. `country` narrows the series
to one country, '' to none.
"""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import Index, String, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.assessment import Assessment
from models.base import Base, is_sqlite

DIMENSIONS = ("all", "target", "target_name", "language", "country", "source")


class Counted:
    """The columns of a count: which series, and how much of it.

    `documents`: documents in the series (for `volume` everything assessed, otherwise those flagged with the label).
    `voices`: clusters whose first document with this label falls into this hour, so that hours add up and a repost
    storm is one voice. `confirmed`: documents a reviewer has confirmed.
    """

    label: Mapped[str] = mapped_column(String(40), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(12), primary_key=True)
    value: Mapped[str] = mapped_column(String(100), primary_key=True, default="")
    country: Mapped[str] = mapped_column(String(2), primary_key=True, default="")
    documents: Mapped[int] = mapped_column(default=0, sort_order=2)
    voices: Mapped[int] = mapped_column(default=0, sort_order=2)
    confirmed: Mapped[int] = mapped_column(default=0, sort_order=2)


class TallyHour(Counted, Base):
    """One series in one hour."""

    __tablename__ = "tally_hours"
    # The second index serves "all values of one dimension over a while" without reading their whole past, nor the
    # rows themselves: PostgreSQL would rather read everything of those hours than look up so many rows.
    __table_args__ = (
        Index("ix_tally_hours_hour", "hour"),
        Index("ix_tally_hours_label", "label", "dimension", "country", "hour", "value", "documents", "voices"),
        {"sqlite_with_rowid": False},
    )

    hour: Mapped[dt.datetime] = mapped_column(primary_key=True, sort_order=1)


class TallyDay(Counted, Base):
    """One series on one day (UTC): always the sum of its hours, moved by what a recount changes in one of them."""

    __tablename__ = "tally_days"
    __table_args__ = (
        Index("ix_tally_days_day", "day"),
        Index("ix_tally_days_label", "label", "dimension", "country", "day", "value", "documents", "voices"),
        {"sqlite_with_rowid": False},
    )

    day: Mapped[dt.datetime] = mapped_column(primary_key=True, sort_order=1)


class CountedHour(Base):
    """How often the rows of an hour have changed, so that who keeps them in memory knows which to read again."""

    __tablename__ = "counted_hours"

    hour: Mapped[dt.datetime] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(default=1)


class StaleHour(Base):
    """An hour that must be counted again. `mark` grows with each change, so that a change during a recount is seen."""

    __tablename__ = "stale_hours"

    hour: Mapped[dt.datetime] = mapped_column(primary_key=True)
    mark: Mapped[int] = mapped_column(default=1)


def hour_of(moment: dt.datetime) -> dt.datetime:
    """Return the UTC hour that `moment` lies in."""
    return moment.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)


def day_of(moment: dt.datetime) -> dt.datetime:
    """Return the UTC day that `moment` lies in."""
    return hour_of(moment).replace(hour=0)


def mark_stale(session: Session, moments: set[dt.datetime]) -> None:
    """Have the hours of `moments` counted again; call in the transaction that changes what they hold."""
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    # Sorted, so that two writers lock the same hours in the same order.
    for hour in sorted({hour_of(moment) for moment in moments}):
        statement = insert(StaleHour).values(hour=hour, mark=1)
        session.execute(
            statement.on_conflict_do_update(index_elements=[StaleHour.hour], set_={"mark": StaleHour.mark + 1})
        )


def mark_changed(session: Session, changes: Iterable[tuple[int, dt.datetime]]) -> None:
    """Mark all hours that a change to documents of the clusters at the event times given can alter.

    `changes` holds (cluster id, event time) pairs. Besides its own hour a document can take the first voice from later
    documents of its cluster, or give it back, so their hours go stale with it. Call once the assessments are flushed.
    """
    moments: set[dt.datetime] = set()
    for cluster_id, event_at in changes:
        moments.add(event_at)
        # The coalesce keeps SQLite from walking all current assessments by time instead of the few of one cluster.
        later = select(Assessment.event_at).where(
            Assessment.cluster_id == cluster_id,
            Assessment.event_at > event_at,
            func.coalesce(Assessment.current, False),
        )
        moments.update(session.scalars(later.distinct()))
    mark_stale(session, moments)
