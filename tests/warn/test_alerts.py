"""Alerts: one per text and rule, with what it rests on and what it owes, whoever raises them."""

import datetime as dt
import json

import pytest
from sqlalchemy import select

from models.alert import Alert, AlertAssessment, Rule
from models.assessment import Assessment
from models.database import Sessions, reading, writing
from models.delivery import Delivery
from models.document import Document
from tests.factories import add_account, add_assessment, add_document, add_item, add_rule, add_webhook
from warn.alerts import acknowledge, raise_alerts, resolve, reviewed
from warn.errors import AlreadyAcknowledged, AlreadyResolved, NotFound
from warn.rules import ensure_default_rules
from warn.settings import WarnSettings

SETTINGS = WarnSettings()
HOUR = dt.timedelta(hours=1)


def only_alert(sessions: Sessions) -> Alert:
    with reading(sessions) as session:
        return session.scalars(select(Alert)).one()


def deliveries(sessions: Sessions) -> list[Delivery]:
    with reading(sessions) as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def raised(sessions: Sessions, now: dt.datetime, settings: WarnSettings = SETTINGS) -> int:
    return raise_alerts(sessions, settings, now)


def test_a_severe_item_opens_an_alert_once(sessions: Sessions, now: dt.datetime) -> None:
    ensure_default_rules(sessions, now)
    with writing(sessions) as session:
        add_assessment(session)
    assert raised(sessions, now) == 1
    assert raised(sessions, now) == 0
    alert = only_alert(sessions)
    assert alert.title == "Incitement against an ethnic or racial group (KE)"
    assert alert.summary.endswith("language en: severity 80 of 100, stage 3 (violence).")
    assert alert.indicators == ["8.7", "13.7"]


@pytest.mark.parametrize("values", [{"severity": 69}, {"stage": 2}, {"flag": False, "severity": 90, "stage": 4}])
def test_a_mild_or_unflagged_item_opens_none(sessions: Sessions, now: dt.datetime, values: dict[str, object]) -> None:
    ensure_default_rules(sessions, now)
    with writing(sessions) as session:
        add_assessment(session, **values)
    assert raised(sessions, now) == 0


