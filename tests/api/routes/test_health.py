"""Health tells a dead loop from a living process, and figures hold no text."""

import datetime as dt

from fastapi.testclient import TestClient

from api.state import ARROWS
from models.claims import Heartbeat
from models.database import Sessions, writing
from tests.factories import add_alert, add_assessment, add_document, add_item, add_source


def beat(sessions: Sessions, at: dt.datetime, **changed: dt.datetime) -> None:
    with writing(sessions) as session:
        for arrow in ARROWS:
            session.merge(Heartbeat(arrow=arrow, worker="w", beat_at=changed.get(arrow, at), every_seconds=40))


def test_the_process_is_alive(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}


def test_all_arrows_turn(sessions: Sessions, client: TestClient, now: dt.datetime) -> None:
    beat(sessions, now)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert [arrow["arrow"] for arrow in answer.json()["arrows"]] == list(ARROWS)


def test_one_late_arrow_is_named(sessions: Sessions, client: TestClient, now: dt.datetime) -> None:
    beat(sessions, now, assess=now - dt.timedelta(seconds=119))
    assert client.get("/readyz").status_code == 200
    beat(sessions, now, assess=now - dt.timedelta(seconds=121))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["error"]) == (503, "arrow_late")
    assert answer.json()["detail"].startswith("late: assess;")


def test_an_arrow_that_never_turned_is_late(client: TestClient) -> None:
    assert client.get("/readyz").json()["detail"].startswith("late: poll, extract, assess, raise, deliver;")


def test_figures_count_what_waits_and_what_is_stuck(sessions: Sessions, client: TestClient, now: dt.datetime) -> None:
    beat(sessions, now)
    with writing(sessions) as session:
        add_source(session, state="silent", next_due_at=now)
        add_item(session)
        add_document(session, unscored_reason="broken")
        add_assessment(session)
        add_alert(session)
        document = add_document(session)
        document.quarantined_at = now
    client.get("/v1/alerts")
    text = client.get("/metrics").text
    for line in (
        'tocsin_waiting{arrow="poll"} 5.0',
        'tocsin_waiting{arrow="extract"} 1.0',
        'tocsin_waiting{arrow="assess"} 1.0',
        'tocsin_waiting{arrow="raise"} 1.0',
        'tocsin_sources{state="silent"} 1.0',
        "tocsin_quarantined 1.0",
        "tocsin_unscored 1.0",
        "tocsin_open_alerts 1.0",
        'tocsin_arrow_late{arrow="poll"} 0.0',
        'tocsin_http_requests_total{method="GET",route="/v1/alerts",status="401"} 1.0',
    ):
        assert line in text.splitlines(), text
    assert "Marrok" not in text
