"""Times are UTC and aware, whatever the database keeps."""

import datetime as dt

import pytest
from sqlalchemy.exc import StatementError

from models.database import Sessions, reading, writing
from models.source import Source
from tests.factories import add_source


def test_a_time_comes_back_as_the_same_moment_in_utc(sessions: Sessions) -> None:
    nairobi = dt.datetime(2026, 3, 14, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=3)))
    with writing(sessions) as session:
        source = add_source(session, created_at=nairobi)
    with reading(sessions) as session:
        seen = session.get_one(Source, source.id).created_at
    assert seen == nairobi
    assert seen.tzinfo == dt.UTC


def test_a_time_without_a_zone_is_refused(sessions: Sessions) -> None:
    with pytest.raises(StatementError, match="has no zone"), writing(sessions) as session:
        add_source(session, created_at=dt.datetime(2026, 3, 14, 12, 30))  # noqa: DTZ001
