"""Look by the rules that find patterns among posts or sources, once an hour (coded terms once a day), and draft alerts.

Each kind says what it found; whether that is the alert that is still open is decided by the key of the find, and by
time: what goes on joins, what comes back after `surge_quiet_hours` is a new alert.
"""

import datetime as dt
from collections.abc import Callable, Iterator

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from models.alert import Rule
from models.database import Sessions, reading, writing
from models.tally import hour_of
from warn import coded, dark, newcomers, spread
from warn.about import MOST, about_documents
from warn.gathered import Find
from warn.opening import Draft, open_or_join
from warn.rules import RuleInput
from warn.settings import WarnSettings
from warn.silences import active_silences

Finder = Callable[[Session, Rule | RuleInput, dt.datetime], Iterator[Find]]
FINDERS: dict[str, Finder] = {
    "spread": spread.finds,
    "new_target": newcomers.finds,
    "coded_term": coded.finds,
    "outage": dark.finds,
}
DAILY = frozenset({"coded_term"})


def evaluate(sessions: Sessions, settings: WarnSettings, now: dt.datetime) -> int:
    """Look by every such rule that has not seen the hour (or day) that ended last; return how many alerts opened."""
    with reading(sessions) as session:
        due = [
            (rule_id, kind)
            for kind in FINDERS
            for rule_id in session.scalars(select(Rule.id).where(_due(kind, _end(kind, now))).order_by(Rule.id))
        ]
    opened = 0
    for rule_id, kind in due:
        end = _end(kind, now)
        with reading(sessions) as session:
            rule = session.get_one(Rule, rule_id)
            # An outage is looked at as it is now, not as it was when the hour ended.
            finds = list(FINDERS[kind](session, rule, now if kind == "outage" else end))
        with writing(sessions) as session:
            taken = update(Rule).where(Rule.id == rule_id, _due(kind, end)).values(evaluated_until=end)
            if session.scalar(taken.returning(Rule.id).execution_options(synchronize_session=False)) is None:
                continue
            silences = active_silences(session, now)
            quiet = now - dt.timedelta(hours=settings.surge_quiet_hours)
            for find in sorted(finds, key=lambda find: find.key):
                opened += open_or_join(session, draft(rule, find), silences, now, joins_since=quiet)
    return opened


def draft(rule: Rule, find: Find) -> Draft:
    """Draft the alert of a find."""
    facts = find.facts
    about = about_documents(facts)
    country = find.rests_on.get("country")
    if isinstance(country, str):
        about["countries"] = [country]
    sources = find.rests_on.get("sources")
    if isinstance(sources, list):
        about["sources"] = sources[:MOST]
    return Draft(
        rule=rule,
        group_key=find.key,
        severity=find.severity,
        about=about,
        rests_on={
            **find.rests_on,
            "assessments": [fact.assessment_id for fact in facts][:MOST],
            "documents": [fact.document_id for fact in facts][:MOST],
            "clusters": [*dict.fromkeys(fact.cluster_id for fact in facts)][:MOST],
        },
        models=sorted({fact.model for fact in facts}),
        stage=max((fact.stage for fact in facts), default=0),
        count=max(1, len(facts)),
        assessment_ids=[fact.assessment_id for fact in facts],
        private=find.private,
        reviewed=any(fact.status != "unreviewed" for fact in facts),
    )


def _end(kind: str, now: dt.datetime) -> dt.datetime:
    return hour_of(now).replace(hour=0) if kind in DAILY else hour_of(now)


def _due(kind: str, end: dt.datetime) -> ColumnElement[bool]:
    return (Rule.kind == kind) & Rule.enabled & or_(Rule.evaluated_until.is_(None), Rule.evaluated_until < end)
