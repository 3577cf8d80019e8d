"""What is owed to partners: one delivery per webhook that wants the alert, written with the alert itself.

The body is fixed here, so that every retry sends the same bytes under the same id. Sending is not this room's business.
The payload is thin: it says what the alert rests on and where to read it, and never what a post says.
"""

import datetime as dt
import json
import secrets
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.alert import Alert, Rule
from models.delivery import Delivery, Webhook
from warn import words
from warn.about import wants

OPENED, ACKNOWLEDGED, RESOLVED = "alert.opened", "alert.acknowledged", "alert.resolved"


def owe(session: Session, alert: Alert, event: str, now: dt.datetime) -> int:
    """Write the deliveries an event of this alert owes, in the caller's transaction; return how many.

    A silenced alert owes nothing until its silence has ended. Nobody is told of the opening twice; who was not told of
    it is not told of the rest. An alert that grew may be wanted by more webhooks than before: ask again with `OPENED`.
    """
    if alert.silenced_by is not None:
        return 0
    told = select(Delivery.webhook_id).where(Delivery.alert_id == alert.id, Delivery.event == OPENED)
    reach = Webhook.id.not_in(told) if event == OPENED else Webhook.id.in_(told)
    webhooks = select(Webhook).where(Webhook.enabled, reach).order_by(Webhook.id)
    wanting = [webhook for webhook in session.scalars(webhooks) if wants(webhook.filters, alert)]
    if not wanting:
        return 0
    body = json.dumps(payload(alert, session.get_one(Rule, alert.rule_id), event, now), ensure_ascii=False)
    for webhook in wanting:
        session.add(
            Delivery(
                webhook_id=webhook.id,
                alert_id=alert.id,
                event=event,
                message_id=f"msg_{secrets.token_urlsafe(18)}",
                body=body,
                created_at=now,
                next_attempt_at=now,
            )
        )
    session.flush()
    return len(wanting)


def payload(alert: Alert, rule: Rule, event: str, now: dt.datetime) -> dict[str, Any]:
    """Write the message of an event, in the shape that Standard Webhooks recommends."""
    details = alert.details
    return {
        "type": event,
        "timestamp": rfc3339(now),
        "data": {
            "id": alert.id,
            "url": f"/alerts/{alert.id}",
            "kind": alert.kind,
            "state": alert.state,
            "rule": {"id": rule.id, "name": rule.name},
            "title": alert.title,
            "summary": alert.summary,
            "severity": alert.severity,
            "count": alert.count,
            "opened_at": rfc3339(alert.opened_at),
            "last_event_at": rfc3339(alert.last_event_at),
            **details.get("about", {}),
            "rests_on": details.get("rests_on", {}),
            "indicators": [{"id": key, "consistent_with": words.INDICATORS[key]} for key in alert.indicators],
            "machine": True,
            "reviewed": alert.reviewed,
            "models": details.get("models", []),
            "note": alert.resolve_note or alert.acknowledge_note,
            "notice": words.PERSON_DECIDES,
        },
    }


def rfc3339(moment: dt.datetime) -> str:
    """Write a time as RFC 3339 in UTC."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
