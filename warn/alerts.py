"""Raise alerts, and let people acknowledge and resolve them.

The arrow: count stale hours again, let item rules look at new assessments and the others at the hour that has ended,
and write what a silence or an inhibition that is over still owes. An alert, what it rests on and its deliveries commit
together.
"""

import datetime as dt
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.alert import ALERT_STATES, Alert, AlertAssessment
from models.assessment import Assessment
from models.database import Sessions, reading, writing
from warn import inhibitions, items, lifecycle, notify, patterns, silences, surges, tally, timeline
from warn.errors import AlreadyAcknowledged, AlreadyResolved, NotFound
from warn.memory import Memory
from warn.settings import WarnSettings


def raise_alerts(sessions: Sessions, settings: WarnSettings, now: dt.datetime, memory: Memory | None = None) -> int:
    """Bring counts up to date and raise what the rules ask for; return how many alerts were opened."""
    tally.recount(sessions, now, limit=settings.stale_hours_batch)
    opened = items.evaluate(sessions, settings, now)
    opened += surges.evaluate(sessions, settings, now, memory)
    opened += patterns.evaluate(sessions, settings, now)
    _deliver_held(sessions, now)
    lifecycle.remind(sessions, settings, now)
    return opened


def acknowledge(session: Session, alert_id: int, account_id: int | None, note: str | None, now: dt.datetime) -> Alert:
    """Say that somebody is on it; raises NotFound, AlreadyAcknowledged or AlreadyResolved."""
    values = {"acknowledged_at": now, "acknowledged_by": account_id, "acknowledge_note": note}
    return _move(session, alert_id, "acknowledged", values, notify.ACKNOWLEDGED, now)


def resolve(session: Session, alert_id: int, account_id: int | None, note: str | None, now: dt.datetime) -> Alert:
    """Say that it is over; raises NotFound or AlreadyResolved."""
    values = {"resolved_at": now, "resolved_by": account_id, "resolve_note": note}
    return _move(session, alert_id, "resolved", values, notify.RESOLVED, now)


def reviewed(session: Session, assessment_id: int) -> int:
    """Note on the alerts that rest on an assessment that a person has looked; call in the review's transaction.

    An alert all of whose documents were rejected says so, and stays open until a person resolves it. Returns how many
    alerts rest on the assessment.
    """
    session.flush()
    resting = select(AlertAssessment.alert_id).where(AlertAssessment.assessment_id == assessment_id)
    alerts = list(session.scalars(select(Alert).where(Alert.id.in_(resting)).order_by(Alert.id)))
    for alert in alerts:
        query = (
            select(Assessment.status, func.count())
            .join(AlertAssessment, AlertAssessment.assessment_id == Assessment.id)
            .where(AlertAssessment.alert_id == alert.id)
            .group_by(Assessment.status)
        )
        counts = dict(sorted((status, count) for status, count in session.execute(query)))
        alert.reviewed = set(counts) != {"unreviewed"}
        alert.details = {**alert.details, "reviews": counts, "all_rejected": set(counts) == {"rejected"}}
    session.flush()
    return len(alerts)


def _move(session: Session, alert_id: int, state: str, values: dict[str, Any], event: str, now: dt.datetime) -> Alert:
    """Bring an alert forward to `state` and write what that owes; one conditional UPDATE, so that one of two wins."""
    earlier = ALERT_STATES[: ALERT_STATES.index(state)]
    moved = (
        update(Alert)
        .where(Alert.id == alert_id, Alert.state.in_(earlier))
        .values(state=state, **values)
        .returning(Alert.id)
        .execution_options(synchronize_session=False)
    )
    if session.scalar(moved) is None:
        raise _why_not(session, alert_id)
    alert = session.get_one(Alert, alert_id, populate_existing=True)
    account_id, note = values[f"{state}_by"], values["acknowledge_note" if state == "acknowledged" else "resolve_note"]
    if state == "acknowledged" and alert.owner_id is None:
        alert.owner_id = account_id
    timeline.add(session, alert_id, state, now, account_id=account_id, note=note)
    notify.owe(session, alert, event, now)
    return alert


def _why_not(session: Session, alert_id: int) -> NotFound | AlreadyAcknowledged | AlreadyResolved:
    state = session.scalar(select(Alert.state).where(Alert.id == alert_id))
    if state is None:
        return NotFound(f"There is no alert {alert_id}.")
    if state == "resolved":
        return AlreadyResolved(f"Alert {alert_id} is already resolved; a new event of its kind opens a new alert.")
    return AlreadyAcknowledged(f"Alert {alert_id} is already acknowledged; resolve it when it is over.")


def _deliver_held(sessions: Sessions, now: dt.datetime) -> None:
    """Write what unresolved alerts owe that nothing holds any more; another silence or alert may hold them now."""
    released, inhibited = silences.released(now), inhibitions.inhibited()
    with reading(sessions) as session:
        if all(session.scalar(query.limit(1)) is None for query in (released, inhibited)):
            return
    with writing(sessions) as session:
        active = silences.active_silences(session, now)
        for alert in session.scalars(released.order_by(Alert.id).with_for_update()):
            alert.silenced_by = silences.silence_of(active, alert)
            notify.owe(session, alert, notify.OPENED, now)
        for alert in session.scalars(inhibited.order_by(Alert.id).with_for_update()):
            inhibitions.release(session, alert, now)
            notify.owe(session, alert, notify.OPENED, now)
