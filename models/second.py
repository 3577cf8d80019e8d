"""What other machines said beside the model: a second reader's opinion, and a machine translation for reviewers.

Neither is a decision: no flag, severity or label ever follows from a row here. Both repeat words of the text, so they
go when the text is forgotten.
"""

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, Json, Keyed

# `asked` until an answer came; `unusable` when what came was not what was asked for, or nothing came several times.
OPINION_STATES = ("asked", "given", "unusable")


class Opinion(Base):
    """A second reader's opinion of one assessment. `reader` names the model that was asked and where it runs."""

    __tablename__ = "opinions"
    __table_args__ = (Index("ix_opinions_asked_at", "asked_at"),)

    assessment_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    reader: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16), default="asked")
    asked_at: Mapped[dt.datetime]
    tries: Mapped[int] = mapped_column(default=1)
    at: Mapped[dt.datetime | None] = mapped_column(default=None)
    signals: Mapped[list[str] | None] = mapped_column(Json, default=None)
    stage: Mapped[int | None] = mapped_column(default=None)
    stance: Mapped[str | None] = mapped_column(String(16), default=None)
    # Why, in the reader's own words; of an unusable answer, what was wrong with it in ours.
    reason: Mapped[str | None] = mapped_column(Text, default=None)


class Gloss(Keyed, Base):
    """A machine translation of one stretch of a document, kept so that nobody pays for it or sends it out twice.

    `start` and `end` count code points of the document's text.
    """

    __tablename__ = "glosses"
    __table_args__ = (UniqueConstraint("document_id", "target", "engine", "start", "end"),)

    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    target: Mapped[str] = mapped_column(String(16))
    engine: Mapped[str] = mapped_column(String(200))
    start: Mapped[int]
    end: Mapped[int]
    source_language: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), default=None)
