"""A thing a source published, as it was seen: never edited, a changed text is a new version.

An item knows what came in and when; what text can be read out of it is the document's business.
"""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, and_, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from models.base import Base, Keyed
from models.claims import Claimable


class Item(Keyed, Claimable, Base):
    """One version of one published thing.

    `author` is a keyed hash, or the handle where the operator decided so. `published_at` is what the source says, if
    anything; `fetched_at` is ours and authoritative; `event_at` is what trends count by: the published time, clamped
    so that it never lies after the fetch. A forgotten item keeps its name, hashes and times, and has no words.
    """

    __tablename__ = "items"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id", "version"),
        Index("ix_items_waiting", "extracted_at", "attempts", "id"),
        Index(
            "ix_items_quarantined_at",
            "quarantined_at",
            sqlite_where=text("quarantined_at IS NOT NULL"),
            postgresql_where=text("quarantined_at IS NOT NULL"),
        ),
        Index("ix_items_source_id_content_sha256", "source_id", "content_sha256"),
        Index("ix_items_raw_sha256", "raw_sha256"),
        # When the latest items of a source came, without a look at them: each poll asks.
        Index("ix_items_source_id_id", "source_id", "id", "event_at", "fetched_at"),
        # What retention looks through: the old ones that still say something.
        Index(
            "ix_items_remembered",
            "fetched_at",
            sqlite_where=text("forgotten_at IS NULL"),
            postgresql_where=text("forgotten_at IS NULL"),
        ),
    )

    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    external_id: Mapped[str] = mapped_column(String(512))
    version: Mapped[int] = mapped_column(default=1)
    content_sha256: Mapped[str] = mapped_column(String(64))
    raw_sha256: Mapped[str | None] = mapped_column(ForeignKey("raw_bodies.sha256"), default=None)
    url: Mapped[str | None] = mapped_column(Text, default=None)
    title: Mapped[str | None] = mapped_column(Text, default=None)
    content: Mapped[str] = mapped_column(Text, default="")
    content_type: Mapped[str] = mapped_column(String(16), default="text")
    author: Mapped[str | None] = mapped_column(String(200), default=None)
    language: Mapped[str | None] = mapped_column(String(16), default=None)
    published_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    fetched_at: Mapped[dt.datetime]
    event_at: Mapped[dt.datetime]
    gone_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    gone_because: Mapped[str | None] = mapped_column(Text, default=None)
    extracted_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    notes: Mapped[list[Any]] = mapped_column(default=list)
    forgotten_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    forgotten_because: Mapped[str | None] = mapped_column(Text, default=None)


def unread() -> ColumnElement[bool]:
    """Select items whose text has not been read out yet: the one place where "unread" is coded."""
    return and_(Item.extracted_at.is_(None), Item.forgotten_at.is_(None))


class Refusal(Keyed, Base):
    """A thing that came in and could not be kept as an item, with the reason: refused, never silently absent."""

    __tablename__ = "refusals"
    __table_args__ = (Index("ix_refusals_source_id_at", "source_id", "at"),)

    source_id: Mapped[int | None] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    at: Mapped[dt.datetime]
    place: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    raw_sha256: Mapped[str | None] = mapped_column(ForeignKey("raw_bodies.sha256"), default=None)
