"""Hold an alert back from partners who have been told of another that says more: an outage explains the silence.

The manners are Alertmanager's, and they fail open. Held back is only who was told of the other alert and whose message
about it has not failed; never an alert of a higher stage than the other; only while the other is unresolved and had an
event within the stated hours; only where both share a value in every field that must be equal. When that is over, what
was held and is unresolved goes out. The held alert is raised and shown all the same, and its timeline says so.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models.alert import Alert, Inhibition, Rule
from models.delivery import Delivery, Webhook
from warn import timeline
from warn.about import FIELDS, HELD_FILTERS, HOLDER_FILTERS, filter_problems, shares, wants
from warn.errors import Conflict, InhibitionRefused, NotFound

LONGEST_HOURS = 168
MOST_HOLDERS = 100  # alerts of one inhibition that are looked at; with more, a message too many goes out


@dataclass(frozen=True)
class InhibitionInput:
    """An inhibition as somebody wrote it; the names are those of `models.alert.Inhibition`."""

    reason: str
    holder_rule_id: int | None = None
    holder_filters: dict[str, Any] = field(default_factory=dict)
    held_rule_id: int | None = None
    held_filters: dict[str, Any] = field(default_factory=dict)
    equal: list[str] = field(default_factory=lambda: ["countries", "targets"])
    hours: int = 24


def problems(inhibition: InhibitionInput) -> list[str]:
    """Say what is wrong with an inhibition, one sentence per field; none when it is right."""
    found = filter_problems(inhibition.holder_filters, HOLDER_FILTERS)
    found += filter_problems(inhibition.held_filters, HELD_FILTERS)
    if not inhibition.reason.strip():
        found.append("reason is empty; say why nobody should be told.")
    if inhibition.holder_rule_id is None and not inhibition.holder_filters:
        found.append("holder_filters is empty and holder_rule_id absent; any alert at all would hold others back.")
    if inhibition.held_rule_id is None and not inhibition.held_filters:
        found.append("held_filters is empty and held_rule_id absent; every other alert would be held back.")
    if not inhibition.equal:
        found.append("equal is empty; alerts that have nothing in common would hold each other back.")
    if strange := [name for name in inhibition.equal if name not in FIELDS]:
        found.append(f"equal: {strange[0]!r} is unknown here; known are {', '.join(FIELDS)}.")
    if not 1 <= inhibition.hours <= LONGEST_HOURS:
        found.append(f"hours is {inhibition.hours}; it must be a whole number from 1 to {LONGEST_HOURS}.")
    return found


def create_inhibition(
    session: Session, inhibition: InhibitionInput, account_id: int | None, now: dt.datetime
) -> Inhibition:
    """Store an inhibition; raises InhibitionRefused or NotFound."""
    if found := problems(inhibition):
        raise InhibitionRefused(found)
    for rule_id in (inhibition.holder_rule_id, inhibition.held_rule_id):
        if rule_id is not None and session.get(Rule, rule_id) is None:
            raise NotFound(f"There is no rule {rule_id}.")
    row = Inhibition(**asdict(inhibition), created_at=now, created_by=account_id)
    session.add(row)
    session.flush()
    return row


def end_inhibition(session: Session, inhibition_id: int, now: dt.datetime) -> Inhibition:
    """End an inhibition now; what it held goes out at the next turn. Raises NotFound or Conflict."""
    row = session.get(Inhibition, inhibition_id)
    if row is None:
        raise NotFound(f"There is no inhibition {inhibition_id}.")
    if row.ended_at is not None:
        raise Conflict(f"Inhibition {inhibition_id} has already ended.")
    row.ended_at = now
    session.flush()
    return row


def let_through(
    session: Session, alert: Alert, webhooks: Sequence[Webhook], opened: str, now: dt.datetime
) -> list[Webhook]:
    """Return the webhooks that may be told of an alert, and write on it who holds it from the others, if any.

    `opened` is the event by which a webhook was told of the holder.
    """
    held: dict[int, Alert] = {}
    for inhibition, holder in _holders(session, alert, now) if webhooks else ():
        told = select(Delivery.webhook_id).where(
            Delivery.alert_id == holder.id, Delivery.event == opened, Delivery.state != "failed"
        )
        if (new := set(session.scalars(told)) & {webhook.id for webhook in webhooks} - held.keys()) and not held:
            _hold(session, alert, inhibition, holder, now)
        held |= dict.fromkeys(new, holder)
    return [webhook for webhook in webhooks if webhook.id not in held]


def release(session: Session, alert: Alert, now: dt.datetime) -> None:
    """Write on an alert that nothing holds it any more, where that is so."""
    if next(_holders(session, alert, now), None) is None:
        alert.inhibited_by = None
        timeline.add(session, alert.id, "released", now)


def inhibited() -> Select[Alert]:
    """Select unresolved alerts that another holds back: the one place where that is coded."""
    return select(Alert).where(Alert.inhibited_by.is_not(None), Alert.state != "resolved")


def _holders(session: Session, alert: Alert, now: dt.datetime) -> Iterator[tuple[Inhibition, Alert]]:
    """Give the unresolved alerts that hold this one back, with why."""
    for inhibition in session.scalars(select(Inhibition).where(Inhibition.ended_at.is_(None)).order_by(Inhibition.id)):
        if inhibition.held_rule_id not in {None, alert.rule_id} or not wants(inhibition.held_filters, alert):
            continue
        query = select(Alert).where(
            Alert.id != alert.id,
            Alert.state != "resolved",
            Alert.told_at.is_not(None),
            Alert.last_event_at >= now - dt.timedelta(hours=inhibition.hours),
        )
        if inhibition.holder_rule_id is not None:
            query = query.where(Alert.rule_id == inhibition.holder_rule_id)
        for holder in session.scalars(query.order_by(Alert.id.desc()).limit(MOST_HOLDERS)):
            lower = holder.details.get("stage", 0) < alert.details.get("stage", 0)
            if not lower and wants(inhibition.holder_filters, holder) and shares(holder, alert, inhibition.equal):
                yield inhibition, holder


def _hold(session: Session, alert: Alert, inhibition: Inhibition, holder: Alert, now: dt.datetime) -> None:
    if alert.inhibited_by != holder.id:
        alert.inhibited_by = holder.id
        details = {"by": holder.id, "inhibition": inhibition.id}
        timeline.add(session, alert.id, "inhibited", now, note=inhibition.reason, details=details)
