"""Replay a rule over what is stored, before anybody is woken by it: how often, how rightly, and what it would miss.

Nothing is written. An item rule is replayed on what the machine said, copies of one text being one alarm, and compared
with what people decided since. A surge rule is replayed hour by hour on the tallies as they stand, each hour knowing
only what lay before it, and compared with the surges of the same series that people have judged.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from models.alert import Rule
from models.assessment import STATUSES, Assessment
from models.tally import hour_of
from warn import confirmed, items, parameters, patterns, series, surges, words
from warn.about import about_documents
from warn.errors import RuleRefused
from warn.facts import machine_facts_of
from warn.rules import Facts, RuleInput, matches, problems, severity_of
from warn.scan import chosen, scans, watched_scopes
from warn.series import Scope
from warn.settings import WarnSettings
from warn.trends import EARLIEST, floor

WEEK = dt.timedelta(weeks=1)
LONGEST = dt.timedelta(days=92)
BATCH = 1000
MOST_READ = 100_000
MOST_EXAMPLES = 20
STEP = dt.timedelta(hours=6)


@dataclass(frozen=True)
class Week:
    """A week, from Monday, and the alarms that would have begun in it."""

    at: dt.datetime
    alarms: int


@dataclass(frozen=True)
class Example:
    """One alarm that would have been raised."""

    at: dt.datetime
    title: str
    summary: str


@dataclass(frozen=True)
class Report:
    """What a rule would have done; `examples` are the latest alarms.

    `reviews` counts what people decided: by status about the posts behind the alarms; for surge rules about alerts of
    the same series at the same time (confirmed, disputed). `precision` is the share of confirmed among them, None where
    nobody has decided; `missed` counts what people confirmed in the time and the rule would have left alone:
    posts, or surges. `complete` is false when there was more than could be read.
    """

    since: dt.datetime
    until: dt.datetime
    alarms: int
    alarms_per_week: float
    weeks: list[Week]
    examples: list[Example]
    reviews: dict[str, int] | None = None
    precision: float | None = None
    missed: int | None = None
    complete: bool = True


def backtest(
    session: Session, rule: RuleInput, since: dt.datetime, until: dt.datetime, settings: WarnSettings
) -> Report:
    """Replay a rule over posts from `since` up to `until`; raises RuleRefused."""
    found = problems(rule)
    if until <= since:
        found.append("until must lie after since.")
    elif since < EARLIEST:
        found.append(f"since lies before {EARLIEST:%Y}.")
    elif until - since > LONGEST:
        found.append(f"since lies more than {LONGEST.days} days before until; replay less at once.")
    if rule.kind == "outage":
        found.append("kind outage cannot be replayed: how sources answered in the past is not kept.")
    if found:
        raise RuleRefused(found)
    if rule.kind in items.KINDS:
        return _replay_item_rule(session, rule, since, until)
    if rule.kind in patterns.FINDERS:
        return _replay_pattern_rule(session, rule, since, until, settings)
    return _replay_surge_rule(session, rule, since, until, settings)


def _replay_item_rule(session: Session, rule: RuleInput, since: dt.datetime, until: dt.datetime) -> Report:
    in_time = and_(Assessment.current, Assessment.event_at >= since, Assessment.event_at < until)
    # What a calendar rule raises begins lower.
    least = rule.min_severity - (
        parameters.value("calendar", rule.parameters, "raise_by") if rule.kind == "calendar" else 0
    )
    severe = select(Assessment.id).where(in_time, Assessment.severity >= least)
    ids = list(session.scalars(severe.order_by(Assessment.event_at, Assessment.id).limit(MOST_READ + 1)))
    clusters: dict[int, list[Facts]] = {}
    for start in range(0, min(len(ids), MOST_READ), BATCH):
        for fact in machine_facts_of(session, ids[start : start + BATCH]):
            # What people decided later must not change what the rule would have done.
            if matches(rule, replace(fact, status="unreviewed")):
                clusters.setdefault(fact.cluster_id, []).append(fact)
    reviews = Counter(fact.status for facts in clusters.values() for fact in facts)
    return replace(
        _report(since, until, [_item_example(rule, facts) for facts in clusters.values()]),
        reviews={status: reviews[status] for status in STATUSES},
        precision=_precision(reviews["confirmed"], reviews["rejected"]),
        missed=_confirmed(session, in_time) - reviews["confirmed"],
        complete=len(ids) <= MOST_READ,
    )


def _replay_surge_rule(
    session: Session, rule: RuleInput, since: dt.datetime, until: dt.datetime, settings: WarnSettings
) -> Report:
    examples = []
    alarmed: dict[tuple[Scope, str], list[dt.datetime]] = defaultdict(list)
    for scanned in scans(session, rule, hour_of(since), hour_of(until), settings):
        names = series.names(session, scanned.scope.dimension, scanned.values)
        for alarm in scanned.episodes(settings.surge_quiet_hours):
            name = names[alarm.value]
            details = {"about": surges.about(alarm, name), "rests_on": surges.rests_on(alarm, name)}
            examples.append(Example(alarm.ends_at, *words.alert("surge", 0, alarm.observed, details)))
            alarmed[alarm.scope, alarm.value].append(alarm.ends_at)
    told: Counter[tuple[bool, bool]] = Counter()  # whether the rule alarmed, whether it was real
    for key, one in _judged(session, rule, since, until):
        begin, end = one.opened - confirmed.REACH, one.ended + confirmed.REACH
        found = any(begin <= at <= end for at in alarmed.get(key, ()))
        told[found, one.real] += 1
    return replace(
        _report(since, until, examples),
        reviews={"confirmed": told[True, True], "disputed": told[True, False]},
        precision=_precision(told[True, True], told[True, False]),
        missed=told[False, True],
    )


def _judged(
    session: Session, rule: RuleInput, since: dt.datetime, until: dt.datetime
) -> Iterator[tuple[tuple[Scope, str], confirmed.Judged]]:
    """Give the surges that people have judged in the series and the time of a rule."""
    for scope in watched_scopes(rule):
        found = confirmed.judged(session, scope)
        for value in chosen(session, rule, scope, list(found)):
            yield from (((scope, value), one) for one in found[value] if since <= one.opened < until)


def _replay_pattern_rule(
    session: Session, rule: RuleInput, since: dt.datetime, until: dt.datetime, settings: WarnSettings
) -> Report:
    """Look as often as would have been looked, on what holds now; a find that goes on is one alarm.

    Looks lie `STEP` apart instead of an hour, which finds the same: no window of these rules is read that finely.
    """
    step = WEEK / 7 if rule.kind in patterns.DAILY else STEP
    last_seen: dict[str, dt.datetime] = {}
    examples = []
    quiet = dt.timedelta(hours=settings.surge_quiet_hours)
    at = hour_of(since) + step
    stored = Rule(kind=rule.kind, filters=rule.filters, parameters=rule.parameters, signals=rule.signals)
    while at <= until:
        for find in patterns.FINDERS[rule.kind](session, rule, at):
            if find.key not in last_seen or at - last_seen[find.key] > quiet:
                drafted = patterns.draft(stored, find)
                details = {"about": drafted.about, "stage": drafted.stage, "rests_on": drafted.rests_on}
                examples.append(Example(at, *words.alert(rule.kind, drafted.severity, drafted.count, details)))
            last_seen[find.key] = at
        at += step
    return _report(since, until, examples)


def _item_example(rule: RuleInput, facts: list[Facts]) -> Example:
    first, severity = facts[0], max(severity_of(rule, fact) for fact in facts)
    details = {"about": about_documents(facts), "stage": max(fact.stage for fact in facts)}
    return Example(first.event_at, *words.alert("item", severity, len(facts), details))


def _report(since: dt.datetime, until: dt.datetime, examples: list[Example]) -> Report:
    """Count alarms by week, weeks without any included, and show the latest."""
    begun = Counter(floor(example.at, "week") for example in examples)
    first = floor(since, "week")
    weeks = [first + step * WEEK for step in range(-(-(until - first) // WEEK))]
    return Report(
        since=since,
        until=until,
        alarms=len(examples),
        alarms_per_week=len(examples) / ((until - since) / WEEK),
        weeks=[Week(at, begun[at]) for at in weeks],
        examples=sorted(examples, key=lambda example: example.at, reverse=True)[:MOST_EXAMPLES],
    )


def _precision(right: int, wrong: int) -> float | None:
    return right / (right + wrong) if right + wrong else None


def _confirmed(session: Session, in_time: ColumnElement[bool]) -> int:
    count = select(func.count()).select_from(Assessment).where(in_time, Assessment.status == "confirmed")
    return session.scalar(count) or 0
