"""Look at the series of surge rules, hour by hour, and draft an alert where the share rises beyond chance.

A surge is one episode: it ends after `surge_quiet_hours` without an alarm, and what comes then is a new alert. Each
rule is looked at once per hour that has ended, by one worker. How many false alarms all rules together may raise, and
which of several series speaks for the same posts, is told by `warn.multiplicity`.
"""

import datetime as dt
import math
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from models.alert import Alert, Rule
from models.database import Sessions, reading, writing
from models.tally import hour_of
from warn import series, watch
from warn.about import FIELDS, merged
from warn.behind import behind
from warn.confirmed import stem_of
from warn.memory import Memory
from warn.multiplicity import MOST_ALSO, Heard, Spoken, budget, speak_once, voices_of, watched
from warn.notify import rfc3339
from warn.opening import Draft, open_or_join
from warn.scan import Alarm
from warn.settings import WarnSettings
from warn.silences import active_silences
from warn.watch import Look

HOUR = dt.timedelta(hours=1)
CATCH_UP_HOURS = 48  # a worker that was away longer looks at the latest two days only
FIELD_OF = {
    "target": "targets",
    "target_name": "target_names",
    "country": "countries",
    "language": "languages",
    "source": "sources",
}


def evaluate(sessions: Sessions, settings: WarnSettings, now: dt.datetime, memory: Memory | None = None) -> int:
    """Look at every surge rule that has not seen the hour that ended last; return how many alerts were opened.

    A worker passes the memory it keeps between looks; without one everything is read again.
    """
    memory = memory or Memory()
    end = hour_of(now)
    with reading(sessions) as session:
        due = list(session.scalars(select(Rule).where(_due(end)).order_by(Rule.id)))
        if not due:
            return 0
        spoken = _spoken(session, memory, due, end, settings)
    opened = 0
    for rule in due:
        with writing(sessions) as session:
            # Whoever moves the mark raises the alarms; another worker finds it moved.
            taken = update(Rule).where(Rule.id == rule.id, _due(end)).values(evaluated_until=end).returning(Rule.id)
            if session.scalar(taken.execution_options(synchronize_session=False)) is None:
                continue
            silences = active_silences(session, now)
            quiet = now - dt.timedelta(hours=settings.surge_quiet_hours)
            for told in spoken:
                if told.heard.rule_id == rule.id:
                    draft = _draft(session, rule, told, quiet)
                    opened += open_or_join(session, draft, silences, now, joins_since=quiet)
                for folded in told.folded:
                    # What has its own alert already goes on there; nothing new is opened for it.
                    if folded.rule_id == rule.id and _begun(session, rule, folded.alarm, quiet):
                        draft = _draft(session, rule, Spoken(folded, ()), quiet)
                        opened += open_or_join(session, draft, silences, now, joins_since=quiet)
    return opened


def _spoken(
    session: Session, memory: Memory, rules: list[Rule], end: dt.datetime, settings: WarnSettings
) -> list[Spoken]:
    """Find what alarms within the desk's budget, and let overlapping series speak once."""
    every = session.scalars(select(Rule).where(Rule.kind == "surge", Rule.enabled).order_by(Rule.id))
    series_watched = watched(session, list(every), end, settings)
    looks = [
        Look(
            rule,
            max(rule.evaluated_until or end - HOUR, end - CATCH_UP_HOURS * HOUR),
            budget(rule, series_watched, settings),
        )
        for rule in rules
    ]
    alarms = watch.alarms(session, memory, looks, end, settings)
    # Alone there is nothing to fold, and most hours bring none or one.
    known = len(alarms) > 1
    return speak_once(
        [Heard(rule_id, alarm, voices_of(session, alarm) if known else frozenset()) for rule_id, alarm in alarms]
    )


def about(alarm: Alarm, name: str) -> dict[str, list[str]]:
    """Say what a series is about, in the fields that webhooks and silences filter by; its posts may say more."""
    scope, (kind, _, key) = alarm.scope, alarm.scope.label.partition(":")
    fields: dict[str, list[str]] = {field: [] for field in FIELDS}
    fields["signals"] = [key] if kind == "signal" else []
    fields["countries"] = [scope.country] if scope.country else []
    if scope.dimension in FIELD_OF:
        fields[FIELD_OF[scope.dimension]] = [name]
    return fields


def rests_on(alarm: Alarm, name: str) -> dict[str, Any]:
    """Write the counts behind a surge, so that a person can check them against the trend."""
    return {
        "label": alarm.scope.label,
        "dimension": alarm.scope.dimension,
        "value": alarm.value,
        "name": name,
        "country": alarm.scope.country or None,
        "since": rfc3339(alarm.ends_at - alarm.window_hours * HOUR),
        "until": rfc3339(alarm.ends_at),
        "window_hours": alarm.window_hours,
        "observed": alarm.observed,
        "expected": alarm.expected,
        "scanned": alarm.scanned,
        "p": alarm.p,
    }


def _due(end: dt.datetime) -> Any:
    return (Rule.kind == "surge") & Rule.enabled & or_(Rule.evaluated_until.is_(None), Rule.evaluated_until < end)


def _draft(session: Session, rule: Rule, told: Spoken, quiet: dt.datetime) -> Draft:
    """Draft the alert of an alarm; it belongs to the episode that is still going on, if one is."""
    alarm = told.heard.alarm
    name = series.names(session, alarm.scope.dimension, [alarm.value])[alarm.value]
    posts = behind(session, alarm)
    what = merged(about(alarm, name), posts.about)
    also = [_also(session, folded.alarm) for folded in told.folded[:MOST_ALSO]]
    return Draft(
        rule=rule,
        group_key=_episode(session, rule, alarm, quiet),
        severity=min(100, round(-10 * math.log10(alarm.p))),
        about=what,
        rests_on=rests_on(alarm, name) | ({"also": also} if also else {}),
        count=alarm.observed,
        stage=posts.stage,
        reviewed=posts.reviewed,
    )


def _also(session: Session, alarm: Alarm) -> str:
    """Name a series that rests on the same posts."""
    scope = alarm.scope
    name = series.names(session, scope.dimension, [alarm.value])[alarm.value]
    where = f" in {scope.country}" if scope.country else ""
    return f"{scope.label} by {scope.dimension} {name}{where}" if scope.dimension != "all" else f"{scope.label}{where}"


def _episode(session: Session, rule: Rule, alarm: Alarm, quiet: dt.datetime) -> str:
    """Return the group of the episode that goes on, or of a new one that begins with this alarm."""
    begun = _begun(session, rule, alarm, quiet)
    return begun or f"{stem_of(alarm.scope, alarm.value)}{alarm.ends_at:%Y-%m-%dT%H}"


def _begun(session: Session, rule: Rule, alarm: Alarm, quiet: dt.datetime) -> str | None:
    """Return the group of the episode that goes on, None when none does."""
    stem = stem_of(alarm.scope, alarm.value)
    begun = (
        select(Alert.group_key)
        .where(
            Alert.rule_id == rule.id, Alert.last_event_at >= quiet, Alert.group_key.startswith(stem, autoescape=True)
        )
        .order_by(Alert.id.desc())
        .limit(1)
    )
    return session.scalar(begun)
