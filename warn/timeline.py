"""The timeline of an alert: what happened to it and who said what, in order, only ever added to.

Partners answer here too: they have seen it, they dispute it, or they know it from elsewhere. An answer changes nothing
about the alert itself; it is shown, and a person decides.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.alert import SIGHTINGS, Alert, AlertEvent
from warn.errors import NotFound


def add(
    session: Session,
    alert_id: int,
    kind: str,
    now: dt.datetime,
    *,
    account_id: int | None = None,
    note: str | None = None,
    details: dict[str, Any] | None = None,
) -> AlertEvent:
    """Write one line, in the caller's transaction."""
    event = AlertEvent(
        alert_id=alert_id, at=now, kind=kind, account_id=account_id, note=note or None, details=details or {}
    )
    session.add(event)
    session.flush()
    return event


def lines(session: Session, alert_id: int) -> list[AlertEvent]:
    """Return the timeline of an alert, the oldest line first."""
    return list(session.scalars(select(AlertEvent).where(AlertEvent.alert_id == alert_id).order_by(AlertEvent.id)))


def answer(
    session: Session, alert_id: int, kind: str, account_id: int | None, note: str | None, now: dt.datetime
) -> AlertEvent:
    """Keep a partner's answer; saying the same again adds nothing. Raises NotFound."""
    if session.get(Alert, alert_id) is None:
        raise NotFound(f"There is no alert {alert_id}.")
    own = select(AlertEvent).where(
        AlertEvent.alert_id == alert_id, AlertEvent.account_id == account_id, AlertEvent.kind.in_(SIGHTINGS)
    )
    last = session.scalars(own.order_by(AlertEvent.id.desc()).limit(1)).first()
    if last is not None and (last.kind, last.note) == (kind, note or None):
        return last
    return add(session, alert_id, kind, now, account_id=account_id, note=note)


def sightings(session: Session, alert_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Count for each alert how many partners say what now: the latest answer of each counts."""
    latest = (
        select(func.max(AlertEvent.id))
        .where(AlertEvent.alert_id.in_(list(alert_ids)), AlertEvent.kind.in_(SIGHTINGS))
        .group_by(AlertEvent.alert_id, AlertEvent.account_id)
    )
    counted: dict[int, dict[str, int]] = {}
    for event in session.scalars(select(AlertEvent).where(AlertEvent.id.in_(latest)).order_by(AlertEvent.id)):
        said = counted.setdefault(event.alert_id, dict.fromkeys(SIGHTINGS, 0))
        said[event.kind] += 1
    return counted
