"""Look at the series of surge rules, hour by hour, and draft an alert where the share rises beyond chance.

A surge is one episode: it ends after `surge_quiet_hours` without an alarm, and what comes then is a new alert. Each
rule is looked at once per hour that has ended, by one worker.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from models.alert import Alert, Rule
from models.assessment import SIGNALS
from models.database import Sessions, reading, writing
from models.tally import hour_of
from warn import detectors, series
from warn.notify import rfc3339
from warn.opening import Draft, open_or_join
from warn.rules import wanted_values
from warn.series import HOUR_SECONDS, Scope
from warn.settings import WarnSettings
from warn.silences import active_silences
from warn.tally import ANY

HOUR = dt.timedelta(hours=1)
CATCH_UP_HOURS = 48  # a worker that was away longer looks at the latest two days only
MOST_SERIES = 20_000
CHUNK = 256


@dataclass(frozen=True)
class Alarm:
    """One series beyond chance: its strongest window among the hours looked at."""

    scope: Scope
    value: str
    ends_at: dt.datetime
    window_hours: int
    observed: int
    expected: float
    scanned: int
    p: float
    score: float


def evaluate(sessions: Sessions, settings: WarnSettings, now: dt.datetime) -> int:
    """Look at every surge rule that has not seen the hour that ended last; return how many alerts were opened."""
    end = hour_of(now)
    with reading(sessions) as session:
        due = list(session.execute(select(Rule.id, Rule.evaluated_until).where(_due(end)).order_by(Rule.id)))
    opened = 0
    for rule_id, evaluated_until in due:
        with reading(sessions) as session:
            rule = session.get_one(Rule, rule_id)
            alarms = list(alarms_of(session, rule, evaluated_until, end, settings))
        with writing(sessions) as session:
            # Whoever moves the mark raises the alarms; another worker finds it moved.
            taken = update(Rule).where(Rule.id == rule_id, _due(end)).values(evaluated_until=end).returning(Rule.id)
            if session.scalar(taken.execution_options(synchronize_session=False)) is None:
                continue
            silences = active_silences(session, now)
            quiet = now - dt.timedelta(hours=settings.surge_quiet_hours)
            for alarm in alarms:
                draft = _draft(session, rule, alarm, quiet)
                opened += open_or_join(session, draft, silences, now, joins_since=quiet)
    return opened


def alarms_of(
    session: Session, rule: Rule, evaluated_until: dt.datetime | None, end: dt.datetime, settings: WarnSettings
) -> Iterator[Alarm]:
    """Find the series of a rule that alarm in an hour that ended after the last look and up to `end`."""
    since = max(evaluated_until or end - HOUR, end - CATCH_UP_HOURS * HOUR)
    for scope, values in scopes_of(session, rule, since - 24 * HOUR, end, settings):
        for start in range(0, len(values), CHUNK):
            yield from _alarms(session, rule, scope, values[start : start + CHUNK], since, end, settings)


def scopes_of(
    session: Session, rule: Rule, since: dt.datetime, until: dt.datetime, settings: WarnSettings
) -> Iterator[tuple[Scope, list[str]]]:
    """List the series of a rule that hold enough posts to alarm at all."""
    group = rule.parameters.get("group_by") or "all"
    countries = wanted_values(rule.filters["country"]) if "country" in rule.filters else [""]
    chosen = wanted_values(rule.filters[group]) if group in rule.filters else None
    if group == "country":
        countries = [""]
    for label in labels_of(rule):
        for country in countries:
            scope = Scope(label, group, country)
            values = series.busiest(session, scope, since, until, least=settings.surge_min_voices, most=MOST_SERIES)
            named = series.names(session, group, values)
            yield scope, [value for value in values if chosen is None or value in chosen or named[value] in chosen]


def labels_of(rule: Rule) -> list[str]:
    """Name the labels that a surge rule watches."""
    return [f"signal:{key}" for key in rule.signals] or [ANY]


def design_of(settings: WarnSettings) -> detectors.Design:
    """Turn the operator's settings into the test's terms, by the hour."""
    return detectors.Design(
        baseline=settings.baseline_days * 24,
        guard=settings.guard_hours,
        least=settings.baseline_min_days * 24,
        min_events=settings.surge_min_voices,
    )


def _due(end: dt.datetime) -> Any:
    return (Rule.kind == "surge") & Rule.enabled & or_(Rule.evaluated_until.is_(None), Rule.evaluated_until < end)


def _alarms(
    session: Session,
    rule: Rule,
    scope: Scope,
    values: list[str],
    since: dt.datetime,
    end: dt.datetime,
    settings: WarnSettings,
) -> Iterator[Alarm]:
    design = design_of(settings)
    last = series.slot_of(end, HOUR_SECONDS)
    looked = last - series.slot_of(since, HOUR_SECONDS)
    # Two baselines back: what capped the counts of the first must be known too. Whole days, as the test wants them.
    first = (last - looked - 2 * design.baseline - 2 * design.guard) // 24 * 24
    flagged = series.read(session, scope, values, first, last, HOUR_SECONDS).voices
    scanned = np.maximum(series.read_volume(session, scope, values, first, last, HOUR_SECONDS).voices, flagged)
    hours = rule.parameters.get("window_hours")
    surge = detectors.surge(flagged, scanned, design, [hours] if hours else detectors.WINDOWS)
    bar = detectors.threshold(rule.parameters.get("budget", settings.false_alarms_per_quarter))
    for row, value in enumerate(values):
        slot = last - first - looked + int(np.argmax(surge.score[row, -looked:]))
        if surge.score[row, slot] > bar:
            width = int(surge.width[row, slot])
            yield Alarm(
                scope=scope,
                value=value,
                ends_at=series.moment_of(first + slot + 1, HOUR_SECONDS),
                window_hours=width,
                observed=round(surge.observed[row, slot]),
                expected=round(float(surge.expected[row, slot]), 3),
                scanned=round(scanned[row, slot + 1 - width : slot + 1].sum()),
                p=float(surge.p[row, slot]),
                score=round(float(surge.score[row, slot]), 2),
            )


def _draft(session: Session, rule: Rule, alarm: Alarm, quiet: dt.datetime) -> Draft:
    """Draft the alert of an alarm; it belongs to the episode that is still going on, if one is."""
    scope = alarm.scope
    name = series.names(session, scope.dimension, [alarm.value])[alarm.value]
    kind, _, key = scope.label.partition(":")
    about = {
        "signals": [key] if kind == "signal" else [],
        "targets": [alarm.value] if scope.dimension == "target" else [],
        "target_names": [alarm.value] if scope.dimension == "target_name" else [],
        "countries": [alarm.value] if scope.dimension == "country" else [scope.country] if scope.country else [],
        "regions": [],
        "languages": [alarm.value] if scope.dimension == "language" else [],
        "sources": [name] if scope.dimension == "source" else [],
    }
    return Draft(
        rule=rule,
        group_key=_episode(session, rule, alarm, quiet),
        severity=min(100, round(-10 * np.log10(alarm.p))),
        signals=about["signals"] or [key for key in SIGNALS if key in rule.signals],
        about=about,
        rests_on={
            "label": scope.label,
            "dimension": scope.dimension,
            "value": alarm.value,
            "name": name,
            "country": scope.country or None,
            "since": rfc3339(alarm.ends_at - alarm.window_hours * HOUR),
            "until": rfc3339(alarm.ends_at),
            "window_hours": alarm.window_hours,
            "observed": alarm.observed,
            "expected": alarm.expected,
            "scanned": alarm.scanned,
            "p": alarm.p,
        },
        count=alarm.observed,
    )


def _episode(session: Session, rule: Rule, alarm: Alarm, quiet: dt.datetime) -> str:
    """Return the group of the episode that goes on, or of a new one that begins with this alarm."""
    scope = alarm.scope
    stem = f"surge:{scope.label}:{scope.dimension}:{alarm.value}:{scope.country}:"
    begun = (
        select(Alert.group_key)
        .where(
            Alert.rule_id == rule.id, Alert.last_event_at >= quiet, Alert.group_key.startswith(stem, autoescape=True)
        )
        .order_by(Alert.id.desc())
        .limit(1)
    )
    return session.scalar(begun) or f"{stem}{alarm.ends_at:%Y-%m-%dT%H}"
