"""The Merkle log of RFC 6962: one entry for each item, assessment, review, alert and step of an alert.

An entry holds hashes, numbers and times, and no text, so that a text can be forgotten and the log still holds. Nodes
are the hashes of complete subtrees: with them a root or a proof takes a handful of rows, however long the log is.
"""

import datetime as dt

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId

ENTRY_KINDS = ("item", "assessment", "review", "alert", "event")
EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of nothing, as the RFC says


class LogEntry(Base):
    """One entry. `entry` is canonical JSON; `leaf_hash` = SHA-256(0x00 + entry), hexadecimal; positions begin at 0.

    `row_id` is the id of an item, an assessment, a review, an alert or a line of its timeline.
    """

    __tablename__ = "log_entries"
    __table_args__ = (UniqueConstraint("kind", "row_id"),)

    position: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    row_id: Mapped[int] = mapped_column(BigId)
    entry: Mapped[str] = mapped_column(Text)
    leaf_hash: Mapped[str] = mapped_column(String(64))
    logged_at: Mapped[dt.datetime]


class LogNode(Base):
    """The hash of the complete subtree over leaves `position * 2**level` up to the next one; `level` is at least 1."""

    __tablename__ = "log_nodes"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64))


class LogHead(Base):
    """How long the log is and its root, one row: updating it first makes those who append wait for each other."""

    __tablename__ = "log_heads"

    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigId, default=0)
    root: Mapped[str] = mapped_column(String(64), default=EMPTY_ROOT)
    at: Mapped[dt.datetime]
