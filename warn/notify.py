"""What is owed to partners: one delivery per subscription that wants the alert, written with the alert itself.

The body is fixed here, so that every retry says the same under the same id. Sending is not this room's business. The
payload is thin: it says what the alert rests on and where to read it, and never what a post says. How much of the rest
a partner is told is its tier: `full`, `pseudonymised` (sources are numbers, people's notes are left out), or `counts`.
"""

import datetime as dt
import json
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import Session

from models.alert import Alert, Rule
from models.delivery import Delivery, Webhook
from models.source import Source
from warn import inhibitions, words
from warn.about import wants

OPENED, ACKNOWLEDGED, RESOLVED = "alert.opened", "alert.acknowledged", "alert.resolved"
REPEATED, ESCALATED = "alert.repeated", "alert.escalated"
# What the lowest tier holds: numbers, classes and places, and nothing that names a source, a group or a person.
COUNTED = (
    *("id", "url", "kind", "state", "severity", "stage", "count", "opened_at", "last_event_at", "signals", "targets"),
    *("countries", "languages", "indicators", "machine", "reviewed", "notice"),
)


def owe(session: Session, alert: Alert, event: str, now: dt.datetime) -> int:
    """Write the deliveries an event of this alert owes, in the caller's transaction; return how many.

    A silenced alert owes nothing until its silence has ended; an inhibited one does not owe its opening, or being open
    still, to whoever was told of the alert that holds it. Nobody is told of the opening twice; who was not told of
    it is not told of the rest. An alert that grew may be wanted by more webhooks than before: ask again with `OPENED`.
    An escalation reaches operational endpoints too: that nobody answers is news about the installation.
    """
    if alert.silenced_by is not None:
        return 0
    told = select(Delivery.webhook_id).where(Delivery.alert_id == alert.id, Delivery.event == OPENED)
    reach = Webhook.id.not_in(told) if event == OPENED else Webhook.id.in_(told)
    partners = and_(Webhook.operational == false(), reach)
    reached = or_(partners, Webhook.operational) if event == ESCALATED else partners
    webhooks = select(Webhook).where(Webhook.enabled, reached).order_by(Webhook.id)
    wanting = [webhook for webhook in session.scalars(webhooks) if wants(webhook.filters, alert)]
    if event == OPENED or event.startswith(REPEATED):
        wanting = inhibitions.let_through(session, alert, wanting, OPENED, now)
    for webhook in wanting:
        tell(session, webhook, alert, event, now)
    if wanting:
        alert.told_at = now
        session.flush()
    return len(wanting)


def tell(session: Session, webhook: Webhook, alert: Alert, event: str, now: dt.datetime) -> Delivery:
    """Owe one webhook one message about an alert. `alert.repeated` is told again and again, so it is numbered."""
    names = source_names(session, alert) if webhook.tier == "pseudonymised" else {}
    kind = event.partition("#")[0]
    content = payload(alert, session.get_one(Rule, alert.rule_id), kind, now, webhook.tier, webhook.tlp, names)
    return write(session, webhook, event, content, now, alert.id)


def write(
    session: Session,
    webhook: Webhook,
    event: str,
    content: dict[str, Any],
    now: dt.datetime,
    alert_id: int | None = None,
) -> Delivery:
    """Owe one webhook a message with this content."""
    delivery = Delivery(
        webhook_id=webhook.id,
        alert_id=alert_id,
        event=event,
        message_id=f"msg_{secrets.token_urlsafe(18)}",
        body=json.dumps(content, ensure_ascii=False),
        created_at=now,
        next_attempt_at=now,
    )
    session.add(delivery)
    session.flush()
    return delivery


def payload(
    alert: Alert,
    rule: Rule,
    event: str,
    now: dt.datetime,
    tier: str = "full",
    tlp: str = "AMBER",
    names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Write the message of an event, in the shape that Standard Webhooks recommends.

    `names` maps sources to what they are called instead. `url` is a path; the sender knows where we are reached.
    """
    details = alert.details
    data = {
        "id": alert.id,
        "url": f"/alerts/{alert.id}",
        "kind": alert.kind,
        "state": alert.state,
        "rule": {"id": rule.id, "name": rule.name},
        "title": alert.title,
        "summary": alert.summary,
        "severity": alert.severity,
        "stage": details.get("stage", 0),
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
    }
    if tier == "counts":
        data = {key: data[key] for key in COUNTED if key in data}
    elif tier == "pseudonymised":
        data = _renamed(data | {"note": None}, names or {})
    return {"type": event, "timestamp": rfc3339(now), "data": data | {"tier": tier, "tlp": f"TLP:{tlp}"}}


def rfc3339(moment: dt.datetime) -> str:
    """Write a time as RFC 3339 in UTC."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def source_names(session: Session, alert: Alert) -> dict[str, str]:
    """Call each source that the alert names by its number, which says nothing to an outsider and stays the same."""
    said = {*alert.details.get("about", {}).get("sources", ())}
    rests_on = alert.details.get("rests_on", {})
    if rests_on.get("dimension") == "source":
        said |= {str(rests_on.get("name")), str(rests_on.get("value"))}
    rows = session.execute(select(Source.name, Source.id).where(Source.name.in_(said))).all()
    numbered = {name: f"source-{number}" for name, number in rows}
    return {name: numbered.get(name, "a source") for name in said if not name.isdecimal()}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Replace names wherever they stand, the longest first, so that none is left inside another."""
    if isinstance(value, dict):
        return {key: _renamed(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    if isinstance(value, str):
        for name in sorted(names, key=len, reverse=True):
            value = value.replace(name, names[name])
    return value
