"""Who did what, when: every read of a full text, every sign-in, every change of who may do what.

Rows are added and never changed. An event names what it was about and holds no text of a source.
"""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, Keyed

# A marked text is one that carries a label, or that no model could judge: what a reviewer's exposure counts.
ACTIONS = (
    "text.read",
    "text.read_marked",
    "text.listed",
    "text.exported",
    "text.sent",
    "review.decided",
    "review.withdrawn",
    "passage.assigned",
    "gold.changed",
    "gazetteer.changed",
    "lexicon.changed",
    "rule.changed",
    "silence.changed",
    "inhibition.changed",
    "quarantine.released",
    "source.acknowledged",
    "session.opened",
    "session.refused",
    "session.ended",
    "link.created",
    "password.changed",
    "second_factor.changed",
    "second_factor.recovery_used",
    "identity.changed",
    "token.created",
    "token.revoked",
    "account.changed",
)


class AuditEvent(Keyed, Base):
    """One thing that somebody did; `account_id` is null where nobody was signed in."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_account_id", "account_id", "action", "at"),
        Index("ix_audit_events_subject", "subject", "subject_id"),
        Index("ix_audit_events_action", "action", "id"),
    )

    at: Mapped[dt.datetime]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), default=None)
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str | None] = mapped_column(String(16), default=None)
    subject_id: Mapped[int | None] = mapped_column(BigId, default=None)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
