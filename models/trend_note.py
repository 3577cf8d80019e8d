"""What people know about a day that counts cannot know: an event that somebody wrote down beside the trends.

A note is never changed and never deleted; who takes one back is kept with it.
"""

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed


class TrendNote(Keyed, Base):
    """One event at one time; without a country it holds everywhere. `removed_at` is set once it was taken back."""

    __tablename__ = "trend_notes"
    __table_args__ = (Index("ix_trend_notes_at", "at"),)

    at: Mapped[dt.datetime]
    title: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(Text, default="")
    country: Mapped[str | None] = mapped_column(String(2), default=None)
    created_at: Mapped[dt.datetime]
    created_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    removed_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    removed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), default=None)
