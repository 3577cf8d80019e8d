"""Which countries have gone dark: sources of one country that stopped bringing anything, and since when.

Facts only. One outlet that fails is an outlet with a problem; most of a country's outlets failing within hours of each
other is what a shutdown or a blocking order looks like from outside. What to make of it is the room warn's business.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.source import POLLED_KINDS, Source

# States in which a source that is asked brings nothing. `too_large`, `truncated` and the odd ones still answer.
DARK_STATES = ("failing", "no_feed", "silent", "refused")


@dataclass(frozen=True)
class DarkSource:
    """One source that brings nothing: its state, the reason as shown, and since when."""

    id: int
    name: str
    state: str
    reason: str | None
    since: dt.datetime


@dataclass(frozen=True)
class CountryOutage:
    """How a country's sources stand. `dark` is ordered by since when, `watched` counts all enabled polled sources.

    `began_together` is how many went dark within the window that was asked about: the size of the correlated part.
    """

    country: str
    watched: int
    dark: tuple[DarkSource, ...]
    began_together: int
    since: dt.datetime

    @property
    def share(self) -> float:
        """The part of the country's sources that went dark together, 0 to 1."""
        return self.began_together / self.watched


def country_outages(session: Session, now: dt.datetime, *, within: dt.timedelta) -> list[CountryOutage]:
    """Return the countries with at least one dark source, the worst share first.

    A source counts as gone dark together with others when its trouble began in the densest stretch of length `within`
    among its country's dark sources; `since` is the beginning of that stretch. Sources that were never heard
    (`last_success_at` is null) are left out of both counts: an address that was wrong from the start says nothing
    about a country. Times in the future of `now`, after a clock went back, count as now.
    """
    query = select(
        Source.id,
        Source.name,
        Source.country,
        Source.state,
        Source.state_reason,
        Source.state_since,
    ).where(
        Source.enabled,
        Source.kind.in_(POLLED_KINDS),
        Source.country.is_not(None),
        Source.last_success_at.is_not(None),
    )
    watched: defaultdict[str, int] = defaultdict(int)
    dark: defaultdict[str, list[DarkSource]] = defaultdict(list)
    for source_id, name, place, state, reason, since in session.execute(query):
        country = str(place)
        watched[country] += 1
        if state in DARK_STATES:
            dark[country].append(DarkSource(source_id, name, state, reason, min(since or now, now)))
    outages = [_outage(country, watched[country], found, within) for country, found in dark.items()]
    return sorted(outages, key=lambda outage: (-outage.share, outage.country))


def _outage(country: str, watched: int, found: list[DarkSource], within: dt.timedelta) -> CountryOutage:
    ordered = sorted(found, key=lambda source: (source.since, source.id))
    together, first = 0, 0
    last = 0
    # Two ends move over the ordered beginnings: each stretch that starts with one of them is looked at once.
    for start, source in enumerate(ordered):
        last = max(last, start)
        while last < len(ordered) and ordered[last].since - source.since <= within:
            last += 1
        if last - start > together:
            together, first = last - start, start
    return CountryOutage(country, watched, tuple(ordered), together, ordered[first].since)