def test_an_alert_and_what_it_owes_come_together(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        add_webhook(session)
        add_webhook(session, enabled=False)
        add_webhook(session, filters={"countries": ["SY"]})
        assessment = add_assessment(session)
    raised(sessions, now)
    (delivery,) = deliveries(sessions)
    body = json.loads(delivery.body)
    assert (delivery.event, delivery.next_attempt_at, delivery.message_id[:4]) == ("alert.opened", now, "msg_")
    assert body["type"] == "alert.opened"
    assert body["data"]["rests_on"]["assessments"] == [assessment.id]
    assert body["data"]["machine"] is True
    assert body["data"]["reviewed"] is False
    assert "person decides" in body["data"]["notice"]


def test_the_message_holds_no_text_of_the_post(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        add_webhook(session)
        add_assessment(session, add_document(session, add_item(session, content="Drive out every Varni from Marrok.")))
    raised(sessions, now)
    assert "Marrok" not in deliveries(sessions)[0].body


def test_a_repost_storm_is_one_alert_with_every_reference(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        add_webhook(session)
        cluster = add_assessment(session).cluster_id
        for _ in range(5):
            add_assessment(session, add_document(session, cluster_id=cluster))
    assert raised(sessions, now) == 1
    with writing(sessions) as session:
        for _ in range(34):
            add_assessment(session, add_document(session, cluster_id=cluster), severity=91)
    assert raised(sessions, now) == 0
    alert = only_alert(sessions)
    assert (alert.count, alert.severity) == (40, 91)
    with reading(sessions) as session:
        assert len(session.scalars(select(AlertAssessment.assessment_id)).all()) == 40
    assert len(deliveries(sessions)) == 1


def test_a_webhook_hears_of_an_alert_that_grew_into_its_filters(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        add_webhook(session, filters={"min_severity": 90})
        cluster = add_assessment(session).cluster_id
    raised(sessions, now)
    assert deliveries(sessions) == []
    with writing(sessions) as session:
        add_assessment(session, add_document(session, cluster_id=cluster), severity=95)
    raised(sessions, now)
    assert len(deliveries(sessions)) == 1


def test_a_flood_is_gathered_and_nothing_is_dropped(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        for _ in range(7):
            add_assessment(session)
    assert raised(sessions, now, WarnSettings(alerts_per_hour=3, alert_batch=2)) == 4
    with reading(sessions) as session:
        assert sorted(session.scalars(select(Alert.count))) == [1, 1, 1, 4]


def test_another_models_reading_of_the_same_text_is_no_news(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        first = add_assessment(session)
    raised(sessions, now)
    with writing(sessions) as session:
        admin = add_account(session)
        resolve(session, only_alert(sessions).id, admin.id, "looked at", now)
        session.get_one(Assessment, first.id).current = False
        add_assessment(session, session.get_one(Document, first.document_id), model="fake@2")
    assert raised(sessions, now + 1000 * HOUR) == 0


def test_a_copy_of_what_was_just_resolved_wakes_nobody(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        cluster = add_assessment(session).cluster_id
    raised(sessions, now)
    for later, opened in ((2, 0), (200, 1)):
        with writing(sessions) as session:
            if later == 2:
                resolve(session, only_alert(sessions).id, None, None, now)
            add_assessment(session, add_document(session, cluster_id=cluster))
        assert raised(sessions, now + later * HOUR) == opened


def test_a_disabled_rule_raises_nothing(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session, enabled=False)
        add_assessment(session)
    assert raised(sessions, now) == 0


def test_an_alert_is_acknowledged_once_and_resolved_once(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        add_webhook(session)
        analyst = add_account(session).id
        add_assessment(session)
    raised(sessions, now)
    alert_id = only_alert(sessions).id
    with writing(sessions) as session:
        assert acknowledge(session, alert_id, analyst, "mine", now).state == "acknowledged"
    with writing(sessions) as session, pytest.raises(AlreadyAcknowledged, match="already acknowledged"):
        acknowledge(session, alert_id, analyst, None, now)
    with writing(sessions) as session:
        assert resolve(session, alert_id, analyst, "over", now + HOUR).resolved_at == now + HOUR
    with writing(sessions) as session, pytest.raises(AlreadyResolved):
        resolve(session, alert_id, analyst, None, now)
    with writing(sessions) as session, pytest.raises(AlreadyResolved):
        acknowledge(session, alert_id, analyst, None, now)
    events = [row.event for row in deliveries(sessions)]
    assert events == ["alert.opened", "alert.acknowledged", "alert.resolved"]
    assert json.loads(deliveries(sessions)[-1].body)["data"]["state"] == "resolved"


def test_an_alert_that_is_not_there_is_named(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session, pytest.raises(NotFound, match="no alert 7"):
        resolve(session, 7, None, None, now)


def test_a_review_shows_on_the_alert(sessions: Sessions, now: dt.datetime) -> None:
    with writing(sessions) as session:
        add_rule(session)
        cluster = add_assessment(session).cluster_id
        add_assessment(session, add_document(session, cluster_id=cluster))
    raised(sessions, now)
    for rejected, all_rejected in ((1, False), (2, True)):
        with writing(sessions) as session:
            assessment = session.get_one(Assessment, rejected)
            assessment.status = "rejected"
            assert reviewed(session, assessment.id) == 1
        alert = only_alert(sessions)
        assert alert.reviewed
        assert alert.state == "open"
        assert alert.details["all_rejected"] is all_rejected


def test_default_rules_are_shipped_once(sessions: Sessions, now: dt.datetime) -> None:
    assert ensure_default_rules(sessions, now) == 2
    with writing(sessions) as session:
        session.scalars(select(Rule).where(Rule.kind == "item")).one().enabled = False
    assert ensure_default_rules(sessions, now) == 0
