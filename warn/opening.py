"""Open an alert, or join the one that already says the same.

Two workers never open two: the unique index on rule and group of unresolved alerts decides, on both databases. What a
draft says was decided before; here it is only written, with what it rests on and what it owes.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import or_, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.alert import Alert, AlertAssessment, Rule, Silence
from models.base import is_sqlite
from warn import notify, timeline, words
from warn.about import MOST, merged
from warn.silences import silence_of

TRIES = 5  # each lost race means that another worker opened or resolved the same alert in between


@dataclass(frozen=True)
class Draft:
    """An alert that should exist; `private` is kept with it and told to no partner."""

    rule: Rule
    group_key: str
    severity: int
    about: dict[str, list[str]]
    rests_on: dict[str, Any]
    models: list[str] = field(default_factory=list)
    stage: int = 0
    count: int = 1
    assessment_ids: list[int] = field(default_factory=list)
    reviewed: bool = False
    private: dict[str, Any] = field(default_factory=dict)


def open_or_join(
    session: Session, draft: Draft, silences: list[Silence], now: dt.datetime, *, joins_since: dt.datetime
) -> bool:
    """Write a draft; return whether an alert was opened.

    It joins the unresolved alert of its group, or one resolved but still active since `joins_since`: what a person has
    just dealt with does not wake anybody again.
    """
    for _ in range(TRIES):
        alert = _existing(session, draft, joins_since)
        if alert is not None:
            _join(session, alert, draft, now)
            return False
        alert_id = _insert(session, draft, now)
        if alert_id is not None:
            alert = session.get_one(Alert, alert_id)
            _refer(session, alert, draft, now)
            alert.silenced_by = silence_of(silences, alert)
            timeline.add(session, alert_id, "opened", now)
            notify.owe(session, alert, notify.OPENED, now)
            return True
    raise RuntimeError(
        f"alert {draft.group_key!r} of rule {draft.rule.id} was opened and resolved {TRIES} times at once"
    )


def _existing(session: Session, draft: Draft, joins_since: dt.datetime) -> Alert | None:
    query = (
        select(Alert)
        .where(
            Alert.rule_id == draft.rule.id,
            Alert.group_key == draft.group_key,
            or_(Alert.state != "resolved", Alert.last_event_at >= joins_since),
        )
        .order_by(Alert.id.desc())
        .limit(1)
    )
    found = session.scalars(query if is_sqlite(session) else query.with_for_update()).first()
    if found is not None and found.merged_into is not None:
        # It goes on in another; once that is over too, what a person dealt with stays dealt with here.
        into = session.get(Alert, found.merged_into, with_for_update=not is_sqlite(session))
        return into if into is not None and into.state != "resolved" else found
    return found


def _insert(session: Session, draft: Draft, now: dt.datetime) -> int | None:
    """Insert unless another worker was faster; return the new id."""
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    details = {
        "about": draft.about,
        "rests_on": draft.rests_on,
        "models": draft.models,
        "stage": draft.stage,
        **draft.private,
    }
    title, summary = words.alert(draft.rule.kind, draft.severity, draft.count, details)
    statement = insert(Alert).values(
        rule_id=draft.rule.id,
        kind=draft.rule.kind,
        group_key=draft.group_key,
        state="open",
        title=title,
        summary=summary,
        severity=draft.severity,
        count=draft.count,
        opened_at=now,
        last_event_at=now,
        indicators=words.indicators(draft.about["signals"], kind=draft.rule.kind),
        details=details,
        reviewed=draft.reviewed,
    )
    unless_open = statement.on_conflict_do_nothing(
        index_elements=[Alert.rule_id, Alert.group_key], index_where=text("state <> 'resolved'")
    )
    return session.scalar(unless_open.returning(Alert.id))


def _join(session: Session, alert: Alert, draft: Draft, now: dt.datetime) -> None:
    """Add a draft to an alert: more references, at least its severity, words that say so."""
    added = _refer(session, alert, draft, now)
    if draft.severity > alert.severity:
        timeline.add(session, alert.id, "grew", now, details={"severity": [alert.severity, draft.severity]})
    alert.count = alert.count + added if draft.assessment_ids else max(alert.count, draft.count)
    alert.severity = max(alert.severity, draft.severity)
    alert.last_event_at = now
    alert.reviewed = alert.reviewed or draft.reviewed
    details = {**alert.details, **draft.private}
    details["about"] = merged(details["about"], draft.about)
    details["rests_on"] = _joined(details["rests_on"], draft.rests_on)
    details["models"] = [*dict.fromkeys([*details["models"], *draft.models])]
    details["stage"] = max(details["stage"], draft.stage)
    alert.details = details
    alert.indicators = words.indicators(details["about"]["signals"], kind=alert.kind)
    alert.title, alert.summary = words.alert(alert.kind, alert.severity, alert.count, details)
    session.flush()
    if alert.state != "resolved":
        # It may have grown into what a webhook asks for.
        notify.owe(session, alert, notify.OPENED, now)


def _refer(session: Session, alert: Alert, draft: Draft, now: dt.datetime) -> int:
    """Note what the alert rests on; return how many references are new."""
    if not draft.assessment_ids:
        return 0
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    rows = [{"alert_id": alert.id, "assessment_id": key, "added_at": now} for key in draft.assessment_ids]
    statement = insert(AlertAssessment).values(rows).on_conflict_do_nothing().returning(AlertAssessment.assessment_id)
    return len(session.scalars(statement).all())


def _joined(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Put lists together, at most `MOST` long; of anything else the new holds."""
    return {
        key: [*dict.fromkeys([*old.get(key, []), *value])][:MOST] if isinstance(value, list) else value
        for key, value in new.items()
    }
