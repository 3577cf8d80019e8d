"""The same message, or the same named target, from several independent outlets, regions, countries or languages.

One outlet that repeats itself is one voice; a message that jumps between outlets within hours is how campaigns look,
and also how news agencies do: a person decides which.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy.orm import Session

from models.alert import Rule
from warn.gathered import Find, matching, outlets
from warn.parameters import value
from warn.rules import Facts, RuleInput

MOST_PLACES = 20


def finds(session: Session, rule: Rule | RuleInput, until: dt.datetime) -> Iterator[Find]:
    """Find what spread within the window that ends at `until`."""
    hours = value("spread", rule.parameters, "window_hours")
    same, across = (value("spread", rule.parameters, key) for key in ("same", "across"))
    facts = matching(session, rule, until - dt.timedelta(hours=hours), until)
    named = outlets(session, facts)
    groups: dict[str, list[Facts]] = defaultdict(list)
    for fact in facts:
        for key in (str(fact.cluster_id),) if same == "message" else fact.target_names:
            groups[key].append(fact)
    for key, members in sorted(groups.items()):
        places = [*dict.fromkeys(place for fact in members if (place := _place(fact, across, named)))]
        if len(places) >= value("spread", rule.parameters, "least"):
            yield Find(
                key=f"spread:{same}:{across}:{key}"[:200],
                severity=max(fact.severity for fact in members),
                facts=tuple(members),
                rests_on={
                    "same": same,
                    "across": across,
                    "number": len(places),
                    "window_hours": hours,
                    "voices": len({fact.cluster_id for fact in members}),
                },
                at=members[-1].event_at,
                private={"places": places[:MOST_PLACES]},
            )


def _place(fact: Facts, across: str, named: dict[int, str]) -> str | None:
    return {
        "outlet": named.get(fact.source_id, fact.source),
        "region": fact.region,
        "country": fact.country,
        "language": fact.language,
    }[across]
