"""The readable text of one item, and the cluster of near-copies it belongs to.

One repost storm is one voice: documents that say nearly the same share a cluster, across sources. A document knows no
label; that is the assessment's.
"""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, and_, exists, func, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql import ColumnElement

from models.base import Base, BigId, Keyed
from models.claims import Claimable


class Cluster(Keyed, Base):
    """Documents that are exact or near copies of each other; the first seen names it."""

    __tablename__ = "clusters"

    first_seen_at: Mapped[dt.datetime]
    size: Mapped[int] = mapped_column(default=1)


# How the texts of the training course came to be: our own words, which are part of no count and never grow old.
COURSE = "course"


class Document(Keyed, Claimable, Base):
    """The text read out of one item. `current` is false once a newer version of the item has its own document.

    `assessed_by` repeats the model of its latest assessment, so that what waits is an index scan in order. A forgotten
    document has no text any more; what was found in it stays. `article_sha256` names the raw page its text came from.
    """

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("item_id"),
        Index("ix_documents_text_sha256", "text_sha256"),
        Index("ix_documents_cluster_id", "cluster_id", "event_at"),
        Index("ix_documents_source_id", "source_id", "event_at"),
        Index(
            "ix_documents_article_sha256",
            "article_sha256",
            sqlite_where=sql("article_sha256 IS NOT NULL"),
            postgresql_where=sql("article_sha256 IS NOT NULL"),
        ),
        Index("ix_documents_waiting", "assessed_by", "attempts", "id"),
        # Both are few and looked for at every scrape of the metrics; a partial index holds only them.
        Index(
            "ix_documents_quarantined_at",
            "quarantined_at",
            sqlite_where=sql("quarantined_at IS NOT NULL"),
            postgresql_where=sql("quarantined_at IS NOT NULL"),
        ),
        Index(
            "ix_documents_unscored",
            "current",
            sqlite_where=sql("unscored_reason IS NOT NULL"),
            postgresql_where=sql("unscored_reason IS NOT NULL"),
        ),
    )

    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    cluster_id: Mapped[int] = mapped_column(ForeignKey("clusters.id"))
    title: Mapped[str | None] = mapped_column(Text, default=None)
    url: Mapped[str | None] = mapped_column(Text, default=None)
    text: Mapped[str] = mapped_column(Text)
    text_sha256: Mapped[str] = mapped_column(String(64))
    extraction: Mapped[str] = mapped_column(String(32))
    language: Mapped[str | None] = mapped_column(String(16), default=None)
    country: Mapped[str | None] = mapped_column(String(2), default=None)
    region: Mapped[str | None] = mapped_column(String(100), default=None)
    event_at: Mapped[dt.datetime]
    created_at: Mapped[dt.datetime]
    current: Mapped[bool] = mapped_column(default=True)
    assessed_by: Mapped[str | None] = mapped_column(String(100), default=None)
    unscored_reason: Mapped[str | None] = mapped_column(Text, default=None)
    notes: Mapped[list[Any]] = mapped_column(default=list)
    article_sha256: Mapped[str | None] = mapped_column(String(64), default=None)
    forgotten_at: Mapped[dt.datetime | None] = mapped_column(default=None)


class Band(Base):
    """One band of a document's MinHash signature; documents that share a band are candidates for one cluster."""

    __tablename__ = "bands"
    __table_args__ = (Index("ix_bands_document_id", "document_id"),)

    band: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(String(32), primary_key=True)
    document_id: Mapped[int] = mapped_column(BigId, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)


def never_assessed() -> ColumnElement[bool]:
    """Select documents that no model has read yet: the one place where "waits to be assessed" is coded."""
    return and_(Document.current, Document.assessed_by.is_(None), Document.forgotten_at.is_(None))


def assessed_by_another(session: Session, model: str) -> list[ColumnElement[bool]]:
    """Select documents that wait to be read again by `model`, one condition per model that read them last.

    Equality with one model is what an index can serve in order; the models are found by jumping along that index.
    """
    from models.assessment import Assessment  # the two tables refer to each other

    # Where two models work side by side, each reads a document once.
    done = exists().where(Assessment.document_id == Document.id, Assessment.model == model)
    waiting: list[ColumnElement[bool]] = []
    last = ""
    while found := session.scalar(select(func.min(Document.assessed_by)).where(Document.assessed_by > last)):
        last = found
        if last != model:
            remembered = Document.forgotten_at.is_(None)
            waiting.append(and_(Document.current, remembered, Document.assessed_by == last, ~done))
    return waiting
