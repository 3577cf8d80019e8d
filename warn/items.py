"""Look at assessments that no item rule has seen, and draft the alerts they deserve.

Grouping is by cluster: one text, however often it is copied, is one alert with many references. A rule that has opened
`alerts_per_hour` alerts within an hour gathers further posts by strongest signal, target and country instead: a flood
wakes nobody a thousand times, and nothing is dropped.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.alert import Alert, AlertAssessment, Rule
from models.assessment import Assessment
from models.base import is_sqlite
from models.database import Sessions, reading, writing
from models.tally import hour_of
from warn.about import MOST, about_documents
from warn.facts import facts_of
from warn.opening import Draft, open_or_join
from warn.rules import Facts, explain, matches, severity_of
from warn.settings import WarnSettings
from warn.silences import active_silences

HOUR = dt.timedelta(hours=1)
MOST_BATCHES = 40
KINDS = ("item", "calendar")


def evaluate(sessions: Sessions, settings: WarnSettings, now: dt.datetime) -> int:
    """Look at all that waits, in bounded batches; return how many alerts were opened."""
    opened = 0
    for _ in range(MOST_BATCHES):
        looked, found = _look(sessions, settings, now)
        opened += found
        if looked < settings.alert_batch:
            break
    return opened


def group_key(facts: Facts, now: dt.datetime, *, flooded: bool) -> str:
    """Name the group a document's alert belongs to."""
    if not flooded:
        return f"cluster:{facts.cluster_id}"
    signal = max(facts.signals, key=lambda key: facts.signals[key], default="none")
    target = (*facts.target_names, *facts.targets, "none")[0]
    return f"flood:{hour_of(now):%Y-%m-%dT%H}:{signal}:{facts.country or ''}:{target}"


def draft(rule: Rule, key: str, facts: Sequence[Facts]) -> Draft:
    """Draft the alert of one group of documents."""
    about = about_documents(facts)
    return Draft(
        rule=rule,
        group_key=key,
        severity=max(severity_of(rule, fact) for fact in facts),
        about=about,
        rests_on={
            "assessments": [fact.assessment_id for fact in facts][:MOST],
            "documents": [fact.document_id for fact in facts][:MOST],
            "clusters": [*dict.fromkeys(fact.cluster_id for fact in facts)][:MOST],
            "why": explain(rule, max(facts, key=lambda fact: fact.severity)),
        },
        models=sorted({fact.model for fact in facts}),
        stage=max(fact.stage for fact in facts),
        count=len(facts),
        assessment_ids=[fact.assessment_id for fact in facts],
        reviewed=any(fact.status != "unreviewed" for fact in facts),
    )


def _look(sessions: Sessions, settings: WarnSettings, now: dt.datetime) -> tuple[int, int]:
    """Look at one batch; return how many assessments were looked at and how many alerts were opened.

    The rows stay locked until the alerts are committed, so no second worker looks at them.
    """
    waiting = select(Assessment.id).where(Assessment.ruled_at.is_(None)).order_by(Assessment.id)
    with reading(sessions) as session:
        # Most turns find nothing; they need not wait for the right to write.
        if session.scalar(waiting.limit(1)) is None:
            return 0, 0
    with writing(sessions) as session:
        batch = waiting.limit(settings.alert_batch)
        ids = list(session.scalars(batch if is_sqlite(session) else batch.with_for_update(skip_locked=True)))
        silences = active_silences(session, now)
        joins_since = now - dt.timedelta(hours=settings.repeat_after_hours)
        opened = sum(
            open_or_join(session, drafted, silences, now, joins_since=joins_since)
            for drafted in _drafts(session, ids, settings, now)
        )
        session.execute(
            update(Assessment)
            .where(Assessment.id.in_(ids))
            .values(ruled_at=now)
            .execution_options(synchronize_session=False)
        )
    return len(ids), opened


def _drafts(session: Session, ids: list[int], settings: WarnSettings, now: dt.datetime) -> list[Draft]:
    """Draft alerts for a batch, sorted so that two workers take the same groups in the same order."""
    rules = list(session.scalars(select(Rule).where(Rule.kind.in_(KINDS), Rule.enabled).order_by(Rule.id)))
    facts = facts_of(session, ids) if rules else []
    matched = [(rule, fact) for rule in rules for fact in facts if matches(rule, fact)]
    told = _told(session, {fact.document_id for _, fact in matched})
    joinable = _unresolved(session, {group_key(fact, now, flooded=False) for _, fact in matched})
    groups: dict[tuple[int, str], list[Facts]] = defaultdict(list)
    room = {rule.id: settings.alerts_per_hour - _opened_lately(session, rule, settings, now) for rule, _ in matched}
    for rule, fact in matched:
        if (rule.id, fact.document_id) in told:
            continue
        usual = (rule.id, group_key(fact, now, flooded=False))
        if usual not in joinable and room[rule.id] > 0:
            room[rule.id] -= 1
            joinable.add(usual)
        groups[usual if usual in joinable else (rule.id, group_key(fact, now, flooded=True))].append(fact)
    by_id = {rule.id: rule for rule in rules}
    return [draft(by_id[rule_id], key, members) for (rule_id, key), members in sorted(groups.items())]


def _told(session: Session, document_ids: set[int]) -> set[tuple[int, int]]:
    """Return the (rule, document) pairs that have an alert: a newer model's reading of the same text is no news."""
    query = (
        select(Alert.rule_id, Assessment.document_id)
        .join(AlertAssessment, AlertAssessment.alert_id == Alert.id)
        .join(Assessment, Assessment.id == AlertAssessment.assessment_id)
        .where(Assessment.document_id.in_(document_ids))
    )
    return {(rule_id, document_id) for rule_id, document_id in session.execute(query)}


def _unresolved(session: Session, keys: set[str]) -> set[tuple[int, str]]:
    query = select(Alert.rule_id, Alert.group_key).where(Alert.group_key.in_(keys), Alert.state != "resolved")
    return {(rule_id, key) for rule_id, key in session.execute(query)}


def _opened_lately(session: Session, rule: Rule, settings: WarnSettings, now: dt.datetime) -> int:
    latest = select(Alert.opened_at).where(Alert.rule_id == rule.id).order_by(Alert.id.desc())
    return sum(at > now - HOUR for at in session.scalars(latest.limit(settings.alerts_per_hour)))
