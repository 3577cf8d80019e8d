"""Tallies are found by their slots: a query of a few hours must not walk through the years before them."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from models.database import Sessions, connect, reading
from warn import multiplicity, rising, series
from warn.rules import RuleInput
from warn.series import DAY_SECONDS, HOUR_SECONDS, Scope
from warn.settings import WarnSettings

DAY = dt.timedelta(days=1)
SOURCES = Scope("any", "source")
Asked = Callable[[Session, dt.datetime], Any]
ASKED: dict[str, Asked] = {
    "busiest by hour": lambda session, now: series.busiest(
        session, SOURCES, now - DAY, now, least=0, most=9, seconds=HOUR_SECONDS
    ),
    "busiest by day": lambda session, now: series.busiest(
        session, SOURCES, now - 30 * DAY, now, least=0, most=9, seconds=DAY_SECONDS
    ),
    "watched": lambda session, now: multiplicity.watched(
        session, [RuleInput("", "surge", parameters={"group_by": "source"})], now, WarnSettings()
    ),
    "rising": lambda session, now: list(rising._read(session, ["any", "volume"], "source", now)),
}


@pytest.mark.parametrize("name", ASKED)
def test_sqlite_looks_at_the_slots_that_were_asked_for(
    sessions: Sessions, sqlite_url: str, now: dt.datetime, name: str
) -> None:
    if sessions.kw["bind"].dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by statistics of its own")
    said: list[tuple[str, Any]] = []
    engine = sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", lambda *given: said.append((given[2], given[3])))
    with reading(sessions) as session:
        ASKED[name](session, now)
    plans = []
    with connect(sqlite_url).connect() as connection:
        for statement, values in said:
            if "tally_" in statement:
                plans += [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    searched = [plan for plan in plans if "tally_" in plan]
    assert searched
    assert all("hour>?" in plan or "day>?" in plan for plan in searched), searched
    if name.startswith("busiest"):
        assert all("COVERING INDEX" in plan for plan in searched), searched
