"""Events are written down, shown with who and when, and taken back without a trace being lost."""

import datetime as dt

from fastapi.testclient import TestClient

from models.database import Sessions, reading, writing
from models.trend_note import TrendNote
from tests.conftest import NOW
from tests.factories import add_rule

EVENT = {"at": "2026-03-10T08:00:00Z", "title": "  Radio Keshu\nis shut down ", "country": "ke"}


def test_an_event_is_kept_and_shown_with_who_and_when(analyst: TestClient) -> None:
    kept = analyst.post("/v1/events", json=EVENT)
    assert kept.status_code == 201
    shown = analyst.get("/v1/events").json()["items"]
    assert shown == [kept.json()]
    assert {key: shown[0][key] for key in ("title", "country", "by", "created_at")} == {
        "title": "Radio Keshu is shut down",
        "country": "KE",
        "by": "analyst",
        "created_at": "2026-03-14T09:30:00Z",
    }
    assert analyst.get("/v1/events?country=SD").json()["items"] == []
    assert analyst.get("/v1/events?until=2026-03-10T08:00:00Z").json()["items"] == []


def test_taking_back_hides_it_and_keeps_who_did(analyst: TestClient, sessions: Sessions) -> None:
    number = analyst.post("/v1/events", json=EVENT).json()["id"]
    assert analyst.delete(f"/v1/events/{number}").status_code == 204
    assert analyst.get("/v1/events").json()["items"] == []
    assert analyst.delete(f"/v1/events/{number}").status_code == 404
    with reading(sessions) as session:
        kept = session.get_one(TrendNote, number)
        assert (kept.removed_at, kept.removed_by) == (NOW, kept.created_by)


def test_what_cannot_be_is_refused_in_words(analyst: TestClient) -> None:
    blank = analyst.post("/v1/events", json=EVENT | {"title": "  "})
    assert (blank.status_code, blank.json()["detail"]) == (422, "title must have 1 to 200 characters.")
    late = analyst.post("/v1/events", json=EVENT | {"at": "2030-01-01T00:00:00Z"})
    assert "at most a year ahead" in late.json()["detail"]


def test_calendar_dates_stand_beside_them(analyst: TestClient, sessions: Sessions) -> None:
    dates = [
        {"name": "Day of remembrance", "from": "2019-03-01", "yearly": True},
        {"name": "County election", "from": "2026-03-12", "until": "2026-03-13", "country": "KE"},
        {"name": "Long over", "from": "2024-03-01"},
    ]
    with writing(sessions) as session:
        add_rule(session, name="Election days", kind="calendar", parameters={"dates": dates})
        add_rule(session, kind="calendar", enabled=False, parameters={"dates": dates})
    found = analyst.get("/v1/events").json()["calendar"]
    assert [(one["name"], one["first"], one["last"], one["rule"]) for one in found] == [
        ("Day of remembrance", "2026-03-01", "2026-03-01", "Election days"),
        ("County election", "2026-03-12", "2026-03-13", "Election days"),
    ]
    assert [one["name"] for one in analyst.get("/v1/events?country=SD").json()["calendar"]] == ["Day of remembrance"]
    two_years = analyst.get("/v1/events?since=2024-06-01&until=2026-06-01").json()["calendar"]
    assert [one["first"] for one in two_years] == ["2025-03-01", "2026-03-01", "2026-03-12"]
    assert dt.date.fromisoformat(two_years[0]["last"]) == dt.date(2025, 3, 1)
