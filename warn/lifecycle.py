"""What becomes of an open alert: it is somebody's, it is repeated, it escalates, it is merged into another.

The manners are Alertmanager's: whoever was told is reminded while nobody takes the alert on, and when nobody does for
too long, that is said too. In doubt a message goes out: a duplicate beats a miss.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session

from models.account import Account
from models.alert import Alert, AlertAssessment
from models.database import Sessions, reading, writing
from warn import notify, timeline, words
from warn.about import merged
from warn.errors import AlreadyResolved, Conflict, NotFound, TagRefused
from warn.settings import WarnSettings

BATCH = 200
MOST_TAGS, LONGEST_TAG = 20, 40


def remind(sessions: Sessions, settings: WarnSettings, now: dt.datetime) -> int:
    """Repeat and escalate open alerts that nobody has taken on; return how many messages that owes."""
    return _escalate(sessions, settings, now) + _repeat(sessions, settings, now)


def assign(session: Session, alert_id: int, name: str | None, account_id: int | None, now: dt.datetime) -> Alert:
    """Make an alert somebody's, by the name of their account, or nobody's; raises NotFound."""
    alert = existing(session, alert_id)
    owner = session.scalars(select(Account).where(Account.name == name, Account.disabled_at.is_(None))).one_or_none()
    if name is not None and owner is None:
        raise NotFound(f"There is no account {name!r} that could own an alert.")
    alert.owner_id = owner.id if owner else None
    timeline.add(session, alert_id, "owner", now, account_id=account_id, details={"owner": name})
    return alert


def annotate(session: Session, alert_id: int, note: str, account_id: int | None, now: dt.datetime) -> Alert:
    """Add a note to the timeline; partners do not get it. Raises NotFound."""
    alert = existing(session, alert_id)
    timeline.add(session, alert_id, "note", now, account_id=account_id, note=note)
    return alert


def tag(session: Session, alert_id: int, tags: Iterable[str], account_id: int | None, now: dt.datetime) -> Alert:
    """Give an alert exactly these tags; raises NotFound and TagRefused. The same ones again write no line."""
    alert = existing(session, alert_id)
    wanted = sorted({" ".join(one.split()).lower() for one in tags} - {""})
    if len(wanted) > MOST_TAGS or any(len(one) > LONGEST_TAG for one in wanted):
        raise TagRefused([f"An alert has at most {MOST_TAGS} tags of at most {LONGEST_TAG} characters."])
    if wanted != alert.tags:
        alert.tags = wanted
        timeline.add(session, alert_id, "tagged", now, account_id=account_id, details={"tags": wanted})
    return alert


def merge(session: Session, alert_id: int, into_id: int, account_id: int | None, now: dt.datetime) -> Alert:
    """Let one alert go on in another; return the other. Raises NotFound, AlreadyResolved or Conflict.

    The other rests on both from now on, and what would have joined the one joins the other.
    """
    if alert_id == into_id:
        raise Conflict(f"Alert {alert_id} cannot be merged into itself.")
    # In the order of their ids, so that two people who merge both ways at once do not wait for each other for ever.
    rows = {row.id: row for row in session.scalars(_locked(Alert.id.in_((alert_id, into_id))))}
    for wanted in (alert_id, into_id):
        if wanted not in rows:
            raise NotFound(f"There is no alert {wanted}.")
        if rows[wanted].state == "resolved":
            raise AlreadyResolved(f"Alert {wanted} is resolved; only open alerts can be merged.")
    one, into = rows[alert_id], rows[into_id]
    _refer(session, one, into, now)
    details = dict(into.details)
    details["about"] = merged(details.get("about", {}), one.details.get("about", {}))
    details["stage"] = max(details.get("stage", 0), one.details.get("stage", 0))
    into.details, into.severity, into.count = details, max(into.severity, one.severity), into.count + one.count
    into.indicators = [key for key in words.INDICATORS if key in {*into.indicators, *one.indicators}]
    into.reviewed = into.reviewed or one.reviewed
    into.last_event_at = max(into.last_event_at, one.last_event_at)
    said = f"merged into alert {into_id}"
    one.state, one.merged_into = "resolved", into_id
    one.resolved_at, one.resolved_by, one.resolve_note = now, account_id, said
    timeline.add(session, alert_id, "merged", now, account_id=account_id, note=said, details={"into": into_id})
    note = f"took in alert {alert_id}"
    timeline.add(session, into_id, "merged", now, account_id=account_id, note=note, details={"from": alert_id})
    notify.owe(session, one, notify.RESOLVED, now)
    notify.owe(session, into, notify.OPENED, now)
    return into


def existing(session: Session, alert_id: int) -> Alert:
    """Return an alert; raises NotFound."""
    alert = session.get(Alert, alert_id)
    if alert is None:
        raise NotFound(f"There is no alert {alert_id}.")
    return alert


def _escalate(sessions: Sessions, settings: WarnSettings, now: dt.datetime) -> int:
    if not settings.escalate_after_minutes:
        return 0
    waited = now - dt.timedelta(minutes=settings.escalate_after_minutes)
    due = (
        Alert.state == "open",
        Alert.silenced_by.is_(None),
        Alert.told_at.is_not(None),
        Alert.escalated_at.is_(None),
        Alert.severity >= settings.escalate_min_severity,
        Alert.opened_at < waited,
    )
    note = f"nobody acknowledged it within {settings.escalate_after_minutes} minutes"
    owed = 0
    for alert_id in _due(sessions, *due):
        with writing(sessions) as session:
            if (alert := _taken(session, alert_id, due, {"escalated_at": now})) is not None:
                timeline.add(session, alert_id, "escalated", now, note=note)
                owed += notify.owe(session, alert, notify.ESCALATED, now)
    return owed


def _repeat(sessions: Sessions, settings: WarnSettings, now: dt.datetime) -> int:
    if not settings.repeat_open_hours:
        return 0
    due = (
        Alert.state == "open",
        Alert.silenced_by.is_(None),
        Alert.told_at < now - dt.timedelta(hours=settings.repeat_open_hours),
    )
    owed = 0
    for alert_id in _due(sessions, *due):
        with writing(sessions) as session:
            if (alert := _taken(session, alert_id, due, {"told_at": now})) is not None:
                number = sum(line.kind == "repeated" for line in timeline.lines(session, alert_id)) + 1
                if told := notify.owe(session, alert, f"{notify.REPEATED}#{number}", now):
                    timeline.add(session, alert_id, "repeated", now, details={"number": number})
                    owed += told
    return owed


def _due(sessions: Sessions, *due: ColumnElement[bool]) -> list[int]:
    with reading(sessions) as session:
        return list(session.scalars(select(Alert.id).where(*due).order_by(Alert.id).limit(BATCH)))


def _taken(session: Session, alert_id: int, due: Any, values: dict[str, Any]) -> Alert | None:
    """Mark one alert unless another worker was faster; return it."""
    statement = update(Alert).where(Alert.id == alert_id, *due).values(**values).returning(Alert.id)
    if session.scalar(statement.execution_options(synchronize_session=False)) is None:
        return None
    return session.get_one(Alert, alert_id, populate_existing=True)


def _locked(condition: ColumnElement[bool]) -> Select[Alert]:
    return select(Alert).where(condition).order_by(Alert.id).with_for_update()


def _refer(session: Session, one: Alert, into: Alert, now: dt.datetime) -> None:
    known = select(AlertAssessment.assessment_id).where(AlertAssessment.alert_id == into.id)
    more = select(AlertAssessment.assessment_id).where(
        AlertAssessment.alert_id == one.id, AlertAssessment.assessment_id.not_in(known)
    )
    for assessment_id in session.scalars(more).all():
        session.add(AlertAssessment(alert_id=into.id, assessment_id=assessment_id, added_at=now))
    session.flush()
