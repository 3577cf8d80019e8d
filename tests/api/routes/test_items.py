"""Pushed items are taken one by one; the same ones sent again change nothing."""

from fastapi.testclient import TestClient
from sqlalchemy import func, select

from models.database import Sessions, reading, writing
from models.item import Item
from tests.factories import add_source

ITEM = {
    "external_id": "post-17",
    "url": "https://example.org/17",
    "title": "Market day",
    "text": "The market of Marrok opened at eight.",
    "author": "somebody",
    "published_at": "2026-03-14T09:00:00Z",
    "language": "en",
}


def count(sessions: Sessions) -> int:
    with reading(sessions) as session:
        return session.scalar(select(func.count()).select_from(Item)) or 0


def test_items_are_taken_once(sessions: Sessions, pusher: TestClient) -> None:
    sent = {"source": "Desk Marrok", "items": [ITEM, ITEM | {"external_id": "post-18", "text": "Another."}]}
    first = pusher.post("/v1/items", json=sent)
    assert (first.status_code, first.json()) == (202, {"accepted": 2, "duplicates": 0, "rejected": []})
    assert pusher.post("/v1/items", json=sent).json() == {"accepted": 0, "duplicates": 2, "rejected": []}
    assert count(sessions) == 2


def test_a_bad_item_spoils_no_other(sessions: Sessions, pusher: TestClient) -> None:
    bad = [7, {}, {"text": ["no"]}, None]
    answer = pusher.post("/v1/items", json={"source": "Desk Marrok", "items": [*bad, ITEM]}).json()
    assert answer["accepted"] == 1
    assert [one["index"] for one in answer["rejected"]] == [0, 1, 2, 3]
    assert all(one["reason"] for one in answer["rejected"])


def test_a_half_character_and_a_nul_do_not_hide_what_follows(sessions: Sessions, pusher: TestClient) -> None:
    body = rb'{"source": "Desk Marrok", "items": [{"external_id": "a", "text": "before\u0000 \ud800 after"}]}'
    answer = pusher.post("/v1/items", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    with reading(sessions) as session:
        kept = session.scalars(select(Item)).one()
    assert "after" in kept.content
    assert "\x00" not in kept.content
    assert kept.notes


def test_a_source_that_we_read_cannot_be_pushed_to(sessions: Sessions, pusher: TestClient) -> None:
    with writing(sessions) as session:
        add_source(session, name="Radio Keshu")
    answer = pusher.post("/v1/items", json={"source": "Radio Keshu", "items": [ITEM]})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


def test_too_many_items_are_refused_as_a_whole(sessions: Sessions, pusher: TestClient) -> None:
    answer = pusher.post("/v1/items", json={"source": "Desk Marrok", "items": [{}] * 5001})
    assert answer.status_code == 422
    assert count(sessions) == 0


def test_who_pushes_sees_nothing(pusher: TestClient) -> None:
    assert pusher.get("/v1/sources").status_code == 403
