"""Who can act, by place: a private directory of entry points and stakeholders, and what each may be told.

It names people who could calm things down; it is no list of speakers, and nothing is ever concluded about them.
"""

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed

CONTACT_KINDS = (
    "partner_desk",
    "community_leader",
    "tribal_leader",
    "religious_leader",
    "institution",
    "media",
    "other",
)


class Contact(Keyed, Base):
    """One entry point. `tier` is what they may be told; empty country or region: everywhere."""

    __tablename__ = "contacts"
    __table_args__ = (Index("ix_contacts_country", "country", "region"),)

    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(24))
    role: Mapped[str] = mapped_column(String(200), default="")
    country: Mapped[str | None] = mapped_column(String(2), default=None)
    region: Mapped[str | None] = mapped_column(String(100), default=None)
    groups: Mapped[list[str]] = mapped_column(default=list)
    language: Mapped[str | None] = mapped_column(String(16), default=None)
    reach: Mapped[str] = mapped_column(Text, default="")
    tier: Mapped[str] = mapped_column(String(16), default="counts")
    notes: Mapped[str] = mapped_column(Text, default="")
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[dt.datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), default=None)
