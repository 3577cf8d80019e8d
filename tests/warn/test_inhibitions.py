"""Inhibitions: who was told of one alert is not told of another, and in doubt is told of both."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from models.alert import Alert, Inhibition
from models.database import Sessions, reading, writing
from models.delivery import Delivery
from tests.factories import add_alert, add_rule, add_webhook
from tests.warn.test_alerts import raised
from warn import notify, timeline
from warn.alerts import resolve
from warn.errors import Conflict, InhibitionRefused, NotFound
from warn.inhibitions import InhibitionInput, create_inhibition, end_inhibition, problems

HOUR = dt.timedelta(hours=1)
HERE: dict[str, Any] = {"about": {"countries": ["KE"], "targets": ["ethnicity_race"]}, "stage": 2}
OUTAGE = InhibitionInput("An outage explains it.", 1, {}, 2)


def told(sessions: Sessions, alert_id: int) -> list[str]:
    with reading(sessions) as session:
        rows = session.query(Delivery).filter_by(alert_id=alert_id).order_by(Delivery.id)
        return [row.event for row in rows]


def line_kinds(sessions: Sessions, alert_id: int) -> list[str]:
    with reading(sessions) as session:
        return [line.kind for line in timeline.lines(session, alert_id)]


def held_by(sessions: Sessions, alert_id: int) -> int | None:
    with reading(sessions) as session:
        return session.get_one(Alert, alert_id).inhibited_by


def two_alerts(
    sessions: Sessions, now: dt.datetime, inhibition: InhibitionInput = OUTAGE, **second: object
) -> tuple[int, int]:
    """Open an alert of rule 1 and then one of rule 2, with a webhook that wants both."""
    with writing(sessions) as session:
        rules = [add_rule(session, kind="outage"), add_rule(session, kind="outage")]
        add_webhook(session)
        create_inhibition(session, inhibition, None, now)
        alerts = []
        for rule, values in zip(rules, ({}, second), strict=True):
            alert = add_alert(
                session, rule, **{"severity": 60, "details": HERE, "opened_at": now, "last_event_at": now} | values
            )
            notify.owe(session, alert, notify.OPENED, now)
            alerts.append(alert.id)
    return alerts[0], alerts[1]


def test_who_was_told_of_the_one_is_not_told_of_the_other(sessions: Sessions, now: dt.datetime) -> None:
    one, other = two_alerts(sessions, now)
    assert told(sessions, one) == ["alert.opened"]
    assert told(sessions, other) == []
    assert held_by(sessions, other) == one
    assert line_kinds(sessions, other) == ["inhibited"]
    raised(sessions, now + HOUR)
    assert line_kinds(sessions, other) == ["inhibited"]


def test_what_was_held_goes_out_once_when_the_holder_is_resolved(sessions: Sessions, now: dt.datetime) -> None:
    one, other = two_alerts(sessions, now)
    with writing(sessions) as session:
        resolve(session, one, None, "over", now + HOUR)
    for _ in range(2):
        raised(sessions, now + HOUR)
        assert told(sessions, other) == ["alert.opened"]
    assert held_by(sessions, other) is None
    assert line_kinds(sessions, other) == ["inhibited", "released"]


def test_what_was_resolved_meanwhile_stays_unsent(sessions: Sessions, now: dt.datetime) -> None:
    one, other = two_alerts(sessions, now)
    with writing(sessions) as session:
        resolve(session, other, None, "handled", now)
        resolve(session, one, None, "over", now)
    raised(sessions, now + HOUR)
    assert told(sessions, other) == []


@pytest.mark.parametrize(
    ("change", "second"),
    [
        ({"equal": ["countries", "sources"]}, {}),  # neither says which source: that is nothing in common
        ({}, {"details": HERE | {"about": {"countries": ["SY"], "targets": ["ethnicity_race"]}}}),
        ({}, {"details": HERE | {"stage": 3}}),
        ({"held_filters": {"max_severity": 60}}, {"severity": 80}),
        ({"held_filters": {"max_stage": 1}}, {}),
        ({"holder_filters": {"min_severity": 90}}, {}),
        ({"holder_rule_id": 2, "held_rule_id": 1}, {}),
    ],
    ids=["no source", "another country", "higher stage", "severe", "staged", "mild holder", "the other way round"],
)
def test_in_doubt_both_go_out(
    sessions: Sessions, now: dt.datetime, change: dict[str, Any], second: dict[str, object]
) -> None:
    _one, other = two_alerts(sessions, now, replace(OUTAGE, **change), **second)
    assert told(sessions, other) == ["alert.opened"]
    assert held_by(sessions, other) is None


def test_filters_do_without_rules(sessions: Sessions, now: dt.datetime) -> None:
    by_severity = InhibitionInput("The severe one says it.", None, {"min_severity": 60}, None, {"max_severity": 59})
    _one, other = two_alerts(sessions, now, by_severity, severity=50)
    assert told(sessions, other) == []


def test_who_was_not_told_of_the_holder_is_told_of_the_other(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        create_inhibition(session, replace(OUTAGE, held_rule_id=1, held_filters={"max_severity": 50}), None, now)
        add_webhook(session, filters={"min_severity": 60})
        add_webhook(session)
        rule = add_alert(session, details=HERE).rule_id
        session.query(Inhibition).update({"holder_rule_id": rule, "held_rule_id": None})
        holder = session.query(Alert).one()
        notify.owe(session, holder, notify.OPENED, now)
        mild = add_alert(session, severity=40, details=HERE)
        add_webhook(session)  # subscribed since: was never told of the holder
        assert notify.owe(session, mild, notify.OPENED, now) == 1
        assert mild.inhibited_by == holder.id


def test_a_message_that_failed_told_nobody(sessions: Sessions, now: dt.datetime) -> None:
    _one, other = two_alerts(sessions, now)
    with writing(sessions) as session:
        session.query(Delivery).update({"state": "failed"})
    raised(sessions, now + HOUR)
    assert told(sessions, other) == ["alert.opened"]


def test_an_inhibition_lapses_with_the_holder_and_ends_when_asked(sessions: Sessions, now: dt.datetime) -> None:
    _one, other = two_alerts(sessions, now, replace(OUTAGE, hours=6))
    raised(sessions, now + 5 * HOUR)
    assert told(sessions, other) == []
    raised(sessions, now + 7 * HOUR)
    assert told(sessions, other)[0] == "alert.opened"


def test_an_inhibition_is_ended_once_and_kept(sessions: Sessions, now: dt.datetime) -> None:
    _one, other = two_alerts(sessions, now)
    with writing(sessions) as session:
        assert end_inhibition(session, 1, now).ended_at == now
        with pytest.raises(Conflict, match="already ended"):
            end_inhibition(session, 1, now)
        with pytest.raises(NotFound):
            end_inhibition(session, 99, now)
        with pytest.raises(NotFound, match="no rule 99"):
            create_inhibition(session, replace(OUTAGE, held_rule_id=99), None, now)
        with pytest.raises(InhibitionRefused):
            create_inhibition(session, replace(OUTAGE, reason=""), None, now)
    raised(sessions, now)
    assert told(sessions, other) == ["alert.opened"]


def test_a_held_alert_is_not_repeated_either(sessions: Sessions, now: dt.datetime) -> None:
    one, other = two_alerts(sessions, now, replace(OUTAGE, equal=["sources"]))
    with writing(sessions) as session:
        session.query(Inhibition).update({"equal": ["countries"], "hours": 168})
    raised(sessions, now + 25 * HOUR)
    assert "alert.repeated#1" in told(sessions, one)
    assert "alert.repeated#1" not in told(sessions, other)
    assert "inhibited" in line_kinds(sessions, other)
    assert "repeated" not in line_kinds(sessions, other)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"reason": " "}, "reason is empty"),
        ({"holder_rule_id": None}, "holder_filters is empty and holder_rule_id absent"),
        ({"held_rule_id": None}, "held_filters is empty and held_rule_id absent"),
        ({"equal": []}, "equal is empty"),
        ({"equal": ["weather"]}, "equal: 'weather' is unknown here"),
        ({"hours": 0}, "hours is 0"),
        ({"hours": 169}, "hours is 169"),
        ({"holder_filters": {"max_stage": 1}}, "filters: 'max_stage' is unknown here"),
        ({"held_filters": {"max_stage": 9}}, "filters.max_stage is 9"),
    ],
)
def test_a_careless_inhibition_is_refused(change: dict[str, Any], sentence: str) -> None:
    (problem,) = problems(replace(OUTAGE, **change))
    assert problem.startswith(sentence)
