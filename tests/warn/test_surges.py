"""Surge rules: a rise of the share wakes somebody once per episode, in words a person can check."""

import datetime as dt

import pytest
from sqlalchemy import delete, select

from models.alert import Alert, Rule
from models.database import Sessions, reading, writing
from models.tally import TallyHour
from tests.factories import add_rule, add_source, add_webhook
from tests.warn.history import write_history
from tests.warn.test_alerts import deliveries, only_alert, raised
from warn.alerts import resolve

HOUR = dt.timedelta(hours=1)
BURST = {1: 6, 2: 6, 3: 6}


def add_surge_rule(sessions: Sessions, **values: object) -> None:
    with writing(sessions) as session:
        add_rule(session, kind="surge", min_severity=0, **values)


def test_a_rise_is_told_in_words(sessions: Sessions, now: dt.datetime) -> None:
    add_surge_rule(sessions)
    with writing(sessions) as session:
        write_history(session, now, extra=BURST)
        add_webhook(session)
    assert raised(sessions, now) == 1
    alert = only_alert(sessions)
    assert alert.title == "Surge of flagged posts"
    assert alert.summary.startswith("21 posts in 3 h, expected 2.")
    assert alert.indicators == ["7.14"]
    assert alert.details["rests_on"]["until"] == "2026-03-14T09:00:00Z"
    assert len(deliveries(sessions)) == 1


def test_a_quiet_desk_is_left_alone(sessions: Sessions, now: dt.datetime) -> None:
    add_surge_rule(sessions)
    with writing(sessions) as session:
        write_history(session, now)
    assert raised(sessions, now) == 0


def test_a_rise_without_history_is_not_called_a_surge(sessions: Sessions, now: dt.datetime) -> None:
    add_surge_rule(sessions)
    with writing(sessions) as session:
        write_history(session, now, days=12, extra=BURST)
    assert raised(sessions, now) == 0


@pytest.mark.parametrize(
    ("dimension", "value", "title"),
    [
        ("target", "religion", "Surge of flagged posts against a religious group"),
        ("target_name", "Varni", "Surge of flagged posts against Varni"),
        ("language", "sw", "Surge of flagged posts in language sw"),
        ("country", "KE", "Surge of flagged posts (KE)"),
        ("source", "1", "Surge of flagged posts in source Radio Keshu"),
    ],
)
def test_a_rule_watches_each_value_of_its_group(
    sessions: Sessions, now: dt.datetime, dimension: str, value: str, title: str
) -> None:
    add_surge_rule(sessions, parameters={"group_by": dimension})
    with writing(sessions) as session:
        add_source(session, name="Radio Keshu")
        write_history(session, now, extra=BURST, dimension=dimension, value=value)
    assert raised(sessions, now) == 1
    assert only_alert(sessions).title == title


def test_a_rule_watches_its_signals_within_its_country(sessions: Sessions, now: dt.datetime) -> None:
    add_surge_rule(sessions, signals=["incitement"], filters={"country": "KE"})
    with writing(sessions) as session:
        write_history(session, now, extra=BURST, label="signal:incitement", country="KE")
        write_history(session, now, extra=BURST, label="signal:impunity", country="SY")
    assert raised(sessions, now) == 1
    alert = only_alert(sessions)
    assert alert.title == "Surge of posts with incitement (KE)"
    assert alert.indicators == ["7.14", "8.7", "13.7"]


def test_an_hour_is_looked_at_once(sessions: Sessions, now: dt.datetime) -> None:
    add_surge_rule(sessions)
    raised(sessions, now)
    with writing(sessions) as session:
        write_history(session, now, extra=BURST)
    assert raised(sessions, now + HOUR / 4) == 0
    with reading(sessions) as session:
        assert session.scalars(select(Rule.evaluated_until)).one() == now.replace(minute=0)


def test_hours_missed_while_the_worker_was_away_are_looked_at(sessions: Sessions, now: dt.datetime) -> None:
    add_surge_rule(sessions, evaluated_until=now - 30 * HOUR)
    with writing(sessions) as session:
        write_history(session, now, extra={28: 9, 29: 9})
    assert raised(sessions, now) == 1


def test_an_episode_is_one_alert_until_it_has_been_quiet(sessions: Sessions, now: dt.datetime) -> None:
    add_surge_rule(sessions)
    with writing(sessions) as session:
        write_history(session, now, extra=BURST)
    assert raised(sessions, now) == 1
    with writing(sessions) as session:
        resolve(session, only_alert(sessions).id, None, "known", now)
    for later, opened in ((3, 0), (60, 1)):
        with writing(sessions) as session:
            session.execute(delete(TallyHour))
            write_history(session, now + later * HOUR, extra=BURST)
        assert raised(sessions, now + later * HOUR) == opened
    with reading(sessions) as session:
        assert [alert.state for alert in session.scalars(select(Alert).order_by(Alert.id))] == ["resolved", "open"]


def test_a_tighter_budget_lets_less_pass(sessions: Sessions, now: dt.datetime) -> None:
    add_surge_rule(sessions, parameters={"budget": 0.1})
    add_surge_rule(sessions, parameters={"budget": 10})
    with writing(sessions) as session:
        write_history(session, now, extra={2: 3, 3: 3})
    assert raised(sessions, now) == 1
    assert only_alert(sessions).rule_id == 2
