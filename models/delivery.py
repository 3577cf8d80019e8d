"""What is owed to whom: webhooks of partners, the messages they must get, and every try to send one.

A delivery is written in the same transaction as the alert it tells of. Its body and its message id are fixed then, so
that each retry sends the same bytes under the same id.
"""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, and_, false, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from models.base import Base, Keyed
from models.claims import Claimable

DELIVERY_STATES = ("pending", "delivered", "failed")
WEBHOOK_KINDS = ("webhook", "email", "apprise")
# What a partner is told: everything but texts; no names of sources and groups; numbers only.
TIERS = ("full", "pseudonymised", "counts")
# The Traffic Light Protocol 2.0: how far a partner may pass it on.
TLP = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")


class Webhook(Keyed, Base):
    """A partner's endpoint. `filters` narrow the alerts it gets: min_severity, min_stage, kinds, signals, targets, ...

    `kind` says how `url` is reached; the secret begins with whsec_ (HMAC) or whsk_ (Ed25519). `operational` ones are
    told of the installation: an endpoint that was switched off, sources in trouble, an alert that nobody takes on.
    """

    __tablename__ = "webhooks"

    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    kind: Mapped[str] = mapped_column(String(16), default="webhook", server_default="webhook")
    filters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tier: Mapped[str] = mapped_column(String(16), default="full", server_default="full")
    tlp: Mapped[str] = mapped_column(String(16), default="AMBER", server_default="AMBER")
    operational: Mapped[bool] = mapped_column(default=False, server_default=false())
    secret: Mapped[str] = mapped_column(String(120))
    previous_secret: Mapped[str | None] = mapped_column(String(120), default=None)
    previous_secret_until: Mapped[dt.datetime | None] = mapped_column(default=None)
    enabled: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[str | None] = mapped_column(Text, default=None)
    failing_since: Mapped[dt.datetime | None] = mapped_column(default=None)
    created_at: Mapped[dt.datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), default=None)


class Delivery(Keyed, Claimable, Base):
    """One message owed to one webhook."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "alert_id", "event"),
        UniqueConstraint("message_id"),
        Index("ix_deliveries_due", "state", "next_attempt_at"),
    )

    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alerts.id"), default=None)
    event: Mapped[str] = mapped_column(String(32))
    message_id: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), default="pending")
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime]
    next_attempt_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    delivered_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    last_error: Mapped[str | None] = mapped_column(Text, default=None)


def shown_address(webhook: Webhook) -> str:
    """Return the address as it may be shown: what follows the scheme of a chat service may be its key."""
    return f"{webhook.url.partition('://')[0]}://..." if webhook.kind == "apprise" else webhook.url


def owed(now: dt.datetime) -> ColumnElement[bool]:
    """Select deliveries whose next try is due at an enabled webhook: the one place where "owed" is coded."""
    enabled = Delivery.webhook_id.in_(select(Webhook.id).where(Webhook.enabled))
    return and_(Delivery.state == "pending", Delivery.next_attempt_at <= now, enabled)


class DeliveryAttempt(Keyed, Base):
    """One try to send a delivery, and what came back (at most the first few kilobytes of it)."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (Index("ix_delivery_attempts_delivery_id", "delivery_id"),)

    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"))
    at: Mapped[dt.datetime]
    status_code: Mapped[int | None] = mapped_column(default=None)
    error: Mapped[str | None] = mapped_column(Text, default=None)
    duration_ms: Mapped[int]
    response_excerpt: Mapped[str | None] = mapped_column(Text, default=None)
