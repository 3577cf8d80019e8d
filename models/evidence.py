"""What a court could ask for: the raw bytes as they came, and a chain that shows nothing was changed since.

Bodies are kept once by SHA-256, compressed. Each item adds one link to a hash chain; a changed, removed or re-ordered
row breaks it. The chain knows hashes, not texts, so that a text can be erased without breaking it.
"""

import datetime as dt

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId


class RawBody(Base):
    """Bytes of one answer, pushed item or file, as received; zlib-compressed, keyed by the hash of the original.

    Forgotten ones keep their hash and size and have no bytes. `source_id` is who brought them first, which is who they
    are charged to; it is no foreign key, because adding one would copy the largest table of all.
    """

    __tablename__ = "raw_bodies"
    __table_args__ = (Index("ix_raw_bodies_source_id", "source_id", "received_at"),)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]
    content_type: Mapped[str | None] = mapped_column(Text, default=None)
    received_at: Mapped[dt.datetime]
    compressed: Mapped[bytes] = mapped_column(LargeBinary)
    source_id: Mapped[int | None] = mapped_column(BigId, default=None)
    forgotten_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    forgotten_because: Mapped[str | None] = mapped_column(Text, default=None)


class EvidenceLink(Base):
    """One link of the chain: `chain_hash` = SHA-256(previous chain_hash + leaf_hash), both as hex text."""

    __tablename__ = "evidence_links"
    __table_args__ = (UniqueConstraint("item_id"),)

    position: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    item_id: Mapped[int] = mapped_column(BigId, ForeignKey("items.id"))
    leaf_hash: Mapped[str] = mapped_column(String(64))
    chain_hash: Mapped[str] = mapped_column(String(64))
    linked_at: Mapped[dt.datetime]


class EvidenceHead(Base):
    """The end of the chain, one row: updating it first makes appenders on many hosts wait for each other."""

    __tablename__ = "evidence_heads"

    id: Mapped[int] = mapped_column(primary_key=True)
    length: Mapped[int] = mapped_column(BigId, default=0)
    chain_hash: Mapped[str] = mapped_column(String(64), default="0" * 64)
