"""Stale hours: whatever may change a count is marked, once per change."""

import datetime as dt

from sqlalchemy import select

from models.database import Sessions, reading, writing
from models.tally import StaleHour, mark_changed, mark_stale
from tests.factories import add_assessment, add_document, add_item

HOUR = dt.timedelta(hours=1)


def stale(sessions: Sessions) -> dict[dt.datetime, int]:
    with reading(sessions) as session:
        return {row.hour: row.mark for row in session.scalars(select(StaleHour))}


def test_each_change_of_an_hour_moves_its_mark(sessions: Sessions, now: dt.datetime) -> None:
    for _ in range(2):
        with writing(sessions) as session:
            mark_stale(session, {now, now + dt.timedelta(minutes=1)})
    assert stale(sessions) == {now.replace(minute=0): 2}


def test_an_earlier_copy_makes_the_hours_of_later_copies_stale(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        first = add_document(session, add_item(session, event_at=now + 5 * HOUR))
        add_assessment(session, first)
        mark_changed(session, [(first.cluster_id, now)])
    assert set(stale(sessions)) == {now.replace(minute=0), (now + 5 * HOUR).replace(minute=0)}
