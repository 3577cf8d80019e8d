"""Sources are added, changed, polled and, only while they hold no evidence, removed."""

import datetime as dt

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from models.database import Sessions, writing
from models.source import Source
from tests.factories import add_item, add_source

FEED = {"name": "Radio Keshu", "kind": "feed", "url": "https://radio.example.org/feed", "country": "ke"}


def test_a_new_source_is_due_at_once(admin: TestClient, now: dt.datetime) -> None:
    answer = admin.post("/v1/sources", json=FEED)
    assert answer.status_code == 201
    source = answer.json()
    assert (source["country"], source["state"], source["interval_seconds"]) == ("KE", "new", 900)
    assert dt.datetime.fromisoformat(source["next_due_at"]) == now
    assert admin.get(f"/v1/sources/{source['id']}").json() == source


def test_a_pushed_source_is_never_due(admin: TestClient) -> None:
    source = admin.post("/v1/sources", json={"name": "Desk Marrok", "kind": "push"}).json()
    assert (source["next_due_at"], source["state"]) == (None, "ok")
    assert admin.post(f"/v1/sources/{source['id']}/poll").status_code == 409


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"url": None}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "https://user:secret@example.org/"}, "url"),
        ({"url": "http://example.com\\@127.0.0.1/"}, "url"),
        ({"kind": "telepathy"}, "kind"),
        ({"country": "Kenya"}, "country"),
        ({"interval_seconds": 1}, "interval_seconds"),
        ({"name": "a\nb"}, "name"),
        ({"name": ""}, "name"),
        ({"state": "ok"}, "state"),
    ],
)
def test_a_wrong_source_names_its_field(admin: TestClient, change: dict[str, object], says: str) -> None:
    answer = admin.post("/v1/sources", json=FEED | change)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(says)


def test_a_change_is_shown_with_before_and_after_and_acknowledged_once(admin: TestClient, sessions: Sessions) -> None:
    what = [{"mark": "title", "was": "Radio Keshu", "is": "Best casino", "at": "2026-03-14T09:30:00+00:00"}]
    unseen = {"acknowledged_at": None, "acknowledged_by": None}
    change = {"at": "2026-03-14T09:30:00+00:00", "grave": True, "what": what, **unseen}
    with writing(sessions) as session:
        identity = {"known": {"title": ["Best casino", "Radio Keshu"]}, "changes": [change]}
        source = add_source(session, state="changed", state_reason="it changed", identity=identity)
    [shown] = admin.get(f"/v1/sources/{source.id}").json()["identity"]["changes"]
    assert (shown["what"][0]["was"], shown["what"][0]["is"]) == ("Radio Keshu", "Best casino")
    answer = admin.post(f"/v1/sources/{source.id}/acknowledge")
    assert (answer.status_code, answer.json()["state"], answer.json()["state_reason"]) == (200, "ok", None)
    assert answer.json()["identity"]["changes"][0]["acknowledged_by"]
    assert admin.post(f"/v1/sources/{source.id}/acknowledge").status_code == 409
    assert admin.post("/v1/sources/999/acknowledge").status_code == 404


def test_a_quota_and_what_becomes_of_files_are_set_with_the_source(admin: TestClient) -> None:
    source = admin.post("/v1/sources", json=FEED | {"items_per_day": 5, "move_files": False}).json()
    assert (source["items_per_day"], source["move_files"], source["held_items"]) == (5, False, 0)
    back = admin.patch(f"/v1/sources/{source['id']}", json={"items_per_day": None, "move_files": None}).json()
    assert (back["items_per_day"], back["move_files"]) == (None, False)
    assert admin.patch(f"/v1/sources/{source['id']}", json={"items_per_day": -1}).status_code == 422


def test_two_sources_cannot_share_a_name(admin: TestClient) -> None:
    admin.post("/v1/sources", json=FEED)
    again = admin.post("/v1/sources", json=FEED)
    assert (again.status_code, again.json()["error"]) == (409, "conflict")
    other = admin.post("/v1/sources", json=FEED | {"name": "Radio Marrok"}).json()
    assert admin.patch(f"/v1/sources/{other['id']}", json={"name": "Radio Keshu"}).status_code == 409


def test_a_change_leaves_the_rest(admin: TestClient) -> None:
    source = admin.post("/v1/sources", json=FEED).json()
    changed = admin.patch(f"/v1/sources/{source['id']}", json={"language": "sw", "enabled": False}).json()
    assert changed == source | {"language": "sw", "enabled": False}
    cleared = admin.patch(f"/v1/sources/{source['id']}", json={"language": None, "enabled": None}).json()
    assert (cleared["language"], cleared["enabled"]) == (None, False)


