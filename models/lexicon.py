"""Terms that an operator keeps beside those of the product: what a reviewer should know about a word.

A row under the key of one of the product's entries stands in its place. Rows are retired, not deleted, except where the
product's own entry is to stand again. Nothing that scores or flags a text reads this table.
"""

import datetime as dt

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed


class LexiconEntry(Keyed, Base):
    """One term; the fields are explained where they are checked, in `classify/lexicon.py`.

    `version` rises with each change, so that two people who edit at once notice.
    """

    __tablename__ = "lexicon_entries"
    __table_args__ = (UniqueConstraint("key"),)

    key: Mapped[str] = mapped_column(String(150))
    term: Mapped[str] = mapped_column(String(200))
    languages: Mapped[list[str]]
    meaning: Mapped[str] = mapped_column(Text)
    benign: Mapped[str] = mapped_column(Text)
    does_not_prove: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    variants: Mapped[list[str]] = mapped_column(default=list)
    countries: Mapped[list[str]] = mapped_column(default=list)
    consistent_with: Mapped[list[str]] = mapped_column(default=list)
    caution: Mapped[str] = mapped_column(String(16), default="high")
    reviewed_by: Mapped[str] = mapped_column(String(200), default="")
    reviewed_on: Mapped[dt.date | None] = mapped_column(default=None)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[dt.datetime]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), default=None)
