"""Flagged posts of a while, as rules may know them, and which outlet each comes from.

Two feeds of one publisher are one outlet: sources are told apart by the host they are read from, where they have one.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from models.alert import Rule
from models.assessment import Assessment
from models.source import Source
from warn.facts import facts_of
from warn.rules import Facts, RuleInput, matches

MOST_READ = 20_000  # the latest of a flood; more posts than that within a week are one event anyway
BATCH = 1000


@dataclass(frozen=True)
class Find:
    """Something a rule found, before it is an alert: who says it is the same event, and what it rests on.

    `private` stays on the desk: partners are told `rests_on`, and never what a post says.
    """

    key: str
    severity: int
    facts: tuple[Facts, ...]
    rests_on: dict[str, object]
    at: dt.datetime
    private: dict[str, object] = field(default_factory=dict)


def matching(session: Session, rule: Rule | RuleInput, since: dt.datetime, until: dt.datetime) -> list[Facts]:
    """Return what holds now of the flagged posts of a while that the rule's filters let through, oldest first."""
    # A rule that asks for a stance or a flag says itself what it wants of what is not flagged.
    asks = "stance" in rule.filters or "flag" in rule.filters
    query = (
        select(Assessment.id)
        .where(
            Assessment.current,
            Assessment.event_at >= since,
            Assessment.event_at < until,
            Assessment.severity >= rule.min_severity,
            true() if asks else Assessment.flagged_now,
        )
        .order_by(Assessment.event_at.desc(), Assessment.id.desc())
        .limit(MOST_READ)
    )
    ids = sorted(session.scalars(query))
    found: list[Facts] = []
    for start in range(0, len(ids), BATCH):
        found += [fact for fact in facts_of(session, ids[start : start + BATCH]) if matches(rule, fact)]
    return sorted(found, key=lambda fact: (fact.event_at, fact.assessment_id))


def outlets(session: Session, facts: Sequence[Facts]) -> dict[int, str]:
    """Map sources to outlets: the host without its `www.`, or the name where a source is not read from a host."""
    ids = {fact.source_id for fact in facts}
    rows = session.execute(select(Source.id, Source.name, Source.url).where(Source.id.in_(ids)))
    return {source_id: _host(url) or name for source_id, name, url in rows}


def _host(url: str | None) -> str | None:
    host = urlsplit(url or "").hostname
    return host.removeprefix("www.") if host else None