def test_a_source_that_moved_is_asked_anew(sessions: Sessions, admin: TestClient, now: dt.datetime) -> None:
    with writing(sessions) as session:
        source = add_source(session, etag='"1"', state="failing", failures=4, next_due_at=now + dt.timedelta(days=1))
        one = source.id
    moved = admin.patch(f"/v1/sources/{one}", json={"url": "https://radio.example.org/new"}).json()
    assert (moved["state"], moved["failures"]) == ("new", 0)
    assert dt.datetime.fromisoformat(moved["next_due_at"]) == now
    with writing(sessions) as session:
        assert session.get_one(Source, one).etag is None


def test_poll_makes_it_due(sessions: Sessions, admin: TestClient, now: dt.datetime) -> None:
    with writing(sessions) as session:
        one = add_source(session, next_due_at=now + dt.timedelta(days=1)).id
    answer = admin.post(f"/v1/sources/{one}/poll")
    assert answer.status_code == 202
    assert dt.datetime.fromisoformat(answer.json()["next_due_at"]) == now
    assert answer.json()["due_reason"] == "asked for by a person"


def test_a_source_with_items_is_evidence_and_stays(sessions: Sessions, admin: TestClient) -> None:
    with writing(sessions) as session:
        empty, full = add_source(session).id, add_source(session)
        add_item(session, full)
        full_id = full.id
    assert admin.delete(f"/v1/sources/{empty}").status_code == 204
    assert admin.get(f"/v1/sources/{empty}").status_code == 404
    kept = admin.delete(f"/v1/sources/{full_id}")
    assert (kept.status_code, "enabled" in kept.json()["detail"]) == (409, True)


def test_the_list_narrows_by_state_and_goes_on_by_cursor(sessions: Sessions, analyst: TestClient) -> None:
    with writing(sessions) as session:
        ids = [add_source(session).id for _ in range(5)]
        session.execute(update(Source).where(Source.id == ids[0]).values(state="silent"))
    first = analyst.get("/v1/sources", params={"limit": 3}).json()
    second = analyst.get("/v1/sources", params={"limit": 3, "cursor": first["next"]}).json()
    assert [one["id"] for one in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None
    silent = analyst.get("/v1/sources", params={"state": "silent"}).json()
    assert [one["id"] for one in silent["items"]] == [ids[0]]


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("mastodon", "https://town.example/tags/marrok"),
        ("bluesky", "https://api.example/xrpc/app.bsky.feed.searchPosts?q=marrok"),
        ("jetstream", "wss://stream.example/subscribe?lang=sw"),
        ("telegram", "https://t.example/s/keshu_radio"),
        ("reddit", "https://forum.example/r/marrok"),
        ("youtube", "https://video.example/watch?v=keshu"),
        ("gdelt", "https://api.example/api/v2/doc/doc?query=marrok"),
    ],
)
def test_platforms_are_sources_and_name_their_credential(admin: TestClient, kind: str, url: str) -> None:
    sent = {"name": kind, "kind": kind, "url": url, "credential": "desk-key"}
    made = admin.post("/v1/sources", json=sent).json()
    assert (made["kind"], made["credential"], made["state"]) == (kind, "desk-key", "new")
    wrong = admin.post("/v1/sources", json=sent | {"name": "other", "url": "https://town.example/about/us"})
    assert wrong.status_code == 422
    assert wrong.json()["detail"].startswith("url: ")


def test_a_secret_is_not_taken_for_the_name_of_one(admin: TestClient) -> None:
    sent = {"name": "x", "kind": "reddit", "url": "https://forum.example/r/marrok", "credential": "AIzaSy-Not/A:Name"}
    refused = admin.post("/v1/sources", json=sent)
    assert refused.status_code == 422
    assert "TOCSIN_CREDENTIALS" in refused.json()["detail"]
    assert "AIza" not in refused.text


def test_how_many_people_a_source_reaches_is_kept_and_changed(admin: TestClient) -> None:
    sent = {"name": "Radio Keshu", "url": "https://radio.example.org/feed", "audience": 250_000}
    made = admin.post("/v1/sources", json=sent).json()
    assert made["audience"] == 250_000
    path = f"/v1/sources/{made['id']}"
    assert admin.patch(path, json={"audience": 300_000}).json()["audience"] == 300_000
    refused = admin.patch(path, json={"audience": -1})
    assert (refused.status_code, "audience: between 0 and" in refused.json()["detail"]) == (422, True)
