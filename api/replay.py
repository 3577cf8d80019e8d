"""Send again what a partner may have missed: one message, or a span of time. Ids stay, so that receivers can tell.

It decides what is owed once more; sending is the business of the arrow `deliver`.
"""

import datetime as dt
import secrets
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.alert import Alert
from models.delivery import Delivery, Webhook
from warn import notify
from warn.about import wants

BATCH = 500


@dataclass(frozen=True)
class Replayed:
    """How many messages are owed again, and how many that the endpoint was never owed while it was off."""

    again: int
    added: int


def new_message_id() -> str:
    """Return an id for a message; it never changes and says nothing."""
    return f"msg_{secrets.token_urlsafe(18)}"


def redeliver(delivery: Delivery, now: dt.datetime) -> None:
    """Owe a message again from the start, under its old id."""
    delivery.state, delivery.tries, delivery.next_attempt_at = "pending", 0, now
    delivery.claim_token, delivery.claimed_until, delivery.delivered_at, delivery.last_error = None, None, None, None


def release_all(session: Session, webhook_id: int, now: dt.datetime) -> None:
    """Make everything that an endpoint is still owed due now, because it is back."""
    session.execute(
        update(Delivery)
        .where(Delivery.webhook_id == webhook_id, Delivery.state == "pending", Delivery.next_attempt_at > now)
        .values(next_attempt_at=now)
        .execution_options(synchronize_session=False)
    )


def recover(
    session: Session, webhook: Webhook, since: dt.datetime, until: dt.datetime, now: dt.datetime, *, delivered: bool
) -> Replayed:
    """Owe an endpoint again what was written for it between `since` and `until`, under the old ids.

    `delivered` also sends what it took already. Alerts that it wanted while it was switched off were never owed to it;
    they are owed now, as new messages.
    """
    states = ("pending", "failed", "delivered") if delivered else ("pending", "failed")
    again = session.scalars(
        update(Delivery)
        .where(
            Delivery.webhook_id == webhook.id,
            Delivery.created_at >= since,
            Delivery.created_at < until,
            Delivery.state.in_(states),
        )
        .values(
            state="pending",
            tries=0,
            next_attempt_at=now,
            claim_token=None,
            claimed_until=None,
            delivered_at=None,
            last_error=None,
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    return Replayed(len(again), _missed(session, webhook, since, until, now))


def _missed(session: Session, webhook: Webhook, since: dt.datetime, until: dt.datetime, now: dt.datetime) -> int:
    if webhook.operational:
        return 0
    told = select(Delivery.alert_id).where(Delivery.webhook_id == webhook.id, Delivery.alert_id.is_not(None))
    within = (Alert.opened_at >= since, Alert.opened_at < until, Alert.silenced_by.is_(None), Alert.id.not_in(told))
    last, added = 0, 0
    while True:
        query = select(Alert).where(*within, Alert.id > last).order_by(Alert.id).limit(BATCH)
        if not (rows := session.scalars(query).all()):
            return added
        for alert in rows:
            last = alert.id
            if wants(webhook.filters, alert):
                notify.tell(session, webhook, alert, notify.OPENED, now)
                added += 1
