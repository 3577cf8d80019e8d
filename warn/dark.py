"""Sources that fall silent: one outlet with a problem, or most of a country's at once.

Many outlets of one country failing within hours is what a shutdown or a blocking order looks like from outside, and is
consistent with indicator 7.6. It can also be a cable, or our own network: where every watched country is dark at once,
the trouble is ours and nothing is said of any country.
"""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.alert import Rule
from models.outage import DARK_STATES, CountryOutage, country_outages
from models.source import POLLED_KINDS, Source
from warn.gathered import Find
from warn.parameters import value
from warn.rules import RuleInput, wanted_values

MOST_NAMES = 20
ONE_SOURCE = 30  # severity of a single outlet's silence: somebody should look, nobody need be woken


def finds(session: Session, rule: Rule | RuleInput, until: dt.datetime) -> Iterator[Find]:
    """Find what is dark now; sources of the past are not remembered, so `until` must be about now."""
    if value("outage", rule.parameters, "of") == "source":
        yield from _sources(session, rule, until)
    else:
        yield from _countries(session, rule, until)


def _countries(session: Session, rule: Rule | RuleInput, now: dt.datetime) -> Iterator[Find]:
    share, least, hours = (value("outage", rule.parameters, key) for key in ("share", "least", "window_hours"))
    outages = country_outages(session, now, within=dt.timedelta(hours=hours))
    dark = [outage for outage in outages if outage.share >= share and outage.began_together >= least]
    if len(dark) > 1 and len(dark) == _watched_countries(session):
        return
    wanted = wanted_values(rule.filters["country"]) if "country" in rule.filters else None
    for outage in dark:
        if wanted is None or outage.country in wanted:
            yield Find(
                f"outage:{outage.country}", round(100 * outage.share), (), _rests_on(outage, hours), outage.since
            )


def _rests_on(outage: CountryOutage, hours: int) -> dict[str, object]:
    return {
        "country": outage.country,
        "watched": outage.watched,
        "dark": outage.began_together,
        "share": round(outage.share, 3),
        "since": outage.since.isoformat(),
        "window_hours": hours,
        "sources": [source.name for source in outage.dark][:MOST_NAMES],
        "states": sorted({source.state for source in outage.dark}),
    }


def _watched_countries(session: Session) -> int:
    query = select(Source.country).where(
        Source.enabled,
        Source.kind.in_(POLLED_KINDS),
        Source.country.is_not(None),
        Source.last_success_at.is_not(None),
    )
    return len(set(session.scalars(query.distinct())))


def _sources(session: Session, rule: Rule | RuleInput, now: dt.datetime) -> Iterator[Find]:
    """Find sources that used to answer and have brought nothing for `silent_hours`."""
    quiet = now - dt.timedelta(hours=value("outage", rule.parameters, "silent_hours"))
    query = select(Source).where(
        Source.enabled,
        Source.kind.in_(POLLED_KINDS),
        Source.last_success_at.is_not(None),
        Source.state.in_(DARK_STATES),
        Source.state_since <= quiet,
    )
    for key in ("country", "region", "language"):
        if key in rule.filters:
            query = query.where(getattr(Source, key).in_(wanted_values(rule.filters[key])))
    if "source" in rule.filters:
        query = query.where(Source.name.in_(wanted_values(rule.filters["source"])))
    for source in session.scalars(query.order_by(Source.id)):
        rests_on: dict[str, object] = {
            "country": source.country,
            "sources": [source.name],
            "states": [source.state],
            "since": (source.state_since or now).isoformat(),
        }
        yield Find(f"outage:source:{source.id}", ONE_SOURCE, (), rests_on, now)
