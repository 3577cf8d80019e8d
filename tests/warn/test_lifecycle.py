"""An alert that nobody takes on is repeated and escalates; merged ones go on in one; the timeline says it all."""

import datetime as dt
import json

import pytest
from sqlalchemy import func, select

from models.alert import Alert, AlertAssessment, AlertEvent, Rule
from models.assessment import Assessment
from models.database import Sessions, reading, writing
from models.delivery import Delivery
from tests.factories import add_account, add_alert, add_assessment, add_document, add_rule, add_webhook
from warn import lifecycle, notify, timeline
from warn.alerts import acknowledge, raise_alerts
from warn.errors import AlreadyResolved, Conflict, NotFound
from warn.settings import WarnSettings

SETTINGS = WarnSettings(repeat_open_hours=24, escalate_after_minutes=120, escalate_min_severity=70)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def raised(sessions: Sessions, now: dt.datetime) -> int:
    """An alert of severity 80 that one partner was told of."""
    with writing(sessions) as session:
        add_webhook(session, url="http://127.0.0.1:9/partner")
        add_rule(session)
        add_assessment(session)
    assert raise_alerts(sessions, SETTINGS, now) == 1
    return 1


def kinds(sessions: Sessions, alert_id: int = 1) -> list[str]:
    with reading(sessions) as session:
        return [line.kind for line in timeline.lines(session, alert_id)]


def events(sessions: Sessions) -> list[str]:
    with reading(sessions) as session:
        return [json.loads(body)["type"] for body in session.scalars(select(Delivery.body).order_by(Delivery.id))]


def test_nobody_takes_it_on_so_it_escalates_once_and_is_repeated_daily(
    sessions: Sessions, raised: int, now: dt.datetime
) -> None:
    with writing(sessions) as session:
        add_webhook(session, operational=True)
    for hours in range(74):
        raise_alerts(sessions, SETTINGS, now + hours * HOUR)
    assert kinds(sessions, raised) == ["opened", "escalated", "repeated", "repeated"]
    # The partner is told of the opening, then both of the escalation, then the partner is reminded.
    told = ["alert.opened", "alert.escalated", "alert.escalated", "alert.repeated", "alert.repeated"]
    assert events(sessions) == told


def test_taken_on_it_is_quiet(sessions: Sessions, raised: int, now: dt.datetime) -> None:
    with writing(sessions) as session:
        analyst = add_account(session).id
        assert acknowledge(session, raised, analyst, "on it", now).owner_id == analyst
    raise_alerts(sessions, SETTINGS, now + 100 * HOUR)
    assert kinds(sessions) == ["opened", "acknowledged"]
    assert events(sessions) == ["alert.opened", "alert.acknowledged"]


@pytest.mark.parametrize("values", [{"severity": 60}, {"told_at": None}])
def test_a_mild_alert_and_one_nobody_was_told_of_do_not_escalate(
    sessions: Sessions, raised: int, now: dt.datetime, values: dict[str, object]
) -> None:
    with writing(sessions) as session:
        for name, value in values.items():
            setattr(session.get_one(Alert, raised), name, value)
    assert lifecycle.remind(sessions, SETTINGS, now + 3 * HOUR) == 0


def test_zero_turns_reminders_off(sessions: Sessions, raised: int, now: dt.datetime) -> None:
    never = WarnSettings(repeat_open_hours=0, escalate_after_minutes=0)
    assert lifecycle.remind(sessions, never, now + 1000 * HOUR) == 0
    assert kinds(sessions, raised) == ["opened"]


def test_merged_alerts_go_on_in_one(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_webhook(session)
        rule = add_rule(session)
        for key, severity, country in (("a", 60, "KE"), ("b", 90, "SD")):
            details = {"about": {"countries": [country]}, "stage": 3}
            alert = add_alert(session, rule, group_key=key, severity=severity, count=2, details=details)
            assessment = add_assessment(session)
            session.add(AlertAssessment(alert_id=alert.id, assessment_id=assessment.id, added_at=now))
            notify.owe(session, alert, notify.OPENED, now)
    with writing(sessions) as session:
        into = lifecycle.merge(session, 2, 1, None, now)
        assert (into.severity, into.count, into.details["about"]["countries"]) == (90, 4, ["KE", "SD"])
    with reading(sessions) as session:
        gone = session.get_one(Alert, 2)
        assert (gone.state, gone.merged_into) == ("resolved", 1)
        rests = select(func.count()).select_from(AlertAssessment).where(AlertAssessment.alert_id == 1)
        assert session.scalar(rests) == 2
    assert kinds(sessions, 2) == ["merged"]
    assert events(sessions) == ["alert.opened", "alert.opened", "alert.resolved"]
    with writing(sessions) as session:
        with pytest.raises(AlreadyResolved):
            lifecycle.merge(session, 2, 1, None, now)
        with pytest.raises(Conflict):
            lifecycle.merge(session, 1, 1, None, now)
        with pytest.raises(NotFound):
            lifecycle.merge(session, 1, 99, None, now)


def test_what_would_have_joined_the_merged_one_joins_the_other(
    sessions: Sessions, raised: int, now: dt.datetime
) -> None:
    with writing(sessions) as session:
        nothing = {"about": {}, "rests_on": {}, "models": [], "stage": 0}
        other = add_alert(session, session.get_one(Rule, 1), details=nothing).id
        cluster = session.scalars(select(AlertAssessment.assessment_id)).one()
        lifecycle.merge(session, raised, other, None, now)
        same = session.get_one(Assessment, cluster).cluster_id
        add_assessment(session, add_document(session, cluster_id=same))
    assert raise_alerts(sessions, SETTINGS, now + HOUR) == 0
    with reading(sessions) as session:
        rests = select(func.count()).select_from(AlertAssessment).where(AlertAssessment.alert_id == other)
        assert session.scalar(rests) == 2


def test_growing_severity_is_a_line(sessions: Sessions, raised: int, now: dt.datetime) -> None:
    with writing(sessions) as session:
        same = session.scalars(select(Assessment.cluster_id)).first()
        add_assessment(session, add_document(session, cluster_id=same), severity=95)
    raise_alerts(sessions, SETTINGS, now)
    assert kinds(sessions, raised) == ["opened", "grew"]


def test_partners_answers_are_counted_by_their_latest(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        alert = add_alert(session).id
        one, two = add_account(session).id, add_account(session).id
        for who, kind in ((one, "seen"), (two, "confirmed"), (one, "disputed"), (one, "disputed")):
            timeline.answer(session, alert, kind, who, None, now)
        assert timeline.sightings(session, [alert]) == {alert: {"seen": 0, "disputed": 1, "confirmed": 1}}
        assert session.scalar(select(func.count()).select_from(AlertEvent)) == 3
        with pytest.raises(NotFound):
            timeline.answer(session, 99, "seen", one, None, now)
