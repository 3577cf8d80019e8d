"""A country that goes dark is told from outlets that fail one by one."""

import datetime as dt

from models.database import Sessions, reading, writing
from models.outage import CountryOutage, country_outages
from tests import factories

HOUR = dt.timedelta(hours=1)


def outages(sessions: Sessions, now: dt.datetime) -> list[CountryOutage]:
    with reading(sessions) as session:
        return country_outages(session, now, within=6 * HOUR)


def add(sessions: Sessions, now: dt.datetime, *states: tuple[str, float], **values: object) -> None:
    """Add sources as (state, hours since it began)."""
    with writing(sessions) as session:
        for state, hours in states:
            defaults = {"last_success_at": now - 200 * HOUR}
            factories.add_source(
                session, state=state, state_since=now - hours * HOUR, state_reason="so", **(defaults | values)
            )


def test_sources_that_went_dark_within_hours_are_one_outage(sessions: Sessions, now: dt.datetime) -> None:
    add(sessions, now, ("failing", 2), ("silent", 3), ("no_feed", 2.5), ("refused", 1), ("ok", 500), ("failing", 400))
    (outage,) = outages(sessions, now)
    assert (outage.country, outage.watched, len(outage.dark), outage.began_together) == ("KE", 6, 5, 4)
    assert outage.since == now - 3 * HOUR
    assert outage.share == 4 / 6
    assert [source.since for source in outage.dark] == sorted(source.since for source in outage.dark)
    assert outage.dark[0].reason == "so"


def test_failures_spread_over_weeks_did_not_begin_together(sessions: Sessions, now: dt.datetime) -> None:
    add(sessions, now, *(("failing", 24 * n) for n in range(1, 11)))
    (outage,) = outages(sessions, now)
    assert (len(outage.dark), outage.began_together) == (10, 1)


def test_countries_are_apart_and_the_worst_comes_first(sessions: Sessions, now: dt.datetime) -> None:
    add(sessions, now, ("failing", 1), ("ok", 1), ("ok", 1))
    add(sessions, now, ("failing", 1), ("failing", 1), country="SD")
    add(sessions, now, ("ok", 1), country="RW")
    assert [(outage.country, outage.began_together) for outage in outages(sessions, now)] == [("SD", 2), ("KE", 1)]


def test_what_answers_oddly_or_was_never_heard_or_is_off_is_not_dark(sessions: Sessions, now: dt.datetime) -> None:
    add(sessions, now, ("truncated", 1), ("too_large", 1), ("guessed_charset", 1), ("unstable_ids", 1))
    add(sessions, now, ("failing", 1), last_success_at=None)
    add(sessions, now, ("failing", 1), enabled=False)
    add(sessions, now, ("failing", 1), kind="push")
    add(sessions, now, ("failing", 1), country=None)
    assert outages(sessions, now) == []


def test_a_clock_that_went_back_breaks_nothing(sessions: Sessions, now: dt.datetime) -> None:
    add(sessions, now, ("failing", -48))
    (outage,) = outages(sessions, now)
    assert outage.since == now
