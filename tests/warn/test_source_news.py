"""Faults 1 and 2: the operator is told of a source in trouble once it has lasted, once, and when it is over."""

import datetime as dt
import json

import pytest
from sqlalchemy import select

from models.database import Sessions, reading, writing
from models.delivery import Delivery
from models.source import Source
from tests.factories import add_source, add_webhook
from warn.source_news import MOST, tell_of_sources

HOUR = dt.timedelta(hours=1)
LASTING = 6 * HOUR


def told(sessions: Sessions) -> list[dict[str, object]]:
    with reading(sessions) as session:
        return [json.loads(body) for body in session.scalars(select(Delivery.body).order_by(Delivery.id))]


def change(sessions: Sessions, source_id: int, **values: object) -> None:
    with writing(sessions) as session:
        for name, value in values.items():
            setattr(session.get_one(Source, source_id), name, value)


def test_trouble_is_told_once_when_it_has_lasted_and_its_end_too(sessions: Sessions, now: dt.datetime) -> None:
    reason = "answers, but has had nothing new for 12 hours"
    with writing(sessions) as session:
        add_webhook(session, operational=True)
        add_webhook(session)
        values = {"state": "silent", "state_since": now, "state_reason": reason, "due_reason": "asked every 15 minutes"}
        source = add_source(session, name="Radio Keshu", next_due_at=now + 9 * HOUR, **values)
        add_source(session, state="ok", state_since=now)
    assert [tell_of_sources(sessions, LASTING, now + n * HOUR) for n in (1, 5, 6, 7, 30)] == [0, 0, 1, 0, 0]
    [message] = told(sessions)
    assert message["type"] == "source.trouble"
    data = message["data"]
    assert isinstance(data, dict)
    assert (data["title"], data["url"]) == ("one source in trouble", "/sources")
    assert data["summary"] == (
        f"Radio Keshu: silent since 2026-03-14T09:30:00Z ({reason}); "
        "next try 2026-03-14T18:30:00Z, asked every 15 minutes"
    )
    change(sessions, source.id, state="ok", state_since=now + 30 * HOUR, state_reason=None)
    assert [tell_of_sources(sessions, LASTING, now + n * HOUR) for n in (31, 32)] == [1, 0]
    assert [one["type"] for one in told(sessions)] == ["source.trouble", "source.recovered"]
    change(sessions, source.id, state="failing", state_since=now + 40 * HOUR)
    assert tell_of_sources(sessions, LASTING, now + 47 * HOUR) == 1


@pytest.mark.parametrize(
    "values", [{"state": "changed"}, {"state": "over_quota"}, {"state": "over_quota", "kind": "push"}]
)
def test_what_may_be_an_attack_is_told_at_once(sessions: Sessions, now: dt.datetime, values: dict[str, object]) -> None:
    with writing(sessions) as session:
        add_webhook(session, operational=True)
        add_source(session, state_since=now, **values)
    assert [tell_of_sources(sessions, LASTING, now) for _ in range(2)] == [1, 0]


def test_going_from_one_trouble_to_the_next_is_one_trouble(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_webhook(session, operational=True)
        source = add_source(session, state="failing", state_since=now, failures=1, last_success_at=now)
    for hours in range(1, 20):
        state = "no_feed" if hours % 2 else "failing"
        change(sessions, source.id, state=state, state_since=now + hours * HOUR, failures=hours + 1)
        tell_of_sources(sessions, LASTING, now + hours * HOUR)
    assert [one["type"] for one in told(sessions)] == ["source.trouble"]


def test_who_is_added_later_learns_what_is_wrong_by_then(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        for _ in range(MOST + 2):
            add_source(session, state="failing", state_since=now - 24 * HOUR, failures=9)
    assert tell_of_sources(sessions, LASTING, now) == 0
    with writing(sessions) as session:
        add_webhook(session, operational=True)
    assert tell_of_sources(sessions, LASTING, now) == MOST + 2
    [message] = told(sessions)
    data = message["data"]
    assert isinstance(data, dict)
    assert (data["count"], len(data["sources"])) == (MOST + 2, MOST)
    assert data["summary"].endswith("and 2 more")


@pytest.mark.parametrize("values", [{"enabled": False}, {"kind": "push"}, {"state": "paused"}, {"state": "new"}])
def test_who_is_not_watched_is_in_no_trouble(sessions: Sessions, now: dt.datetime, values: dict[str, object]) -> None:
    with writing(sessions) as session:
        add_webhook(session, operational=True)
        add_source(session, **{"state": "failing", "state_since": now - 24 * HOUR, **values})
    assert tell_of_sources(sessions, LASTING, now) == 0


def test_a_source_that_is_switched_off_is_no_longer_told_of(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_webhook(session, operational=True)
        source = add_source(session, state="failing", state_since=now - 24 * HOUR)
    tell_of_sources(sessions, LASTING, now)
    change(sessions, source.id, enabled=False)
    tell_of_sources(sessions, LASTING, now)
    assert [one["type"] for one in told(sessions)] == ["source.trouble"]
    with reading(sessions) as session:
        assert session.get_one(Source, source.id).told_at is None
