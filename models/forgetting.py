"""What was forgotten, when and why, without saying what it said; and what must not be taken in again.

Words go, hashes stay: the chain of evidence goes on to verify, and this table says for how many rows the words are
missing on purpose.
"""

import datetime as dt

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, Keyed

# `age` and `budget` are the operator's settings at work; `request` is somebody's right.
FORGETTING_KINDS = ("age", "budget", "request")


class Forgetting(Keyed, Base):
    """One act of forgetting, with its counts. `bytes` are those of raw bodies, as they came."""

    __tablename__ = "forgettings"

    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str | None] = mapped_column(String(100), default=None)
    items: Mapped[int] = mapped_column(default=0)
    documents: Mapped[int] = mapped_column(default=0)
    bodies: Mapped[int] = mapped_column(default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)


class Erasure(Keyed, Base):
    """A text erased on request. It is not taken in again: by its name at its source, or by its hash anywhere."""

    __tablename__ = "erasures"
    __table_args__ = (
        Index("ix_erasures_source_id", "source_id", "external_id"),
        Index("ix_erasures_content_sha256", "content_sha256"),
    )

    at: Mapped[dt.datetime]
    source_id: Mapped[int] = mapped_column(BigId)
    external_id: Mapped[str] = mapped_column(String(512))
    content_sha256: Mapped[str] = mapped_column(String(64))
