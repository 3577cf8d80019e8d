"""Owner, notes and merges over the API; partners answer and see nothing; the directory says who could be engaged."""

import datetime as dt
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from models.database import Sessions, writing
from tests.factories import add_alert

ABOUT = {"about": {"countries": ["KE"], "regions": ["Marrok"], "target_names": ["Varni"], "targets": []}}


@pytest.fixture
def alert(sessions: Sessions) -> int:
    with writing(sessions) as session:
        return add_alert(session, details=ABOUT).id


def test_a_desk_works_on_an_alert(analyst: TestClient, alert: int, sessions: Sessions) -> None:
    path = f"/v1/alerts/{alert}"
    assert analyst.post(f"{path}/owner", json={"owner": "analyst"}).json()["owner"] == "analyst"
    assert analyst.post(f"{path}/owner", json={"owner": "nobody here"}).status_code == 403  # a lead hands it on
    assert analyst.post(f"{path}/notes", json={"note": "The radio has apologised."}).status_code == 201
    with writing(sessions) as session:
        other = add_alert(session).id
    merged = analyst.post(f"{path}/merge", json={"into": other})
    assert (merged.status_code, merged.json()["id"]) == (200, other)
    assert analyst.get(path).json()["merged_into"] == other
    assert analyst.post(f"{path}/merge", json={"into": other}).status_code == 409
    lines = analyst.get(f"{path}/timeline").json()["items"]
    assert [(line["kind"], line["by"]) for line in lines] == [(k, "analyst") for k in ("owner", "note", "merged")]
    assert analyst.post(f"{path}/owner", json={"owner": None}).json()["owner"] is None
    assert analyst.get("/v1/alerts/99/timeline").status_code == 404


def test_a_partner_answers_and_sees_nothing(
    signed_in: Callable[..., TestClient], analyst: TestClient, alert: int
) -> None:
    partner = signed_in("sight", name="desk in Marrok")
    answered = partner.post(f"/v1/alerts/{alert}/sightings", json={"sighting": "confirmed", "note": "Two stations."})
    assert (answered.status_code, set(answered.json())) == (201, {"id", "alert_id", "sighting", "at"})
    again = partner.post(f"/v1/alerts/{alert}/sightings", json={"sighting": "confirmed", "note": "Two stations."})
    assert again.json() == answered.json()
    assert partner.get(f"/v1/alerts/{alert}").status_code == 403
    assert partner.post(f"/v1/alerts/{alert}/sightings", json={"sighting": "maybe"}).status_code == 422
    assert analyst.get(f"/v1/alerts/{alert}").json()["sightings"] == {"seen": 0, "disputed": 0, "confirmed": 1}
    line = analyst.get(f"/v1/alerts/{alert}/timeline").json()["items"][0]
    assert (line["by"], line["note"]) == ("desk in Marrok", "Two stations.")


def test_the_directory_names_who_fits_and_the_timeline_who_was_engaged(
    admin: TestClient, analyst: TestClient, alert: int
) -> None:
    entries = {
        "everywhere": {},
        "country": {"country": "KE"},
        "elsewhere": {"country": "SD"},
        "region": {"country": "KE", "region": "Marrok", "tier": "full"},
        "group": {"groups": ["Varni"]},
        "other group": {"groups": ["Oren"]},
    }
    ids = {
        name: admin.post("/v1/contacts", json={"name": name, "kind": "community_leader"} | values).json()["id"]
        for name, values in entries.items()
    }
    found = analyst.get(f"/v1/alerts/{alert}/contacts").json()["items"]
    assert [one["name"] for one in found] == ["region", "group", "country", "everywhere"]
    assert (found[0]["tier"], found[1]["tier"]) == ("full", "counts")
    sent = {"contact_id": ids["region"], "note": "By telephone; he will speak on Friday."}
    line = analyst.post(f"/v1/alerts/{alert}/engagements", json=sent)
    assert line.status_code == 201
    assert line.json()["details"] == {"contact_id": ids["region"], "kind": "community_leader", "tier": "full"}
    assert analyst.post(f"/v1/alerts/{alert}/engagements", json={"contact_id": 99}).status_code == 404

    changed = admin.patch(f"/v1/contacts/{ids['region']}", json={"region": None, "enabled": False}).json()
    assert (changed["region"], changed["enabled"], changed["name"]) == (None, False, "region")
    assert admin.delete(f"/v1/contacts/{ids['group']}").status_code == 204
    left = analyst.get(f"/v1/alerts/{alert}/contacts").json()["items"]
    assert [one["name"] for one in left] == ["country", "everywhere"]
    assert len(analyst.get("/v1/contacts", params={"country": "KE"}).json()["items"]) == 2
    assert analyst.get(f"/v1/alerts/{alert}/timeline").json()["items"][0]["kind"] == "engaged"


@pytest.mark.parametrize(
    "wrong", [{"country": "kenya"}, {"kind": "king"}, {"name": ""}, {"tier": "everything"}, {"phone": "1"}], ids=str
)
def test_a_wrong_entry_is_refused(admin: TestClient, wrong: dict[str, str]) -> None:
    answer = admin.post("/v1/contacts", json={"name": "Council", "kind": "institution"} | wrong)
    assert answer.status_code == 422


def test_the_directory_is_private(signed_in: Callable[..., TestClient], now: dt.datetime) -> None:
    assert signed_in("read").get("/v1/contacts").status_code == 403
