"""A group that flagged speech has never named before: what a desk's own lists cannot expect.

Never means: no hour before the window counts a flagged post that names it (within the rule's country, where the rule
filters by one). A desk that has just begun has heard of nobody; the rule waits until `history_days` have been counted.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.alert import Rule
from models.tally import TallyHour, hour_of
from warn.gathered import Find, matching
from warn.parameters import value
from warn.rules import Facts, RuleInput, wanted_values
from warn.tally import ANY, VOLUME


def finds(session: Session, rule: Rule | RuleInput, until: dt.datetime) -> Iterator[Find]:
    """Find groups first named in the window that ends at `until`."""
    hours, least, days = (
        value("new_target", rule.parameters, key) for key in ("window_hours", "least", "history_days")
    )
    start = hour_of(until - dt.timedelta(hours=hours))
    first = select(func.min(TallyHour.hour)).where(
        TallyHour.label == VOLUME, TallyHour.dimension == "all", TallyHour.country == "", TallyHour.value == ""
    )
    begun = session.scalar(first)
    if begun is None or begun > start - dt.timedelta(days=days):
        return
    groups: dict[str, list[Facts]] = defaultdict(list)
    for fact in matching(session, rule, start, until):
        for name in fact.target_names:
            groups[name].append(fact)
    countries = wanted_values(rule.filters["country"]) if "country" in rule.filters else [""]
    known = set(
        session.scalars(
            select(TallyHour.value)
            .where(
                TallyHour.label == ANY,
                TallyHour.dimension == "target_name",
                TallyHour.country.in_(countries),
                TallyHour.value.in_(sorted(groups)),
                TallyHour.hour < start,
            )
            .distinct()
        )
    )
    for name, members in sorted(groups.items()):
        voices = len({fact.cluster_id for fact in members})
        if name not in known and voices >= least:
            yield Find(
                key=f"new_target:{','.join(countries)}:{name}"[:200],
                severity=max(fact.severity for fact in members),
                facts=tuple(members),
                rests_on={
                    "name": name,
                    "since": start.isoformat(),
                    "voices": voices,
                    "history_since": begun.isoformat(),
                },
                at=members[-1].event_at,
            )
