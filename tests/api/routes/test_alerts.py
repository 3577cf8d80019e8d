"""Alerts are listed, taken on and closed, each step with who, when and why; partners who were told hear of it."""

import datetime as dt

from fastapi.testclient import TestClient
from sqlalchemy import select

from models.alert import AlertAssessment
from models.database import Sessions, reading, writing
from models.delivery import Delivery
from tests.factories import add_alert, add_assessment, add_rule, add_webhook


def test_the_list_narrows(sessions: Sessions, analyst: TestClient, now: dt.datetime) -> None:
    with writing(sessions) as session:
        rule = add_rule(session, name="Severe item")
        open_one = add_alert(session, rule, severity=90).id
        add_alert(session, state="resolved", severity=10, opened_at=now - dt.timedelta(days=2))
    for narrow in ({"state": "open"}, {"min_severity": 50}, {"since": "2026-03-13"}, {"rule_id": 1}):
        items = analyst.get("/v1/alerts", params=narrow).json()["items"]
        assert [one["id"] for one in items] == [open_one], narrow
    assert len(analyst.get("/v1/alerts", params={"kind": "item"}).json()["items"]) == 2
    shown = analyst.get("/v1/alerts", params={"state": "open"}).json()["items"][0]
    assert shown["rule"]["name"] == "Severe item"
    assert "no person has reviewed it" in shown["machine"]


def test_one_alert_shows_the_worst_it_rests_on_first(sessions: Sessions, analyst: TestClient, now: dt.datetime) -> None:
    with writing(sessions) as session:
        alert = add_alert(session)
        one = alert.id
        for severity in (50, 90):
            assessment = add_assessment(session, severity=severity)
            session.add(AlertAssessment(alert_id=one, assessment_id=assessment.id, added_at=now))
    shown = analyst.get(f"/v1/alerts/{one}").json()
    assert [item["severity"] for item in shown["assessments"]] == [90, 50]


def test_taking_on_and_closing_keeps_who_and_why(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        one = add_alert(session).id
    taken = analyst.post(f"/v1/alerts/{one}/acknowledge", json={"note": "Calling the desk."}).json()
    assert (taken["state"], taken["acknowledged"]["by"]) == ("acknowledged", "analyst")
    assert taken["acknowledged"]["note"] == "Calling the desk."
    assert analyst.post(f"/v1/alerts/{one}/acknowledge").status_code == 409
    closed = analyst.post(f"/v1/alerts/{one}/resolve").json()
    assert (closed["state"], closed["resolved"]["by"], closed["resolved"]["note"]) == ("resolved", "analyst", None)
    assert analyst.post(f"/v1/alerts/{one}/resolve", json={}).json()["error"] == "conflict"


def test_partners_who_were_told_hear_of_the_end(sessions: Sessions, analyst: TestClient, now: dt.datetime) -> None:
    with writing(sessions) as session:
        alert, webhook = add_alert(session), add_webhook(session)
        session.add(
            Delivery(
                webhook_id=webhook.id,
                alert_id=alert.id,
                event="alert.opened",
                message_id="msg_1",
                body="{}",
                created_at=now,
            )
        )
        one = alert.id
    analyst.post(f"/v1/alerts/{one}/resolve", json={"note": "Calm again."})
    with reading(sessions) as session:
        assert list(session.scalars(select(Delivery.event).order_by(Delivery.id))) == ["alert.opened", "alert.resolved"]


def test_there_is_no_alert_of_an_unknown_id(analyst: TestClient) -> None:
    for method, path in (("GET", ""), ("POST", "/acknowledge"), ("POST", "/resolve")):
        assert analyst.request(method, f"/v1/alerts/5{path}").json()["error"] == "not_found"


def test_a_person_says_whether_it_was_real_and_may_think_again(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        one = add_alert(session).id
    assert analyst.get(f"/v1/alerts/{one}").json()["verdict"] is None
    for verdict in ("confirmed", "disputed"):
        assert analyst.post(f"/v1/alerts/{one}/verdict", json={"verdict": verdict, "note": "Why."}).status_code == 200
        assert analyst.get(f"/v1/alerts/{one}").json()["verdict"] == verdict
    assert analyst.post(f"/v1/alerts/{one}/verdict", json={"verdict": "maybe"}).status_code == 422
    assert analyst.post("/v1/alerts/99/verdict", json={"verdict": "confirmed"}).status_code == 404
